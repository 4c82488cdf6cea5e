"""The canary: refused is well, a wrong answer is wrong at once, and no answer when it repeats."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from vienna_proxy.modes import Kind, Mode
from vienna_proxy.transport.canary import MOST_SILENT, Canary, Listener

REFUSED = b"HTTP/1.1 403 Denied by Vienna\r\nVienna-Reason: address_refused\r\n\r\n"
PASSED = b"HTTP/1.1 200 OK\r\n\r\n"


@asynccontextmanager
async def answering(answers: list[bytes]) -> AsyncIterator[Listener]:
    """A port that gives these answers, one each connection; an empty one is a connection closed."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answers.pop(0))
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield Listener(Mode(Kind.REGULAR), *server.sockets[0].getsockname())


async def looked(answers: list[bytes]) -> list[tuple[str | None, int]]:
    canary, times = Canary(), len(answers)
    async with answering(answers) as listener:
        return [(await canary.look([listener]), canary.silent) for _ in range(times)]


async def test_refused_is_well() -> None:
    assert await looked([REFUSED]) == [(None, 0)]


@pytest.mark.parametrize("answer", [PASSED, b"HTTP/1.1 403 Forbidden\r\n\r\n"], ids=["passed", "by another"])
async def test_a_wrong_answer_is_wrong_at_once(answer: bytes) -> None:
    assert await looked([answer]) == [(answer[:40].decode(), 0)]


async def test_no_answer_is_wrong_when_it_repeats() -> None:
    found = await looked([b"", b"", REFUSED, b"", b"", b""])
    told = "ConnectionResetError"
    assert found == [(None, 1), (None, 2), (None, 0), (None, 1), (None, 2), (told, MOST_SILENT)]


async def test_an_answer_too_late_is_none() -> None:
    canary = Canary()
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        listener = Listener(Mode(Kind.REGULAR), *nobody.getsockname())
        assert await canary.look([listener], seconds=0) is None
        assert canary.silent == 1
        assert await canary.look([listener], seconds=0, patience=1) == "TimeoutError"


async def test_silence_at_one_port_hides_nothing_at_another() -> None:
    async with answering([b""]) as silent, answering([PASSED]) as open_one:
        assert await Canary().look([silent, open_one]) == "HTTP/1.1 200 OK\r\n\r\n"
