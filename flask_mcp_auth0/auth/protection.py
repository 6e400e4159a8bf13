"""The mark that ``protected_tool`` leaves on a function, found again through whatever is wrapped around it.

A protection must not depend on the order of decorators. The mark is therefore left on the function that was
decorated and on every one it stands for, and looked for on the function that was registered and on every one
that it stands for.

What a function stands for is certain with ``__wrapped__``, ``functools.partial`` and bound methods. A wrapper
without any of these is opaque: what it calls is guessed from its closure, its defaults and, for an instance,
its attributes. The guess errs on the side of protection, with one exception: of two registered components
that were written in the same scope, one that uses the other does not stand for it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable, Iterator
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from ..errors import RegistrationError
from .requirement import Requirement

_CERTAIN = "_mcp_auth0_protection"
_GUESSED = "_mcp_auth0_guessed_protection"

#: Bounds of the walk; a stack of decorators is much smaller.
_MOST = 200
_MOST_ATTRIBUTES = 50

_PLAIN_TYPES = (str, bytes, int, float, bool, type(None))


def protect(function: Any, requirement: Requirement) -> None:
    """Leave the mark, so that whatever is registered of ``function`` is protected.

    :param function: what a decorator was given: usually a function, perhaps wrapped already.
    :raises RegistrationError: if it is no function, or the mark can be left nowhere.
    """
    if isinstance(function, type) or not (callable(function) or isinstance(function, classmethod)):
        raise RegistrationError(f"protected_tool protects functions; {function!r} is none")
    marked = [_add(one, _CERTAIN, requirement) for one in _certain(function)]
    for one in _guessed(function):
        marked.append(_add(one, _GUESSED, (requirement, function)))
    if not any(marked):
        raise RegistrationError(
            f"{function!r} cannot be protected: neither it nor what it wraps takes attributes. "
            "Protect the function below its other decorators."
        )


def protection_of(function: Any, registered: Collection[Any] = ()) -> Requirement | None:
    """Return what the marks on ``function`` and on all it stands for ask for together.

    :param function: what was registered.
    :param registered: every registered function, if known: without them a component that only uses another
        one, both being written in one scope (an application factory), would share its protection.
    :return: ``None`` if there is no mark.
    """
    components = {id(one) for one in registered}
    found: list[Requirement] = []

    def uses_only(other: Any) -> bool:
        return id(other) in components and _scope_of(other) == _scope_of(function)

    certain, guessed = list(_certain(function)), list(_guessed(function))
    reached = {id(one) for one in (*certain, *guessed)}
    for one in certain:
        found.extend(_marks(one, _CERTAIN))
        for requirement, decorated in _marks(one, _GUESSED):
            if decorated is function or not uses_only(decorated):
                found.append(requirement)
    for one in guessed:
        if uses_only(one):
            continue
        found.extend(_marks(one, _CERTAIN))
        # What was decorated may take no mark itself, so that only what it wraps tells.
        found.extend(
            requirement for requirement, decorated in _marks(one, _GUESSED) if id(decorated) in reached
        )
    unique = list(dict.fromkeys(found))
    return functools.reduce(Requirement.and_also, unique) if unique else None


def _certain(function: Any) -> Iterator[Any]:
    """Yield ``function`` and what it stands for for certain, from the outside inward."""
    return _walk([function], _links)


def _guessed(function: Any) -> Iterator[Any]:
    """Yield what ``function`` may stand for besides."""
    certain = list(_certain(function))
    seen = {id(one) for one in certain}
    starts = [inner for one in certain for inner in _guesses(one)]
    for one in _walk(starts, lambda found: [*_links(found), *_guesses(found)]):
        if id(one) not in seen:
            yield one


def _walk(starts: Iterable[Any], step: Callable[[Any], Iterable[Any]]) -> Iterator[Any]:
    # The objects are kept as well as their ids: an id is only unique as long as its object lives.
    seen: dict[int, Any] = {}
    waiting = list(starts)
    while waiting and len(seen) < _MOST:
        one = waiting.pop(0)
        if id(one) in seen or not _may_be_function(one):
            continue
        seen[id(one)] = one
        yield one
        waiting.extend(step(one))


def _may_be_function(value: Any) -> bool:
    if isinstance(value, (type, ModuleType, BuiltinFunctionType, *_PLAIN_TYPES)):
        return False
    return callable(value) or isinstance(value, staticmethod | classmethod | functools.partialmethod)


def _links(function: Any) -> Iterator[Any]:
    if isinstance(function, functools.partial | functools.partialmethod):
        yield function.func
    for name in ("__wrapped__", "__func__"):
        # An instance may answer to any name (a mock, a proxy): what is not there is not followed.
        inner = _attribute(function, name)
        if inner is not None:
            yield inner


def _guesses(function: Any) -> Iterator[Any]:
    if isinstance(function, FunctionType):
        for cell in function.__closure__ or ():
            try:
                yield from _contents(cell.cell_contents)
            except ValueError:  # a cell that is filled later
                continue
        yield from function.__defaults__ or ()
        yield from (function.__kwdefaults__ or {}).values()
    elif isinstance(function, functools.partial | functools.partialmethod):
        yield from function.args
        yield from function.keywords.values()
    elif isinstance(function, MethodType):
        yield from _attributes(function.__self__)
    else:
        yield from _attributes(function)
        called = _attribute(type(function), "__call__")
        if isinstance(called, FunctionType):
            yield from (cell.cell_contents for cell in called.__closure__ or () if _is_filled(cell))


def _contents(value: Any) -> Iterator[Any]:
    """Yield a closure's value, or the functions of a short list of them."""
    if isinstance(value, tuple | list) and len(value) <= 8:
        yield from value
    else:
        yield value


def _attributes(instance: Any) -> Iterator[Any]:
    if isinstance(instance, type | ModuleType):
        return
    values = list((_attribute(instance, "__dict__") or {}).values())
    for base in type(instance).__mro__:
        slots = base.__dict__.get("__slots__", ())
        for slot in (slots,) if isinstance(slots, str) else slots:
            values.append(_attribute(instance, slot))
    yield from values[:_MOST_ATTRIBUTES]


def _attribute(value: Any, name: str) -> Any:
    try:
        return getattr(value, name, None)
    except Exception:  # a property of somebody else's, which may raise anything
        return None


def _is_filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:
        return False


def _scope_of(function: Any) -> tuple[Any, str]:
    """Return the module and the enclosing scope that a function was written in."""
    name = _attribute(function, "__qualname__")
    return _attribute(function, "__module__"), name.rpartition(".")[0] if isinstance(name, str) else ""


def _marks(function: Any, name: str) -> tuple[Any, ...]:
    # Not getattr: an instance that answers to any name would be found marked, and a class's mark inherited.
    marks = (_attribute(function, "__dict__") or {}).get(name, ())
    return marks if isinstance(marks, tuple) else ()


def _add(function: Any, name: str, mark: Any) -> bool:
    try:
        # A tuple, made anew: functools.wraps copies the reference to wrappers, which must not change with it.
        function.__dict__[name] = (*_marks(function, name), mark)
    except Exception:  # no __dict__, a read-only one, or a proxy that stands for nothing now
        return False
    return True
