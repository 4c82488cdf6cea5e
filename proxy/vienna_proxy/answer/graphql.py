"""Answers in GraphQL: ``errors`` in a good answer, one answer for each request of a batch."""

from __future__ import annotations

import orjson

from vienna_kernel.call.request import Call
from vienna_kernel.protocol.graphql import MAX_BATCH
from vienna_proxy.answer import body
from vienna_proxy.answer.form import Form
from vienna_proxy.answer.problem import Answer


def is_spoken(call: Call) -> bool:
    """Whether a request that no mapping reads is GraphQL all the same."""
    return call.path.endswith("/graphql") and _batch_size(call) is not None


def _batch_size(call: Call) -> int | None:
    """How many requests stand in the list that a body is, 0 where it is a single one; None: it is neither."""
    value = body.read(call)
    if not isinstance(value, list):
        return 0 if _has_text(value) else None
    return len(value) if 0 < len(value) <= MAX_BATCH and all(_has_text(item) for item in value) else None


def _has_text(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("query"), str)


def form(answer: Answer, call: Call) -> Form | None:
    """The errors; None where it cannot be told how many answers are awaited."""
    size = 0 if call.method == "GET" else _batch_size(call)
    if size is None:
        return None
    code = "FORBIDDEN" if answer.code < 500 else "SERVICE_UNAVAILABLE"
    error = {"message": answer.sentence, "extensions": {"code": code, "vienna": answer.facts()}}
    said = {"errors": [error]}
    content = orjson.dumps([said] * size if size else said)
    return Form("application/json", content, status=answer.code_in_a_good_answer)
