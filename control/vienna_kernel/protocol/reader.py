"""How the requests of one protocol are taken apart; ``read`` has one reader for each protocol.

1. A reader is pure and total: any call gives parts, a ``Refused``, or ``MalformedError("body", why)`` in whose ``why``
   nothing of the body stands.
2. What a server could read otherwise than we do is refused, never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from vienna_kernel.call.request import Call
from vienna_kernel.decode.content import Content, Kind
from vienna_kernel.decode.form import Pairs
from vienna_kernel.errors import MalformedError
from vienna_kernel.protocol.part import Part
from vienna_kernel.verdict import Refused

type Options = Mapping[str, Any]
"""What a mapping file says to the reader of its protocol: the members of ``sql``; empty for all others."""

type Parts = tuple[Part, ...] | Refused

NO_BODY: frozenset[Kind] = frozenset()
RAW: frozenset[Kind] = frozenset({"bytes"})
"""The body is not decoded, whatever its Content-Type says: the reader takes ``call.body`` as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """One protocol.

    Attributes:
        parts: The parts of a request, at least one, in the order of the request. Its arguments are the call (whose
            body is free of content codings), the query in pairs, the decoded body and the options.
        kinds: Kinds of body that it reads with a method, where a mapping names none; ``NO_BODY`` for a method whose
            requests carry none. A body may always be absent: whether one is needed is for ``parts`` to say.
    """

    parts: Callable[[Call, Pairs, Content, Options], Parts]
    kinds: Callable[[str, Options], frozenset[Kind]]


def by_method(kinds: Mapping[str, frozenset[Kind]]) -> Callable[[str, Options], frozenset[Kind]]:
    """``Reader.kinds`` from a table; a method that is not in it carries no body."""
    return lambda method, options: kinds.get(method, NO_BODY)


def header(call: Call, name: str) -> str | None:
    """The value of the one line of that name (lower-case), None when there is none.

    Errors: ``MalformedError`` when there are several: one server reads the first, another the last.
    """
    lines = [value for key, value in call.headers if key == name]
    if len(lines) > 1:
        raise MalformedError(f"header {name}", f"the header {name} stands there twice")
    return lines[0] if lines else None


def once(pairs: Pairs, names: frozenset[str]) -> dict[str, str]:
    """The query parameters of these names. Errors: ``MalformedError`` when one stands there twice."""
    found: dict[str, str] = {}
    for key, value in pairs:
        if key in names:
            if key in found:
                raise MalformedError("query", "a query parameter stands there twice")
            found[key] = value
    return found
