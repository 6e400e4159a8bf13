"""Decorators that give a function an argument its caller neither sees nor sets."""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from ..errors import RegistrationError

F = TypeVar("F", bound=Callable[..., Any])

_REPLACED_BY = "__mcp_auth0_replaced_by__"


def outermost(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function that decorators of this package made of ``function``, if they made any.

    Whoever registered the plain function first, with the decorators put above the registration, gets what
    was meant: an approval must not be lost by an order of decorators.
    """
    while True:
        replacement = getattr(function, "__dict__", {}).get(_REPLACED_BY)
        if replacement is None:
            return function
        function = replacement


def _replace(function: Callable[..., Any], wrapper: Any) -> None:
    # functools.wraps copied what an earlier decoration of the same function left there.
    wrapper.__dict__.pop(_REPLACED_BY, None)
    # Bound methods and built-in functions take no attributes.
    with contextlib.suppress(AttributeError):
        setattr(function, _REPLACED_BY, wrapper)


def place_of(function: Callable[..., Any]) -> str:
    """Name a function for an error text."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    where = f" ({code.co_filename}:{code.co_firstlineno})" if code else ""
    return f"{getattr(function, '__qualname__', function)!s}{where}"


def inject(function: F, parameter: str, make: Callable[[], Any], decorator: str) -> F:
    """Return ``function`` with ``parameter`` filled in at each call by what ``make`` returns.

    The parameter is missing from the signature and from the annotations of what is returned, so no schema
    shows it; a caller that passes it all the same is refused.

    :param decorator: the decorator's name, for error texts.
    :raises RegistrationError: if ``function`` has no such parameter that can be passed by name.
    """
    signature = inspect.signature(function)
    found = signature.parameters.get(parameter)
    if found is None or found.kind not in (found.POSITIONAL_OR_KEYWORD, found.KEYWORD_ONLY):
        raise RegistrationError(
            f"{decorator} passes {parameter!r} by name, but {place_of(function)} has no such parameter; "
            "add it, or say parameter=…"
        )

    # What follows the parameter can only be passed by name, or it would take the injected one's place.
    visible = []
    after = False
    for name, each in signature.parameters.items():
        if name == parameter:
            after = True
            continue
        if after and each.kind is each.POSITIONAL_OR_KEYWORD:
            each = each.replace(kind=each.KEYWORD_ONLY)
        visible.append(each)
    shown = signature.replace(parameters=visible)

    def complete(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        if parameter in kwargs:
            raise TypeError(f"{parameter!r} is filled in by {decorator}; callers do not pass it")
        shown.bind(*args, **kwargs)
        return {**kwargs, parameter: make()}

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def call_async(*args: Any, **kwargs: Any) -> Any:
            return await function(*args, **complete(args, kwargs))

        wrapper: Any = call_async
    else:

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            return function(*args, **complete(args, kwargs))

        wrapper = call

    wrapper.__signature__ = shown
    wrapper.__annotations__ = {k: v for k, v in function.__annotations__.items() if k != parameter}
    _replace(function, wrapper)
    done: F = wrapper
    return done


def before(function: F, check: Callable[[dict[str, Any]], None]) -> F:
    """Return ``function`` with ``check`` run before each call, on all arguments by name."""
    signature = inspect.signature(function)

    def arguments(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return dict(bound.arguments)

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def call_async(*args: Any, **kwargs: Any) -> Any:
            check(arguments(args, kwargs))
            return await function(*args, **kwargs)

        wrapper: Any = call_async
    else:

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            check(arguments(args, kwargs))
            return function(*args, **kwargs)

        wrapper = call
    wrapper.__signature__ = signature
    _replace(function, wrapper)
    done: F = wrapper
    return done
