"""The body of a refused request, read once more for what its answer must repeat of it."""

from __future__ import annotations

from vienna_kernel.call.request import Call
from vienna_kernel.decode import json
from vienna_kernel.decode.pointer import MISSING, Found
from vienna_kernel.errors import MalformedError

MOST_BYTES = 1024 * 1024


def read(call: Call) -> Found:
    """The JSON value of a body; ``MISSING`` when there is none, or when it is too large to be read for this."""
    if call.method != "POST" or not 0 < len(call.body) <= MOST_BYTES or not _is_json(call.content_type):
        return MISSING
    try:
        return json.loads(call.body)
    except MalformedError:
        return MISSING


def _is_json(kind: str | None) -> bool:
    return kind is not None and (kind == "application/json" or kind.endswith("+json"))
