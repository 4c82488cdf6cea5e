"""Answers as a Kubernetes API server gives them.

1. Of a resource: a ``Status``, whose message kubectl prints.
2. Of what lists the resources (``/api``, ``/apis/apps/v1``): plain text. There kubectl reads no ``Status`` and prints
   ``unknown``, but text it repeats.
"""

from __future__ import annotations

import orjson

from vienna_kernel.call.request import Call
from vienna_kernel.errors import MalformedError
from vienna_kernel.protocol.kubernetes_path import parse
from vienna_proxy.answer.form import Form
from vienna_proxy.answer.problem import Answer

_REASONS = {
    400: "BadRequest",
    413: "RequestEntityTooLarge",
    415: "UnsupportedMediaType",
    429: "TooManyRequests",
    500: "InternalError",
    502: "ServiceUnavailable",
    503: "ServiceUnavailable",
}


def _is_resource(path: str) -> bool:
    try:
        return parse(path) is not None
    except MalformedError:
        return True


def form(answer: Answer, call: Call) -> Form:
    """The status object; clients that asked for protobuf take it too."""
    if not _is_resource(call.path):
        return Form("text/plain; charset=utf-8", answer.sentence.encode())
    cause = {"reason": answer.reason.value, "message": answer.advice}
    details: dict[str, object] = {"causes": [cause]}
    if answer.wait_seconds is not None:
        details["retryAfterSeconds"] = answer.wait_seconds
    status = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": answer.sentence,
        "reason": _REASONS.get(answer.code, "Forbidden"),
        "details": details,
        "code": answer.code,
    }
    return Form("application/json", orjson.dumps(status))
