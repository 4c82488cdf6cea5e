"""Three agents are watched for a day and enforced the next: nothing breaks, and what is harmful is caught."""

from __future__ import annotations

from pathlib import Path

import pytest

from rollout_world import BOTS, day, world

CALLS = 360


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    import functools

    from argon2 import PasswordHasher

    cheap = functools.partial(PasswordHasher, time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr("vienna_control.identity.passwords.PasswordHasher", cheap)


async def test_a_day_watched_is_enforced_the_next(tmp_path: Path) -> None:
    async with world(tmp_path) as lived:
        watched = await lived.live(day(1, CALLS))
        assert watched.verdicts.keys() == {"observed"} or watched.verdicts["refused"] == 0

        told = {bot: await lived.forecast(bot) for bot in BOTS}
        assert sum(one["calls"] for one in told.values()) == watched.calls
        assert sum(one["would_hold"] + one["would_deny"] for one in told.values()) > CALLS // 20
        for one in told.values():
            await lived.accept(one["proposals"])
        after = {bot: await lived.forecast(bot) for bot in BOTS}
        for bot in BOTS:
            assert after[bot]["covered_by_standing"] + after[bot]["would_hold"] >= 0
            await lived.promote(bot)

        enforced = await lived.live(day(2, CALLS))
        assert enforced.broken == []
        assert enforced.missed == []
        assert enforced.harmful == 20
        assert enforced.per_thousand <= 5
