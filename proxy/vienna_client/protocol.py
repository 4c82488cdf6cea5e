"""Requests and their answers as data; nothing here sends anything.

1. A conversation is a generator that yields ``Request`` and is sent the decoded ``data`` of its answer, so that the
   one text of it serves the synchronous and the asynchronous client.
2. ``submit`` carries an idempotency key of its own: asked again after a lost answer, it is the same intent.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

from vienna_client.errors import UnreachableError, ViennaError
from vienna_client.intent import UNDECIDED, Answer

WAIT_SECONDS = 50.0
"""One long-poll; the server allows 60."""

_PAUSE_SECONDS = 0.25


@dataclass(frozen=True)
class Request:
    """One request to the control API.

    Attributes:
        path: Below ``/api/v1`` unless it starts with ``/.well-known``, ``/health`` or ``/ready``.
        patience_seconds: How much longer than the client's own timeout the answer may take.
        pause_seconds: How long to wait before it is sent.
    """

    method: str
    path: str
    params: Mapping[str, Any] | None = None
    json: Any = None
    patience_seconds: float = 0.0
    pause_seconds: float = 0.0

    @property
    def url(self) -> str:
        own = self.path.startswith(("/.well-known/", "/health", "/ready"))
        return self.path if own else "/api/v1" + self.path


Conversation = Generator[Request, Any, Answer]


def read(status: int, body: bytes, *, url: str) -> Any:
    """``data`` of an envelope.

    Errors: ``ViennaError`` for an error in the envelope, ``UnreachableError`` for what is no envelope.
    """
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise UnreachableError(url, f"HTTP {status} without a JSON object")
    if "success" not in answer:
        if 200 <= status < 300:
            return answer
        raise _problem(status, answer)
    if answer["success"] and 200 <= status < 300:
        return answer.get("data")
    error = answer.get("error") or {}
    raise ViennaError(
        str(error.get("code", "internal")),
        str(error.get("message", "")),
        status=status,
        details=error.get("details"),
    )


def _problem(status: int, answer: Mapping[str, Any]) -> ViennaError:
    """An RFC 9457 problem, which is how a sidecar refuses."""
    code = str(answer.get("type", "unavailable" if status == 503 else "internal")).rsplit(":", 1)[-1]
    said = answer.get("detail") or answer.get("title") or json.dumps(answer)
    return ViennaError(code.replace("-", "_"), str(said), status=status)


def submission(action: str, parameters: Mapping[str, Any], more: Mapping[str, Any]) -> Request:
    body = {"action": action, "parameters": dict(parameters), "idempotency_key": str(uuid.uuid4())}
    body.update({name: value for name, value in more.items() if value is not None})
    return Request("POST", "/agent/intent", json=body)


def answer(data: Any) -> Answer:
    """The answer to a submission, or a stored intent, as an ``Answer``."""
    return Answer(str(data.get("intent_id")), str(data.get("status")), data)


def decided(data: Any) -> bool:
    """Whether an intent will not change any more by waiting."""
    status = data.get("status")
    in_flight = status == "approved" and data.get("mode") == "direct"
    return status not in UNDECIDED and not in_flight


def waiting(intent_id: str, timeout_seconds: float) -> Conversation:
    """Polls until the intent is decided or the time is over; the last answer either way."""
    until = time.monotonic() + timeout_seconds
    pause = 0.0
    while True:
        left = max(0.0, min(WAIT_SECONDS, until - time.monotonic()))
        params = {"timeout": f"{left:.3f}"}
        path = f"/intents/{intent_id}/wait"
        data = yield Request("GET", path, params, patience_seconds=left, pause_seconds=pause)
        if decided(data) or time.monotonic() >= until:
            return answer(data)
        # The server holds a poll while people decide; what follows consent it answers at once.
        pause = 0.0 if data.get("status") == "pending_approval" else _PAUSE_SECONDS


def asking(request: Request, timeout_seconds: float) -> Conversation:
    """Submits, and waits when people have to decide."""
    first = answer((yield request))
    if decided(first.data) or timeout_seconds <= 0:
        return first
    return (yield from waiting(first.intent_id, timeout_seconds))


def report(warrant_id: str, *, success: bool, more: Mapping[str, Any]) -> Request:
    body = {"warrant_id": warrant_id, "success": success, "status": "executed" if success else "failed"}
    body.update({name: value for name, value in more.items() if value is not None})
    return Request("POST", "/executions", json=body)
