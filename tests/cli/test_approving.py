"""What an approver does at a terminal besides yes and no: groups and duty, claims, stand-ins, the emergency."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from gate_end import gate
from people import People
from planes import Control, key_of, running, seeds
from vienna_cli.main import tree

REFUNDS = "https://payments.example/v1/refunds"
REFUND = {"order": "ORD-1", "amount": 5000, "currency": "EUR"}


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """The control plane runs in this process: what it logs is not what a command prints."""
    with capture_logs():
        yield


@pytest.fixture
async def control(tmp_path: Path) -> AsyncIterator[Control]:
    people = seeds()
    people["operators"][3]["groups"].append("incident")  # carol
    place = {"listen": "127.0.0.1:0", "data_dir": tmp_path / "data", "break_glass": True}
    async with running(tmp_path / "data", control=place, bootstrap=people) as started:
        yield started


async def vienna(control: Control, who: str, *arguments: str, code: int = 0) -> Any:
    """``vienna … -o json`` as one person."""
    environ = {"VIENNA_URL": control.url, "VIENNA_API_KEY": key_of(who)}
    told = await asyncio.to_thread(
        CliRunner().invoke, tree(arguments[0]), [*arguments, "-o", "json"], env=environ
    )
    assert told.exit_code == code, (arguments, told.output, told.exception)
    return json.loads(told.stdout) if code == 0 else told.exception


async def test_an_approver_at_the_terminal(control: Control) -> None:
    async with gate(control) as bot:
        held = await bot.consult("POST", REFUNDS, REFUND)
    listed = await vienna(control, "alice", "groups", "ls")
    assert [one["name"] for one in listed] == ["devops", "finance", "incident", "executive"]
    duty = await vienna(control, "alice", "groups", "duty", "finance", "--at", "2026-03-02T10:00:00Z")
    assert len(duty["on_duty"]) == 3
    approval = held.approval_id
    told = await vienna(control, "alice", "approvals", "claim", approval)
    assert told["claimed_by"] == "alice@example.com"
    assert (await vienna(control, "alice", "approvals", "release", approval))["released"] is True
    await vienna(control, "oscar", "approvals", "comment", approval, "call them first")
    said = await vienna(control, "bob", "approvals", "comment", approval)
    assert [one["text"] for one in said] == ["call them first"]
    lent = await vienna(control, "alice", "delegate", "add", "carol@example.com", "--for", "8h")
    assert [one["delegator"] for one in await vienna(control, "carol", "delegate", "ls")] == [
        "alice@example.com"
    ]
    people = People(control)
    voted = await vienna(
        control, "carol", "approvals", "approve", approval, "--otp", people.code(), "--for", "alice@example.com"
    )  # fmt: skip
    assert (voted["status"], voted["current_approvals"]) == ("pending", 1)
    await vienna(control, "alice", "delegate", "remove", lent["delegation_id"])
    await vienna(control, "alice", "delegate", "add", "bob@example.com", "--for", "31d", code=1)
    await vienna(control, "alice", "delegate", "add", "bob@example.com", "--for", "soon", code=1)


async def test_the_emergency_and_its_review(control: Control) -> None:
    async with gate(control) as bot:
        held = await bot.consult("POST", REFUNDS, REFUND)
    why = ("--incident", "INC-7", "--reason", "charged twice")
    await vienna(control, "carol", "break-glass", "open", *why, "--otp", "000000", code=1)
    opened = await vienna(
        control, "carol", "break-glass", "open", *why, "--approval", held.approval_id,
        "--otp", People(control).code(), "--yes",
    )  # fmt: skip
    assert opened["approvals"] == [held.approval_id]
    one = opened["break_glass_id"]
    reviewed = await vienna(control, "bob", "break-glass", "review", one, "--verdict", "it was right")
    assert reviewed["reviewed_by"] == "bob@example.com"
    assert [row["break_glass_id"] for row in await vienna(control, "audrey", "break-glass", "ls")] == [one]
