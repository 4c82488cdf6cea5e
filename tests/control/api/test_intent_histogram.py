"""Intents over time: what is counted is what is listed, in its place, at a bounded cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, event

from gate_end import Gate
from people import People
from planes import AGENT_KEY, NOW, Control, key_of
from tenant_world import north
from vienna_control.api import intent_histogram, window
from vienna_control.api.access import Principal
from vienna_control.clock import FixedClock, from_iso, iso
from vienna_control.filters.buckets import covering
from vienna_control.filters.condition import Scope
from vienna_control.store.tables import metadata
from vienna_kernel.filter.read import read

API = "https://payments.example/v1"
VERDICTS = ("allow", "hold", "deny")


def orders(amount: int) -> dict[str, Any]:
    return {"order": "ORD-1", "amount": amount, "currency": "EUR"}


@pytest.fixture
async def traffic(bot: Gate, clock: FixedClock) -> Gate:
    """Of the last day: let go, held, refused, and nothing of the hours between."""
    for amount, hours in ((0, 3), (5_000, 0), (50_000, 5), (0, 0), (5_001, 0)):
        call = ("POST", f"{API}/refunds", orders(amount)) if amount else ("GET", f"{API}/orders/ORD-1")
        await bot.consult(*call)
        clock.advance(timedelta(hours=hours, milliseconds=1))
    return bot


async def counted(people: People, who: str = "victor", **query: Any) -> dict[str, Any]:
    status, answer = await people.ask(who, "GET", "/intents/histogram", params=query)
    assert status == 200, answer
    found: dict[str, Any] = answer["data"]
    return found


async def listed(people: People, q: str) -> list[str]:
    _, answer = await people.ask("victor", "GET", "/intents", params={"q": q, "limit": 500})
    return [one["created_at"] for one in answer["data"]["intents"]]


QUERIES = (
    "",
    "method:POST",
    "since:2h",
    "after:2026-03-02T13:00:00.001Z",
    "after:2026-03-02T13:00:00.001Z before:2026-03-02T13:00:00.002Z method:POST",
    "before:2026-03-02T13:00:00.002Z",
    "refund or tier:T0",
    "since:2h agent:nobody",
    "after:2026-03-03",
)


async def test_what_is_counted_is_what_is_listed(people: People, traffic: Gate) -> None:
    for q in QUERIES:
        told = await counted(people, q=q, buckets=100)
        width = timedelta(seconds=told["width"])
        starts = [from_iso(one["start"]) for one in told["buckets"]]
        assert starts == [from_iso(told["start"]) + at * width for at in range(len(starts))]
        assert from_iso(told["end"]) == from_iso(told["start"]) + len(starts) * width
        for verdict in VERDICTS:
            found = await listed(people, f"({q or 'id:*'}) verdict:{verdict}")
            assert told["totals"][verdict] == len(found), q
            places = Counter((from_iso(at) - from_iso(told["start"])) // width for at in found)
            assert {at: one[verdict] for at, one in enumerate(told["buckets"]) if one[verdict]} == places
        assert sum(told["totals"].values()) == len(await listed(people, q)), q
        assert told["counted_since"] is None


async def test_a_bucket_lists_what_it_counted(people: People, traffic: Gate) -> None:
    """What a click on a bar asks: of two that touch, each call is in one."""
    told = await counted(people)
    assert sum(1 for one in told["buckets"] if one["allow"] + one["hold"] + one["deny"]) == 3
    edges = [*(one["start"] for one in told["buckets"]), told["end"]]
    for one, start, end in zip(told["buckets"], edges, edges[1:], strict=False):
        if total := one["allow"] + one["hold"] + one["deny"] + one["other"]:
            assert len(await listed(people, f"after:{start} before:{end}")) == total


async def test_the_last_day_where_the_filter_says_no_other(
    people: People, traffic: Gate, clock: FixedClock
) -> None:
    clock.advance(timedelta(hours=23))
    told = await counted(people)
    assert from_iso(told["start"]) <= clock.now() - timedelta(days=1)
    assert from_iso(told["end"]) >= clock.now()
    assert sum(told["totals"].values()) == 2
    assert sum((await counted(people, since="7d"))["totals"].values()) == 5


async def test_what_was_not_looked_at_is_said(
    people: People, traffic: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intent_histogram, "WITHOUT_FILTER", 2)
    monkeypatch.setattr(window, "LOOKED_AT", 1)
    every = await listed(people, "")
    told = await counted(people)
    assert (sum(told["totals"].values()), told["counted_since"]) == (3, every[2])
    told = await counted(people, q="id:*")
    assert (sum(told["totals"].values()), told["counted_since"]) == (2, every[1])
    assert (await counted(people, q=f"id:* after:{every[1]}"))["counted_since"] is None


async def test_an_agent_counts_its_own_and_a_tenant_too(
    control: Control, people: People, traffic: Gate
) -> None:
    _, made = await people.ask("oscar", "POST", "/fleet", {"name": "other-bot"})
    theirs = (await north(control)).values()
    totals = {AGENT_KEY: 5, key_of("victor"): 5, made["data"]["api_key"]: 0, **dict.fromkeys(theirs, 0)}
    for key, total in totals.items():
        for q in ("", "id:*"):
            status, answer, _ = await control.ask("GET", f"/api/v1/intents/histogram?q={q}", key=key)
            if status != 403:
                assert sum(answer["data"]["totals"].values()) == total
            assert (status == 403) is (answer["data"] is None)


async def test_what_does_not_read_is_refused(people: People) -> None:
    for query, field in (
        ({"q": "refund tear:T2"}, "/q"),
        ({"buckets": "1"}, "buckets"),
        ({"buckets": "201"}, "buckets"),
        ({"since": "1w"}, "since"),
        ({"from": "2026-03-02"}, "from"),
    ):
        status, answer = await people.ask("victor", "GET", "/intents/histogram", params=query)
        assert (status, answer["error"]["code"]) == (422, "validation_failed")
        assert field in answer["error"]["details"][0]["field"]
        assert answer["error"]["details"][0].get("column") == (8 if field == "/q" else None)


@pytest.fixture
def plans() -> Iterator[tuple[Connection, list[str]]]:
    """A database, and how it goes about what it is asked."""
    engine, told = create_engine("sqlite://"), list[str]()
    metadata.create_all(engine)
    with engine.connect() as conn:

        @event.listens_for(conn, "before_cursor_execute")
        def _explain(_conn: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            told.extend(row[3] for row in cursor.fetchall())

        yield conn, told
    engine.dispose()


def test_a_stretch_of_time_is_counted_in_an_index(plans: tuple[Connection, list[str]]) -> None:
    conn, told = plans
    victor = Principal("op-1", "operator", "viewer", "default")
    start = NOW - timedelta(days=1)
    within = intent_histogram._Within(Scope("default", NOW), covering(start, NOW, 60), iso(start), iso(NOW))
    intent_histogram._of_all(conn, within)
    steps = [step for step in told if " intents " in step]
    assert len(steps) == 2
    range_ = "COVERING INDEX ix_intents_counted (tenant=? AND created_at>? AND created_at<?)"
    assert all(range_ in step for step in steps), told
    assert not [step for step in told if "TEMP B-TREE" in step], told
    told.clear()
    listed = intent_histogram._listed(victor, read("agent:x verdict:deny", "traffic"), within)
    intent_histogram._of_some(conn, listed, within)
    steps = [step for step in told if " intents " in step]
    assert len(steps) == 2
    assert all("COVERING INDEX ix_intents_listed (tenant=?" in step for step in steps), told
