"""Calendars: what is read of one, from where it may come, and that the last good copy stays."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web

from people import People
from planes import NOW, Control
from vienna_cli.demo import props, toy
from vienna_control.approvals import calendars, ical
from vienna_control.approvals.calendars import Calendars, Fetcher, FetchError
from vienna_control.clock import FixedClock

EVENT = """\
BEGIN:VEVENT
UID:{uid}
DTSTART;TZID=Europe/Vienna:20260302T{start}
DTEND;TZID=Europe/Vienna:20260302T{end}
{more}
END:VEVENT
"""


def page(*events: str) -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//y//EN", *events, "END:VCALENDAR", ""]
    return "\n".join(lines).replace("\n\n", "\n").replace("\n", "\r\n").encode()


def event(uid: int, start: int, end: int, more: str) -> str:
    return EVENT.format(uid=uid, start=f"{start:02}0000", end=f"{end:02}0000", more=more)


WEEKLY = event(1, 8, 12, "RRULE:FREQ=WEEKLY\nATTENDEE;CN=Bob:mailto:Bob@example.com")


def test_events_become_spans_of_people() -> None:
    text = page(
        WEEKLY,
        event(2, 9, 10, "SUMMARY:on call: ann@example.com"),
        event(3, 10, 11, "SUMMARY:Carol"),
        event(4, 11, 12, "SUMMARY:Finance on call"),
    )
    spans = ical.spans(text, NOW, {"carol"})
    assert [(span["from"].hour, span["people"]) for span in spans] == [
        (7, ["bob@example.com"]),
        (8, ["ann@example.com"]),
        (9, ["carol"]),
        (10, []),  # nobody that we know: the whole group
        (7, ["bob@example.com"]),
        (7, ["bob@example.com"]),
    ]
    assert spans[-1]["from"] - spans[0]["from"] == timedelta(days=14)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff",
        b"<html>",
        page(WEEKLY.replace("20260302T080000", "soon")),
        page(WEEKLY.replace("20260302T080000", "00010101T000000")),
        page(WEEKLY.replace("WEEKLY", "SECONDLY")),
        page(WEEKLY.replace("WEEKLY", "MINUTELY;COUNT=9")),
        page(WEEKLY.replace("WEEKLY", "DAILY;BYMINUTE=1,2,3")),
        page(*[event(number, 8, 9, "SUMMARY:x") for number in range(ical.MOST_EVENTS + 1)]),
        b"x" * (ical.MOST_BYTES + 1),
        page(WEEKLY) * 2,
    ],
    ids=range(11),
)
def test_what_is_no_calendar_or_too_much_is_refused(text: bytes) -> None:
    with pytest.raises(ical.UnreadableError):
        ical.spans(text, NOW)


async def test_a_calendar_that_is_never_done_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(await ical.read(page(WEEKLY), NOW)) == 3
    monkeypatch.setattr(ical, "_SECONDS", 1)
    with pytest.raises(ical.UnreadableError, match="too long"):
        await ical.read(page(WEEKLY.replace("WEEKLY", "DAILY;INTERVAL=0")), NOW)


@pytest.mark.parametrize(
    ("address", "may"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("64:ff9b::5db8:d70e", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::a00:1", False),
        ("2002:a00:1::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
    ],
)
def test_only_public_addresses_are_asked(address: str, may: bool) -> None:
    assert calendars.public(address) is may


@pytest.mark.parametrize(
    "url",
    ["https://127.0.0.1/x.ics", "https://[::1]/x.ics", "https://localhost/x.ics", "http://example.com/x"],
)
async def test_our_own_machine_is_not_asked(url: str) -> None:
    with pytest.raises(FetchError, match=r"its address is not public|not an https address"):
        await Fetcher().fetch(url)


class Server:
    """An https server of calendars on loopback."""

    def __init__(self) -> None:
        self.answer = web.Response()
        self.url = ""
        self.asked = 0

    def say(self, body: bytes = b"", status: int = 200, **headers: str) -> None:
        self.status, self.body, self.headers = status, body, headers

    async def handle(self, _: web.Request) -> web.Response:
        self.asked += 1
        return web.Response(status=self.status, body=self.body, headers=self.headers)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    served = Server()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", served.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=toy.certificate(tmp_path)).start()
    served.url = f"https://localhost:{runner.addresses[0][1]}/duty.ics"
    yield served
    await runner.cleanup()


@pytest.fixture
def fetcher(tmp_path: Path, server: Server) -> Fetcher:
    tls = ssl.create_default_context(cafile=tmp_path / props.CA_FILE)
    tls.check_hostname = False  # its certificate is for another name; who signed it is checked
    return Fetcher(allowed=lambda address: address in ("127.0.0.1", "::1"), tls=tls)


async def test_the_last_good_copy_is_read_on(
    control: Control, people: People, clock: FixedClock, server: Server, fetcher: Fetcher
) -> None:
    task = Calendars(control.app.store, clock, fetcher)

    async def duty() -> tuple[list[str], str | None]:
        _, answer = await people.ask("victor", "GET", "/groups/finance/duty")
        there = [one["name"] for one in answer["data"]["on_duty"]]
        return there, answer["data"]["changes_at"]

    async def problem() -> str:
        _, listed = await people.ask("victor", "GET", "/groups")
        return next(str(g["calendar_problem"]) for g in listed["data"]["groups"] if g["name"] == "finance")

    server.say(status=503)
    assert (await people.ask("ada", "POST", "/groups", {"name": "finance", "calendar": server.url}))[0] == 201
    assert await task.refresh() == 1
    assert (await duty())[0] == ["alice", "bob", "xenia"]  # never read: everybody is asked
    assert await problem() == "it answered 503"
    server.say(page(WEEKLY))
    assert await task.refresh() == 0  # not yet again
    clock.advance(calendars.EVERY)
    assert await task.refresh() == 1
    assert await duty() == (["bob"], "2026-03-02T11:00:00.000Z")
    assert await problem() == ""
    asked = server.asked
    for body, status, headers, why in (
        (b"nonsense", 200, {}, "not a calendar that can be read: ValueError"),
        (b"", 302, {"Location": server.url}, "it answered 302"),
        (b"x" * (ical.MOST_BYTES + 1), 200, {}, "it is larger than"),
    ):
        server.say(body, status, **headers)
        clock.advance(timedelta(days=3))
        assert await task.refresh() == 1
        assert (await problem()).startswith(why)
    assert server.asked == asked + 3  # no redirect was followed
    clock.advance(timedelta(days=12))  # Monday again: the copy is unrolled anew
    assert (await duty())[0] == ["bob"]
    assert (await people.ask("ada", "DELETE", "/groups/finance"))[0] == 200
    assert await task.refresh() == 0
