"""What the doctor says is so, of what is broken for it; and what belongs to the installation is not another's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import insert, update

from gate_end import Gate
from planes import Control
from vienna_control import rows
from vienna_control.api.route import API
from vienna_control.clock import FixedClock
from vienna_control.doctor.check import named
from vienna_control.store import Tx
from vienna_control.store.tables import agents, groups, integrations, operators, sidecars


async def examined(control: Control) -> dict[str, dict[str, Any]]:
    status, answer, _ = await control.ask("GET", f"{API}/doctor", key="ada")
    assert status == 200, answer
    told = answer["data"]
    found = {one["name"]: one for one in told["checks"]}
    assert len(found) == len(told["checks"]), "each has a name of its own"
    marks = {one["status"] for one in found.values()}
    assert told["status"] == next(one for one in ("fail", "warn", "ok") if one in marks)
    assert all(one["fix"] for one in found.values() if one["status"] != "ok"), "each says what to do"
    return found


async def stati(control: Control, *names: str) -> list[str]:
    found = await examined(control)
    return [found[name]["status"] for name in names]


async def test_a_gate_that_is_as_it_should_be(control: Control, bot: Gate, clock: FixedClock) -> None:
    gate = ("gates", "gate certificates", "gate clocks", "agents")
    assert await stati(control, *gate) == ["ok"] * 4
    clock.advance(timedelta(hours=23))
    assert await stati(control, "gate certificates") == ["fail"]

    def spoil(tx: Tx) -> None:
        tx.conn.execute(update(sidecars).values(silent_at=tx.at, skew_ms=90_000, version="0.0.1"))
        lost = {"id": "agt-lost", "tenant": "default", "name": "lost", "status": "active", "trust": 50}
        more = {"enforcement": "enforce", "allowed_actions": "[]", "details": "{}", "created_at": tx.at}
        rows.add(tx.conn, agents, **lost, **more)

    await control.app.store.write(spoil)
    assert await stati(control, *gate, "gate versions") == ["fail", "fail", "fail", "warn", "warn"]
    assert "lost" in (await examined(control))["agents"]["detail"]


async def test_people_who_cannot_decide(control: Control) -> None:
    names = ("second factors", "groups", "admins", "channels", "break-glass", "alerts")
    assert await stati(control, *names) == ["ok", "ok", "warn", "warn", "ok", "ok"]

    def spoil(tx: Tx) -> None:
        tx.conn.execute(update(operators).where(operators.c.email == "carol@example.com").values(totp=None))
        nobodys = {"name": "night", "source": "api", "tenant": "default", "updated_at": tx.at}
        tx.conn.execute(insert(groups).values(**nobodys, definition='{"name": "night"}'))
        channel = {"id": "itg-1", "tenant": "default", "name": "desk", "type": "slack", "config": "{}"}
        more = {"sealed": b"", "events": "[]", "routing": "{}", "enabled": True, "created_by": "op-1"}
        at = dict.fromkeys(("failing_since", "created_at", "updated_at"), tx.at)
        rows.add(tx.conn, integrations, **channel, **more, **at)

    await control.app.store.write(spoil)
    found = await examined(control)
    missed = (("second factors", "warn", "carol@"), ("groups", "warn", "night"), ("channels", "fail", "desk"))
    for name, status, word in missed:
        assert (found[name]["status"], word in found[name]["detail"]) == (status, True), found[name]


async def test_the_installation(control: Control) -> None:
    found = await examined(control)
    good = ("store", "disk", "background", "trail", "checkpoints", "warrant key", "root CA", "policy files")
    assert {name: found[name]["status"] for name in good} == dict.fromkeys(good, "ok")
    assert found["clock"]["status"] == "fail", "the clock of this test stands still, in another year"
    assert found["public URL"]["status"] == "warn"
    control.app.policies.problem = "rules.yaml:3: what is this"
    control.app.failed_tasks.append("Expiry")
    assert await stati(control, "policy files", "background") == ["fail", "fail"]


async def test_a_checkpoint_file_that_is_gone_is_missed(control: Control) -> None:
    await control.app.sequencer.flush()
    (control.app.config.control.data_dir / "checkpoints").unlink()
    assert await stati(control, "checkpoints") == ["fail"]
    control.app.sequencer.published = ""  # as before the first one is written down
    assert await stati(control, "checkpoints") == ["ok"]


async def test_another_tenant_hears_nothing_of_the_installation(control: Control) -> None:
    body = {"name": "north", "admin_email": "nora@north.example"}
    _, made, _ = await control.ask("POST", f"{API}/tenants", key="ada", body=body)
    known = made["data"]["operator"]["id"]
    issue = control.app.identity.credentials.issue
    key = await control.app.store.write(
        lambda tx: issue(tx, "operator", known, tenant="north", actor="system")
    )
    _, answer, _ = await control.ask("GET", f"{API}/doctor", key=key)
    names = {one["name"] for one in answer["data"]["checks"]}
    assert {"gates", "admins"} <= names
    assert not names & {"disk", "store", "policy files", "clock"}


def test_many_names_are_a_few_and_a_number() -> None:
    assert named("gfedcba") == "a, b, c, d, e and 2 more"
    assert named("ba") == "a, b"
