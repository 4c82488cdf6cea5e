"""Which channel gets what, and when."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from gate_end import Gate
from people import People
from planes import Control
from receivers import Receiver
from vienna_control import rows
from vienna_control.clock import FixedClock
from vienna_control.notify.routing import Routing
from vienna_control.store.tables import deliveries

REFUNDS = "https://payments.example/v1/refunds"
REFUND = {"amount": 20, "currency": "EUR"}
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # a Monday
NIGHT = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
ABOUT = {"tier": "T1", "agent": "billing-bot", "agent_id": "agt-1", "action": "stripe.refund"}


@pytest.mark.parametrize(
    ("routing", "about", "now", "sent"),
    [
        ({}, ABOUT, NOON, True),
        ({"tiers": ["T2", "T3"]}, ABOUT, NOON, False),
        ({"tiers": ["T1"]}, ABOUT, NOON, True),
        ({"tiers": ["T3"]}, {}, NOON, True),
        ({"agents": ["agt-1"]}, ABOUT, NOON, True),
        ({"agents": ["billing-*"]}, ABOUT, NOON, True),
        ({"agents": ["other"]}, ABOUT, NOON, False),
        ({"actions": ["stripe.*"]}, ABOUT, NOON, True),
        ({"actions": ["github.*"]}, ABOUT, NOON, False),
        ({"hours": {"from": "08:00", "to": "12:00"}}, ABOUT, NOON, False),
        ({"hours": {"from": "08:00", "to": "12:00"}, "zone": "America/New_York"}, ABOUT, NOON, False),
        ({"hours": {"from": "08:00", "to": "12:00"}, "zone": "Atlantic/Azores"}, ABOUT, NOON, True),
        ({"hours": {"days": ["sun"], "from": "20:00", "to": "13:00"}}, ABOUT, NOON, True),
        ({"hours": {"days": ["mon"], "from": "20:00", "to": "13:00"}}, ABOUT, NOON, False),
    ],
)
def test_a_filter(routing: Any, about: dict[str, str], now: datetime, sent: bool) -> None:
    assert (Routing.model_validate(routing).due(about, now, keeps=True) == now) is sent


@pytest.mark.parametrize(
    ("zone", "day", "now", "due"),
    [
        ("UTC", {}, NOON, NOON),
        ("UTC", {}, NIGHT, datetime(2026, 3, 3, 8, tzinfo=UTC)),
        ("Europe/Vienna", {}, NIGHT, datetime(2026, 3, 3, 7, tzinfo=UTC)),
        ("Asia/Tokyo", {}, NIGHT, NIGHT),
        # over the change to summer time, and over a weekend
        ("Europe/Vienna", {}, datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 6, tzinfo=UTC)),
        (
            "UTC",
            {"days": ["mon", "tue", "wed", "thu", "fri"]},
            datetime(2026, 3, 6, 21, tzinfo=UTC),
            datetime(2026, 3, 9, 8, tzinfo=UTC),
        ),
    ],
)
def test_the_morning_of_a_zone(zone: str, day: Any, now: datetime, due: datetime) -> None:
    routing = Routing.model_validate({"zone": zone, "day": day})
    assert routing.due({"page": "morning"}, now, keeps=True) == due
    assert routing.due({"page": "morning"}, now, keeps=False) == now
    assert routing.due({"page": "now"}, now, keeps=True) == now


async def test_what_may_wait_is_kept_until_the_morning_and_holds_up_nothing(
    control: Control, bot: Gate, people: People, add: Any, service: Receiver, clock: FixedClock
) -> None:
    routing = {"zone": "Asia/Tokyo", "day": {"from": "09:00", "to": "18:00"}}  # it is 19:00 there
    url = f"{service.url}/teams"
    await add("teams", secrets={"url": url}, routing=routing, events=["approval_required", "agent_suspended"])
    # the rule of small refunds says `page: morning`
    settled, kept = [
        await bot.consult("POST", REFUNDS, {**REFUND, "order": order}) for order in ("O-1", "O-2")
    ]
    await control.app.store.write(
        lambda tx: tx.publish("agent_suspended", {"agent_id": "agt-1", "name": "billing-bot"})
    )
    assert "suspended" in str((await service.next()).json)
    await people.deny("alice", str(settled.approval_id))
    clock.advance(datetime(2026, 3, 3, 0, 0, tzinfo=UTC) - clock.now())
    await control.app.notify.sender.drain()
    assert str(kept.approval_id) in str((await service.next()).json)
    assert service.came.empty()
    query = select(deliveries.c.status).where(deliveries.c.subject == settled.approval_id)
    row = await control.app.store.read(lambda conn: rows.first(conn, query))
    assert row is not None
    assert row["status"] == "dropped"
