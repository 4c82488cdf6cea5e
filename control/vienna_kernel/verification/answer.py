"""An answer as values: what passed, read once, as its content type or its mapping says.

1. What has no reading has no value: the comparisons find nothing, which is never a match.
2. JSON is strict; a key twice or a number that readers disagree on is no reading.
3. Of a JSON-RPC batch, or of an event stream, a part's own answer is the one that carries its id, and the only one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from vienna_kernel.decode import json, pointer
from vienna_kernel.decode.pointer import MISSING, Found
from vienna_kernel.errors import MalformedError
from vienna_kernel.value import Value
from vienna_kernel.verification import events
from vienna_kernel.verification.same import same
from vienna_kernel.verification.spec import BodyForm, Promise

MAX_COMPARED = 10_000
_MAX_LINES = 100_000
_LINES = frozenset(
    {"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"}
)
_XML = frozenset({"application/xml", "text/xml"})
_EVENTS = "text/event-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseView:
    """An answer as far as it was seen.

    Attributes:
        body: Decoded of its content coding; None when it was not buffered.
        digest: RFC 9530 ``sha-256=:…:`` of what passed.
        size: Bytes that passed.
        headers: Names in lower case.
    """

    status: int
    content_type: str | None
    body: bytes | None
    digest: str
    size: int
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """One part's answer, decoded.

    Attributes:
        whole: What the part's ``failed`` points into.
        own: The part's own result.
        textual: Its leaves are text whatever they mean: XML and plain text.
    """

    whole: Found
    own: Found
    textual: bool
    headers: tuple[tuple[str, str], ...] = ()

    def at(self, text: str) -> list[Found]:
        """What stands at a pointer, ``MISSING`` where an item of a list lacks it.

        At most ``MAX_COMPARED``, then one ``MISSING``: what is beyond is not told.
        """
        if self.own is MISSING:
            return [MISSING]
        found = pointer.every(self.own, _steps(text), lone=self.textual)
        rows = list(islice(found, MAX_COMPARED + 1))
        return rows if len(rows) <= MAX_COMPARED else [*rows[:MAX_COMPARED], MISSING]

    def header(self, name: str) -> list[Found]:
        """Every line of that name, ``MISSING`` when there is none."""
        return [value for key, value in self.headers if key == name.lower()] or [MISSING]


def _lines(data: bytes) -> Value:
    lines = [line for line in data.split(b"\n") if line.strip(b" \t\r")]
    if len(lines) > _MAX_LINES:
        raise MalformedError("answer", f"more than {_MAX_LINES} lines")
    return [json.loads(line) for line in lines]


def _xml(data: bytes) -> Value:
    from vienna_kernel.decode import xml  # loaded when first used: most answers are JSON

    return xml.loads(data)


def _text(data: bytes) -> Value:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedError("answer", f"not UTF-8 at byte {error.start}") from None


def form_of(content_type: str | None) -> BodyForm | None:
    """How a body of this type is read; None for an event stream."""
    kind = content_type or ""
    if kind in _XML or kind.endswith("+xml"):
        return "xml"
    return "ndjson" if kind in _LINES else None if kind == _EVENTS else "json"


_steps = lru_cache(maxsize=4096)(pointer.parse)  # pointers are those of mappings: few, and the same all day
_READERS = {"json": json.loads, "xml": _xml, "ndjson": _lines, "text": _text, None: events.loads}


def decode(response: ResponseView, form: BodyForm | None) -> tuple[Found, bool]:
    """The whole body, and whether its leaves are text. ``form``: None: by its content type.

    ``MISSING`` when there is no body, or none that has a reading.
    """
    form = form or form_of(response.content_type)
    textual = form in ("xml", "text")
    if response.body is None:
        return MISSING, textual
    try:
        return _READERS[form](response.body), textual
    except MalformedError:
        return MISSING, textual


def of_part(promise: Promise, response: ResponseView, whole: Found, *, textual: bool) -> Answer:
    """What a decoded body says about one part of the request."""
    reply = whole if promise.answer_id is MISSING else _reply(whole, promise.answer_id)
    own = MISSING if reply is MISSING else pointer.find(reply, promise.answer)
    return Answer(reply, own, textual, response.headers)


def _reply(whole: Found, wanted: Value) -> Found:
    """The JSON-RPC response with this id; ``MISSING`` when there is none, or several that do not agree."""
    rows = whole if isinstance(whole, list) else [whole]
    responses = [row for row in rows if isinstance(row, dict) and "method" not in row and "id" in row]
    own = [row for row in responses if same(row["id"], wanted)]
    if (
        not own and len(responses) == 1
    ):  # JSON-RPC 2.0, section 5: an error before the id was read has id null
        own = [row for row in responses if row["id"] is None and row.get("error") is not None]
    return own[0] if own and all(same(row, own[0]) for row in own) else MISSING
