"""Agents and people of the showcase at work: calls that are answered, held, left or waited for, and votes."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import ssl
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from browser.showcase_props import PAYMENTS, refund
from harness.vienna import Vienna, until

LATER = {"Prefer": "respond-async"}
_AGAIN_SECONDS = 2.0
_PATIENCE_SECONDS = 1.5


def hours_on(hours: int) -> str:
    """So many hours from now."""
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat()


class Actors:
    """Attributes: ``callers``: by agent, what opens an HTTP client through that agent's own gate."""

    def __init__(self, vienna: Vienna, callers: dict[str, Callable[[], httpx.Client]]) -> None:
        self._vienna, self.callers = vienna, callers
        self._over = threading.Event()
        self._pairs = itertools.cycle((("alice", "bob"), ("frank", "grace")))

    def end(self) -> None:
        """No agent calls again."""
        self._over.set()

    def pair(self) -> tuple[str, str]:
        """Two people of finance, others than the last time: a code works once, and the next comes in half a minute."""
        return next(self._pairs)

    def call(self, method: str, url: str, *, agent: str = Vienna.AGENT, **rest: Any) -> httpx.Response:
        with self.callers[agent]() as client:
            return client.request(method, url, **rest)

    def refund(self, order: str, amount: str, **rest: Any) -> httpx.Response:
        return self.call("POST", f"{PAYMENTS}/refunds", json=refund(order, amount), **rest)

    def held(self, method: str, url: str, *, agent: str = Vienna.AGENT, **rest: Any) -> str:
        """Approval of a call whose agent does not wait."""
        answer = self.call(method, url, agent=agent, headers=LATER, **rest)
        assert answer.status_code == 202, (url, answer.status_code, answer.text)
        return self._approval_of(answer.headers["vienna-intent"])

    def _approval_of(self, intent_id: str) -> str:
        return next(str(one["approval_id"]) for one in self._pending() if one["intent_id"] == intent_id)

    def agreed_refund(self, order: str, amount: str, comment: str) -> httpx.Response:
        """A refund that two people agree to and that leaves at the agent's retry."""
        approval = self.held("POST", f"{PAYMENTS}/refunds", json=refund(order, amount))
        self.vote(approval, *self.pair(), comment=comment)
        return self.refund(order, amount, headers=LATER)

    def vote(self, approval: str, *who: str, **body: Any) -> None:
        for one in who:
            answer = self._vienna.vote(approval, one, **body)
            assert answer.is_success, (approval, one, answer.text)

    def on_the_line(self, method: str, url: str, **rest: Any) -> str:
        """Approval of a call whose agent stays, and calls again whenever its wait is over, until ``end``."""
        before = self._waiting_now()

        def stay() -> None:
            while not self._over.is_set():
                try:
                    answer = self.call(method, url, **rest)
                    if answer.headers.get("vienna-decision") != "pending":
                        return
                except (httpx.HTTPError, OSError):
                    pass
                self._over.wait(_AGAIN_SECONDS)

        threading.Thread(target=stay, name=url, daemon=True).start()
        return until("people to be asked", lambda: next(iter(self._waiting_now() - before), None))

    def hangs_up(self, body: dict[str, Any]) -> str:
        """Approval of a refund whose agent loses patience in the end, whatever interim responses it gets."""
        before = self._waiting_now()
        vienna, trust = self._vienna, ssl.create_default_context(cafile=self._vienna.ca)

        async def call() -> None:
            async with httpx.AsyncClient(proxy=vienna.proxy, verify=trust, trust_env=False) as client:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_PATIENCE_SECONDS):
                        await client.post(f"{PAYMENTS}/refunds", json=body, timeout=None)

        asyncio.run(call())
        return until("people to be asked", lambda: next(iter(self._waiting_now() - before), None))

    def _waiting_now(self) -> set[str]:
        return {one["approval_id"] for one in self._pending()}

    def _pending(self) -> list[dict[str, Any]]:
        return list(self._vienna.get("/approvals", "eve", status="pending", limit=500)["approvals"])
