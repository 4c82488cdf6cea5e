"""The scenes in which something of ours is broken: nothing may leave then, and the trail must tell."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from vienna_cli.demo.director import Director
from vienna_cli.demo.props import ORDER
from vienna_cli.demo.scenes import line, wide
from vienna_cli.demo.seen import Seen
from vienna_cli.demo.stage import Stage, until
from vienna_cli.output import Code

_NOTHING = "the payments API saw nothing"


def raising(stage: Stage, _: Director) -> Seen:
    seen, before = Seen("raising"), len(stage.reached())
    with stage.drilled() as agent:
        answer = agent.ask("GET", f"/v1/orders/{ORDER}")
    seen.holds("the agent was refused", answer.status >= 400, answer.status)
    seen.holds("with a reason", answer.reason, answer.headers.get("vienna-reason"))
    seen.same(_NOTHING, len(stage.reached()), before)
    seen.line = wide("a gate whose judging raises", f"refused: {answer.reason}")
    return seen


def stopped(stage: Stage, _: Director) -> Seen:
    seen, before = Seen("stopped"), len(stage.reached())
    stage.stop_control()
    answer = stage.agent.ask("GET", f"/v1/orders/{ORDER}")
    seen.same("the agent got 503", answer.status, 503)
    seen.same("the reason is in the answer", answer.reason, "control_unavailable")
    seen.same(_NOTHING, len(stage.reached()), before)
    seen.shown = {"seconds": round(answer.seconds, 2)}
    text = f"refused in {answer.seconds:.1f} s: {answer.reason}"
    seen.line = wide("control plane stopped", text)
    return seen


def back(stage: Stage, _: Director) -> Seen:
    seen = Seen("back")
    stage.start_control()

    def passes() -> int | None:
        answer = stage.agent.ask("GET", f"/v1/orders/{ORDER}")
        return answer.status if answer.status == 200 else None

    seen.same("it governs again by itself", until(passes, "a read to pass"), 200)
    seen.line = line(
        "GET", f"/v1/orders/{ORDER}", "T0", 200, "control plane started again: the gate found it by itself"
    )
    return seen


def trail(stage: Stage, _: Director) -> Seen:
    seen = Seen("trail")
    key = _public_key(stage)
    good, said = _verify(stage, key)
    seen.same("it verifies offline, with the public key alone", good, Code.OK)
    by_control = stage.admin.request("POST", "/audit/verify", json={})
    seen.holds("the control plane verifies it too", by_control["valid"], by_control)
    index, entry_id = stage.edit_one_byte()
    broken, told = _verify(stage, key)
    seen.same("with one byte edited it does not", broken, Code.VERIFICATION)
    named = told.get("break") or {}
    seen.same("the entry is named", (named.get("index"), named.get("id")), (index, entry_id))
    by_control = stage.admin.request("POST", "/audit/verify", json={})
    seen.holds("the control plane sees it too", not by_control["valid"], by_control)
    seen.shown = {"entries": said.get("entries"), "edited": index}
    verified = f"audit: {said.get('entries')} entries verify ✓"
    seen.line = f"  {verified}   one byte edited in the database → broken at entry {index} ✗"
    return seen


def _public_key(stage: Stage) -> Path:
    """The log's public key, kept where the database is not."""
    file = stage.folder / "log-key.json"
    file.write_text(json.dumps(stage.admin.request("GET", "/audit/checkpoints")["public_jwk"]))
    return file


def _verify(stage: Stage, key: Path) -> tuple[int, dict[str, Any]]:
    """``vienna audit verify`` as an auditor would call it: exit code and result."""
    arguments = ["audit", "verify", "--db", str(stage.database), "--key", str(key), "-o", "json"]
    command = [sys.executable, "-m", "vienna_cli", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # our own command
    try:
        return done.returncode, json.loads(done.stdout)
    except ValueError:
        return done.returncode, {"said": done.stderr.strip()}
