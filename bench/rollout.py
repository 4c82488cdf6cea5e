"""Three synthetic agents, watched for a day and enforced the next: what people are asked, what breaks, what is caught.

The traffic is made of seeds and goes through the gate's own mapping and a whole control plane on SQLite
(``tests/rollout_world.py``); nothing leaves this machine. ``python -m bench.rollout --calls 3000 --json FILE``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import structlog

_TESTS = Path(__file__).resolve().parents[1] / "tests"


async def measure(calls: int, seeds: tuple[int, int]) -> dict[str, Any]:
    """Figures of two days of about so many calls each."""
    sys.path.insert(0, str(_TESTS))
    from rollout_world import BOTS, day, world

    with tempfile.TemporaryDirectory() as folder:
        async with world(Path(folder)) as lived:
            watched = await lived.live(day(seeds[0], calls))
            began = time.perf_counter()
            before = [await lived.forecast(bot) for bot in BOTS]
            seconds = time.perf_counter() - began
            for told in before:
                await lived.accept(told["proposals"])
            after = [await lived.forecast(bot) for bot in BOTS]
            for bot in BOTS:
                await lived.promote(bot)
            enforced = await lived.live(day(seeds[1], calls))
    return {
        "calls_a_day": enforced.calls,
        "forecast_ms_per_thousand_calls": round(1e6 * seconds / watched.calls, 1),
        "forecast_approvals": sum(told["would_hold"] for told in before),
        "forecast_refused": sum(told["would_deny"] for told in before),
        "proposals": sum(len(told["proposals"]) for told in before),
        "forecast_approvals_with_proposals": sum(told["would_hold"] for told in after),
        "benign_calls_broken": len(enforced.broken),
        "benign_calls_asked_about": len(enforced.asked),
        "approvals_per_thousand_calls": round(1000 * enforced.approvals / enforced.calls, 2),
        "benign_approvals_per_thousand_calls": enforced.per_thousand,
        "harmful_calls": enforced.harmful,
        "harmful_calls_held": enforced.approvals - len(enforced.asked),
        "harmful_calls_missed": len(enforced.missed),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="vienna bench rollout", description=__doc__)
    parser.add_argument("--calls", type=int, default=3000, help="benign calls of each day (3000)")
    parser.add_argument(
        "--seed", type=int, default=1, help="of the first day; the next is that of the second (1)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the figures")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    figures = asyncio.run(measure(options.calls, (options.seed, options.seed + 1)))
    width = max(map(len, figures))
    for name, value in figures.items():
        print(f"{name:<{width}}  {value}")
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
