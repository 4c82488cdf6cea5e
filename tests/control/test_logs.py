"""The operational log as a process writes it: one line of JSON for each thing, at its level, libraries included."""

from __future__ import annotations

import json
import subprocess
import sys

SAID = """
import logging
import structlog
from vienna_control import logs

logs.configure({level!r})
log = structlog.get_logger("vienna.test")
log.info("call.seen", intent_id="int-1")
log.warning("store.slow", ms=12)
logging.getLogger("somebody").info("not of interest")
logging.getLogger("somebody").warning("be %s", "careful")
try:
    raise ValueError("sk_canary_secret came in")
except ValueError:
    logging.getLogger("somebody").exception("it broke: sk_canary_secret")
"""


def lines(level: str) -> list[dict[str, object]]:
    script = SAID.format(level=level)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == ""
    assert "sk_canary_secret" not in done.stderr
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_each_thing_is_one_line_of_json_and_libraries_speak_in_our_form() -> None:
    found = lines("info")
    assert [(line["event"], line["level"]) for line in found] == [
        ("call.seen", "info"),
        ("store.slow", "warning"),
        ("library", "warning"),
        ("library", "error"),
    ]
    assert found[0]["intent_id"] == "int-1"
    assert all(str(line["timestamp"]).endswith("Z") for line in found)
    assert (found[2]["logger"], found[2]["message"]) == ("somebody", "be careful")
    assert (found[3]["message"], found[3]["error"]) == ("it broke", "ValueError")


def test_what_is_below_the_level_is_not_written() -> None:
    assert [line["event"] for line in lines("error")] == ["library"]
