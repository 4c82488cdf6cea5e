"""Calls that were seen, as far as they may be kept: where, with which keys, in which shape. No value of any of them.

What was recorded of an unmapped call has no values to begin with (``mapping.shown``); an export from elsewhere has,
and loses them here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, unquote_plus, urlsplit

from vienna_kernel.errors import MalformedError
from vienna_kernel.propose.operation import BodyKind, kind_of
from vienna_kernel.propose.shape import Kind, Shape
from vienna_kernel.value import Value

_CUT = "…"
_MAX_KEYS = 100
_MAX_DEPTH = 6
_MAX_URL = 16_384
_KINDS: Mapping[str, Kind] = {
    "string": "string",
    "number": "number",
    "boolean": "boolean",
    "object": "object",
    "list": "array",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One call.

    Attributes:
        host: Lower-case, without a port.
        segments: Of its path, percent-encoded as they were sent.
        query: Its keys, each once.
        media: Content type of its body, empty when there is none.
        body: The shape of its body, None when nothing is known of it.
        agent: Who made it, empty when that is not known.
        ref: What it is called where it was recorded.
    """

    host: str
    method: str
    segments: tuple[str, ...]
    query: tuple[str, ...] = ()
    media: str = ""
    body: Shape | None = None
    agent: str = ""
    ref: str = ""

    @property
    def kind(self) -> BodyKind:
        """How its body is read."""
        return kind_of(self.media)


def seen(method: str, url: str, *, media: str = "", body: Value = None, agent: str = "") -> Seen:
    """A call as the control plane shows it. ``body``: keys and types, as ``mapping.shown`` gives them.

    Errors: ``MalformedError`` for what is no http URL with a host.
    """
    try:
        parts = urlsplit(url) if len(url) <= _MAX_URL else urlsplit("")
        host = (parts.hostname or "").lower()
    except ValueError:
        raise MalformedError("url", "not a URL") from None
    if parts.scheme not in ("http", "https") or not host:
        raise MalformedError("url", "expected http:// or https:// and a host")
    keys = [unquote_plus(piece.partition("=")[0]) for piece in parts.query.split("&") if piece]
    essence = media.partition(";")[0].strip().lower()
    read = _form_shape if kind_of(essence) in ("form", "multipart") else _shape
    return Seen(
        host=host,
        method=method.upper(),
        segments=tuple((parts.path or "/").split("/")[1:]),
        query=tuple(dict.fromkeys(keys))[:_MAX_KEYS],
        media=essence,
        body=None if body is None else read(body),
        agent=agent,
    )


def _shape(shown: Value, depth: int = _MAX_DEPTH) -> Shape:
    """A shown shape as a schema would tell it; where it was cut, members may be missing."""
    if isinstance(shown, Mapping) and depth:
        members = {key: _shape(item, depth - 1) for key, item in shown.items() if _CUT not in key}
        return Shape(kind="object", members=members, open=len(members) < len(shown))
    if isinstance(shown, Sequence) and not isinstance(shown, str):
        return Shape(kind="array", item=_shape(shown[0], depth - 1) if shown and depth else None)
    if shown is None:
        return Shape(kind="null")
    return Shape(kind=_KINDS.get(shown, "any")) if isinstance(shown, str) else Shape()


def _form_shape(shown: Value) -> Shape:
    """The shape of a form: ``meta[a]`` and ``meta[b]`` are one object, ``tags[]`` is a list, the rest is text."""
    members: dict[str, Shape] = {}
    for key in shown if isinstance(shown, Mapping) else ():
        head, bracket, rest = key.partition("[")
        if bracket and rest != "]":
            members[head] = Shape(kind="object")
        elif _CUT not in key:
            members[key] = Shape(kind="array" if bracket else "string")
    return Shape(
        kind="object", members=members, open=isinstance(shown, Mapping) and any(_CUT in key for key in shown)
    )


def joined(one: Shape, other: Shape) -> Shape:
    """What both were: null and something is something, two kinds are ``any``, members are those of either."""
    if "null" in (one.kind, other.kind):
        return other if one.kind == "null" else one
    if one.kind != other.kind:
        return Shape()
    members = dict(one.members)
    for key, member in other.members.items():
        members[key] = joined(members[key], member) if key in members else member
    item = joined(one.item, other.item) if one.item and other.item else one.item or other.item
    return Shape(kind=one.kind, members=members, item=item, open=one.open or other.open)


def plain(segment: str) -> str:
    """A segment decoded, as far as it is text."""
    return unquote(segment, errors="replace")
