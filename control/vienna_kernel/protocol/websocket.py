"""WebSocket: the opening, and each message of the agent by itself.

1. An opening names no operation. A message's is what stands at one pointer into its JSON, if that is text; where
   nothing does, it has none, and only an action that names none reads it.
2. A binary message is read by its length and digest only, and by an action that says so: its operation is ``binary``.
   One that reads as a JSON object or list is refused: many servers take either kind of frame.
"""

from __future__ import annotations

from collections.abc import Mapping

from vienna_kernel.call.handshake import MESSAGE
from vienna_kernel.call.request import Call
from vienna_kernel.decode import pointer
from vienna_kernel.decode.content import Content
from vienna_kernel.decode.form import Pairs
from vienna_kernel.decode.pointer import MISSING
from vienna_kernel.errors import MalformedError
from vienna_kernel.protocol.part import Part
from vienna_kernel.protocol.reader import Options, Parts, Reader, by_method
from vienna_kernel.value import Value

BINARY = "binary"
_MARK = b"\xef\xbb\xbf"  # byte order


def _parts(call: Call, query: Pairs, content: Content, options: Options) -> Parts:
    if call.method != MESSAGE:
        return (Part(),)
    if content.kind == "bytes":
        if call.content_type == "application/json":
            raise MalformedError("body", "a text message where only binary ones are declared")
        if _looks_like_json(call.body):
            raise MalformedError("body", "JSON in a binary message; send it as text")
        return (Part(operation=BINARY),)
    if content.value is MISSING:
        return (Part(),)
    return (_part(content.value, str(options["operation"])),)


def _looks_like_json(body: bytes) -> bool:
    """Whether a lenient reader could take it for an object or a list."""
    if body.removeprefix(_MARK).lstrip()[:1] not in (b"{", b"["):
        return False
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _part(value: Value, at: str) -> Part:
    steps = pointer.parse(at)
    found = pointer.find(value, steps)
    if not isinstance(found, str):
        return Part(value=value, open=())
    rest = pointer.without(value, [steps]) if isinstance(value, Mapping) else value
    return Part(operation=found, value=rest, open=())


READER = Reader(parts=_parts, kinds=by_method({MESSAGE: frozenset({"json"})}))
"""Value: the message without its operation."""
