"""Heartbeats as the control plane takes them: what is alerted, what the trail says, and silence."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from gate_end import Gate, enrolled
from people import People
from planes import Control
from vienna_control import rows
from vienna_control.clock import FixedClock, iso
from vienna_control.sidecars.heartbeats import SILENT_AFTER, mark_silent
from vienna_control.store.tables import alerts, entries


async def beat(gate: Gate, sequence: int, *, skew_seconds: float = 0, **more: Any) -> tuple[int, Any]:
    at = gate.control.app.clock.now() + timedelta(seconds=skew_seconds)
    body = {"sequence": sequence, "at": iso(at), "bundle": "sha256:x", **more}
    status, answer, _ = await gate.control.ask("POST", "/api/v1/sidecars/heartbeat", key=gate.key, body=body)
    return status, answer


async def shown(gate: Gate) -> Any:
    path = f"/api/v1/sidecars/{gate.sidecar_id}"
    return (await gate.control.ask("GET", path, key="audrey"))[1]["data"]


async def alerted(control: Control) -> list[tuple[str, str]]:
    query = select(alerts.c.kind, alerts.c.severity).order_by(alerts.c.id)
    found = await control.app.store.read(lambda conn: rows.every(conn, query))
    return [(row["kind"], row["severity"]) for row in found]


async def gaps(control: Control) -> list[str]:
    query = select(entries.c.body).where(entries.c.type == "sidecar_gap").order_by(entries.c.arrival)
    bodies = await control.app.store.read(lambda conn: conn.scalars(query).all())
    return [rows.load(body)["data"]["what"] for body in bodies]


async def test_honest_heartbeats_are_kept_and_nothing_is_said(control: Control) -> None:
    gate = await enrolled(control)
    status, answer = await beat(gate, 1, counts={"seen": 3, "mapped": 2, "unmapped": 1})
    assert (status, answer["data"]["interval_seconds"]) == (200, 30)
    await beat(gate, 2, counts={"seen": 4, "mapped": 3, "unmapped": 1})
    await beat(gate, 2, counts={"seen": 4, "mapped": 3, "unmapped": 1})  # its answer was lost
    row = await shown(gate)
    assert (row["sequence"], row["counts"]["seen"], row["gaps"], row["bundle_current"]) == (2, 4, 0, False)
    assert (await alerted(control), await gaps(control)) == ([], [])
    await beat(gate, 3, bundle=answer["data"]["bundle"])
    assert (await shown(gate))["bundle_current"] is True


async def test_each_irregularity_is_in_the_trail_and_people_hear_of_it_once_in_a_while(
    control: Control, clock: FixedClock
) -> None:
    gate = await enrolled(control)
    await beat(gate, 1, counts={"seen": 3})
    await beat(gate, 3, counts={"seen": 3})
    await beat(gate, 3, counts={"seen": 9})
    await beat(gate, 4, counts={"seen": 2})
    assert await gaps(control) == ["gap", "fork", "backward"]
    assert await alerted(control) == [("sidecar_gap", "warning")]
    row = await shown(gate)
    assert (row["sequence"], row["gaps"], row["counts"]["seen"]) == (4, 3, 2)
    clock.advance(timedelta(minutes=10))
    await beat(gate, 4, counts={"seen": 99})
    assert (await alerted(control))[1:] == [("sidecar_fork", "critical")]


async def test_a_clock_that_is_off_is_alerted_when_it_comes_to_be(control: Control) -> None:
    gate = await enrolled(control)
    for number, skew in enumerate((0, 30, -31, -600, 0, 31), start=1):
        await beat(gate, number, skew_seconds=skew)
    assert await alerted(control) == [("sidecar_clock", "warning")] * 2
    assert (await shown(gate))["skew_ms"] == 31_000


async def test_silence_is_alerted_once_and_its_end_too(control: Control, clock: FixedClock) -> None:
    gate, write = await enrolled(control), control.app.store.write
    await beat(gate, 1)
    clock.advance(SILENT_AFTER)
    assert await write(mark_silent) == 0
    clock.advance(timedelta(seconds=1))
    assert (await write(mark_silent), await write(mark_silent)) == (1, 0)
    await beat(gate, 2)
    await beat(gate, 3)
    assert await alerted(control) == [("sidecar_silent", "warning"), ("sidecar_back", "info")]


async def test_who_left_in_order_or_whose_agent_is_stopped_is_not_missed(
    control: Control, people: People, clock: FixedClock
) -> None:
    left, stopped = await enrolled(control), await enrolled(control, "stopped-bot")
    await beat(left, 1, leaving=True)
    await people.ask("ada", "POST", "/fleet/stopped-bot/suspend", {"reason": "test"})
    clock.advance(timedelta(hours=1))
    assert await control.app.store.write(mark_silent) == 0
    assert ((await shown(left))["state"], (await shown(stopped))["state"]) == ("left", "silent")


async def test_what_has_no_reading_is_refused(control: Control) -> None:
    gate = await enrolled(control)
    for wrong in ({"counts": {"seen": -1}}, {"at": "2026-03-02"}, {"sequence": 0}):
        assert (await beat(gate, 1, **wrong) if "sequence" not in wrong else await beat(gate, 0))[0] == 422
