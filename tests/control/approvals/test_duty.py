"""Where nobody can be asked, a call is refused at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from gate_end import gate
from people import People
from planes import Control, running, seeds
from vienna_control.approvals import duty
from vienna_control.store import Tx
from vienna_control.store.tables import approvals, operators
from vienna_kernel.approval.requirements import Requirements
from vienna_kernel.verdict import Reason

TICKETS = "https://payments.example/v1/tickets"


@pytest.fixture
async def control(tmp_path: Path) -> AsyncIterator[Control]:
    async with running(tmp_path / "data", bootstrap=seeds()) as started:
        yield started


async def disable(control: Control, *names: str) -> None:
    def write(tx: Tx) -> None:
        emails = [f"{name}@example.com" for name in names]
        tx.conn.execute(update(operators).where(operators.c.email.in_(emails)).values(disabled=True))

    await control.app.store.write(write)


async def asks(control: Control, requirements: Requirements, owner: str = "") -> bool:
    now = control.app.clock.now()
    level = await control.app.store.read(
        lambda conn: duty.first_level(conn, "default", requirements, now=now, owner=owner)
    )
    return level is not None


async def test_somebody_of_each_kind_must_be_there(control: Control) -> None:
    assert await asks(control, Requirements(count=5, groups=("finance",)))  # the others may come
    assert not await asks(control, Requirements(count=1, groups=("legal",)))
    assert await asks(control, Requirements(count=1, groups=("legal", "devops")))
    assert await asks(control, Requirements(count=1, people=("bob@example.com",)))
    assert not await asks(control, Requirements(count=1, people=("bob@example.com", "zoe@example.com")))
    assert not await asks(control, Requirements(count=1, roles=("finance", "legal")))
    assert not await asks(control, Requirements(count=1, groups=("devops",)), owner="Carol@Example.com")
    nested = Requirements(count=1, also=(Requirements(count=1, groups=("legal",)),))
    assert not await asks(control, nested)
    executive = Requirements(count=3, executive=True)
    assert await asks(control, executive)
    await disable(control, "xenia")
    assert not await asks(control, executive)
    await disable(control, "alice", "bob")
    assert not await asks(control, Requirements(count=1, groups=("finance",)))
    assert await asks(control, Requirements(count=1))
    await disable(control, "ada", "carol")
    assert not await asks(control, Requirements(count=1))  # operators and auditors do not approve


async def test_who_is_asked_once_it_is_escalated_counts(control: Control) -> None:
    nobody_yet = Requirements(count=1, groups=("legal",), on_timeout="escalate")
    assert await asks(control, nobody_yet)
    await disable(control, "alice", "bob", "carol", "xenia")
    assert not await asks(control, nobody_yet)


async def test_the_agent_is_told_at_once_and_nobody_is_paged(control: Control) -> None:
    rule = {
        "id": "lawyers",
        "priority": 1000,
        "expression": "action == 'create_ticket'",
        "action": {"type": "require_approval", "approvals": {"groups": ["legal"], "on_timeout": "deny"}},
    }
    assert (await People(control).ask("oscar", "POST", "/policies", rule))[0] == 201
    async with gate(control) as bot:
        said = await bot.consult("POST", TICKETS, {"subject": "a"})
    assert (said.verdict, said.reason, said.approval_id) == ("refused", Reason.NOBODY_ON_DUTY, None)
    assert "none of them is there" in said.hint
    asked = await control.app.store.read(lambda conn: conn.scalar(select(func.count(approvals.c.id))))
    assert asked == 0
