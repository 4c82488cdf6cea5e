"""Events of a stream (``text/event-stream``, WHATWG HTML section 9.2) that are messages of JSON.

Only whole events count: one that no empty line ends was cut off. An event of another type than ``message`` carries
nothing that we read.
"""

from __future__ import annotations

import re

from vienna_kernel.decode import json
from vienna_kernel.errors import MalformedError
from vienna_kernel.value import Value

_MAX_EVENTS = 100_000
_LINE_END = re.compile(r"\r\n|\n|\r")
_DONE = "[DONE]"  # how streams of completions end; no value


def loads(data: bytes) -> Value:
    """The values of all messages, in order.

    Errors: ``MalformedError`` for what is not UTF-8, a message that is not JSON, a stream that ends within an event,
    or too many of them.
    """
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise MalformedError("answer", f"not UTF-8 at byte {error.start}") from None
    values: list[Value] = []
    lines: list[str] = []
    kind = ""
    *whole, rest = _LINE_END.split(text)
    for line in whole:
        if line:
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if name == "data":
                lines.append(value)
            elif name == "event":
                kind = value
            continue
        if lines and kind in ("", "message") and (joined := "\n".join(lines)) != _DONE:
            values.append(json.loads(joined.encode()))
        lines, kind = [], ""
        if len(values) > _MAX_EVENTS:
            raise MalformedError("answer", f"more than {_MAX_EVENTS} events")
    if rest or lines:
        raise MalformedError("answer", "the stream ends within an event")
    return values
