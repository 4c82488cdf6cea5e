"""Answers as Slack's Web API gives them: ``ok`` is false in a good answer."""

from __future__ import annotations

import orjson

from vienna_kernel.call.request import Call
from vienna_proxy.answer.form import Form
from vienna_proxy.answer.problem import Answer

_HOMES = ("slack.com", "slack-gov.com")


def is_spoken(call: Call) -> bool:
    """Whether a request goes to Slack's Web API."""
    at_home = any(call.host == home or call.host.endswith(f".{home}") for home in _HOMES)
    return at_home and call.path.startswith("/api/")


def form(answer: Answer, call: Call) -> Form:
    """The error as one word, our sentence beside it and where Slack's own clients log it."""
    word = "ratelimited" if answer.code == 429 and answer.may_retry else answer.kind
    said = {
        "ok": False,
        "error": word,
        "detail": answer.sentence,
        "response_metadata": {"messages": [f"[ERROR] {answer.sentence}"]},
        **answer.facts(),
    }
    return Form("application/json", orjson.dumps(said), status=answer.code_in_a_good_answer)
