"""Groups: written down by API or by file, asked in their order, by who of them is on duty."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from gate_end import Gate
from people import People
from planes import NOW, Control
from vienna_control import rows
from vienna_control.approvals import duty, groups
from vienna_control.approvals.expiry import Expiry
from vienna_control.clock import FixedClock
from vienna_control.policies import files
from vienna_control.store.tables import entries, operators
from vienna_kernel.approval.moves import Requirements
from vienna_kernel.errors import MalformedError
from vienna_kernel.verdict import Reason

REFUNDS = "https://payments.example/v1/refunds"
REFUND = {"order": "ORD-1", "amount": 5000, "currency": "EUR"}
WEEK = ["monday", "tuesday", "wednesday", "thursday", "friday"]
MORNINGS = [{"days": WEEK, "from": "08:00", "to": "12:00"}]
AFTERNOONS = [{"days": WEEK, "from": "12:00", "to": "18:00"}]  # it is Monday, 10:00 UTC


async def put(people: People, name: str, **more: Any) -> None:
    status, answer = await people.ask("ada", "POST", "/groups", {"name": name, **more})
    assert status == 201, answer


async def heard(control: Control, name: str, after: int) -> list[dict[str, Any]]:
    with control.app.bus.subscribe([name], after=after) as events:
        events.close()
        return [event.data async for event in events]


async def who_are(control: Control, ids: list[str]) -> list[str]:
    found = await control.app.store.read(
        lambda conn: rows.every(conn, select(operators.c.email).where(operators.c.id.in_(ids)))
    )
    return sorted(row["email"].partition("@")[0] for row in found)


async def notified(control: Control, requirements: Requirements, at: datetime = NOW) -> list[str]:
    ids = await control.app.store.read(lambda conn: duty.to_notify(conn, "default", requirements, (), now=at))
    return await who_are(control, ids)


async def test_a_group_by_api(control: Control, people: People) -> None:
    await put(people, "finance", order=5, duty=MORNINGS, timezone="UTC")
    status, answer = await people.ask("ada", "POST", "/groups", {"name": "finance"})
    assert (status, answer["error"]["code"]) == (409, "conflict")
    _, listed = await people.ask("victor", "GET", "/groups")
    assert [one["name"] for one in listed["data"]["groups"]] == ["finance", "devops", "executive"]
    assert listed["data"]["groups"][0]["members"] == [
        "alice@example.com", "bob@example.com", "xenia@example.com",
    ]  # fmt: skip
    _, answer = await people.ask("victor", "GET", "/groups/finance/duty")
    assert (answer["data"]["everyone"], answer["data"]["changes_at"]) == (True, "2026-03-02T12:00:00.000Z")
    _, answer = await people.ask("victor", "GET", "/groups/finance/duty?at=2026-03-02T13:00:00%2B01:00")
    assert answer["data"]["on_duty"] == []
    body = {"name": "finance", "order": 1, "duty": [{**MORNINGS[0], "people": ["Bob@example.com"]}]}
    assert (await people.ask("ada", "PUT", "/groups/finance", body))[0] == 200
    _, answer = await people.ask("victor", "GET", "/groups/finance/duty")
    assert [one["email"] for one in answer["data"]["on_duty"]] == ["bob@example.com"]
    assert (await people.ask("ada", "PUT", "/groups/legal", {"name": "legal"}))[0] == 404
    assert (await people.ask("ada", "DELETE", "/groups/finance"))[0] == 200
    assert (await people.ask("ada", "DELETE", "/groups/finance"))[0] == 404
    assert (await people.ask("victor", "GET", "/groups/legal/duty"))[0] == 404
    bad = {"name": "x", "duty": [{"days": ["monday"], "from": "8", "to": "9"}]}
    status, answer = await people.ask("ada", "POST", "/groups", bad)
    assert (status, answer["error"]["details"][0]["field"]) == (422, "/duty/0/from")


async def test_asked_are_those_on_duty_and_whoever_is_named(control: Control, people: People) -> None:
    await put(people, "finance", duty=[{**MORNINGS[0], "people": ["alice@example.com"]}])
    await put(people, "devops", duty=AFTERNOONS)
    await put(people, "executive", order=0, duty=MORNINGS)
    finance = Requirements(count=2, groups=("finance",))
    assert await notified(control, finance) == ["alice"]
    assert await notified(control, finance, NOW + timedelta(hours=3)) == []
    assert await notified(control, Requirements(count=1, people=("carol@example.com",), groups=("finance",))) == [
        "alice", "carol",
    ]  # fmt: skip
    # ada is in no group, xenia on duty as an executive alone: executives are asked last
    anyone = Requirements(count=3, executive=True)
    assert await notified(control, anyone) == ["ada", "alice"]
    order = await control.app.store.read(lambda conn: groups.groups_order(conn, "default"))
    assert order == ["devops", "finance", "executive"]
    only = Requirements(count=0, executive=True)
    assert await notified(control, only) == ["xenia"]


async def test_where_nobody_is_on_duty_the_next_level_is_asked_at_once(
    control: Control, bot: Gate, people: People
) -> None:
    await put(people, "finance", order=1, duty=AFTERNOONS)
    after = control.app.bus.last_id
    held = await bot.consult("POST", REFUNDS, REFUND)  # two of finance, 4 h, then escalate
    _, one = await people.ask("carol", "GET", f"/approvals/{held.approval_id}")
    assert (one["data"]["groups"], one["data"]["level"]) == (["finance", "devops"], 1)
    (told,) = await heard(control, "approval_required", after)
    assert await who_are(control, told["people"]) == ["carol"]
    (escalated,) = await heard(control, "approval_escalated", after)
    assert escalated["why"] == "nobody is on duty of those who are asked before"
    # duty says whom to ask, not who may: alice is off duty and counts
    assert (await people.approve("alice", held.approval_id))[0] == 200
    (changed,) = await heard(control, "approval_changed", after)
    assert await who_are(control, changed["people"]) == ["carol"]  # who is there and has not voted
    status, answer = await people.approve("carol", held.approval_id)
    assert (status, answer["data"]["status"]) == (200, "approved")
    assert (await bot.consult("POST", REFUNDS, REFUND)).verdict == "granted"


async def test_nobody_on_duty_anywhere_is_told_at_once_and_morning_can_wait(
    control: Control, bot: Gate, people: People
) -> None:
    for name in ("finance", "devops", "executive"):
        await put(people, name, duty=AFTERNOONS)
    await control.app.store.write(
        lambda tx: tx.conn.execute(
            operators.update().where(operators.c.email == "ada@example.com").values(disabled=True)
        )
    )
    said = await bot.consult("POST", REFUNDS, REFUND)
    assert (said.verdict, said.reason) == ("refused", Reason.NOBODY_ON_DUTY)

    async def level(requirements: Requirements) -> duty.Level | None:
        return await control.app.store.read(
            lambda conn: duty.first_level(conn, "default", requirements, now=NOW)
        )

    hours = Requirements(count=1, groups=("finance",), page="morning", timeout_seconds=3 * 3600)
    assert await level(hours) == duty.Level(hours, 0)  # they come at noon
    assert (
        await level(Requirements(count=1, groups=("finance",), page="morning", timeout_seconds=3600)) is None
    )
    assert await level(Requirements(count=1, groups=("finance",), page="now", timeout_seconds=86400)) is None
    denies = Requirements(count=1, people=("bob@example.com",))
    assert await level(denies) is not None  # who is named is asked at any hour


async def test_every_chain_ends_whoever_is_on_duty(
    control: Control, bot: Gate, people: People, clock: FixedClock
) -> None:
    """A deadline leads on to whoever is there; where nobody is, the chain still ends, and in no."""
    await put(people, "devops", duty=AFTERNOONS)
    held = await bot.consult("POST", REFUNDS, REFUND)
    asked = []
    for _ in range(6):
        clock.advance(timedelta(hours=12, seconds=1))  # 22:00, 10:00, …: devops is never there
        await Expiry(control.app.store, clock).sweep()
        _, one = await people.ask("alice", "GET", f"/approvals/{held.approval_id}")
        if one["data"]["status"] != "pending":
            break
        asked.append(one["data"]["groups"])
    assert asked == [["finance", "devops", "executive"]]  # past devops at once
    assert one["data"]["status"] == "expired"


GROUPS = """\
apiVersion: vienna/v1
kind: Groups
groups:
  - {name: finance, order: 7, page: morning}
"""


async def test_a_file_wins_over_the_api(control: Control, people: People, tmp_path: Path) -> None:
    await put(people, "finance", order=3)
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "groups.yaml").write_text(GROUPS)
    (folder / "tiers.yaml").write_text((Path(__file__).parents[3] / "policies/tiers.yaml").read_text())
    wanted = files.read([folder]).groups

    def adopt(texts: Any) -> Any:
        return control.app.store.write(lambda tx: groups.adopt(tx, texts, tenant="default", actor="system"))

    await adopt(wanted)
    _, listed = await people.ask("victor", "GET", "/groups")
    (finance,) = [one for one in listed["data"]["groups"] if one["name"] == "finance"]
    assert (finance["order"], finance["read_only"], finance["page"]) == (7, True, "morning")
    for method, path in (("PUT", "/groups/finance"), ("DELETE", "/groups/finance")):
        body = {"name": "finance"} if method == "PUT" else None
        status, answer = await people.ask("ada", method, path, body)
        assert (status, "policy file" in answer["error"]["message"]) == (409, True)
    count = select(func.count(entries.c.id))
    before = await control.app.store.read(lambda conn: conn.scalar(count))
    await adopt(wanted)  # the same: nothing is entered
    assert await control.app.store.read(lambda conn: conn.scalar(count)) == before
    await adopt(())
    _, listed = await people.ask("victor", "GET", "/groups")
    assert [one["order"] for one in listed["data"]["groups"] if one["name"] == "finance"] == [3]
    (folder / "groups.yaml").write_text(GROUPS.replace("order: 7", "ordr: 7"))
    with pytest.raises(MalformedError, match=r"groups\.yaml:4:\d+ groups\[0\]\.ordr: unknown key 'ordr'"):
        files.read([folder])
