"""Delivery: what the control plane does not have yet is told until it has it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from vienna_kernel.verdict import Reason
from vienna_kernel.wire import Fault, Outcome, Recorded
from vienna_proxy.evidence.delivery import Delivery
from vienna_proxy.evidence.spool import Spool
from vienna_proxy.ports import UnavailableError

SILENCE = UnavailableError("control", "no answer in time")


class Line:
    """A stream that is up, and the answers of whoever is at its other end; when they are over it records."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        self.up = asyncio.Event()
        self.up.set()

    def next_id(self) -> int:
        return len(self.asked) + 1

    async def ask(self, frame: Any) -> Any:
        self.asked.append(frame.attempt)
        answer = self.answers.pop(0) if self.answers else Recorded(id=frame.id)
        if isinstance(answer, Exception):
            raise answer
        return answer


def spooled(folder: Path, *attempts: str) -> Spool:
    spool = Spool(folder)
    for attempt in attempts:
        told = {"intent_id": "int-1", "warrant_id": "wrt-1", "status": 200, "result": "match"}
        spool.put(attempt, Outcome(id=1, attempt=attempt, duration_ms=1, **told))
    return spool


def delivery(line: Any, spool: Spool, **more: Any) -> Delivery:
    return Delivery(line, spool, **{"under_way": frozenset, **more})


def fault(reason: Reason) -> Fault:
    return Fault(id=1, reason=reason, detail="")


@pytest.mark.parametrize("answer", [SILENCE, fault(Reason.AUDIT_UNAVAILABLE)], ids=["silence", "a full disk"])
async def test_it_is_told_again_though_the_stream_stays_up(tmp_path: Path, answer: Any) -> None:
    spool, line = spooled(tmp_path, "att-1"), Line(answer)
    work = asyncio.create_task(delivery(line, spool, again_seconds=0).run())
    while spool.pending():
        assert not work.done(), work
        await asyncio.sleep(0)
    work.cancel()
    assert line.asked == ["att-1", "att-1"]


async def test_what_is_under_way_has_not_its_last_word_there(tmp_path: Path) -> None:
    spool, line = spooled(tmp_path, "att-1", "att-2"), Line()
    await delivery(line, spool, under_way=lambda: frozenset({"att-1"})).deliver()
    assert line.asked == ["att-2"]
    assert [key for key, _ in spool.pending()] == ["att-1"]


async def test_a_call_that_begins_meanwhile_is_left_alone_too(tmp_path: Path) -> None:
    spool, line = spooled(tmp_path, "att-1"), Line()
    told = iter([frozenset(), frozenset({"att-1"})])
    await delivery(line, spool, under_way=lambda: next(told)).deliver()
    assert line.asked == []


async def test_what_is_refused_is_set_aside(tmp_path: Path) -> None:
    spool, line = spooled(tmp_path, "att-1"), Line(fault(Reason.MALFORMED_REQUEST))
    await delivery(line, spool).deliver()
    assert spool.pending() == []
    assert (tmp_path / "refused" / "att-1.json").exists()


async def test_two_at_once_tell_each_thing_once(tmp_path: Path) -> None:
    spool, line = spooled(tmp_path, "att-1", "att-2"), Line()
    one = delivery(line, spool)
    await asyncio.gather(one.deliver(), one.deliver())
    assert sorted(line.asked) == ["att-1", "att-2"]
