"""The kernel: what deciding about one call costs, part by part, beside its goals and beside the naive way.

``./vienna bench kernel``, or ``python -m bench.kernel``. Figures are processor time, medians of interleaved rounds;
absolute ones move from machine to machine, ratios less. The yardsticks are no code of ours: they tell this machine from
the one of the anchors. A run whose A/A pair differs by more than 7 % is void.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bench import kernel_bodies, kernel_calls, kernel_policy, kernel_warrants
from bench.measure import MOST_DIFFERENCE, Figure, Task, measure

MILLION = 1_000_000
_BAR = 14
_WIDE = 150


@dataclass(frozen=True)
class Aim:
    """What a figure is held against, in the unit of its row.

    Attributes:
        first: First step, on the way to the goal.
        anchor: What was measured of others or in a trial, on another machine.
        naive: Name of the task that does the same in the plain way.
    """

    goal: float | None = None
    first: float | None = None
    anchor: str = ""
    naive: str = ""


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        value: In ``unit``.
        times_naive: How many times as long the naive way takes.
        verdict: ``goal``, ``first step`` or ``missed``; empty without a goal.
    """

    group: str
    name: str
    value: float
    unit: str
    spread: float
    goal: float | None
    first: float | None
    anchor: str
    times_naive: float | None
    verdict: str


AIMS: dict[str, Aim] = {
    "policy, 10 rules": Aim(1, 2, "0.65 in a trial", "policy, 10 rules in a row"),
    "policy, 100 rules": Aim(2, 4, "1.5; Cedar 103, CEL 3,336, Rego 9,864", "policy, 100 rules in a row"),
    "policy, 1,000 rules": Aim(5, 8, "4.5; Cedar 768", "policy, 1,000 rules in a row"),
    "policy, 10,000 rules": Aim(10, 80, "28 to 58", "policy, 10,000 rules in a row"),
    "canonicalise a form POST of 11 lines": Aim(naive="h11 reads the same request"),
    "JSON, 1 kB": Aim(naive="json.loads, 1 kB"),
    "Ed25519 alone, sign and verify 1 kB": Aim(anchor="126"),
    "HMAC-SHA-256 alone, sign and verify 1 kB": Aim(anchor="2.8"),
}
MAPPING = Aim(30, 100)


def _row(task: Task, figures: dict[str, Figure]) -> Row:
    aim = MAPPING if task.group == "mapping" else AIMS.get(task.name, Aim())
    figure = figures[task.name]
    naive = figures[aim.naive].seconds / figure.seconds if aim.naive in figures else None
    value = figure.seconds * 1e6
    return Row(
        task.group, task.name, value, "µs", figure.spread, aim.goal, aim.first, aim.anchor, naive, _verdict(value, aim)
    )  # fmt: skip


def _verdict(value: float, aim: Aim, *, more: bool = False) -> str:
    """``more``: a higher figure is the better one."""
    if aim.goal is None or aim.first is None:
        return ""
    if value >= aim.goal if more else value <= aim.goal:
        return "goal"
    return "first step" if (value >= aim.first if more else value <= aim.first) else "missed"


def _ledger(figures: dict[str, Figure]) -> Iterable[Row]:
    """The rows that the goals put in other units than microseconds."""
    append, reread = figures["append an entry: body, leaf, link, tree"], figures["verify an entry offline"]
    aim = Aim(100_000, 60_000, "durable too: 144,000 in SQLite, 119,000 in PostgreSQL")
    rate = 1 / append.seconds
    yield Row("ledger", "entries appended, hashes alone", rate, "/s", append.spread, aim.goal, aim.first, aim.anchor,
              None, _verdict(rate, aim, more=True))  # fmt: skip
    aim = Aim(5, 20)
    name, seconds = f"verify {MILLION:,} entries (of {kernel_warrants.ENTRIES:,})", reread.seconds * MILLION
    yield Row(
        "ledger", name, seconds, "s", reread.spread, aim.goal, aim.first, "", None, _verdict(seconds, aim)
    )


def _first_uses(rounds: int, told: Callable[[str], None]) -> Iterable[Row]:
    for name in kernel_bodies.BODIES:
        told(f"first use of {name}")
        times = sorted(kernel_bodies.first_use(name) for _ in range(rounds))
        median = times[len(times) // 2]
        yield Row(
            "first use", name, median * 1000, "ms", (times[-1] - times[0]) / median, None, None, "", None, ""
        )


def gather() -> list[Task]:
    """All tasks, made ready."""
    parts = (kernel_policy, kernel_calls, kernel_bodies, kernel_warrants)
    return [task for part in parts for task in part.tasks()]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def _bar(row: Row, most: float) -> str:
    filled = round(row.value / most * _BAR * 8) if most else 0
    return "█" * (filled // 8) + " ▏▎▍▌▋▊▉"[filled % 8].strip()


_COLOURS = {"goal": "green", "first step": "yellow", "missed": "red", "": ""}


def table(rows: Sequence[Row], *, wide: bool) -> Table:
    """For people. A bar is as long as the row's share of the longest in its group; ``wide`` has room for it."""
    shown = Table(box=None, pad_edge=False, header_style="bold")
    shown.add_column("", no_wrap=True)
    for name in ("now", "±", "goal", "first step"):
        shown.add_column(name, justify="right", no_wrap=True)
    shown.add_column("", no_wrap=True)
    shown.add_column("plain way", justify="right", no_wrap=True)
    if wide:
        shown.add_column("", no_wrap=True)
        shown.add_column("measured before")
    before = ""
    for row in rows:
        if row.group != before:
            shown.add_row(f"[bold]{row.group}[/]")
            before = row.group
        most = max(other.value for other in rows if (other.group, other.unit) == (row.group, row.unit))
        shown.add_row(
            *_cells(row), *([f"[cyan]{_bar(row, most)}[/]", f"[dim]{row.anchor}[/]"] if wide else [])
        )
    return shown


def _cells(row: Row) -> list[str]:
    colour = _COLOURS[row.verdict]
    value = f"{_number(row.value)} {row.unit}"
    return [
        f"  {row.name}",
        f"[{colour}]{value}[/]" if colour else value,
        f"{row.spread:.0%}",
        _number(row.goal) if row.goal is not None else "",
        _number(row.first) if row.first is not None else "",
        f"[{colour}]{row.verdict}[/]" if colour else "",
        f"× {_number(row.times_naive)}" if row.times_naive is not None else "",
    ]


def report(rows: Sequence[Row], *, difference: float, rounds: int, seconds: float) -> dict[str, Any]:
    """What the JSON file holds."""
    return {
        "machine": {
            "python": platform.python_version(),
            "implementation": platform.python_implementation(),
            "system": f"{platform.system()} {platform.machine()}",
        },
        "rounds": rounds,
        "seconds_per_batch": seconds,
        "aa_difference": round(difference, 4),
        "void": difference > MOST_DIFFERENCE,
        "rows": [asdict(row) for row in rows],
    }


def _run(tasks: Sequence[Task], *, rounds: int, seconds: float, screen: Console) -> tuple[list[Row], float]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=screen, transient=True) as progress:
        steps = progress.add_task("", total=len(tasks) * (rounds + 1) + len(kernel_bodies.BODIES))

        def step(what: str) -> None:
            progress.update(steps, advance=1, description=what)

        def told(turn: int, task: Task) -> None:
            step(f"round {turn}: {task.name}" if turn else f"getting ready: {task.name}")

        figures, difference = measure(tasks, rounds=rounds, seconds=seconds, told=told)
        rows = [_row(task, figures) for task in tasks if task.group not in ("naive", "ledger")]
        rows += [*_ledger(figures), *_first_uses(rounds, step)]
    order = list(dict.fromkeys(row.group for row in rows))
    return sorted(rows, key=lambda row: (row.group == "yardstick", order.index(row.group))), difference


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="vienna bench kernel",
        description="What deciding about one call costs, part by part: policy, mapping, warrants, ledger.",
    )
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds (default 5)")
    parser.add_argument("--seconds", type=float, default=0.05, help="one batch of one task (default 0.05)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file too")
    arguments = parser.parse_args()
    if arguments.rounds < 1 or arguments.seconds <= 0:
        parser.error("--rounds and --seconds are above 0")
    told = Console(stderr=True)
    with told.status("loading rules, mappings and a ledger …"):
        tasks = gather()
    rows, difference = _run(tasks, rounds=arguments.rounds, seconds=arguments.seconds, screen=told)
    screen = Console(width=None if sys.stdout.isatty() else _WIDE)
    screen.print(table(rows, wide=screen.width >= _WIDE))
    screen.print(
        f"\n{arguments.rounds} rounds; the same thing measured twice differs by {difference:.1%}"
        + (f": more than {MOST_DIFFERENCE:.0%}, so this run is void; try again on a quieter machine"
           if difference > MOST_DIFFERENCE else "")
    )  # fmt: skip
    if arguments.json:
        data = report(rows, difference=difference, rounds=arguments.rounds, seconds=arguments.seconds)
        arguments.json.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n")
    return 1 if difference > MOST_DIFFERENCE else 0


if __name__ == "__main__":
    sys.exit(main())
