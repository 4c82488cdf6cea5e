"""Traces: nothing of OpenTelemetry where they are off, and stages only for who asked."""

from __future__ import annotations

import subprocess
import sys
import threading

from vienna_control.stages import Stage, recording, stage
from vienna_control.telemetry.traces import Traces


def test_where_traces_are_off_opentelemetry_is_not_even_imported() -> None:
    script = (
        "import sys, vienna_control.app, vienna_control.serve, vienna_proxy.compose;"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


def test_off_a_unit_is_the_unit_itself() -> None:
    with Traces(None).consult("nonsense") as traced:
        assert traced.unit(str.upper) is str.upper
        traced.said(verdict="granted")
        traced.committed()


def test_stages_are_told_to_who_asked_in_this_thread_and_to_nobody_else() -> None:
    mine: list[Stage] = []
    theirs: list[Stage] = []

    def other() -> None:
        with recording(theirs), stage("judge"):
            pass

    with stage("unheard"):
        pass
    with recording(mine):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        try:
            with stage("recall"):
                raise LookupError
        except LookupError:
            pass
    with stage("unheard"):
        pass
    assert [row.name for row in mine] == ["recall"]
    assert [row.name for row in theirs] == ["judge"]
    assert all(row.began <= row.ended for row in mine)
