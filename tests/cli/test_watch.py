"""``vienna approvals watch``: what keys do to a real control plane, and what stands on a real terminal."""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from gate_end import Gate, gate
from harness.vienna import Vienna, in_background, until
from people import People
from planes import Control, key_of, running
from vienna_cli import surroundings
from vienna_cli.facts import facts
from vienna_cli.watch.desk import Desk
from vienna_cli.watch.feed import Ended, Listed, Trouble
from vienna_cli.watch.keys import named
from vienna_cli.watch.queue import Queue
from vienna_cli.watch.screen import countdown, drawn
from vienna_cli.watch.view import UNDO, Page, View
from vienna_client import ViennaClient

TICKETS = "https://payments.example/v1/tickets"
REFUNDS = "https://payments.example/v1/refunds"
REFUND = {"order": "ORD-1", "amount": 5000, "currency": "EUR"}
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u202e\U000e0041]")
HOSTILE = "late \x1b]0;pwn\x07\x1b[2J \u202eevil \U000e0041 parcel"


class Stage:
    """A control plane and its gate, in a thread of their own: the command line asks and waits."""

    def __init__(self, loop: asyncio.AbstractEventLoop, control: Control, bot: Gate) -> None:
        self._loop = loop
        self._bot = bot
        self._people = People(control)
        self.url = control.url

    def _done(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def held(self, url: str, body: Any) -> str:
        """An agent asks for something that people decide; the approval's id."""
        return str(self._done(self._bot.consult("POST", url, body)).approval_id)

    def ask(self, who: str, method: str, path: str, body: Any = None) -> Any:
        status, answer = self._done(self._people.ask(who, method, path, body))
        assert status == 200, answer
        return answer["data"]

    def read(self, approval_id: str) -> Any:
        return self.ask("ada", "GET", f"/approvals/{approval_id}")

    def status(self, approval_id: str) -> Any:
        return self.read(approval_id)["status"]

    def code(self, steps_from_now: int = 0) -> str:
        return self._people.code(steps_from_now)

    def clear(self) -> None:
        """Nothing waits any more."""
        for row in self.ask("ada", "GET", "/approvals?status=pending")["approvals"]:
            self.ask("xenia", "POST", f"/approvals/{row['approval_id']}/deny", {"reason": "over"})


@pytest.fixture(scope="module")
def running_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    ends = AsyncExitStack()

    async def start() -> Stage:
        control = await ends.enter_async_context(running(tmp_path_factory.mktemp("stage") / "data"))
        return Stage(loop, control, await ends.enter_async_context(gate(control)))

    with capture_logs():
        yield asyncio.run_coroutine_threadsafe(start(), loop).result(60)
        asyncio.run_coroutine_threadsafe(ends.aclose(), loop).result(60)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def stage(running_stage: Stage) -> Iterator[Stage]:
    yield running_stage
    running_stage.clear()


class Seat:
    """Somebody before the live view, without a terminal: keys in, lines out."""

    def __init__(self, stage: Stage, who: str) -> None:
        self.client = ViennaClient(stage.url, api_key=key_of(who), use_proxy=False)
        self.view = View(Desk(self.client))
        self.now = datetime.now(UTC)

    def look(self, *touched: str, width: int = 80, height: int = 24) -> str:
        """What is drawn once the list was read."""
        found = self.client.request("GET", "/approvals", params={"status": "pending"})
        self.view.news(Listed(found["approvals"], frozenset(touched)))
        return self.shown(width=width, height=height)

    def shown(self, *, width: int = 80, height: int = 24) -> str:
        lines = drawn(self.view, self.now, width=width, height=height)
        assert len(lines) == height
        assert all(line.cell_len <= width for line in lines)
        text = "\n".join(line.plain for line in lines)
        assert not UNSAFE.search(text.replace("\n", "")), text
        return text

    def press(self, *bursts: str) -> str:
        """Each burst is what one read brings; what is drawn after the last."""
        for burst in bursts:
            self.view.keys(list(named(burst)), self.now)
            shown = self.shown()
        return shown


@pytest.fixture
def carol(stage: Stage) -> Iterator[Seat]:
    seat = Seat(stage, "carol")
    with seat.client:
        yield seat


@pytest.fixture
def alice(stage: Stage) -> Iterator[Seat]:
    seat = Seat(stage, "alice")
    with seat.client:
        yield seat


def test_at_t1_one_key_agrees_to_what_stands_there_in_full(stage: Stage, carol: Seat) -> None:
    held = stage.held(TICKETS, {"subject": HOSTILE})
    shown = carol.look()
    assert "Approvals: 1 waiting" in shown
    assert "> T1" in shown
    assert "evil" in shown
    assert "you agreed; it is approved" in carol.press("a")
    assert stage.status(held) == "approved"


def test_what_does_not_stand_there_in_full_is_opened_before_one_key_agrees(stage: Stage, carol: Seat) -> None:
    held = stage.held(TICKETS, {"subject": "x" * 480})
    carol.look(width=40, height=24)
    carol.view.keys(["a"], carol.now)
    assert carol.view.page is not None
    assert stage.status(held) == "pending"


def test_a_yes_that_nobody_waits_for_can_be_taken_back(stage: Stage, carol: Seat) -> None:
    held = stage.held(TICKETS, {"subject": "taken back"})
    carol.look()
    row = {**carol.view.queue.rows[0], "agent_waiting": False}
    carol.view.queue.rows[0] = row
    assert "you agree in 3 s; u takes it back" in carol.press("a")
    assert "taken back" in carol.press("u")
    carol.view.tick(carol.now + UNDO)
    assert stage.status(held) == "pending"
    carol.press("a")
    carol.view.tick(carol.now + UNDO)
    assert stage.status(held) == "approved"


def test_above_t1_the_facts_are_read_the_target_is_typed_and_a_code_is_given(
    stage: Stage, alice: Seat
) -> None:
    held = stage.held(REFUNDS, {**REFUND, "order": "ORD-11"})
    alice.look()
    shown = alice.press("a")
    assert "read it, then a agrees" in shown
    assert "POST https://payments.example/v1/refunds" in shown
    assert "The last 4 characters of payments:order/ORD-11: _" in alice.press("a")
    assert "not its last characters" in alice.press("nope", "\r")
    assert "Your code" in alice.press("\x15", "D-11\r")
    assert "1 of 2" in alice.press(f"{stage.code()}\r")
    votes = stage.read(held)["votes"]
    assert [(vote["operator"], vote["mfa"]) for vote in votes] == [("alice@example.com", "totp")]
    assert "you may not decide it" in alice.press("a")


def test_a_no_shows_what_the_agent_reads(stage: Stage, carol: Seat) -> None:
    held = stage.held(TICKETS, {"subject": "refused"})
    carol.look()
    assert "it is needed" in carol.press("d", "\r")
    shown = carol.press('call "them" first')
    assert "The agent reads: Denied by a person: \"call 'them' first\". Do not retry" in shown
    assert "left; nothing was sent" in carol.press("\x1b")
    carol.press("d", "not now", "\r")
    assert stage.status(held) == "denied"


def test_less_is_shown_before_it_is_agreed_to(stage: Stage, alice: Seat) -> None:
    held = stage.held(REFUNDS, {**REFUND, "order": "ORD-12"})
    alice.look()
    assert "amount" in alice.press("n")
    shown = alice.press("amount=2500\r")
    assert "refund 2,500.00 EUR" in shown
    assert "Lowered" in alice.shown(height=60)
    assert stage.read(held)["shown"].get("narrowed") is None
    alice.press("a", "D-12\r", f"{stage.code(1)}\r")
    one = stage.read(held)
    assert (one["current_approvals"], "2,500.00" in one["sentence"]) == (1, True)


def test_what_is_asked_otherwise_meanwhile_ends_what_was_being_typed(stage: Stage, alice: Seat) -> None:
    held = stage.held(REFUNDS, {**REFUND, "order": "ORD-13"})
    alice.look()
    alice.press("\r", "a")
    body = {"otp": stage.code(), "narrowed": {"amount": "2500"}}
    stage.ask("bob", "POST", f"/approvals/{held}/approve", body)
    assert "what is asked has changed: read it again" in alice.look()
    assert alice.view.asking is None


def test_claims_are_seen_and_what_ends_stays_under_the_cursor(stage: Stage, carol: Seat) -> None:
    first = stage.held(TICKETS, {"subject": "one"})
    stage.held(TICKETS, {"subject": "two"})
    carol.look()
    carol.press("c")
    assert "[carol]" in carol.look()
    stage.ask("alice", "POST", f"/approvals/{first}/deny", {"reason": "no"})
    carol.view.news(Ended(first, "denied"))
    shown = carol.look()
    assert "> T1 denied" in shown
    assert "it is denied" in carol.press("a")
    shown = carol.press("j")
    assert "denied" not in shown.split("---")[0]
    assert "> T1" in shown


def test_what_was_pasted_decides_nothing(stage: Stage, carol: Seat) -> None:
    held = stage.held(TICKETS, {"subject": "pasted"})
    carol.look()
    carol.press("banana", "data\r")
    assert stage.status(held) == "pending"
    assert carol.view.asking is None
    carol.press("d", "one\rtwo")
    assert carol.view.asking is not None
    assert carol.view.asking.typed == "one two"


def test_a_long_value_hides_no_later_key_and_x_shows_all_of_it(stage: Stage, carol: Seat) -> None:
    stage.held(TICKETS, {"subject": "s" * 600, "body": "seen"})
    carol.look()
    carol.press("\r")
    shown = carol.shown(height=80)
    assert "(+200 characters)" in re.sub(r"\s+", " ", shown)
    assert 'body: "seen"' in shown
    carol.press("x")
    assert "+200" not in carol.shown(height=80)


def test_the_facts_tell_what_stands_around_it(stage: Stage, carol: Seat) -> None:
    stage.held(TICKETS, {"subject": "before"})
    carol.look()
    carol.press("a")
    stage.held(TICKETS, {"subject": "after"})
    carol.look()
    carol.press("j", "\r")
    shown = re.sub(r"\s+", " ", carol.shown(height=100))
    assert 'parameters.subject "before" → "after"' in shown
    assert re.search("asked now [^:]*carol@example.com", shown)
    assert "a warrant for this very request at https://payments.example, good once" in shown
    assert 'action is "create_ticket", asked one of' in shown


_PARSED = frozenset({"expires_at", "claimed_until", "decided_at", "created_at", "at", "status", "kind"})
_FREE = frozenset({"parameters", "body", "claimed", "decided"})


def poisoned(data: Any, name: str = "") -> Any:
    """The same with something hostile behind each text, and behind the names that others choose."""
    if isinstance(data, str):
        return data if name in _PARSED else data + HOSTILE
    if isinstance(data, dict):
        more = HOSTILE if name in _FREE else ""
        return {f"{key}{more}": poisoned(one, key) for key, one in data.items()}
    return [poisoned(one, name) for one in data] if isinstance(data, list) else data


def test_whatever_text_comes_nothing_of_it_does_anything_to_the_terminal(stage: Stage, alice: Seat) -> None:
    held = stage.held(REFUNDS, {**REFUND, "order": "ORD-20"})
    alice.look()
    alice.press("c")
    row = alice.client.request("GET", "/approvals", params={"status": "pending"})["approvals"][0]
    alice.view.news(Listed([poisoned(row)], frozenset()))
    alice.shown()
    told = {**surroundings.read(alice.client, held), **stage.read(held)}
    extra = {
        "you_may_decide": False,
        "why_not": "no",
        "reason": "r",
        "comments": [{"operator": "o", "text": "t"}],
    }
    vote = {
        "operator": "o",
        "verdict": "deny",
        "comment": "c",
        "mfa": "m",
        "in_place_of": "p",
        "at": row["created_at"],
    }
    more = {"votes": [vote], "superseded_votes": [vote]}
    diff = [{"path": "/a", "before": "b", "after": "c", "kind": "changed"}]
    shown = {**told["shown"], "diff": diff, "claimed": {"why": "because"}}
    approval = poisoned({**told, **extra, **more, "shown": shown})
    assert not [line for line in facts(approval, now=alice.now) if UNSAFE.search(line.text)]
    alice.view.page = Page(approval)
    assert alice.shown(height=200).count("evil") > 20


def test_what_was_lost_is_said_and_said_again_once_it_is_back(carol: Seat) -> None:
    carol.view.news(Trouble("no control plane at \x1b[2Jx"))
    shown = carol.shown()
    assert "trying again" in shown
    assert r"what stands here is old: no control plane at \x1b[2Jx" in shown
    assert "connected again" in carol.look()


def row(number: int, **more: Any) -> dict[str, Any]:
    given = {"approval_id": f"apr-{number}", "status": "pending", "shown_digest": "d", "level": 0}
    counts = {"current_approvals": 0, "required_approvers": 2, "missing": []}
    return {**given, **counts, "agent_waiting": True, "claimed_by": None, **more}


def test_no_row_moves_while_it_is_looked_at() -> None:
    queue = Queue()
    assert [words for words, _ in queue.take([row(2), row(1)])] == ["new", "new"]
    queue.move(1)
    told = queue.take([row(3), row(2, agent_waiting=False, current_approvals=1)])
    assert [one["approval_id"] for one in queue.rows] == ["apr-2", "apr-3"]
    assert queue.current == queue.rows[0]
    assert queue.fresh == {"apr-3"}
    assert [(words, one["approval_id"]) for words, one in told] == [
        ("ended", "apr-1"),
        ("agreed 1 of 2", "apr-2"),
        ("the agent has hung up", "apr-2"),
        ("new", "apr-3"),
    ]


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("\x1b[A\x1bOB\r", ["up", "down", "enter"]),
        ("\x1b", ["esc"]),
        ("\x1b[200~ä\x7f", ["ä", "backspace"]),
        ("\x00\x01", []),
    ],
)
def test_keys(text: str, keys: list[str]) -> None:
    assert list(named(text)) == keys


@pytest.mark.parametrize(
    ("seconds", "told"), [(-1, "over"), (5, "0:05"), (3599, "59:59"), (14399, "3h59m"), (864000, "10d")]
)
def test_what_is_left_takes_six_columns(seconds: int, told: str) -> None:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    assert countdown((now + timedelta(seconds=seconds)).isoformat(), now) == told


class Screen:
    """A terminal of 80 by 24: what it was sent, and the last that was drawn."""

    def __init__(self, vienna: Vienna, who: str, *arguments: str, **environ: str) -> None:
        self.far, near = os.openpty()
        fcntl.ioctl(near, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.before = termios.tcgetattr(near)
        given = {"VIENNA_URL": vienna.url, "VIENNA_API_KEY": vienna.people[who].api_key, "TERM": "xterm"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "vienna_cli", "approvals", "watch", *arguments],
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **given, **environ},
            stdin=near,
            stdout=near,
            stderr=near,
        )
        self.near = near
        self.sent = b""

    def __enter__(self) -> Screen:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.far)
        os.close(self.near)

    def until(self, text: str) -> str:
        """What is drawn once ``text`` is in it."""
        end = time.monotonic() + 60
        while text not in self.drawn():
            ready, _, _ = select.select([self.far], [], [], max(0.0, end - time.monotonic()))
            assert ready, f"waited for {text!r}, saw {self.drawn()!r}"
            self.sent += os.read(self.far, 65536)
        return self.drawn()

    def drawn(self) -> str:
        """The last screen; where nothing is drawn, all that was said."""
        last = self.sent.decode(errors="replace").rpartition("\x1b[H")[2]
        return re.sub(r"\x1b\[[0-9;?]*[a-z]", "", last)

    def type(self, text: str) -> None:
        os.write(self.far, text.encode())

    def interrupted(self) -> int:
        self.process.send_signal(signal.SIGINT)
        until("its end", self._ended)
        return self.process.wait()

    def _ended(self) -> bool:
        """Whether it has, and all that it showed was read: it writes on only while somebody reads."""
        ended = self.process.poll() is not None
        while select.select([self.far], [], [], 0)[0]:
            self.sent += os.read(self.far, 65536)
        return ended


@pytest.mark.journey
def test_at_a_real_terminal(vienna: Vienna) -> None:
    with (
        Screen(vienna, "carol", "--bell") as screen,
        Screen(vienna, "carol", TERM="dumb") as dumb,
    ):
        screen.until("Nothing waits.")
        dumb.until("watching")
        with in_background(lambda: vienna.call("POST", TICKETS, json={"subject": HOSTILE})) as call:
            shown = screen.until("line !")
            assert "0/1" in shown
            assert b"\a" in screen.sent
            dumb.until("new  T1")
            vienna.control.kill()
            screen.until("trying again")
            dumb.until("trying again")
            vienna.start_control()
            screen.until("live  ")
            dumb.until("connected again")
            screen.type("d")
            screen.until("The agent reads")
            screen.type("not today")
            screen.until('person: "not today')
            screen.type("\r")
            assert call.result().status_code == 403
            dumb.until("denied")
        assert screen.interrupted() == dumb.interrupted() == 130
        assert screen.sent.endswith(
            b"\x1b[?25h\x1b[?1049l"
        )  # the cursor is back, and what stood there before
        assert termios.tcgetattr(screen.near) == screen.before
        for sent in (screen.sent, dumb.sent):
            assert b"\x1b]0;" not in sent
            assert b"\x1b[2J" not in sent.replace(b"\\x1b[2J", b"")
            assert "\u202e".encode() not in sent
        assert b"\x1b" not in dumb.sent
