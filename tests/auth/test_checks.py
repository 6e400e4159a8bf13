from __future__ import annotations

import functools
import types
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask, current_app

from flask_mcp_auth0.auth.auth_info import AuthInfo, set_auth_info
from flask_mcp_auth0.auth.checks import protected_tool, protection_of, require_permission, require_scopes
from flask_mcp_auth0.auth.requirement import Requirement, make_requirement, own_permission
from flask_mcp_auth0.errors import (
    AuthorizationUnavailable,
    InsufficientScopeError,
    OutsideRequestError,
    PermissionDenied,
    RegistrationError,
)
from flask_mcp_auth0.signals import access_denied

from .permission_doubles import FakeReader, House, caller

BARE = Requirement(protected=True)


class Registry:
    """Registers functions as the extension does: it returns them as they are, and looks at them later."""

    def __init__(self) -> None:
        self.functions: list[Any] = []

    def tool(self, function: Any) -> Any:
        self.functions.append(function)
        return function

    def protections(self) -> list[Requirement | None]:
        return [protection_of(function, self.functions) for function in self.functions]


@pytest.fixture
def mcp() -> Registry:
    return Registry()


# Wrappers, from well-behaved to opaque


def well_behaved(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


def opaque(function: Callable[..., Any]) -> Callable[..., Any]:
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


def by_default_argument(function: Callable[..., Any]) -> Callable[..., Any]:
    def wrapper(*args: Any, _inner: Any = function, **kwargs: Any) -> Any:
        return _inner(*args, **kwargs)

    return wrapper


def by_list(function: Callable[..., Any]) -> Callable[..., Any]:
    chain = [print, function]

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return chain[-1](*args, **kwargs)

    return wrapper


def by_partial(function: Callable[..., Any]) -> Callable[..., Any]:
    return functools.partial(function)


def call_with(function: Callable[..., Any], *args: Any) -> Any:
    return function(*args)


def by_partial_argument(function: Callable[..., Any]) -> Callable[..., Any]:
    return functools.partial(call_with, function)


def by_cache(function: Callable[..., Any]) -> Callable[..., Any]:
    return functools.lru_cache(function)


class Instance:
    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __call__(self, *args: Any) -> Any:
        return self.function(*args)

    def method(self, *args: Any) -> Any:
        return self.function(*args)


class Slotted:
    __slots__ = ("function",)

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __call__(self, *args: Any) -> Any:
        return self.function(*args)


def by_method(function: Callable[..., Any]) -> Callable[..., Any]:
    return Instance(function).method


def by_local_class(function: Callable[..., Any]) -> Callable[..., Any]:
    class Local:
        def __call__(self, *args: Any) -> Any:
            return function(*args)

    return Local()


def twice(function: Callable[..., Any]) -> Callable[..., Any]:
    return opaque(Instance(by_default_argument(opaque(function))))


WRAPPERS = [
    well_behaved,
    opaque,
    by_default_argument,
    by_list,
    by_partial,
    by_partial_argument,
    by_cache,
    Instance,
    Slotted,
    by_method,
    by_local_class,
    twice,
]

every_wrapper = pytest.mark.parametrize("wrap", WRAPPERS, ids=lambda wrap: wrap.__name__)


def test_the_very_function_is_returned() -> None:
    def refund(order: str) -> str:
        return order

    assert protected_tool(refund) is refund
    assert protected_tool(permission="a")(refund) is refund
    assert refund("x") == "x"


def test_a_function_that_nobody_protected_asks_for_nothing() -> None:
    assert protection_of(lambda: None) is None
    assert protection_of(opaque(lambda: None)) is None


def test_the_protection_is_found_whichever_decorator_comes_first(mcp: Registry) -> None:
    @mcp.tool
    @protected_tool
    def below() -> None: ...

    @protected_tool
    @mcp.tool
    def above() -> None: ...

    assert mcp.protections() == [BARE, BARE]


@every_wrapper
def test_the_protection_is_found_below_a_wrapper(wrap: Callable[..., Any], mcp: Registry) -> None:
    @mcp.tool
    @wrap
    @protected_tool
    def refund() -> None: ...

    assert mcp.protections() == [BARE]


@every_wrapper
def test_the_protection_is_found_above_a_wrapper_of_what_is_registered(
    wrap: Callable[..., Any], mcp: Registry
) -> None:
    @protected_tool
    @wrap
    @mcp.tool
    def refund() -> None: ...

    assert mcp.protections() == [BARE]


@every_wrapper
def test_the_protection_is_found_between_wrappers(wrap: Callable[..., Any], mcp: Registry) -> None:
    @mcp.tool
    @wrap
    @protected_tool
    @wrap
    def refund() -> None: ...

    assert mcp.protections() == [BARE]


def test_several_protections_all_count(mcp: Registry) -> None:
    @protected_tool(scopes=["orders:write"])
    @opaque
    @mcp.tool
    @well_behaved
    @protected_tool(permission="a")
    @protected_tool(permissions=["b", "c"], match="any")
    def refund() -> None: ...

    (found,) = mcp.protections()
    assert found is not None
    assert set(found.clauses("tool:refund")) == {("a",), ("b", "c"), ("tool:refund",)}
    assert found.scopes == ("orders:write",)


def test_a_mark_that_functools_wraps_copied_counts_once(mcp: Registry) -> None:
    @mcp.tool
    @well_behaved
    @well_behaved
    @protected_tool(permission="a")
    def refund() -> None: ...

    assert mcp.protections() == [make_requirement(protected=True, permission="a")]


def test_a_component_that_uses_a_protected_one_of_its_scope_is_not_protected_by_it(mcp: Registry) -> None:
    @mcp.tool
    @protected_tool
    def refund() -> str:
        return "refunded"

    @mcp.tool
    def summary() -> str:
        return refund()

    @mcp.tool
    @protected_tool(permission="a")
    def report() -> str:
        return summary()

    assert mcp.protections() == [BARE, None, make_requirement(protected=True, permission="a")]


def test_without_knowing_what_is_registered_the_doubt_is_for_protection() -> None:
    @protected_tool
    def refund() -> str:
        return "refunded"

    def summary() -> str:
        return refund()

    assert protection_of(summary) == BARE


def test_a_function_that_is_registered_twice_is_protected_in_its_wrapper_too(mcp: Registry) -> None:
    @mcp.tool
    @opaque
    @mcp.tool
    @protected_tool
    def refund() -> None: ...

    assert mcp.protections() == [BARE, BARE]


def test_a_method_is_protected_for_every_instance(mcp: Registry) -> None:
    class Shop:
        @protected_tool
        def refund(self) -> None: ...

        @staticmethod
        @protected_tool
        def close() -> None: ...

        @protected_tool
        @classmethod
        def count(cls) -> None: ...

    for function in (Shop().refund, Shop.close, Shop.count):
        mcp.tool(function)
    assert mcp.protections() == [BARE, BARE, BARE]


def test_protecting_a_bound_method_protects_the_method(mcp: Registry) -> None:
    class Shop:
        def refund(self) -> None: ...

    protected_tool(mcp.tool(Shop().refund))
    assert mcp.protections() == [BARE]


def test_helpers_of_a_wrapper_are_not_taken_for_what_it_wraps(mcp: Registry) -> None:
    def shared(*args: Any) -> None: ...

    def logged(function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            shared(args)
            return function(*args, **kwargs)

        return wrapper

    @mcp.tool
    @logged
    @protected_tool
    def refund() -> None: ...

    @mcp.tool
    @logged
    def greet() -> None: ...

    assert mcp.protections() == [BARE, None]


def test_an_object_that_answers_to_every_name_is_walked_to_an_end() -> None:
    class Anything:
        def __getattr__(self, name: str) -> Anything:
            return Anything()

        def __call__(self) -> None: ...

    class Raising:
        @property
        def __wrapped__(self) -> Any:
            raise RuntimeError

        def __call__(self) -> None: ...

    assert protection_of(Anything()) is None
    assert protection_of(Raising()) is None
    assert protected_tool(Anything()) is not None


def test_a_proxy_that_stands_for_nothing_yet_is_passed_over(mcp: Registry) -> None:
    proxy = current_app

    @mcp.tool
    @protected_tool
    def refund() -> str:
        return proxy.name

    @mcp.tool
    def greet() -> str:
        return proxy.name

    assert mcp.protections() == [BARE, None]


def test_a_wrapper_that_wraps_itself_is_walked_to_an_end() -> None:
    def one() -> None: ...

    def two() -> None: ...

    one.__wrapped__, two.__wrapped__ = two, one  # type: ignore[attr-defined]
    protected_tool(one)
    assert protection_of(two) == BARE


def test_a_cell_that_is_not_filled_yet_is_passed_over() -> None:
    def outer() -> tuple[Any, Any]:
        def user() -> Any:
            return later()

        marked = protected_tool(user)
        found = protection_of(marked)

        def later() -> None: ...

        return marked, found

    assert outer()[1] == BARE


@pytest.mark.parametrize("thing", [7, "refund", None.__class__, Registry, object()])
def test_what_is_no_function_cannot_be_protected(thing: Any) -> None:
    with pytest.raises(RegistrationError, match="protects functions"):
        protected_tool(permission="a")(thing)


def test_what_takes_no_mark_cannot_be_protected() -> None:
    with pytest.raises(RegistrationError, match="cannot be protected"):
        protected_tool(len)
    with pytest.raises(RegistrationError, match="cannot be protected"):
        protected_tool(types.MethodType(len, []))


@pytest.mark.parametrize(
    "name", ["with space", 'qu"ote', "back\\slash", "ümlaut", "", "x" * 281, "new\nline", 7]
)
def test_a_name_that_cannot_be_a_scope_is_refused_where_it_is_written(name: Any) -> None:
    for arguments in ({"permission": name}, {"permissions": [name]}, {"scopes": [name]}):
        with pytest.raises(RegistrationError):
            protected_tool(**arguments)
    if isinstance(name, str) and name:
        with pytest.raises(RegistrationError):
            own_permission("tool", name)


@pytest.mark.parametrize(
    "arguments",
    [
        {"permissions": "a"},
        {"scopes": "a"},
        {"permissions": ["a"], "match": "some"},
        {"when": 7},
        {"when": [7]},
    ],
)
def test_arguments_of_another_kind_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises((RegistrationError, TypeError)):
        protected_tool(**arguments)


async def _later(_info: AuthInfo, _arguments: Any) -> bool:
    return False


async def _later_still(_info: AuthInfo, _arguments: Any) -> Any:
    yield False


def _bit_by_bit(_info: AuthInfo, _arguments: Any) -> Any:
    yield False


class _LaterObject:
    async def __call__(self, _info: AuthInfo, _arguments: Any) -> bool:
        return False


@pytest.mark.parametrize(
    "when", [_later, _later_still, _bit_by_bit, functools.partial(_bit_by_bit), _LaterObject(), [_bit_by_bit]]
)
def test_what_answers_later_is_no_condition(when: Any) -> None:
    with pytest.raises(RegistrationError, match="coroutine or generator"):
        protected_tool(when=when)


def test_what_asks_for_something_cannot_be_anonymous() -> None:
    for asked in (
        {"permissions": ["a"]},
        {"scopes": ["a"]},
        {"when": lambda i, a: True},
        {"protected": True},
    ):
        with pytest.raises(RegistrationError, match="anonymous"):
            make_requirement(**({"protected": False, "anonymous": True} | asked))  # type: ignore[arg-type]


def test_merging_loses_nothing_whichever_comes_first() -> None:
    def check(_info: AuthInfo, _arguments: Any) -> bool:
        return True

    plain = Requirement(scopes=("s",), anonymous=True)
    bare = BARE
    own = make_requirement(protected=True, permissions=["a", "b"], match="any", scopes=["t"], when=check)
    for merged in (plain.and_also(bare).and_also(own), own.and_also(bare.and_also(plain))):
        assert merged.protected
        assert not merged.anonymous
        assert set(merged.clauses("tool:x")) == {("tool:x",), ("a", "b")}
        assert set(merged.scopes) == {"s", "t"}
        assert merged.conditions == (check,)
    assert own.and_also(own) == own
    assert plain.and_also(Requirement()).clauses("tool:x") == (("tool:x",),)


# Inside a function


class Caller:
    """Runs checks as a tool does that the caller called."""

    def __init__(self, house: House) -> None:
        self.app = Flask(__name__)
        self.app.extensions["mcp_auth0"] = SimpleNamespace(decider=house.decider)

    def run(self, who: AuthInfo | None, check: Callable[[], None]) -> None:
        with self.app.test_request_context("/mcp"):
            if who is not None:
                set_auth_info(who)
            check()


def test_a_function_goes_on_for_who_holds_the_permission() -> None:
    tool = Caller(House(FakeReader({"big"}, ada={"big"})))
    tool.run(caller("ada"), lambda: require_permission("big"))
    with pytest.raises(PermissionDenied):
        tool.run(caller("bob"), lambda: require_permission("big"))


def test_a_function_can_ask_for_all_permissions_or_any() -> None:
    tool = Caller(House(FakeReader({"a", "b"}, ada={"a"})))
    with pytest.raises(PermissionDenied):
        tool.run(caller("ada"), lambda: require_permission("a", "b"))
    tool.run(caller("ada"), lambda: require_permission("a", "b", match="any"))


def test_a_check_inside_a_function_is_never_public() -> None:
    tool = Caller(House(FakeReader(), AUTH0_UNDEFINED_PERMISSION="public"))
    with pytest.raises(PermissionDenied):
        tool.run(caller("bob"), lambda: require_permission("undefined"))


def test_a_check_inside_a_function_tells_an_outage_apart() -> None:
    house = House()
    house.reader.failure = AuthorizationUnavailable("503", retry_after=3)
    with pytest.raises(AuthorizationUnavailable) as caught:
        Caller(house).run(caller("bob"), lambda: require_permission("big"))
    assert caught.value.retry_after == 3


def test_a_check_inside_a_function_asks_for_consent_where_that_is_wanted() -> None:
    tool = Caller(House(FakeReader({"big"}, ada={"big"}), AUTH0_REQUIRE="both"))
    with pytest.raises(InsufficientScopeError) as caught:
        tool.run(caller("ada"), lambda: require_permission("big"))
    assert caught.value.scopes == ("big",)
    tool.run(caller("ada", scopes=["big"]), lambda: require_permission("big"))


def test_scopes_that_lack_are_all_named() -> None:
    tool = Caller(House())
    tool.run(caller("ada", scopes=["a", "b"]), lambda: require_scopes("a", "b"))
    with pytest.raises(InsufficientScopeError) as caught:
        tool.run(caller("ada", scopes=["a"]), lambda: require_scopes("a", "b"))
    assert caught.value.scopes == ("a", "b")


def test_a_machine_is_checked_by_its_token() -> None:
    house = House(FakeReader({"big"}))
    Caller(house).run(caller("robot", machine=True, scopes=["big"]), lambda: require_permission("big"))
    assert house.reader.total == 0


@pytest.fixture
def denials() -> Iterator[list[dict[str, Any]]]:
    heard: list[dict[str, Any]] = []

    def hear(_sender: Any, **values: Any) -> None:
        heard.append(values)

    access_denied.connect(hear)
    yield heard
    access_denied.disconnect(hear)


def test_a_check_inside_a_function_sends_the_signal(denials: list[dict[str, Any]]) -> None:
    with pytest.raises(PermissionDenied):
        Caller(House(FakeReader({"big"}))).run(caller("bob"), lambda: require_permission("big"))
    assert [(heard["kind"], heard["name"]) for heard in denials] == [("permission", "big")]


def test_an_anonymous_call_is_told_to_log_in() -> None:
    with pytest.raises(PermissionDenied, match="Log in"):
        Caller(House(MCP_ANONYMOUS=True)).run(None, lambda: require_permission("big"))


def test_outside_a_call_a_check_says_so() -> None:
    with pytest.raises(OutsideRequestError, match="init_app"):
        require_permission("big")
    with pytest.raises(OutsideRequestError):
        Caller(House()).run(None, lambda: require_scopes("big"))
    app = Flask(__name__)
    with app.app_context(), pytest.raises(OutsideRequestError):
        require_permission("big")


def test_a_check_for_nothing_is_a_mistake() -> None:
    with pytest.raises(TypeError):
        require_permission()
    with pytest.raises(TypeError):
        require_scopes()
