"""Small things measured beside each other: interleaved rounds, medians, and one thing measured twice.

1. Time is processor time of this process: what another process does on the machine is not counted, though it still
   costs caches and clock rate. That is why ratios within one run are what is compared, and
2. why one task runs twice in every round, first and last (the A/A pair): where the two differ by more than
   ``MOST_DIFFERENCE``, the run says nothing.
3. Each task runs for about ``seconds`` in every round, in one batch, with the collector of garbage off.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

MOST_DIFFERENCE = 0.07


@dataclass(frozen=True, kw_only=True)
class Task:
    """One thing to measure.

    Attributes:
        do: What is timed; it does the same every time.
        items: How many things one call of it does: figures are of one.
    """

    group: str
    name: str
    do: Callable[[], object]
    items: int = 1


@dataclass(frozen=True)
class Figure:
    """Processor time of one item.

    Attributes:
        seconds: Median over the rounds.
        spread: (highest - lowest) / median.
    """

    seconds: float
    spread: float


def _batch(do: Callable[[], object], count: int) -> float:
    begun = time.process_time_ns()
    for _ in range(count):
        do()
    return (time.process_time_ns() - begun) / 1e9


def _count(do: Callable[[], object], seconds: float) -> int:
    """How many calls take about so long; the first calls, which fill caches, do not count."""
    do()
    count = 1
    while True:
        took = _batch(do, count)
        if took >= seconds / 4 or count > 1 << 24:
            return max(1, round(count * seconds / max(took, 1e-9)))
        count *= 4


def measure(
    tasks: Sequence[Task], *, rounds: int, seconds: float, told: Callable[[int, Task], None]
) -> tuple[dict[str, Figure], float]:
    """Figures by name, and how far the A/A pair differs (0.02 is two in a hundred).

    Args:
        told: Hears which round and task begins.
    """
    counts = {}
    for task in tasks:
        told(0, task)
        counts[task.name] = _count(task.do, seconds)
    seen: dict[str, list[float]] = {task.name: [] for task in tasks}
    twins: list[float] = []
    gc.collect()
    gc.freeze()  # what was made ready is not looked at again
    gc.disable()
    try:
        for turn in range(1, rounds + 1):
            for task in tasks:
                told(turn, task)
                took = _batch(task.do, counts[task.name])
                seen[task.name].append(took / counts[task.name] / task.items)
                gc.collect()
            first = tasks[0]
            twins.append(_batch(first.do, counts[first.name]) / counts[first.name] / first.items)
    finally:
        gc.enable()
        gc.unfreeze()
    figures = {name: _figure(times) for name, times in seen.items()}
    return figures, abs(statistics.median(twins) / figures[tasks[0].name].seconds - 1)


def _figure(times: Sequence[float]) -> Figure:
    median = statistics.median(times)
    return Figure(median, (max(times) - min(times)) / median)
