"""A bounded table whose entries expire."""

from __future__ import annotations

from flask_mcp_auth0.local_tenant.memory import Memory

from .flow import Clock


def test_entries_expire_and_the_oldest_goes_when_it_is_full(clock: Clock) -> None:
    memory: Memory[int] = Memory(clock, limit=2, lifetime=10)
    memory.put("a", 1)
    clock.pass_(5)
    memory.put("b", 2)
    assert memory.values() == [1, 2]
    memory.put("c", 3)
    assert memory.get("a") is None
    assert memory.get("b") == 2
    clock.pass_(10)
    assert memory.get("b") is None
    assert memory.values() == []
    assert memory.pop("c") is None
    assert len(memory) == 0


def test_an_entry_is_added_or_taken_by_one_only(clock: Clock) -> None:
    memory: Memory[int] = Memory(clock, limit=2, lifetime=10)
    assert memory.add("a", 1)
    assert not memory.add("a", 2)
    assert memory.pop("a") == 1
    assert memory.pop("a") is None
    assert memory.add("a", 3)
    clock.pass_(10)
    assert memory.add("a", 4)
    assert memory.add("b", 5)
    assert memory.add("c", 6)
    assert memory.get("a") is None
    memory.clear()
    assert len(memory) == 0
