"""What is said around an agent's run: never over a program that has the terminal, and honest about what is missing."""

from __future__ import annotations

import json
import os
import select
import tty
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr

import pytest

from harness.vienna import nobody_listens
from vienna_cli.live import Live, Voice
from vienna_cli.output import Format, Printer
from vienna_client import ViennaClient


@contextmanager
def terminal() -> Iterator[tuple[int, int]]:
    """Far and near end of a terminal that standard error goes to."""
    far, near = os.openpty()
    with open(near, "w", closefd=False) as stream, redirect_stderr(stream):
        yield far, near
    os.close(far)
    os.close(near)


def line(far: int) -> bytes:
    """The next line that is shown; a terminal hands on in its own time what was written."""
    text = b""
    while not text.endswith(b"\n"):
        ready, _, _ = select.select([far], [], [], 60)
        assert ready, text
        text += os.read(far, 1)
    return text.strip()


def test_lines_wait_while_a_program_has_the_terminal() -> None:
    with terminal() as (far, near):
        voice = Voice(Printer(Format.TABLE))
        voice.say("at once")
        assert line(far) == b"at once"
        tty.setraw(near)
        voice.say("later")
        os.write(near, b"what the program draws\n")
        assert line(far) == b"what the program draws"
        voice.release()
        assert line(far) == b"later"


def test_as_data_each_thing_is_a_line_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    voice = Voice(Printer(Format.JSONL))
    voice.say("mode: isolated", event="mode", mode="isolated")
    voice.say("in words\nof two lines")
    said = capsys.readouterr()
    assert said.out == ""
    told = [json.loads(line) for line in said.err.splitlines()]
    assert told == [
        {"event": "mode", "mode": "isolated"},
        {"event": "note", "text": "in words\nof two lines"},
    ]


def test_a_control_plane_that_has_gone_is_said_and_ends_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with (
        nobody_listens() as port,
        ViennaClient(f"http://127.0.0.1:{port}", api_key="x", use_proxy=False) as client,
    ):
        live = Live(client, "bot", Voice(Printer(Format.TABLE)), nobody_asked=False)
        with live.watching():
            pass
        live.conclude()
    said = capsys.readouterr().err
    assert "the control plane cannot be asked any more, so calls may be missing" in said
    assert "0 calls: 0 passed" in said
