"""The gate's heartbeats: numbered without a gap, whatever becomes of the answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from vienna_kernel.heartbeat import Counts, Heartbeat, Last, follow
from vienna_proxy.link.enrol import Control
from vienna_proxy.link.heart import Heart, Pulse


class Ear:
    """A control plane that hears, and answers as a test wants: a status, or 0 for an answer that is lost."""

    def __init__(self) -> None:
        self.heard: list[Heartbeat] = []
        self.answers: list[int] = []

    async def take(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer k"
        self.heard.append(Heartbeat.model_validate_json(await request.read()))
        status = self.answers.pop(0) if self.answers else 200
        if status == 0:
            request.transport.abort()  # type: ignore[union-attr]
        data = {"bundle": "b", "at": datetime.now(UTC).isoformat(), "interval_seconds": 30}
        return web.json_response({"success": True, "data": data, "error": None}, status=status or 200)


@pytest.fixture
async def ear() -> AsyncIterator[tuple[Ear, Control]]:
    hearing, app = Ear(), web.Application()
    app.router.add_post("/api/v1/sidecars/heartbeat", hearing.take)
    async with TestServer(app) as server:
        control = Control(str(server.make_url("")).rstrip("/"))
        yield hearing, control
        await control.close()


async def test_what_is_not_answered_is_said_again_under_its_number(ear: tuple[Ear, Control]) -> None:
    hearing, control = ear
    seen, told = 0, []

    def pulse() -> Pulse:
        nonlocal seen
        seen += 1
        return Pulse(Counts(seen=seen), bundle="sha256:x", holding=0, active=0)

    heart = Heart(control, key=lambda: "k", pulse=pulse, heard=told.append)
    hearing.answers = [200, 503, 0, 200, 200]
    assert [await heart.beat() for _ in range(4)] == [True, False, False, True]
    await heart.leave()
    assert [one.sequence for one in hearing.heard] == [1, 2, 2, 2, 3]
    assert [one.counts.seen for one in hearing.heard] == [1, 2, 2, 2, 5]
    assert [one.leaving for one in hearing.heard] == [False] * 4 + [True]
    assert len(told) == 3
    last = Last()
    for beat in hearing.heard:
        assert follow(last, beat).irregular is None
        last = Last(sequence=beat.sequence, digest=beat.digest(), counts=beat.counts)


async def test_an_answer_that_is_none_counts_as_none(ear: tuple[Ear, Control], monkeypatch: Any) -> None:
    _, control = ear
    heart = Heart(control, key=lambda: "k", pulse=lambda: Pulse(Counts(), "", 0, 0), heard=lambda at: None)
    for content in (b"", b"{}", b'{"data": null}', b'{"data": {"at": "noon"}}', b"\xff"):

        async def call(*_: object, said: bytes = content, **__: object) -> tuple[int, bytes, str]:
            return 200, said, "application/json"

        monkeypatch.setattr(control, "call", call)
        assert not await heart.beat()
    assert heart.sequence == 0
