"""``python -m fuzz [--seconds N] [NAME …]``: every target in turn, each for a bounded time, and one table at the end.

Exit status 1 when a target broke; its input lies in the folder that the table names.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import fuzz

_STAT = re.compile(r"stat::(\w+):\s+(\d+)")
_COVERED = re.compile(r"cov: (\d+)")
_SLOWEST_INPUT_SECONDS = 10
_MOST_MEGABYTES = 2048
_MOST_WORDS = 3000


@dataclass(frozen=True)
class Run:
    """One target's run.

    Attributes:
        inputs: How many it was given.
        covered: Edges of the kernel that they reached.
        broken: Where the input lies that broke it, None when none did.
        words: What it said when it broke.
    """

    name: str
    inputs: int
    covered: int
    broken: Path | None
    words: str

    def __str__(self) -> str:
        told = f"BROKEN by {self.broken}" if self.broken else "holds"
        return f"{self.name:<24} {self.inputs:>10} inputs {self.covered:>6} edges  {told}"


def run(name: str, *, seconds: int, folder: Path) -> Run:
    """Fuzz one target. Its corpus grows in ``folder``."""
    grown, broken = folder / name / "corpus", folder / name / "broken"
    for place in (grown, broken):
        place.mkdir(parents=True, exist_ok=True)
    for i, data in enumerate(fuzz.corpus(name)):
        (grown / f"seed-{i}").write_bytes(data)
    command = [
        sys.executable, "-m", "fuzz.one", name,
        f"-max_total_time={seconds}", f"-timeout={_SLOWEST_INPUT_SECONDS}", f"-rss_limit_mb={_MOST_MEGABYTES}",
        f"-artifact_prefix={broken}/", "-print_final_stats=1", str(grown),
    ]  # fmt: skip
    before = set(broken.iterdir())
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603  # ourselves
    text = done.stdout + done.stderr
    stats = dict(_STAT.findall(text))
    new = sorted(set(broken.iterdir()) - before)
    failed = done.returncode != 0
    return Run(
        name,
        inputs=int(stats.get("number_of_executed_units", 0)),
        covered=max([0, *map(int, _COVERED.findall(text))]),
        broken=(new[0] if new else grown) if failed else None,
        words=_last_words(text) if failed else "",
    )


def _last_words(text: str) -> str:
    """From the exception on, as far as there is one."""
    _, mark, rest = text.partition("=== Uncaught Python exception: ===")
    return rest.partition("\nINFO: ")[0][:_MOST_WORDS].strip() if mark else text[-_MOST_WORDS:]


def main() -> int:
    known = fuzz.names()
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"targets (default all): {', '.join(known)}")
    parser.add_argument("--seconds", type=int, default=60, help="time for each target (default 60)")
    parser.add_argument("--corpus", type=Path, help="keep grown corpora and broken inputs in this folder")
    arguments = parser.parse_args()
    for name in arguments.names:
        if name not in known:
            parser.error(f"no target {name!r}; there are {', '.join(known)}")
    folder = arguments.corpus or Path(tempfile.mkdtemp(prefix="vienna-fuzz-"))
    runs = []
    for name in arguments.names or known:
        runs.append(run(name, seconds=arguments.seconds, folder=folder.resolve()))
        print(runs[-1], flush=True)
    for one in runs:
        if one.broken:
            print(f"\n{one.name}\n{one.words}")
    return 1 if any(one.broken for one in runs) else 0


if __name__ == "__main__":
    sys.exit(main())
