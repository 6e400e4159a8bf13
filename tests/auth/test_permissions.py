from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable
from typing import Any

import pytest
from cachelib import NullCache, SimpleCache

from flask_mcp_auth0.auth.backoff import Backoff, NotAllowed, Rejected
from flask_mcp_auth0.auth.cache import LookupCache, SingleFlight
from flask_mcp_auth0.auth.permissions import NobodyToAsk, PermissionLookup
from flask_mcp_auth0.errors import AuthorizationUnavailable

from ..forked import in_child
from .doubles import Clock
from .permission_doubles import FakeReader, House, caller, make_settings

forks = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")


def holds(*names: str) -> Callable[[frozenset[str]], bool]:
    return lambda held: held.issuperset(names)


def test_a_users_permissions_are_asked_for_once_in_their_time_to_live() -> None:
    house = House(FakeReader(ada={"tool:refund"}))
    for _ in range(5):
        assert house.lookup.held_by(caller("ada"), holds("tool:refund")) == {"tool:refund"}
        house.clock.advance(10)
    assert house.reader.asked == {"user ada": 1}
    house.clock.advance(20)
    house.lookup.held_by(caller("ada"), holds("tool:refund"))
    assert house.reader.asked == {"user ada": 2}


def test_a_revocation_is_seen_within_the_time_to_live() -> None:
    house = House(FakeReader(ada={"tool:refund"}), AUTH0_PERMISSIONS_TTL=30)
    house.lookup.held_by(caller("ada"))
    house.reader.users["ada"].clear()
    house.clock.advance(30)
    assert house.lookup.held_by(caller("ada"), holds("tool:refund")) == set()


def test_a_refusal_is_believed_for_five_seconds_only() -> None:
    house = House(FakeReader(ada={"tool:other"}))
    assert not house.lookup.held_by(caller("ada"), holds("tool:refund")) & {"tool:refund"}
    house.reader.users["ada"].add("tool:refund")
    house.clock.advance(5)
    assert house.lookup.held_by(caller("ada"), holds("tool:refund")) == {"tool:other"}
    house.clock.advance(0.1)
    assert house.lookup.held_by(caller("ada"), holds("tool:refund")) == {"tool:other", "tool:refund"}
    assert house.reader.asked == {"user ada": 2}


def test_the_permissions_of_the_api_are_asked_for_once_for_all_callers() -> None:
    house = House(FakeReader({"tool:refund"}), AUTH0_API_SCOPES_TTL=300)
    for _ in range(26):
        assert house.lookup.api_permissions() == {"tool:refund"}
        house.clock.advance(10)
    assert house.reader.asked == {"api": 1}
    house.clock.advance(40)
    house.lookup.api_permissions()
    assert house.reader.asked == {"api": 2}


def test_an_older_list_of_the_apis_permissions_is_not_believed_to_lack_one() -> None:
    house = House(FakeReader({"tool:a"}))
    house.lookup.api_permissions()
    house.reader.defined.add("tool:b")
    house.clock.advance(6)
    assert house.lookup.api_permissions() == {"tool:a"}
    assert house.lookup.api_permissions("tool:b") == {"tool:a", "tool:b"}


def test_nothing_personal_is_in_a_key_or_beside_the_permissions() -> None:
    # A name that no hexadecimal digest can hold by chance.
    house = House(FakeReader({"tool:refund"}, **{"auth0|zuzu@example.com": {"tool:refund"}}))
    who = caller("auth0|zuzu@example.com", organization=None)
    house.lookup.held_by(who)
    house.lookup.forget(who.user.sub)
    stored = repr(house.backend._cache)
    assert "zuzu" not in stored
    assert who.token not in stored


def test_callers_of_other_issuers_and_organizations_are_kept_apart() -> None:
    house = House(FakeReader(ada={"tool:refund"}))
    house.reader.members["ada", "org_1"] = {"rol_1"}
    house.reader.roles["rol_1"] = {"tool:invoice"}
    assert house.lookup.held_by(caller("ada")) == {"tool:refund"}
    assert house.lookup.held_by(caller("ada", organization="org_1")) == {"tool:invoice"}
    assert house.lookup.held_by(caller("ada", organization="org_2")) == set()


def test_members_of_one_organization_share_the_look_up_of_their_roles() -> None:
    house = House()
    house.reader.roles = {"rol_1": {"tool:a"}, "rol_2": {"tool:b"}}
    for number in range(10):
        house.reader.members[f"user {number}", "org_1"] = {"rol_1", "rol_2"}
        held = house.lookup.held_by(caller(f"user {number}", organization="org_1"), holds("tool:a", "tool:b"))
        assert held == {"tool:a", "tool:b"}
    assert house.reader.asked["role rol_1"] == house.reader.asked["role rol_2"] == 1
    assert house.reader.total == 12


def test_a_permission_that_one_of_several_roles_brings_asks_for_nothing_again() -> None:
    house = House()
    house.reader.roles = {"rol_1": {"tool:a"}, "rol_2": {"tool:b"}}
    house.reader.members["ada", "org_1"] = {"rol_1", "rol_2"}
    who = caller("ada", organization="org_1")
    house.lookup.held_by(who, holds("tool:b"))
    house.clock.advance(20)
    house.lookup.held_by(who, holds("tool:b"))
    assert house.reader.total == 3


def test_a_role_that_is_revoked_or_emptied_is_seen_within_the_time_to_live() -> None:
    house = House()
    house.reader.roles = {"rol_1": {"tool:a"}}
    house.reader.members["ada", "org_1"] = {"rol_1"}
    who = caller("ada", organization="org_1")
    house.lookup.held_by(who)
    house.clock.advance(50)
    house.lookup.held_by(caller("bob", organization="org_1"))
    house.reader.roles["rol_1"].clear()
    house.clock.advance(10)
    assert house.lookup.held_by(who) == set()


def test_a_grant_within_an_organization_is_seen_after_five_seconds() -> None:
    house = House()
    house.reader.roles = {"rol_1": set()}
    house.reader.members["ada", "org_1"] = {"rol_1"}
    who = caller("ada", organization="org_1")
    assert house.lookup.held_by(who, holds("tool:a")) == set()
    house.reader.roles["rol_1"].add("tool:a")
    house.clock.advance(6)
    assert house.lookup.held_by(who, holds("tool:a")) == {"tool:a"}


@pytest.mark.parametrize("permissions", [set(), {"tool:refund"}])
def test_a_thousand_first_calls_at_once_cost_one_look_up(permissions: set[str]) -> None:
    house = House(FakeReader(ada=permissions))
    waiting = threading.Event()
    house.reader.before_answer = lambda: waiting.wait(10) and None
    answers: list[frozenset[str]] = []
    started = threading.Barrier(1001)

    def call() -> None:
        started.wait(30)
        answers.append(house.lookup.held_by(caller("ada"), holds("tool:refund")))

    threads = [threading.Thread(target=call) for _ in range(1000)]
    for thread in threads:
        thread.start()
    started.wait(30)
    waiting.set()
    for thread in threads:
        thread.join(30)
    assert answers == [permissions] * 1000
    assert house.reader.asked == {"user ada": 1}


def test_a_caller_waits_for_the_look_up_of_another_for_a_bounded_time() -> None:
    house = House()
    house.lookup._flight = SingleFlight(max_wait=0.0)
    waited: list[str] = []

    def ask_meanwhile() -> None:
        with pytest.raises(AuthorizationUnavailable) as caught:
            house.lookup.held_by(caller("ada"))
        waited.append(caught.value.reason)

    house.reader.before_answer = ask_meanwhile
    house.lookup.held_by(caller("ada"))
    assert waited == ["waited 0 s for another thread's look-up"]


@forks
def test_a_fork_during_a_look_up_leaves_the_child_able_to_ask() -> None:
    house = House(FakeReader(ada={"tool:a"}))
    under_way, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        under_way.set()
        assert go_on.wait(30)

    house.reader.before_answer = wait
    thread = threading.Thread(target=house.lookup.held_by, args=(caller("ada"),))
    thread.start()
    try:
        assert under_way.wait(30)
        house.reader.before_answer = lambda: None
        assert in_child(lambda: sorted(house.lookup.held_by(caller("ada")))) == ["tool:a"]
    finally:
        go_on.set()
        thread.join(30)
    assert house.reader.asked == {"user ada": 1}


@forks
def test_locks_that_were_held_at_the_fork_stop_no_child() -> None:
    house = House(FakeReader(ada={"tool:a"}))
    house.lookup.held_by(caller("bob"))
    house.clock.advance(6)
    with house.lookup._backoff._lock.get(), house.lookup._flight._process.get().lock:
        assert in_child(lambda: sorted(house.lookup.held_by(caller("ada")))) == ["tool:a"]


@forks
def test_a_pause_holds_in_a_child_too() -> None:
    house = House()
    house.reader.failure = AuthorizationUnavailable("429", retry_after=20)
    with pytest.raises(AuthorizationUnavailable):
        house.lookup.held_by(caller("ada"))

    def asked() -> int:
        with pytest.raises(AuthorizationUnavailable, match="429"):
            house.lookup.held_by(caller("bob"))
        return house.reader.total

    assert in_child(asked) == 1


def test_ten_thousand_calls_of_a_hundred_users_cost_a_look_up_a_user_and_one() -> None:
    users = [f"user {number}" for number in range(100)]
    house = House(FakeReader({"tool:refund", "tool:report"}, **{user: {"tool:refund"} for user in users}))
    wrong: list[str] = []

    def work(seed: int) -> None:
        turn = random.Random(seed)
        for _ in range(1250):
            user = turn.choice(users)
            if "tool:report" not in house.lookup.api_permissions():
                wrong.append("api")
            if "tool:refund" not in house.lookup.held_by(caller(user), holds("tool:refund")):
                wrong.append(user)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []
    assert house.reader.total == 101
    assert set(house.reader.asked.values()) == {1}


def test_workers_that_share_a_cache_share_what_they_look_up() -> None:
    house = House(FakeReader({"tool:a"}, ada={"tool:a"}))
    for worker in (house.lookup, house.new_worker(), house.new_worker()):
        worker.held_by(caller("ada"))
        worker.api_permissions()
    assert house.reader.total == 2


def test_forgetting_a_user_reaches_every_worker_and_only_that_user() -> None:
    house = House(FakeReader(ada={"tool:a"}, bob={"tool:a"}))
    other = house.new_worker()
    for user in ("ada", "bob"):
        house.lookup.held_by(caller(user))
    house.reader.users = {}
    assert house.lookup.forget("ada")
    assert other.held_by(caller("ada")) == set()
    assert other.held_by(caller("bob")) == {"tool:a"}
    assert house.reader.asked == {"user ada": 2, "user bob": 1}


def test_forgetting_a_user_forgets_their_organizations_too() -> None:
    house = House()
    house.reader.roles = {"rol_1": {"tool:a"}}
    house.reader.members["ada", "org_1"] = {"rol_1"}
    who = caller("ada", organization="org_1")
    house.lookup.held_by(who)
    house.reader.members.clear()
    house.lookup.forget("ada")
    assert house.lookup.held_by(who) == set()


def test_forgetting_everybody_forgets_roles_and_the_api_as_well() -> None:
    house = House(FakeReader({"tool:a"}, bob={"tool:a"}))
    house.reader.roles = {"rol_1": {"tool:a"}}
    house.reader.members["ada", "org_1"] = {"rol_1"}

    def ask_all(lookup: PermissionLookup) -> None:
        lookup.held_by(caller("ada", organization="org_1"))
        lookup.held_by(caller("bob"))
        lookup.api_permissions()

    ask_all(house.lookup)
    assert house.reader.total == 4
    house.lookup.forget()
    ask_all(house.new_worker())
    assert house.reader.total == 8


def test_what_a_look_up_brings_that_began_before_the_forgetting_is_not_used_after_it() -> None:
    house = House(FakeReader(ada={"tool:a"}))

    def revoke_meanwhile() -> None:
        house.reader.before_answer = lambda: None
        house.lookup.forget("ada")

    house.reader.before_answer = revoke_meanwhile
    house.lookup.held_by(caller("ada"))
    house.reader.users = {}
    assert house.lookup.held_by(caller("ada"), holds("tool:a")) == set()


def test_a_storm_of_forgetting_costs_one_look_up_in_its_time() -> None:
    house = House(FakeReader(ada={"tool:a"}))
    for _ in range(50):
        house.lookup.forget(within=2)
        house.lookup.held_by(caller("ada"))
        house.clock.advance(0.03)
    assert house.reader.asked == {"user ada": 1}
    house.clock.advance(0.6)
    house.lookup.held_by(caller("ada"))
    assert house.reader.asked == {"user ada": 2}


def test_forgetting_that_was_put_off_is_not_lost() -> None:
    house = House(FakeReader(ada={"tool:a"}))
    house.lookup.forget(within=2)
    house.lookup.held_by(caller("ada"))
    house.reader.users = {}
    house.clock.advance(1)
    house.lookup.forget(within=2)
    assert house.lookup.held_by(caller("ada")) == {"tool:a"}
    house.clock.advance(1)
    assert house.new_worker().held_by(caller("ada")) == set()


def test_a_forgetting_that_the_cache_does_not_take_is_told() -> None:
    class ReadOnly:
        def get(self, key: str) -> None:
            return None

        def set(self, key: str, value: Any, timeout: int) -> None:
            raise OSError

    lookup = PermissionLookup(make_settings(), LookupCache(ReadOnly()), FakeReader(), Clock())
    assert not lookup.forget("ada")


def test_without_client_credentials_nobody_is_asked() -> None:
    house = House().without_credentials()
    assert not house.lookup.can_ask
    with pytest.raises(NobodyToAsk):
        house.lookup.api_permissions()
    with pytest.raises(NobodyToAsk):
        house.lookup.held_by(caller())


def test_a_failure_is_not_kept() -> None:
    house = House(FakeReader(ada={"tool:a"}))
    house.reader.failure = AuthorizationUnavailable("503")
    with pytest.raises(AuthorizationUnavailable):
        house.lookup.held_by(caller("ada"))
    house.reader.failure = None
    house.clock.advance(1)
    assert house.lookup.held_by(caller("ada")) == {"tool:a"}


def test_one_lost_answer_does_not_turn_other_users_away() -> None:
    house = House(FakeReader(bob={"tool:a"}))
    house.reader.failure = AuthorizationUnavailable("timeout")
    with pytest.raises(AuthorizationUnavailable):
        house.lookup.held_by(caller("ada"))
    house.reader.failure = None
    assert house.lookup.held_by(caller("bob")) == {"tool:a"}


def test_a_tenant_that_is_down_is_left_alone_for_longer_and_longer() -> None:
    house = House()
    house.reader.failure = AuthorizationUnavailable("timeout")
    for second in range(300):
        for _ in range(3):
            with pytest.raises(AuthorizationUnavailable):
                house.lookup.held_by(caller(f"user {second}"))
        house.clock.advance(1)
    assert house.reader.total < 20


def test_a_tenant_that_is_back_is_asked_again() -> None:
    house = House(FakeReader(ada={"tool:a"}))
    house.reader.failure = AuthorizationUnavailable("timeout")
    for _ in range(120):
        with pytest.raises(AuthorizationUnavailable):
            house.lookup.held_by(caller("ada"))
        house.clock.advance(1)
    house.reader.failure = None
    house.clock.advance(30)
    assert house.lookup.held_by(caller("ada")) == {"tool:a"}
    assert house.lookup.held_by(caller("bob")) == set()


def test_one_caller_at_a_time_tries_whether_the_tenant_is_back() -> None:
    house = House()
    house.reader.failure = AuthorizationUnavailable("timeout")
    for user in ("ada", "bob"):
        with pytest.raises(AuthorizationUnavailable):
            house.lookup.held_by(caller(user))
    house.clock.advance(30)
    asked = house.reader.total
    others: list[str] = []

    def others_meanwhile() -> None:
        house.reader.before_answer = lambda: None
        with pytest.raises(AuthorizationUnavailable) as caught:
            house.lookup.held_by(caller("carl"))
        others.append(caught.value.reason)

    house.reader.before_answer = others_meanwhile
    with pytest.raises(AuthorizationUnavailable):
        house.lookup.held_by(caller("dora"))
    assert others == ["timeout"]
    assert house.reader.total == asked + 1


def test_a_rate_limit_is_obeyed_by_every_worker_and_nobody_waits() -> None:
    house = House(FakeReader(ada={"tool:a"}))
    house.reader.failure = AuthorizationUnavailable("429", retry_after=20)
    with pytest.raises(AuthorizationUnavailable):
        house.lookup.held_by(caller("ada"))
    house.reader.failure = None
    house.clock.advance(15)
    for worker in (house.lookup, house.new_worker()):
        with pytest.raises(AuthorizationUnavailable) as caught:
            worker.held_by(caller("bob"))
        assert 1 <= (caught.value.retry_after or 0) <= 5
    assert house.reader.total == 1
    house.clock.advance(5)
    assert house.lookup.held_by(caller("ada")) == {"tool:a"}


def test_a_rate_limit_that_was_told_is_not_lifted_by_an_answer_that_was_under_way() -> None:
    house = House()
    reader = house.reader

    def limit_meanwhile() -> None:
        reader.before_answer = lambda: None
        reader.failure = AuthorizationUnavailable("429", retry_after=20)
        with pytest.raises(AuthorizationUnavailable):
            house.lookup.held_by(caller("bob"))
        reader.failure = None

    reader.before_answer = limit_meanwhile
    house.lookup.held_by(caller("ada"))
    with pytest.raises(AuthorizationUnavailable):
        house.lookup.held_by(caller("carl"))
    assert reader.total == 2


def test_an_absurd_rate_limit_does_not_lock_everybody_out_for_an_hour() -> None:
    house = House(FakeReader(ada={"tool:a"}))
    house.reader.failure = AuthorizationUnavailable("429", retry_after=3600)
    with pytest.raises(AuthorizationUnavailable):
        house.lookup.held_by(caller("ada"))
    house.reader.failure = None
    house.clock.advance(121)
    assert house.lookup.held_by(caller("ada")) == {"tool:a"}


@pytest.mark.parametrize(
    "failure", [AuthorizationUnavailable("429", retry_after=20), NotAllowed("403"), Rejected("400")]
)
def test_a_clock_that_is_put_back_makes_no_pause_longer_than_a_pause_can_be(
    failure: AuthorizationUnavailable,
) -> None:
    house = House(FakeReader(ada={"tool:a"}))
    house.reader.failure = failure
    for _ in range(8):
        with pytest.raises(AuthorizationUnavailable):
            house.lookup.held_by(caller("ada"))
    house.clock.advance(-86_400)
    with pytest.raises(AuthorizationUnavailable):
        house.lookup.held_by(caller("ada"))
    assert house.reader.total == 2
    with pytest.raises(AuthorizationUnavailable):
        house.lookup.held_by(caller("ada"))
    assert house.reader.total == 2
    house.reader.failure = None
    house.clock.advance(31)
    assert house.lookup.held_by(caller("ada")) == {"tool:a"}


def test_a_question_that_auth0_rejects_concerns_nobody_else() -> None:
    house = House(FakeReader(ada={"tool:a"}))
    house.reader.failure = Rejected("400")
    for _ in range(5):
        with pytest.raises(AuthorizationUnavailable):
            house.lookup.held_by(caller("odd user"))
    assert house.reader.total == 1
    house.reader.failure = None
    assert house.lookup.held_by(caller("ada")) == {"tool:a"}


def test_what_we_may_not_ask_is_asked_seldom_and_concerns_no_other_kind_of_question() -> None:
    house = House(FakeReader({"tool:a"}, ada={"tool:a"}))
    for second in range(300):
        house.reader.failure = NotAllowed("403 insufficient_scope")
        for user in ("eve", f"user {second}"):
            with pytest.raises(AuthorizationUnavailable, match="403"):
                house.lookup.held_by(caller(user, organization="org_1"))
        house.reader.failure = None
        assert house.lookup.held_by(caller("ada"), holds("tool:a")) == {"tool:a"}
        assert house.lookup.api_permissions() == {"tool:a"}
        house.clock.advance(1)
    assert sum(times for what, times in house.reader.asked.items() if what.startswith("member")) < 20


def test_many_who_ask_at_once_what_we_may_not_are_one_failure_and_one_of_them_tries_again() -> None:
    backoff = Backoff(LookupCache(SimpleCache()), ("tenant",), clock=(clock := Clock()))
    for number in range(20):
        backoff.check(f"user {number}", "member")
    for number in range(20):
        backoff.failed(f"user {number}", "member", NotAllowed("403"))
    with pytest.raises(AuthorizationUnavailable) as raised:
        backoff.check("another", "member")
    assert raised.value.retry_after == 1
    clock.advance(1)
    backoff.check("another", "member")
    for number in range(3):
        with pytest.raises(AuthorizationUnavailable):
            backoff.check(f"third {number}", "member")
    backoff.failed("another", "member", NotAllowed("403"))
    clock.advance(5)
    backoff.check("another one", "member")
    backoff.succeeded("another one", "member")
    backoff.check("third", "member")


def test_what_we_may_not_ask_is_a_failure_until_auth0_answers() -> None:
    house = House(FakeReader(ada={"tool:a"}))
    house.reader.failure = NotAllowed("403 insufficient_scope")
    with pytest.raises(AuthorizationUnavailable):
        house.lookup.held_by(caller("ada"))
    assert house.lookup.condition().failing
    house.reader.failure = None
    house.clock.advance(1)
    assert house.lookup.held_by(caller("ada")) == {"tool:a"}
    assert not house.lookup.condition().failing
    assert house.lookup.held_by(caller("bob")) == set()


def test_what_is_kept_outlives_an_outage_only_if_that_is_switched_on() -> None:
    for stale, allowed in ((0, False), (120, True)):
        house = House(FakeReader(ada={"tool:a"}), AUTH0_PERMISSIONS_STALE_TTL=stale)
        house.lookup.held_by(caller("ada"))
        house.reader.failure = AuthorizationUnavailable("500")
        house.clock.advance(100)
        if allowed:
            assert house.lookup.held_by(caller("ada"), holds("tool:a")) == {"tool:a"}
        else:
            with pytest.raises(AuthorizationUnavailable):
                house.lookup.held_by(caller("ada"), holds("tool:a"))


def test_what_is_kept_outlives_an_outage_for_a_bounded_time() -> None:
    house = House(FakeReader(ada={"tool:a"}), AUTH0_PERMISSIONS_STALE_TTL=120)
    house.lookup.held_by(caller("ada"))
    house.reader.failure = AuthorizationUnavailable("500")
    house.clock.advance(181)
    with pytest.raises(AuthorizationUnavailable):
        house.lookup.held_by(caller("ada"), holds("tool:a"))


@pytest.mark.parametrize("stale", [0, 120])
def test_an_outage_is_no_ground_to_say_that_a_permission_lacks(stale: int) -> None:
    house = House(FakeReader(ada={"tool:a"}), AUTH0_PERMISSIONS_STALE_TTL=stale)
    house.lookup.held_by(caller("ada"))
    house.reader.failure = AuthorizationUnavailable("500")
    house.clock.advance(10)
    assert house.lookup.held_by(caller("ada"), holds("tool:a")) == {"tool:a"}
    with pytest.raises(AuthorizationUnavailable):
        house.lookup.held_by(caller("ada"), holds("tool:b"))


def test_what_was_forgotten_does_not_come_back_during_an_outage() -> None:
    house = House(FakeReader(ada={"tool:a"}), AUTH0_PERMISSIONS_STALE_TTL=120)
    house.lookup.held_by(caller("ada"))
    house.reader.failure = AuthorizationUnavailable("500")
    house.lookup.forget("ada")
    with pytest.raises(AuthorizationUnavailable):
        house.lookup.held_by(caller("ada"), holds("tool:a"))


def test_a_cache_that_keeps_nothing_or_fails_grants_nothing_and_costs_look_ups_only() -> None:
    class Broken:
        def get(self, key: str) -> Any:
            raise RuntimeError

        set = delete = get

    for backend in (NullCache(), Broken()):
        reader = FakeReader(ada={"tool:a"})
        lookup = PermissionLookup(make_settings(), LookupCache(backend, clock=Clock()), reader, Clock())
        assert lookup.held_by(caller("ada"), holds("tool:a")) == {"tool:a"}
        assert lookup.held_by(caller("bob"), holds("tool:a")) == set()
        assert reader.total == 2


def user_entries(house: House) -> list[str]:
    return [key for key in house.backend._cache if key.startswith("mcp_auth0:user:")]


@pytest.mark.parametrize(
    "forge",
    [
        lambda entry: [*entry[:3], "tool:a"],
        lambda entry: [*entry[:3], [["tool:a"]]],
        lambda entry: [*entry[:3], {"tool:a": True}],
        lambda entry: [*entry[:3], None],
        lambda entry: entry[:3],
        lambda entry: [*entry, "more"],
        lambda entry: ["other", *entry[1:]],
        lambda entry: [None, *entry[1:]],
        lambda entry: [entry[0], True, *entry[2:]],
        lambda entry: [entry[0], "1", *entry[2:]],
        lambda entry: [*entry[:2], "9", entry[3]],
        lambda entry: [entry[0], entry[1], entry[2] + 1000, entry[3]],
        lambda entry: [entry[0], entry[1] + 1000, entry[2] + 1000, entry[3]],
        lambda entry: {"tool:a": entry},
        lambda entry: "tool:a",
        lambda entry: True,
    ],
)
def test_an_entry_of_another_shape_never_grants(forge: Callable[[Any], Any]) -> None:
    house = House(FakeReader(ada={"tool:a"}), AUTH0_PERMISSIONS_STALE_TTL=60)
    house.lookup.held_by(caller("ada"))
    (key,) = user_entries(house)
    version, ends_at, entry = json.loads(str(house.backend.get(key)))
    house.backend.set(key, json.dumps([version, ends_at, forge(entry)]))
    house.reader.users = {}
    assert house.lookup.held_by(caller("ada"), holds("tool:a")) == set()
    house.backend.set(key, json.dumps([version, ends_at, forge(entry)]))
    house.reader.failure = AuthorizationUnavailable("500")
    with pytest.raises(AuthorizationUnavailable):
        house.new_worker().held_by(caller("ada"), holds("tool:a"))


@pytest.mark.parametrize(
    "record", ["x", [1], [1, 2, 3], ["a", 1, 2], ["a", None, "2"], ["a", None, True], {}, 0]
)
def test_a_generation_that_cannot_be_read_makes_every_entry_a_miss(record: Any) -> None:
    house = House(FakeReader(ada={"tool:a"}))
    house.lookup.held_by(caller("ada"))
    house.lookup.forget()
    (key,) = (key for key in house.backend._cache if key.startswith("mcp_auth0:generation:"))
    house.lookup.held_by(caller("ada"))
    house.backend.set(key, json.dumps([1, 99999999999, record]))
    house.reader.users = {}
    assert house.lookup.held_by(caller("ada")) == set()
    house.reader.users = {"ada": {"tool:a"}}
    assert house.lookup.held_by(caller("ada")) == {"tool:a"}


def test_a_change_announced_by_a_clock_that_is_far_ahead_holds_at_once() -> None:
    house = House(FakeReader(ada={"tool:a"}))
    house.lookup.forget()
    house.lookup.held_by(caller("ada"))
    (key,) = (key for key in house.backend._cache if key.startswith("mcp_auth0:generation:"))
    version, ends_at, (current, _, _) = json.loads(str(house.backend.get(key)))
    house.backend.set(key, json.dumps([version, ends_at, [current, "next", house.clock.now + 10_000]]))
    house.reader.users = {}
    assert house.lookup.held_by(caller("ada")) == set()
