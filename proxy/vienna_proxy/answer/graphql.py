"""Answers in GraphQL: ``errors`` in a good answer, one answer for each operation of a batch."""

from __future__ import annotations

import orjson

from vienna_kernel.call.request import Call
from vienna_kernel.decode.pointer import MISSING
from vienna_kernel.protocol.graphql import MAX_BATCH
from vienna_proxy.answer import body
from vienna_proxy.answer.form import Form
from vienna_proxy.answer.problem import Answer


def is_spoken(call: Call) -> bool:
    """Whether a request that no mapping reads is GraphQL all the same."""
    if not call.path.endswith("/graphql"):
        return False
    value = body.read(call)
    asked = value if isinstance(value, list) else [value]
    return 0 < len(asked) <= MAX_BATCH and all(_has_text(item) for item in asked)


def _has_text(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("query"), str)


def form(answer: Answer, call: Call) -> Form | None:
    """The errors; None where it cannot be read how many operations there are."""
    asked = body.read(call)
    if asked is MISSING and call.method != "GET":
        return None
    if isinstance(asked, list) and not 0 < len(asked) <= MAX_BATCH:
        return None
    code = "FORBIDDEN" if answer.code < 500 else "SERVICE_UNAVAILABLE"
    error = {"message": answer.sentence, "extensions": {"code": code, "vienna": answer.facts()}}
    said = {"errors": [error]}
    content = orjson.dumps([said] * len(asked) if isinstance(asked, list) else said)
    return Form("application/json", content, status=answer.code_in_a_good_answer)
