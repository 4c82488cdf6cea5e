"""From ``exec`` to ready: the control plane and the gate, in interleaved rounds beside what bounds them from below.

``python -m bench.start`` starts each process anew in every round, over a data folder that exists already. Processor
time is the process' own (with its threads) at the moment when its ready line is there, so it holds on a machine that
is busy with other things; the wall clock does not.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

CONFIG = """\
control:
  listen: 127.0.0.1:0
  data_dir: {folder}/data
gate:
  listen: 127.0.0.1:0
  agent: bench-agent
  key_file: {folder}/data/sidecar.join
  state_dir: {folder}/state
bootstrap:
  agents:
    - {{name: bench-agent}}
"""
GOALS = {"gate": (0.6, 80), "control": (None, None)}
"""Seconds from exec to ready and resident MB, where there is a goal."""

_TICKS = os.sysconf("SC_CLK_TCK")
_SILENT = "print('{}', flush=True); import sys; sys.stdin.read()"


@dataclass(frozen=True, slots=True)
class Start:
    """One start. ``resident``: megabytes when it was ready."""

    wall: float
    processor: float
    resident: float


def _spent(pid: int) -> tuple[float, float]:
    """Processor seconds and resident megabytes of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    status = Path(f"/proc/{pid}/status").read_text()
    resident = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return (int(fields[11]) + int(fields[12])) / _TICKS, int(resident.split()[1]) / 1024


class Started:
    """A process that said a line of JSON."""

    def __init__(self, command: list[str], log: Path) -> None:
        begun = time.perf_counter()
        with log.open("a") as errors:
            self.process = subprocess.Popen(
                command,
                env={**os.environ, "VIENNA_ENV": "dev"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        line = self.process.stdout.readline() if self.process.stdout else ""
        wall = time.perf_counter() - begun
        if not line.startswith("{"):
            raise SystemExit(f"did not start: {line}\n{log.read_text()[-2000:]}")
        self.ready = json.loads(line)
        self.start = Start(wall, *_spent(self.process.pid))

    def stop(self) -> None:
        """Kill it: how it ends is not what is measured."""
        self.process.kill()
        self.process.communicate()


def measure(rounds: int, folder: Path) -> dict[str, list[Start]]:
    """Every start of every kind, by name."""
    config, log = folder / "vienna.yaml", folder / "log"
    config.write_text(CONFIG.format(folder=folder))
    python = [sys.executable]
    ours = ["-c", str(config), "--json"]
    kept = Started([*python, "-m", "vienna_control", *ours], log)  # makes keys, and serves the gates
    at = ["--control", kept.ready["control"]]
    other = config.with_name("other.yaml")
    other.write_text(CONFIG.format(folder=folder / "other"))
    (folder / "other").mkdir()
    Started([*python, "-m", "vienna_control", "-c", str(other), "--json"], log).stop()
    kinds: dict[str, Callable[[], Started]] = {
        "python": lambda: Started([*python, "-c", _SILENT], log),
        "mitmproxy": lambda: Started([*python, "-c", f"import mitmproxy.addons.proxyserver; {_SILENT}"], log),
        "control": lambda: Started([*python, "-m", "vienna_control", "-c", str(other), "--json"], log),
        "gate": lambda: Started([*python, "-m", "vienna_proxy", *ours, *at], log),
    }
    found: dict[str, list[Start]] = {name: [] for name in kinds}
    try:
        for number in range(rounds + 1):
            for name, start in kinds.items():
                print(f"round {number} of {rounds}: {name}   ", end="\r", file=sys.stderr)
                one = start()
                one.stop()
                if number:  # the first fills caches
                    found[name].append(one.start)
    finally:
        kept.stop()
    return found


def _medians(starts: list[Start]) -> Start:
    return Start(
        *(
            statistics.median(getattr(one, name) for one in starts)
            for name in ("wall", "processor", "resident")
        )
    )


def main() -> int:
    """Measure and print; the exit code."""
    parser = argparse.ArgumentParser(prog="vienna bench start", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(options.rounds, Path(folder))
    figures = {name: _medians(starts) for name, starts in found.items()}
    print(f"{'':<12}{'wall s':>9}{'goal':>7}{'processor s':>13}{'resident MB':>13}{'goal':>7}")
    for name, one in figures.items():
        wall, resident = GOALS.get(name, (None, None))
        print(
            f"{name:<12}{one.wall:>9.2f}{wall or '':>7}{one.processor:>13.2f}{one.resident:>13.0f}{resident or '':>7}"
        )
    if options.json is not None:
        rows = {name: [asdict(one) for one in starts] for name, starts in found.items()}
        options.json.write_text(json.dumps(rows, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
