"""Three agents are watched for a day and enforced the next: nothing breaks, and what is harmful is caught."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.starts import HASHER, QUICK_HASHER
from rollout_world import BOTS, day, world

CALLS = 360  # fewer, and what is done now and then is not done five times


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HASHER, QUICK_HASHER)


async def test_a_day_watched_is_enforced_the_next(tmp_path: Path) -> None:
    async with world(tmp_path) as lived:
        watched = await lived.live(day(1, CALLS))
        assert set(watched.verdicts) == {"observed"}  # whatever it was

        before = [await lived.forecast(bot) for bot in BOTS]
        assert sum(told["calls"] for told in before) == watched.calls
        assert (
            min(told["would_hold"] + told["would_deny"] for told in before) > 15
        )  # nobody could live with that
        promised = sum(told["with_proposals"]["would_hold"] for told in before)

        for told in before:
            await lived.accept(told["proposals"])
        after = [await lived.forecast(bot) for bot in BOTS]
        assert sum(told["would_hold"] for told in after) == promised
        for bot in BOTS:
            await lived.promote(bot)

        enforced = await lived.live(day(2, CALLS))
        assert (enforced.broken, enforced.missed, enforced.harmful) == ([], [], 20)
        assert [call.body["amount"] for call in enforced.asked] == ["900.00"]  # the large refund of that day
        assert enforced.per_thousand <= 5
