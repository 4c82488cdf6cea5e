"""How the upstream answers by default: the toy payments API, and as much of real APIs as their clients need."""

from __future__ import annotations

import json
import re
import threading
import urllib.parse
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.upstream import Received

TOY = "payments.example"
HOSTS = [
    TOY,
    "api.stripe.com",
    "api.openai.com",
    "api.anthropic.com",
    "api.github.com",
    "generativelanguage.googleapis.com",
    "unmapped.example",
    "shop.example",
    "tools.example",
    "live.example",
]

_lock = threading.Lock()
_last = 0


class Events(list[tuple[str | None, Any]]):
    """Server-sent events instead of one JSON value."""


def _next(prefix: str) -> str:
    global _last
    with _lock:
        _last += 1
        return f"{prefix}{_last}"


def respond(received: Received) -> tuple[int, Any]:
    """Status and JSON value (or ``Events``) of the API that lives at the request's host."""
    api = {
        TOY: _toy,
        "api.stripe.com": _stripe,
        "api.openai.com": _openai,
        "api.anthropic.com": _anthropic,
        "api.github.com": _github,
    }.get(received.host)
    return api(received) if api else (200, {"ok": True})


def _toy(received: Received) -> tuple[int, Any]:
    where = received.method, received.path
    if where[0] == "GET" and (found := re.fullmatch(r"/v1/orders/([\w-]+)", where[1])):
        return 200, {"id": found[1], "amount": "5000.00", "currency": "EUR", "status": "paid"}
    if where == ("POST", "/v1/tickets"):
        return 201, {"id": _next("TCK-"), "subject": received.json["subject"], "status": "open"}
    if where == ("POST", "/v1/refunds"):
        asked = received.json
        answer = {"id": _next("REF-"), "order": asked["order"], "amount": asked["amount"]}
        return 200, {**answer, "currency": asked["currency"], "status": "succeeded"}
    return 404, {"error": "no such thing"}


def _stripe(received: Received) -> tuple[int, Any]:
    form = dict(urllib.parse.parse_qsl(received.body.decode(), keep_blank_values=True))
    if found := re.fullmatch(r"/v1/charges/(\w+)", received.path):
        return 200, {"id": found[1], "object": "charge", "amount": 500000, "currency": "eur", "paid": True}
    if received.method == "POST" and received.path == "/v1/refunds":
        return 200, {
            "id": _next("re_"),
            "object": "refund",
            "amount": int(form.get("amount", 500000)),
            "charge": form.get("charge"),
            "payment_intent": form.get("payment_intent"),
            "currency": "eur",
            "status": "succeeded",
        }
    return 404, {"error": {"type": "invalid_request_error", "message": "no such thing"}}


def _openai(received: Received) -> tuple[int, Any]:
    if received.path != "/v1/chat/completions":
        return 404, {"error": {"message": "no such thing"}}
    asked = received.json
    base = {"id": _next("chatcmpl-"), "created": 1, "model": asked["model"]}
    if not asked.get("stream"):
        message = {"role": "assistant", "content": "Hello there"}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
        return 200, {**base, "object": "chat.completion", "choices": [choice], "usage": usage}
    return 200, Events([*_openai_chunks(base), (None, "[DONE]")])


def _openai_chunks(base: dict[str, Any]) -> Iterable[tuple[None, Any]]:
    deltas = [{"role": "assistant", "content": ""}, {"content": "Hello "}, {"content": "there"}, {}]
    for delta in deltas:
        choice = {"index": 0, "delta": delta, "finish_reason": None if delta else "stop"}
        yield None, {**base, "object": "chat.completion.chunk", "choices": [choice]}


def _anthropic(received: Received) -> tuple[int, Any]:
    if received.path != "/v1/messages":
        return 404, {"type": "error", "error": {"type": "not_found_error", "message": "no such thing"}}
    asked = received.json
    message = {"id": _next("msg_"), "type": "message", "role": "assistant", "model": asked["model"]}
    usage = {"input_tokens": 3, "output_tokens": 2}
    if not asked.get("stream"):
        content = [{"type": "text", "text": "Hello there"}]
        return 200, {
            **message,
            "content": content,
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": usage,
        }
    text = {"type": "text", "text": ""}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {**message, "content": [], "stop_reason": None, "usage": usage}},
        {"type": "content_block_start", "index": 0, "content_block": text},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello "}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "there"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
        {"type": "message_stop"},
    ]
    return 200, Events((event["type"], event) for event in events)


def _github(received: Received) -> tuple[int, Any]:
    if received.method == "POST" and (found := re.fullmatch(r"/repos/([\w-]+/[\w-]+)/issues", received.path)):
        asked = json.loads(received.body)
        number = int(_next(""))
        url = f"https://github.com/{found[1]}/issues/{number}"
        return 201, {
            "id": number,
            "number": number,
            "title": asked["title"],
            "state": "open",
            "html_url": url,
        }
    return 200, []
