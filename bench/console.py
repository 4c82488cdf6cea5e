"""What people wait for at size: lists, filters and details of 100,000 intents and 1,000 approvals that wait.

``python -m bench.console`` fills one control plane on SQLite and asks it over HTTP, one request at a time, the pages in
turn. Times are of the whole answer, client and server in one process; beside them its processor time, which what else
the machine does leaves as it is. ``--only traffic`` asks those so named.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import logging
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import structlog

from bench.console_world import Control, world

GOAL_P50, GOAL_P99 = 30.0, 100.0
GOAL_PAGE_P50 = 60.0
"""Milliseconds; ``GOAL_PAGE_P50``: of a page of the console."""

_QUERIES = {
    "by agent": "agent:billing-bot",
    "by host and verdict": "host:payments verdict:deny",
    "by action and time": "action:create_* since:2d tier:T2",
    "unmapped writes": "grade:unmapped -method:GET",
    "by path": "path:/v2/pages/*9 method:PUT",
    "a parameter": "~amount 77",
    "text": "refund",
    "nothing matches": "agent:billing-bot reason:no_such_reason",
    "no such text": "no-such-text",
}


@dataclass(frozen=True, slots=True)
class Page:
    """One thing to ask for.

    Attributes:
        path: ``{intent}`` and ``{approval}`` stand for the newest; what begins with ``/console`` is asked as a browser
            asks, with a session.
        q: A filter.
        page: 2: the page behind the first.
    """

    name: str
    path: str
    q: str = ""
    page: int = 1


def pages() -> Iterator[Page]:
    """What is measured, in order."""
    api = "/api/v1"
    waiting = f"{api}/approvals?status=pending&limit=50"
    yield Page("inbox", waiting)
    yield Page("inbox, page 2", waiting, page=2)
    yield Page("inbox, mine", f"{waiting}&mine=true")
    yield Page("inbox, filter", waiting, q="agent:billing-bot tier:T2 waiting:yes")
    yield Page("inbox, alike", f"{api}/approvals/alike")
    yield Page("inbox, alike, mine", f"{api}/approvals/alike?mine=true")
    yield Page("approval", f"{api}/approvals/{{approval}}")
    yield Page("traffic", f"{api}/intents?limit=50")
    yield Page("traffic, page 2", f"{api}/intents?limit=50", page=2)
    for name, q in _QUERIES.items():
        yield Page(f"traffic, {name}", f"{api}/intents?limit=50", q=q)
    yield Page("traffic, by agent, page 2", f"{api}/intents?limit=50", q=_QUERIES["by agent"], page=2)
    counted = f"{api}/intents/histogram?buckets=64"
    for name, q in (("", ""), (", all", "since:60d"), (", by agent", "agent:billing-bot since:60d")):
        yield Page(f"histogram{name}", counted, q=q)
    yield Page("histogram, a parameter", counted, q="~amount 77 since:60d")
    yield Page("intent", f"{api}/intents/{{intent}}")
    yield Page("console, inbox", "/console/")
    yield Page("console, traffic", "/console/traffic")
    for name in ("by agent", "unmapped writes", "a parameter"):
        yield Page(f"console, traffic, {name}", "/console/traffic", q=_QUERIES[name])
    yield Page("console, intent", "/console/traffic/{intent}")


class Took(NamedTuple):
    """Milliseconds of one request: on the clock, and of this process' processors."""

    wall: float
    processor: float


class Asker:
    """Whoever asks: with a key, or as a browser."""

    def __init__(self, control: Control, known: dict[str, str]) -> None:
        self._control = control
        self._known = known

    async def timed(self, page: Page, cursor: str | None) -> tuple[Took, Any]:
        """What it took, and what came."""
        params = {name: value for name, value in (("q", page.q), ("cursor", cursor)) if value}
        as_browser = page.path.startswith("/console")
        key = None if as_browser else "admin"
        begun, worked = time.perf_counter(), time.process_time()
        status, answer, _ = await self._control.ask(
            "GET", page.path.format(**self._known), key=key, params=params
        )
        took = Took(1000 * (time.perf_counter() - begun), 1000 * (time.process_time() - worked))
        if status != 200:
            raise SystemExit(f"{page.name}: {status} {str(answer)[:300]}")
        return took, answer

    async def cursor_of(self, page: Page) -> str | None:
        """Of the page before."""
        cursor: str | None = None
        for _ in range(page.page - 1):
            _, answer = await self.timed(page, cursor)
            cursor = answer["data"]["next_cursor"]
        return cursor


async def _known(control: Control) -> dict[str, str]:
    """Logs the browser in; the newest of each kind, by name."""
    from planes import PASSWORD

    login = {"email": "ada@example.com", "password": PASSWORD}
    status, answer, _ = await control.ask("POST", "/api/v1/auth/login", body=login)
    if status != 200:
        raise SystemExit(f"cannot log in: {answer}")
    found = {}
    for noun, key in (("approval", "approval_id"), ("intent", "intent_id")):
        _, answer, _ = await control.ask("GET", f"/api/v1/{noun}s?limit=1", key="admin")
        found[noun] = answer["data"][f"{noun}s"][0][key]
    return found


async def measure(
    pending: int, history: int, requests: int, only: str
) -> tuple[dict[str, list[Took]], dict[str, str]]:
    """What each request took, by page; and how many things each page says there are."""
    totals: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        async with world(Path(folder), pending=pending, history=history) as control:
            gc.collect()
            gc.freeze()  # the rows were made here; a control plane does not make them
            print(f"filled in {time.perf_counter() - begun:.1f} s", file=sys.stderr)
            asker = Asker(control, await _known(control))
            wanted = [page for page in pages() if only in page.name]
            cursors = {page.name: await asker.cursor_of(page) for page in wanted}
            found: dict[str, list[Took]] = {page.name: [] for page in wanted}
            for turn in range(requests + 1):
                print(f"round {turn} of {requests}", end="\r", file=sys.stderr)
                for page in wanted:
                    took, answer = await asker.timed(page, cursors[page.name])
                    if turn:  # the first fills caches
                        found[page.name].append(took)
                    elif isinstance(answer, dict):
                        told = answer["data"]
                        more = "+" if told.get("total_at_least") else ""
                        totals[page.name] = f"{told['total']}{more}" if "total" in told else ""
    return found, totals


def _percentiles(times: Sequence[float]) -> tuple[float, float]:
    """The 50th and the 99th."""
    last = statistics.quantiles(times, n=100)[98] if len(times) > 1 else times[0]
    return round(statistics.median(times), 2), round(last, 2)


def main() -> int:
    """Measure and print; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="vienna bench console", description=__doc__)
    parser.add_argument("--pending", type=int, default=1_000, help="approvals that wait (1000)")
    parser.add_argument("--intents", type=int, default=100_000, help="recorded intents (100000)")
    parser.add_argument("--requests", type=int, default=100, help="of each page (100)")
    parser.add_argument("--only", default="", metavar="NAME", help="pages with this in their name")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the figures")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    found, totals = asyncio.run(measure(options.pending, options.intents, options.requests, options.only))
    missed = 0
    print(
        f"{'':<34}{'found':>8}{'p50 ms':>9}{'p99 ms':>9}{'processor':>11}   goals: {GOAL_P50:g} and {GOAL_P99:g}"
    )
    figures = {}
    for name, took in found.items():
        p50, p99 = _percentiles([one.wall for one in took])
        processor, _ = _percentiles([one.processor for one in took])
        slow = p50 > (GOAL_PAGE_P50 if name.startswith("console") else GOAL_P50) or p99 > GOAL_P99
        missed += slow
        figures[name] = {"p50_ms": p50, "p99_ms": p99, "processor_ms": processor, "requests": len(took)}
        told = totals.get(name, "")
        print(f"{name:<34}{told:>8}{p50:>9.1f}{p99:>9.1f}{processor:>11.1f}   {'slow' if slow else ''}")
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
