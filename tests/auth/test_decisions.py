from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from concurrent.futures import Future
from typing import Any

import pytest
from flask import Flask

from flask_mcp_auth0.auth.auth_info import AuthInfo
from flask_mcp_auth0.auth.decisions import Decision
from flask_mcp_auth0.auth.requirement import Requirement, make_requirement
from flask_mcp_auth0.errors import AuthorizationUnavailable, InsufficientScopeError, PermissionDenied
from flask_mcp_auth0.signals import access_denied, access_granted, authorization_unavailable

from .permission_doubles import FakeReader, House, caller

PLAIN = Requirement()
PROTECTED = Requirement(protected=True)
DENIED = "You don't have permission to use the 'refund' tool."
DOWN = AuthorizationUnavailable("503", retry_after=7)


def protected(*permissions: str, **more: Any) -> Requirement:
    return make_requirement(protected=True, permissions=permissions, **more)


def decide(
    house: House,
    who: AuthInfo | None,
    requirement: Requirement = PROTECTED,
    name: str = "refund",
    kind: str = "tool",
    arguments: Mapping[str, Any] | None = None,
) -> Decision:
    return house.decider.decide(who, kind, name, requirement, lambda: arguments or {})


# Which permission it is


def test_a_protected_tool_is_for_those_who_hold_its_own_permission() -> None:
    house = House(FakeReader({"tool:refund"}, ada={"tool:refund"}))
    assert decide(house, caller("ada")) == Decision("granted", "permission")
    denied = decide(house, caller("bob"))
    assert (denied.outcome, denied.message) == ("denied", DENIED)


@pytest.mark.parametrize("kind", ["resource", "prompt"])
def test_resources_and_prompts_have_permissions_and_words_of_their_own(kind: str) -> None:
    house = House(FakeReader({f"{kind}:report"}, ada={f"{kind}:report"}))
    assert decide(house, caller("ada"), kind=kind, name="report").granted
    denied = decide(house, caller("bob"), kind=kind, name="report")
    assert denied.message == f"You don't have permission to use the 'report' {kind}."


def test_a_permission_of_ones_own_choice_takes_the_place_of_the_tools() -> None:
    house = House(FakeReader({"orders:write"}, ada={"orders:write"}, bob={"tool:refund"}))
    assert decide(house, caller("ada"), protected("orders:write")).granted
    assert decide(house, caller("bob"), protected("orders:write")).outcome == "denied"


def test_all_permissions_are_needed_or_any_one() -> None:
    house = House(FakeReader({"a", "b"}, one={"a"}, both={"a", "b"}))
    assert decide(house, caller("one"), protected("a", "b")).outcome == "denied"
    assert decide(house, caller("both"), protected("a", "b")).granted
    assert decide(house, caller("one"), protected("a", "b", match="any")).granted
    assert decide(house, caller("none"), protected("a", "b", match="any")).outcome == "denied"


def test_several_decorators_ask_for_all_of_what_each_asks_for() -> None:
    house = House(
        FakeReader({"a", "b", "c"}, ada={"a", "c"}, bob={"c", "tool:refund"}, eve={"a", "c", "tool:refund"})
    )
    asked = PROTECTED.and_also(protected("a", "b", match="any")).and_also(protected("c"))
    assert decide(house, caller("ada"), asked).outcome == "denied"
    assert decide(house, caller("bob"), asked).outcome == "denied"
    assert decide(house, caller("eve"), asked).granted


# What the tenant says


def test_a_plain_tool_is_open_unless_the_tenant_defines_its_permission() -> None:
    house = House(FakeReader({"tool:refund"}, ada={"tool:refund"}))
    assert decide(house, caller("bob"), PLAIN, name="greet") == Decision("granted", "public")
    assert decide(house, caller("bob"), PLAIN).message == DENIED
    assert decide(house, caller("ada"), PLAIN).granted


def test_the_tenant_can_protect_a_tool_further_that_asks_for_another_permission() -> None:
    house = House(
        FakeReader({"orders:write", "tool:refund"}, ada={"orders:write"}, eve={"orders:write", "tool:refund"})
    )
    assert decide(house, caller("ada"), protected("orders:write")).outcome == "denied"
    assert decide(house, caller("eve"), protected("orders:write")).granted


def test_only_decorated_tools_are_looked_up_if_the_settings_say_so() -> None:
    house = House(FakeReader({"tool:refund"}), AUTH0_PROTECT="decorated")
    assert decide(house, caller("bob"), PLAIN).granted
    assert house.reader.total == 0
    assert decide(house, caller("bob"), PROTECTED).outcome == "denied"


def test_a_protected_tool_whose_permission_is_not_defined_is_refused_to_all_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    house = House(FakeReader())
    for _ in range(3):
        assert decide(house, caller("bob")).message == DENIED
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert "'tool:refund'" in warnings[0]
    assert "refused to everybody" in warnings[0]


def test_a_protected_tool_whose_permission_is_not_defined_is_open_if_the_settings_say_so() -> None:
    house = House(FakeReader({"a"}, ada={"a"}), AUTH0_UNDEFINED_PERMISSION="public")
    assert decide(house, caller("bob")).granted
    assert decide(house, caller("bob"), protected("a", "b")).outcome == "denied"
    assert decide(house, caller("ada"), protected("a", "b")).granted
    house.reader.defined.add("tool:refund")
    house.clock.advance(400)
    assert decide(house, caller("bob")).outcome == "denied"


# Outage and refusal


def test_an_outage_is_told_apart_from_a_refusal() -> None:
    house = House(FakeReader({"tool:refund"}))
    house.reader.failure = DOWN
    decision = decide(house, caller("bob"))
    assert (decision.outcome, decision.reason, decision.retry_after) == ("unavailable", "503", 7)
    assert "unavailable" in decision.message
    assert "later" in decision.message
    assert "permission" not in decision.message


def test_a_plain_tool_is_refused_while_nobody_knows_whether_the_tenant_protects_it() -> None:
    house = House(FakeReader())
    house.reader.failure = DOWN
    assert decide(house, caller("bob"), PLAIN).outcome == "unavailable"


def test_what_is_kept_carries_plain_and_protected_tools_through_a_short_outage() -> None:
    house = House(FakeReader({"tool:refund"}, ada={"tool:refund"}))
    assert decide(house, caller("ada")).granted
    assert decide(house, caller("ada"), PLAIN, name="greet").granted
    house.reader.failure = DOWN
    house.clock.advance(50)
    assert decide(house, caller("ada")).granted
    assert decide(house, caller("ada"), PLAIN, name="greet").granted
    assert decide(house, caller("bob")).outcome == "unavailable"


def test_an_api_that_does_not_exist_is_no_ground_to_say_that_a_permission_lacks() -> None:
    house = House(FakeReader())
    house.reader.api_failure = AuthorizationUnavailable("404")
    assert decide(house, caller("bob")).outcome == "unavailable"
    assert decide(house, caller("bob"), PLAIN).outcome == "unavailable"


def test_without_client_credentials_plain_tools_are_open_and_protected_ones_refused_with_the_reason() -> None:
    house = House(FakeReader({"tool:refund"}, ada={"tool:refund"})).without_credentials()
    assert decide(house, caller("ada"), PLAIN).granted
    refused = decide(house, caller("ada"))
    assert refused.outcome == "unavailable"
    assert "no Auth0 client credentials" in refused.message
    assert "later" not in refused.message


# Sources


def test_the_token_decides_alone_if_the_settings_say_so() -> None:
    house = House(FakeReader({"tool:refund"}, bob={"tool:refund"}), AUTH0_PERMISSIONS_SOURCE="token")
    assert decide(house, caller("ada", permissions=["tool:refund"])).granted
    assert decide(house, caller("bob", permissions=[])).outcome == "denied"
    assert decide(house, caller("bob")).outcome == "denied"
    assert house.reader.total == 0


def test_the_token_needs_no_client_credentials() -> None:
    for source in ("token", "auto"):
        house = House(AUTH0_PERMISSIONS_SOURCE=source).without_credentials()
        assert decide(house, caller("ada", permissions=["tool:refund"])).granted
    assert decide(house, caller("bob", permissions=[])).outcome == "unavailable"


def test_the_claim_alone_does_not_count_where_the_management_api_is_the_source() -> None:
    house = House(FakeReader({"tool:refund"}))
    assert decide(house, caller("ada", permissions=["tool:refund"])).outcome == "denied"


def test_with_auto_the_claim_grants_at_once_and_the_rest_is_asked_for() -> None:
    house = House(FakeReader({"a", "b"}, ada={"b"}), AUTH0_PERMISSIONS_SOURCE="auto")
    assert decide(house, caller("ada", permissions=["a"]), protected("a"), name="x").granted
    assert house.reader.asked["user ada"] == 0
    assert decide(house, caller("ada", permissions=["a"]), protected("a", "b"), name="x").granted
    assert house.reader.asked["user ada"] == 1
    assert decide(house, caller("bob", permissions=["a"]), protected("b"), name="x").outcome == "denied"


def test_a_tool_that_the_tenant_protects_is_open_during_an_outage_to_a_token_that_has_its_permission() -> (
    None
):
    for source in ("token", "auto"):
        house = House(AUTH0_PERMISSIONS_SOURCE=source)
        house.reader.failure = DOWN
        assert decide(house, caller("ada", permissions=["tool:refund"]), PLAIN).granted
        assert decide(house, caller("bob", permissions=[]), PLAIN).outcome == "unavailable"


def test_the_tenant_protects_plain_tools_whatever_the_source() -> None:
    for source in ("management", "token", "auto"):
        house = House(FakeReader({"tool:refund"}), AUTH0_PERMISSIONS_SOURCE=source)
        assert decide(house, caller("bob", permissions=[]), PLAIN).outcome == "denied"


@pytest.mark.parametrize("source", ["management", "token", "auto"])
@pytest.mark.parametrize("require", ["permissions", "scope", "both"])
def test_a_machine_is_decided_by_its_token_and_never_looked_up(source: str, require: str) -> None:
    house = House(
        FakeReader({"tool:refund"}, robot={"tool:refund"}),
        AUTH0_PERMISSIONS_SOURCE=source,
        AUTH0_REQUIRE=require,
    )
    for more in ({"scopes": ["tool:refund"]}, {"permissions": ["tool:refund"]}):
        assert decide(house, caller("robot", machine=True, **more)).granted
        assert decide(house, caller("robot", machine=True, **more), PLAIN).granted
    assert decide(house, caller("robot", machine=True)).outcome == "denied"
    assert decide(house, caller("robot", machine=True), PLAIN).outcome == "denied"
    assert house.reader.asked["user robot"] == 0


def test_an_organizations_token_is_decided_within_the_organization() -> None:
    house = House(FakeReader({"tool:refund"}, ada={"tool:refund"}))
    house.reader.members["bob", "org_1"] = {"rol_1"}
    house.reader.roles["rol_1"] = {"tool:refund"}
    assert decide(house, caller("ada", organization="org_1")).outcome == "denied"
    assert decide(house, caller("bob", organization="org_1")).granted
    assert decide(house, caller("bob", organization="org_2")).outcome == "denied"
    assert decide(house, caller("bob")).outcome == "denied"


# Consent


def test_what_the_user_consented_to_decides_if_the_settings_say_so() -> None:
    house = House(FakeReader({"tool:refund"}, ada={"tool:refund"}), AUTH0_REQUIRE="scope")
    assert decide(house, caller("bob", scopes=["tool:refund"])).granted
    assert house.reader.total == 0


def test_both_the_users_permission_and_their_consent_are_needed_if_the_settings_say_so() -> None:
    house = House(FakeReader({"tool:refund"}, ada={"tool:refund"}), AUTH0_REQUIRE="both")
    assert decide(house, caller("ada", scopes=["tool:refund"])).granted
    challenge = decide(house, caller("ada"))
    assert (challenge.outcome, challenge.scopes) == ("challenge", ("tool:refund",))
    assert "tool:refund" in challenge.message
    assert decide(house, caller("bob", scopes=["tool:refund"])).outcome == "denied"
    assert decide(house, caller("bob")).outcome == "denied"


def test_a_permission_counts_only_with_the_consent_to_the_same_one() -> None:
    house = House(FakeReader({"a", "b"}, ada={"a"}), AUTH0_REQUIRE="both")
    challenge = decide(house, caller("ada", scopes=["b"]), protected("a", "b", match="any"), name="x")
    assert (challenge.outcome, challenge.scopes) == ("challenge", ("a",))


@pytest.mark.parametrize(
    ("permissions", "outcome"),
    [(["tool:refund"], "challenge"), ([], "denied"), (None, "challenge")],
)
def test_consent_is_asked_for_only_where_it_could_help(permissions: list[str] | None, outcome: str) -> None:
    for source in ("management", "token", "auto"):
        house = House(FakeReader({"tool:refund"}), AUTH0_REQUIRE="scope", AUTH0_PERMISSIONS_SOURCE=source)
        assert decide(house, caller("bob", permissions=permissions)).outcome == outcome


def test_a_permission_that_was_granted_since_the_token_was_issued_can_be_asked_for() -> None:
    house = House(FakeReader({"tool:refund"}, ada={"tool:refund"}), AUTH0_REQUIRE="scope")
    assert decide(house, caller("ada", permissions=[])).outcome == "challenge"


def test_consent_to_a_permission_that_is_not_defined_cannot_be_asked_for() -> None:
    house = House(FakeReader(), AUTH0_REQUIRE="scope")
    assert decide(house, caller("ada")).outcome == "denied"
    house.reader.defined.add("tool:refund")
    house.clock.advance(6)
    assert decide(house, caller("ada")).outcome == "challenge"


def test_during_an_outage_auth0_is_left_to_decide_about_consent() -> None:
    house = House(FakeReader(), AUTH0_REQUIRE="scope")
    house.reader.failure = DOWN
    assert decide(house, caller("ada", permissions=[])).outcome == "challenge"


def test_a_scope_that_lacks_is_challenged_with_all_that_are_needed() -> None:
    house = House(FakeReader({"tool:refund"}, ada={"tool:refund"}), AUTH0_REQUIRE="both")
    challenge = decide(
        house, caller("ada", scopes=["orders:read"]), protected(scopes=["orders:read", "orders:write"])
    )
    assert challenge.outcome == "challenge"
    assert challenge.scopes == ("tool:refund", "orders:read", "orders:write")


def test_a_lacking_permission_is_a_refusal_even_if_a_scope_lacks_too() -> None:
    house = House(FakeReader({"tool:refund"}))
    assert decide(house, caller("bob"), protected(scopes=["orders:write"])).outcome == "denied"


def test_a_plain_tool_may_ask_for_scopes() -> None:
    house = House()
    asked = make_requirement(protected=False, scopes=["orders:write"])
    assert decide(house, caller("ada", scopes=["orders:write"]), asked) == Decision("granted", "scope")
    assert decide(house, caller("ada"), asked).outcome == "challenge"


@pytest.mark.parametrize(
    ("permissions", "held", "outcome"),
    [
        (None, [], "challenge"),  # whether RBAC is on is not known
        (["orders:write"], [], "challenge"),
        ([], ["orders:write"], "challenge"),  # granted since
        ([], [], "denied"),
    ],
)
def test_a_scope_is_challenged_if_the_user_could_get_it(
    permissions: list[str] | None, held: list[str], outcome: str
) -> None:
    house = House(FakeReader({"orders:write"}, ada=held))
    asked = make_requirement(protected=False, scopes=["orders:write"])
    assert decide(house, caller("ada", permissions=permissions), asked).outcome == outcome


def test_a_scope_that_is_no_permission_of_the_api_is_challenged() -> None:
    house = House(FakeReader())
    asked = make_requirement(protected=False, scopes=["email"])
    assert decide(house, caller("ada", permissions=[]), asked).outcome == "challenge"


@pytest.mark.parametrize("failing", [True, False])
def test_a_scope_is_challenged_where_nobody_can_tell_whether_the_user_could_get_it(failing: bool) -> None:
    house = House(FakeReader({"orders:write"}), AUTH0_PROTECT="decorated")
    if failing:
        house.reader.failure = DOWN
    else:
        house = House(
            FakeReader({"orders:write"}), AUTH0_PROTECT="decorated", AUTH0_PERMISSIONS_SOURCE="token"
        )
    asked = make_requirement(protected=False, scopes=["orders:write"])
    assert decide(house, caller("ada", permissions=[]), asked).outcome == "challenge"


# Conditions


def test_conditions_see_the_caller_and_the_arguments() -> None:
    seen: list[tuple[AuthInfo, Mapping[str, Any]]] = []

    def small(info: AuthInfo, arguments: Mapping[str, Any]) -> bool:
        seen.append((info, arguments))
        return bool(arguments["amount"] < 100)

    house = House(FakeReader({"tool:refund"}, ada={"tool:refund"}))
    who = caller("ada")
    assert decide(house, who, protected(when=small), arguments={"amount": 5}).granted
    assert decide(house, who, protected(when=small), arguments={"amount": 500}).message == DENIED
    assert seen == [(who, {"amount": 5}), (who, {"amount": 500})]


def test_conditions_are_asked_only_of_those_who_hold_the_permission() -> None:
    def never(_info: AuthInfo, _arguments: Mapping[str, Any]) -> bool:
        raise AssertionError

    assert (
        decide(House(FakeReader({"tool:refund"})), caller("bob"), protected(when=never)).outcome == "denied"
    )


def test_arguments_are_made_only_for_conditions_of_those_who_hold_the_permission() -> None:
    def made() -> Mapping[str, Any]:
        raise LookupError("order must be a number")

    house = House(FakeReader({"tool:refund"}, ada={"tool:refund"}))
    heard: list[tuple[str, str]] = []
    house.decider.observe = lambda outcome, reason, *_: heard.append((outcome, reason))
    asked = protected(when=lambda i, a: True)
    assert house.decider.decide(caller("bob"), "tool", "refund", asked, made).outcome == "denied"
    assert house.decider.decide(caller("ada"), "tool", "refund", PROTECTED, made).granted
    with pytest.raises(LookupError):
        house.decider.decide(caller("ada"), "tool", "refund", asked, made)
    assert heard == [
        ("denied", "the permission is not held"),
        ("granted", "permission"),
        ("denied", "the arguments do not fit"),
    ]


def test_every_condition_must_be_met() -> None:
    house = House(AUTH0_PERMISSIONS_SOURCE="token")
    who = caller("ada", permissions=["tool:refund"])
    assert decide(house, who, protected(when=[lambda i, a: True, lambda i, a: False])).outcome == "denied"
    assert decide(house, who, protected(when=[lambda i, a: True, lambda i, a: True])).granted


def test_a_condition_that_fails_refuses_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    house = House(AUTH0_PERMISSIONS_SOURCE="token")
    decision = decide(
        house, caller("ada", permissions=["tool:refund"]), protected(when=lambda i, a: a["missing"])
    )
    assert (decision.outcome, decision.message) == ("denied", DENIED)
    assert any(record.exc_info and record.levelno == logging.ERROR for record in caplog.records)


def test_a_condition_that_returns_a_coroutine_is_not_met() -> None:
    async def later() -> bool:
        return False

    house = House(AUTH0_PERMISSIONS_SOURCE="token")
    asked = protected(when=lambda i, a: later())  # type: ignore[arg-type,return-value]
    assert decide(house, caller("ada", permissions=["tool:refund"]), asked).outcome == "denied"


def _denials() -> Iterator[bool]:
    yield False


async def _later() -> AsyncIterator[bool]:
    yield False


class _Lazy:
    """As a row of a query, or an array, is: true to Python unless it says otherwise."""


@pytest.mark.parametrize(
    "answer",
    [Future(), _denials(), _later(), _Lazy(), lambda: False, "no", [False], {"allowed": False}, 1, None],
)
def test_whatever_a_condition_returns_that_is_no_bool_refuses_and_is_logged(
    answer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    house = House(AUTH0_PERMISSIONS_SOURCE="token")
    asked = protected(when=[lambda i, a: True, lambda i, a: answer])
    decision = decide(house, caller("ada", permissions=["tool:refund"]), asked)
    assert (decision.outcome, decision.message) == ("denied", DENIED)
    assert f"True or False, not {type(answer).__name__}" in caplog.text


@pytest.mark.parametrize(
    ("error", "outcome", "text"),
    [
        (PermissionDenied("Only on weekdays."), "denied", "Only on weekdays."),
        (PermissionDenied(), "denied", DENIED),
        (InsufficientScopeError(["big"]), "challenge", "big"),
        (AuthorizationUnavailable("down"), "unavailable", "later"),
    ],
)
def test_a_condition_may_say_itself_how_it_refuses(error: Exception, outcome: str, text: str) -> None:
    def refuse(_info: AuthInfo, _arguments: Mapping[str, Any]) -> bool:
        raise error

    house = House(AUTH0_PERMISSIONS_SOURCE="token")
    decision = decide(house, caller("ada", permissions=["tool:refund"]), protected(when=refuse))
    assert decision.outcome == outcome
    assert text in decision.message


# Without a token


ANONYMOUS = Requirement(anonymous=True)


def test_without_a_token_nothing_is_open_unless_that_is_switched_on() -> None:
    assert decide(House(), None, ANONYMOUS).outcome == "unauthenticated"
    house = House(MCP_ANONYMOUS=True)
    assert decide(house, None, ANONYMOUS).granted
    for asked in (
        PLAIN,
        PROTECTED,
        Requirement(anonymous=True, protected=True),
        Requirement(anonymous=True, scopes=("a",)),
        Requirement(anonymous=True, conditions=(lambda i, a: True,)),
    ):
        assert decide(house, None, asked).outcome == "unauthenticated"


def test_the_tenant_can_protect_an_anonymous_tool() -> None:
    house = House(FakeReader({"tool:refund"}, ada={"tool:refund"}), MCP_ANONYMOUS=True)
    assert decide(house, None, ANONYMOUS).outcome == "unauthenticated"
    assert decide(house, caller("ada"), ANONYMOUS).granted
    assert decide(house, caller("bob"), ANONYMOUS).outcome == "denied"


def test_an_anonymous_tool_is_refused_while_nobody_knows_whether_the_tenant_protects_it() -> None:
    house = House(MCP_ANONYMOUS=True)
    house.reader.failure = DOWN
    assert decide(house, None, ANONYMOUS).outcome == "unavailable"


# Lists

CATALOGUE = [
    ("tool", "greet", PLAIN),
    ("tool", "guarded", PLAIN),
    ("tool", "refund", PROTECTED),
    ("prompt", "letter", protected("letters:write")),
    ("tool", "scoped", make_requirement(protected=False, scopes=["orders:write"])),
]
DEFINED = {"tool:guarded", "tool:refund", "letters:write", "orders:write"}


def test_a_list_shows_what_the_caller_may_use() -> None:
    house = House(FakeReader(DEFINED, ada=DEFINED, bob=set()))
    assert house.decider.visible(caller("ada"), CATALOGUE).flags == (True, True, True, True, True)
    assert house.decider.visible(caller("bob", permissions=[]), CATALOGUE).flags == (
        True,
        False,
        False,
        False,
        False,
    )


def test_a_tool_that_lacks_nothing_but_a_scope_to_ask_for_stays_listed() -> None:
    house = House(FakeReader(DEFINED, ada=DEFINED), AUTH0_REQUIRE="both")
    assert house.decider.visible(caller("ada"), CATALOGUE).flags == (True, True, True, True, True)


@pytest.mark.parametrize("organization", [None, "org_1"])
@pytest.mark.parametrize("keeps", [True, False])
def test_a_list_asks_anew_once_however_many_of_its_components_are_not_held(
    organization: str | None, keeps: bool
) -> None:
    house = House(FakeReader({"tool:0", "tool:1"}, bob={"tool:0"}))
    house.reader.members["bob", "org_1"] = {"rol_1", "rol_2"}
    house.reader.roles["rol_1"] = {"tool:0"}
    reads: list[tuple[str, ...]] = []
    read = house.backend.get_many

    def counted(*keys: str) -> Any:
        reads.append(keys)
        return read(*keys)

    house.backend.get_many = counted
    if not keeps:
        house.backend.set = lambda *_, **__: False
    who = caller("bob", organization=organization)
    everything = [("tool", str(number), PROTECTED) for number in range(50)]
    house.decider.visible(who, everything)
    house.clock.advance(6)
    house.reader.asked.clear()
    reads.clear()
    assert house.decider.visible(who, everything).flags == (True, *[False] * 49)
    assert max(house.reader.asked.values()) <= (1 if keeps else 3)
    assert 0 < len(reads) <= 15


def test_a_whole_list_costs_one_look_up_of_the_user_and_one_of_the_api() -> None:
    house = House(FakeReader(DEFINED, ada={"tool:guarded"}))
    everything = [*CATALOGUE, *(("tool", f"tool_{number}", PROTECTED) for number in range(50))]
    house.decider.visible(caller("ada", permissions=[]), everything)
    assert house.reader.asked == {"api": 1, "user ada": 1}
    house.clock.advance(30)
    house.decider.visible(caller("ada", permissions=[]), everything)
    assert house.reader.asked == {"api": 1, "user ada": 2}


def test_a_whole_list_fails_once_during_an_outage() -> None:
    house = House()
    house.reader.failure = DOWN
    house.decider.visible(caller("ada"), [*CATALOGUE, *CATALOGUE])
    assert house.reader.total <= 2


def test_conditions_play_no_part_in_a_list() -> None:
    house = House(AUTH0_PERMISSIONS_SOURCE="token")
    asked = protected(when=lambda i, a: False)
    assert house.decider.visible(caller("a", permissions=["tool:x"]), [("tool", "x", asked)]).flags == (True,)


def test_a_list_that_is_the_same_for_everybody_says_so() -> None:
    house = House(FakeReader(), AUTH0_API_SCOPES_TTL=200)
    seen = house.decider.visible(caller("ada"), [("tool", "greet", PLAIN), ("tool", "other", PLAIN)])
    assert (seen.uniform, seen.ttl_ms) == (True, 200_000)
    seen = house.decider.visible(caller("ada"), CATALOGUE)
    assert (seen.uniform, seen.ttl_ms) == (False, 60_000)


def test_a_list_holds_no_longer_than_the_callers_token() -> None:
    house = House(FakeReader(DEFINED))
    assert house.decider.visible(caller("ada", expires_in=20), CATALOGUE).ttl_ms == 20_000
    assert house.decider.visible(caller("ada", expires_in=-20), CATALOGUE).ttl_ms == 0


def test_a_list_by_the_token_holds_as_long_as_the_apis_permissions() -> None:
    house = House(FakeReader(DEFINED), AUTH0_PERMISSIONS_SOURCE="token")
    assert house.decider.visible(caller("ada"), CATALOGUE).ttl_ms == 300_000


def test_during_an_outage_a_list_shows_what_asks_for_no_permission_and_for_no_time() -> None:
    house = House()
    house.reader.failure = DOWN
    seen = house.decider.visible(caller("ada"), CATALOGUE[:4])
    assert (seen.flags, seen.ttl_ms) == ((True, True, False, False), 0)


def test_without_client_credentials_a_list_shows_what_is_open() -> None:
    house = House().without_credentials()
    seen = house.decider.visible(caller("ada"), CATALOGUE[:4])
    assert seen.flags == (True, True, False, False)
    assert seen.ttl_ms > 0


def test_everything_is_listed_if_the_settings_say_so_and_nothing_is_looked_up() -> None:
    house = House(FakeReader(DEFINED), MCP_TOOL_LISTING="all")
    seen = house.decider.visible(caller("bob"), CATALOGUE)
    assert (seen.flags, seen.uniform) == ((True,) * 5, True)
    assert house.reader.total == 0
    assert decide(house, caller("bob")).message == DENIED


@pytest.mark.parametrize("listing", ["allowed", "all", "conceal"])
def test_without_a_token_a_list_shows_what_is_anonymous(listing: str) -> None:
    house = House(MCP_ANONYMOUS=True, MCP_TOOL_LISTING=listing)
    catalogue = [*CATALOGUE, ("tool", "open", ANONYMOUS)]
    seen = house.decider.visible(None, catalogue)
    assert (seen.flags, seen.uniform) == ((False,) * 5 + (True,), False)
    assert not house.decider.visible(
        caller("ada"), [("tool", "open", ANONYMOUS), ("tool", "x", PLAIN)]
    ).uniform
    assert house.decider.visible(None, [("tool", "open", ANONYMOUS)]).uniform


# Concealment


def test_what_one_may_not_use_is_answered_as_unknown_where_it_is_concealed() -> None:
    house = House(FakeReader(DEFINED), MCP_TOOL_LISTING="conceal")
    hidden = decide(house, caller("bob"))
    assert (hidden.outcome, hidden.message) == ("hidden", "")
    assert house.decider.decide_unknown(caller("bob"), "tool", "no_such").outcome == "hidden"
    assert house.decider.visible(caller("bob"), CATALOGUE[:3]).flags == (True, False, False)


def test_an_unknown_name_is_looked_up_as_a_concealed_one_is() -> None:
    costs = []
    for ask in (
        lambda house: decide(house, caller("bob")),
        lambda house: decide(house, caller("bob"), PLAIN),
        lambda house: house.decider.decide_unknown(caller("bob"), "tool", "no_such"),
    ):
        house = House(FakeReader(DEFINED), MCP_TOOL_LISTING="conceal")
        assert ask(house).outcome == "hidden"
        costs.append(house.reader.asked)
    assert costs == [{"api": 1, "user bob": 1}] * 3


def test_an_unknown_name_that_somebody_holds_a_permission_for_stays_unknown() -> None:
    house = House(FakeReader({"tool:old"}, ada={"tool:old"}), MCP_TOOL_LISTING="conceal")
    assert house.decider.decide_unknown(caller("ada"), "tool", "old").outcome == "hidden"


def test_an_outage_does_not_tell_what_is_concealed_from_what_does_not_exist() -> None:
    house = House(MCP_TOOL_LISTING="conceal")
    house.reader.failure = DOWN
    known = decide(house, caller("bob"), name="same")
    unknown = house.decider.decide_unknown(caller("bob"), "tool", "same")
    assert known == unknown
    assert known.outcome == "unavailable"
    assert house.decider.visible(caller("bob"), CATALOGUE).flags == (False,) * 5


def test_without_client_credentials_what_is_concealed_stays_so() -> None:
    house = House(MCP_TOOL_LISTING="conceal").without_credentials()
    assert decide(house, caller("bob")).outcome == "hidden"
    assert house.decider.decide_unknown(caller("bob"), "tool", "x").outcome == "hidden"


def test_a_condition_conceals_nothing_since_it_is_in_the_list() -> None:
    house = House(AUTH0_PERMISSIONS_SOURCE="token", MCP_TOOL_LISTING="conceal")
    who = caller("ada", permissions=["tool:refund"])
    assert decide(house, who, protected(when=lambda i, a: False)).outcome == "denied"


def test_an_unknown_name_costs_nothing_where_nothing_is_concealed() -> None:
    house = House()
    assert house.decider.decide_unknown(caller("bob"), "tool", "no_such").outcome == "hidden"
    assert house.reader.total == 0


# Signals and the log


@pytest.fixture
def heard() -> Iterator[list[tuple[str, Any, dict[str, Any]]]]:
    found: list[tuple[str, Any, dict[str, Any]]] = []

    def listener(name: str) -> Any:
        def hear(sender: Any, **values: Any) -> None:
            found.append((name, sender, values))

        return hear

    listeners = {
        signal: listener(name)
        for signal, name in (
            (access_granted, "granted"),
            (access_denied, "denied"),
            (authorization_unavailable, "unavailable"),
        )
    }
    for signal, hear in listeners.items():
        signal.connect(hear)
    yield found
    for signal, hear in listeners.items():
        signal.disconnect(hear)


def test_each_decision_sends_the_signal_of_its_kind(heard: list[tuple[str, Any, dict[str, Any]]]) -> None:
    app = Flask(__name__)
    house = House(FakeReader({"tool:refund"}, ada={"tool:refund"}))
    ada, bob = caller("ada"), caller("bob")
    with app.app_context():
        decide(house, ada)
        decide(house, bob)
        house.reader.failure = DOWN
        decide(house, caller("carl"))
        decide(house, None)
    assert [
        (name, sender, values["auth_info"], values["kind"], values["name"]) for name, sender, values in heard
    ] == [
        ("granted", app, ada, "tool", "refund"),
        ("denied", app, bob, "tool", "refund"),
        ("unavailable", app, caller("carl"), "tool", "refund"),
        ("denied", app, None, "tool", "refund"),
    ]
    assert [values["reason"] for _, _, values in heard] == [
        "permission",
        "the permission is not held",
        "503",
        "a token is needed",
    ]


def test_the_log_tells_an_outage_from_a_refusal_and_holds_no_token(caplog: pytest.LogCaptureFixture) -> None:
    house = House(FakeReader({"tool:refund"}))
    with caplog.at_level(logging.DEBUG, "flask_mcp_auth0"):
        decide(house, caller("bob"))
        house.reader.failure = DOWN
        decide(house, caller("carl"))
    levels = [(record.levelname, record.name) for record in caplog.records]
    assert levels == [("INFO", "flask_mcp_auth0.auth"), ("WARNING", "flask_mcp_auth0.auth")]
    assert "the-secret-token" not in caplog.text


def test_what_a_caller_sends_cannot_forge_a_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    house = House(FakeReader({"tool:refund"}))
    with caplog.at_level(logging.DEBUG, "flask_mcp_auth0"):
        decide(house, caller("eve\nWARNING all is well\x1b[31m"), name="refund")
        decide(house, caller("x" * 10_000), name="refund")
    for record in caplog.records:
        assert "\n" not in record.getMessage()
        assert "\x1b" not in record.getMessage()
        assert len(record.getMessage()) < 500
