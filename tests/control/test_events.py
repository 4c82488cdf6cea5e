"""Events: in order, by name, resumable, and never a listener's memory without bound."""

from __future__ import annotations

import asyncio

import pytest

from vienna_control import events
from vienna_control.events import Bus


async def test_from_the_moment_of_subscribing() -> None:
    bus = Bus(first_id=1)
    bus.publish("a", {"n": 1}, tenant="t")
    with bus.subscribe() as heard:
        bus.publish("b", {"n": 2}, tenant="t")
        event = await anext(heard)
    assert (event.id, event.name, event.data) == (2, "b", {"n": 2})


async def test_internal_events_reach_only_those_who_name_them() -> None:
    bus = Bus()
    with bus.subscribe() as console, bus.subscribe(["_wake"]) as gate:
        bus.publish("_wake", {}, tenant="t")
        bus.publish("approval_required", {}, tenant="t")
        assert (await anext(console)).name == "approval_required"
        assert (await anext(gate)).name == "_wake"


async def test_a_tenant_hears_its_own() -> None:
    bus = Bus()
    with bus.subscribe(tenant="a") as heard:
        bus.publish("x", {"of": "b"}, tenant="b")
        bus.publish("x", {"of": "a"}, tenant="a")
        assert (await anext(heard)).data == {"of": "a"}


async def test_resuming_hears_what_was_missed() -> None:
    bus = Bus(first_id=10)
    for n in range(5):
        bus.publish("x", {"n": n}, tenant="t")
    bus.publish("_wake", {}, tenant="t")
    with bus.subscribe(after=12) as heard:
        assert [(await anext(heard)).data["n"] for _ in range(2)] == [3, 4]
    assert bus.kept_since(9)
    assert not bus.kept_since(3)  # an id of a process before this one


async def test_what_is_no_longer_kept_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    bus = Bus(first_id=1)
    for n in range(events._RING + 1):
        bus.publish("x", {"n": n}, tenant="t")
    assert not bus.kept_since(0)
    assert bus.kept_since(1)


async def test_a_listener_that_does_not_keep_up_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_BACKLOG", 3)
    bus = Bus()
    slow, internal = bus.subscribe(), bus.subscribe(["_wake"])
    for n in range(5):
        bus.publish("x", {"n": n}, tenant="t")
        bus.publish("_wake", {"n": n}, tenant="t")
    assert [event.data["n"] async for event in slow] == [0, 1, 2]
    assert slow.cut_off
    assert [(await anext(internal)).data["n"] for _ in range(5)] == [0, 1, 2, 3, 4]
    assert not internal.cut_off


async def test_closing_ends_whoever_waits() -> None:
    bus = Bus()
    heard = bus.subscribe()

    async def listen() -> list[str]:
        return [event.name async for event in heard]

    listening = asyncio.create_task(listen())
    await asyncio.sleep(0)
    bus.close()
    assert await listening == []


async def test_one_person_has_so_many_streams_and_then_loses_the_oldest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(events, "MOST_STREAMS", 2)
    bus = Bus()
    first, second = bus.subscribe(who="operator:a"), bus.subscribe(who="operator:a")
    other = bus.subscribe(who="operator:b")
    second.close()
    third = bus.subscribe(who="operator:a")  # one of three has ended: there is room
    bus.subscribe(who="operator:a")
    bus.publish("x", {}, tenant="t")
    assert await anext(first, None) is None
    assert [(await anext(one)).name for one in (third, other)] == ["x", "x"]
