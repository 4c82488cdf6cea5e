"""Children: waited for until they are ready, told about when they are not, stopped in time."""

import os
import signal
import sys
import threading

import pytest

from vienna_cli.output import Failure
from vienna_cli.processes import Child, begun, child_environment, discard, stop_all

READY = 'import signal; print(\'starting\'); print(\'{"ready": true, "control": "here"}\', flush=True); '
ENVIRON = child_environment()


def child(code, sink=discard):
    return Child("thing", ["-c", code], ENVIRON, sink)


def test_the_ready_line_is_found_among_others():
    lines, more = [], threading.Event()

    def note(line):
        lines.append(line)
        if line == "more":
            more.set()

    one = child(READY + "print('more', flush=True); signal.pause()", note).wait_ready(60)
    assert one.ready["control"] == "here"
    assert more.wait(60)
    assert one.stop() == -signal.SIGTERM
    assert lines == ["starting", "more"]


def test_one_that_ends_before_it_is_ready_is_told_with_what_it_said():
    failing = child("import sys; sys.stderr.write('port 80 is in use\\n'); sys.exit(3)")
    with pytest.raises(Failure, match=r"did not start \(it ended with 3\)\n  port 80 is in use"):
        failing.wait_ready(60)


def test_one_that_is_never_ready_is_ended():
    slow = child("import signal; signal.pause()")
    with pytest.raises(Failure, match="was not ready within"):
        slow.wait_ready(0.3)
    assert slow.status is not None


def test_one_that_ignores_the_request_to_stop_is_ended_all_the_same():
    deaf = child("import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + READY + "signal.pause()")
    deaf.wait_ready(60)
    stop_all([deaf], 0.5)
    assert deaf.status == -signal.SIGKILL


def test_a_child_is_in_a_process_group_of_its_own():
    one = child(READY + "signal.pause()").wait_ready(60)
    assert os.getpgid(one.pid) != os.getpgid(0)
    one.kill()


def test_dev_unless_it_says_otherwise():
    assert child_environment({})["VIENNA_ENV"] == "dev"
    assert child_environment({"VIENNA_ENV": "prod"})["VIENNA_ENV"] == "prod"


@pytest.fixture
def handlers():
    """Those of a command, for the time of a test."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_request_to_end_is_heard_once_what_was_started_is_known(handlers):
    """Raised while Python forks it would be lost: what a hook of the fork raises is only reported."""
    running = []

    def start():
        signal.raise_signal(signal.SIGTERM)
        return child("import signal; signal.pause()")

    with pytest.raises(SystemExit, match="143"):
        begun(running, start)
    assert [one.status for one in running] == [None]
    stop_all(running)


def test_what_is_ignored_stays_ignored_in_a_child(handlers):
    code = "import json, signal; print(json.dumps({'ready': str(signal.getsignal(signal.SIGHUP))}))"
    one = begun([], lambda: child(code)).wait_ready(60)
    assert one.ready["ready"] == str(signal.SIG_IGN)
    one.stop()
