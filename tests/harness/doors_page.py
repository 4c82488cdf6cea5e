"""``python -m harness.doors_page``: writes ``docs/security/doors.md`` from the tests of the doors."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

from harness.guards import FAULTS, GUARDS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "security" / "doors.md"
FOLDER = ROOT / "tests" / "proxy" / "doors"

_ORDER = (
    "identity",
    "resolution",
    "early_contact",
    "framing",
    "target",
    "method",
    "body",
    "exceptions",
    "tunnels",
    "our_headers",
    "responses",
    "approval_api",
    "exhaustion",
    "standing",
    "other_readers",
)
_LAWS = {"test_is_shut", "test_without_its_guard_the_door_is_open", "test_each_guard_alone_keeps_it_shut"}

# Doors whose tests stand elsewhere: what is held, and where it is tried.
ELSEWHERE = (
    (
        "a slow head and a silent connection, with the deadlines as they are shipped",
        "tests/proxy/transport/test_transport.py",
    ),
    (
        "every guard of the transport, proved at each start; what does not hold does not start",
        "tests/proxy/transport/test_guards.py",
    ),
    ("an addon's hooks in mitmproxy's own addon manager", "tests/proxy/test_gate.py"),
    (
        "the address rules by themselves, every range and every spelling",
        "tests/proxy/transport/test_addresses.py",
    ),
    ("an unopened tunnel is asked about, and recorded", "tests/proxy/transport/test_tunnel.py"),
    ("hold: the agent gone, caps, a retry that differs", "tests/proxy/judge/test_hold.py"),
    ("the reading of a request, exhaustively and by hypothesis", "tests/kernel/call/test_doors.py"),
    ("the whole system against bad input", "tests/journeys/test_bad_input.py"),
)

_INTRO = """# Every door of the gate

For whoever reviews the gate: what is tried against each door, over real sockets and against the real gate process, and
which guards keep it shut. Written from the tests themselves by `PYTHONPATH=tests python -m harness.doors_page`; a test
fails when the two differ.

Each attack below is tried three times (`tests/harness/doors.py`):

1. against the gate as it is shipped, where it must fail;
2. against a gate whose named guards were taken out while it runs (`tests/harness/unguarded.py`), where it must come
   through: otherwise it would be no attack, or another guard would hold it;
3. where several guards are named, with each of them alone left in, where it must fail again: none is named for nothing.

Where no guard is named, mitmproxy itself or more than a few places keep the door shut; that it is shut is tried all the
same. Metadata services and other addresses beyond the machine are stand-ins on loopback: no packet leaves it.
"""


def module_of(name: str) -> ModuleType:
    """The tests of one group of doors."""
    spec = importlib.util.spec_from_file_location(f"doors_{name}", FOLDER / f"test_{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _group(name: str) -> list[str]:
    module = module_of(name)
    title, _, rest = (module.__doc__ or "").partition("\n")[0].partition(": ")
    lines = [
        f"## {title}",
        "",
        f"{rest[:1].upper()}{rest[1:]} `tests/proxy/doors/test_{name}.py`".strip(),
        "",
    ]
    doors: dict[str, Any] = getattr(module, "DOORS", {})
    if doors:
        lines += ["| attack | held by |", "|---|---|"]
        lines += [f"| {_text(attack)} | {', '.join(door.guards) or '–'} |" for attack, door in doors.items()]
        lines.append("")
    others = [each for each in vars(module) if each.startswith("test_") and each not in _LAWS]
    if others:
        lines += ["Besides:", "", *[f"- `{each}`" for each in others], ""]
    return lines


def _text(attack: str) -> str:
    return attack.replace("|", "\\|").replace("_method", "`_method`").replace("_METHOD", "`_METHOD`")


def render() -> str:
    """The page."""
    lines = [_INTRO]
    for name in _ORDER:
        lines += _group(name)
    lines += ["## Tried elsewhere", "", "| what | where |", "|---|---|"]
    lines += [f"| {what} | `{where}` |" for what, where in ELSEWHERE]
    lines += ["", "## Where the guards are", "", "| guard | place |", "|---|---|"]
    lines += [
        f"| {name} | {', '.join(f'`{one.path}`' for one in places)} |" for name, places in GUARDS.items()
    ]
    lines += ["", "## What fails on purpose", "", "| fault | place |", "|---|---|"]
    lines += [f"| {name} | `{place.path}` |" for name, place in FAULTS.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(render())
