"""The body of a call, decoded once, as its content type says; what has no reading is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from vienna_kernel.call.request import Call
from vienna_kernel.decode import blob, form, json
from vienna_kernel.decode.content import Content, Kind
from vienna_kernel.decode.pointer import MISSING
from vienna_kernel.errors import MalformedError
from vienna_kernel.value import Value
from vienna_kernel.verdict import Reason, Refused

BODYLESS = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})
_FORM = "application/x-www-form-urlencoded"
_MULTIPART_OVERRIDE = re.compile(rb"name=\"?_method\b", re.IGNORECASE)
_SHOWN = {"json": "application/json", "form": _FORM, "multipart": "multipart/form-data", "text": "text/plain"}


def kind_of(content_type: str | None) -> Kind:
    """What a body of this media type is; ``bytes`` when nothing reads it."""
    if content_type is None:
        return "bytes"
    if content_type == _FORM:
        return "form"
    subtype = content_type.partition("/")[2]
    if subtype in ("json", "x-amz-json-1.0", "x-amz-json-1.1") or subtype.endswith("+json"):
        return "json"
    if subtype == "xml" or subtype.endswith("+xml"):
        return "xml"
    if content_type.startswith("multipart/"):
        return "multipart"
    if content_type == "message/rfc822":
        return "mime"
    return "text" if content_type.startswith("text/") else "bytes"


def _chosen(call: Call, kinds: Collection[str]) -> Kind | None:
    """How a body is read where a mapping says which kinds it reads; None when it is none of them."""
    kind = kind_of(call.content_type)
    if kind in kinds:
        return kind
    if kind != "text" and "text" in kinds and call.content_type in (None, "application/octet-stream"):
        return "text"
    if "text" in kinds and kind == "xml":
        return "text"
    if "xml" in kinds and call.content_type is None:
        return "xml"
    return "bytes" if "bytes" in kinds else None


def decode(call: Call, kinds: Collection[str] | None, repeated: Collection[str] = ()) -> Content | Refused:
    """The body as a value.

    ``kinds``: what a mapping reads, empty for none; None for an unmapped call, whose body is read when its type is
    known and counts by its bytes when not.
    ``repeated``: form keys that a mapping declares as lists, each item under the same key.
    Errors: ``Refused`` with ``ambiguous_request``, ``unknown_parameter``, ``undecodable_body``, ``method_override``.
    """
    if not call.body:
        return Content()
    if not kinds and call.method in BODYLESS:
        return Refused(Reason.AMBIGUOUS_REQUEST, f"a body on {call.method} that no mapping declares")
    if kinds is not None and not kinds:
        return unread(call, kinds)
    kind = _chosen(call, kinds) if kinds is not None else _plain(kind_of(call.content_type))
    if kind is None:
        return unread(call, kinds or ())
    try:
        content = _form(call, kinds, repeated) if kind == "form" else _read(call, kind)
    except MalformedError as error:
        return Refused(Reason.UNDECODABLE_BODY, error.why, f"The body was refused: {error.why}.")
    if _overrides(call, content):
        return Refused(Reason.METHOD_OVERRIDE, "a body field that overrides the method")
    return content


def _form(call: Call, kinds: Collection[str] | None, repeated: Collection[str]) -> Content:
    pairs = form.loads(call.body, repeated)
    if kinds is None:
        return Content("form", MISSING, pairs)
    many = {key: [value for name, value in pairs if name == key] for key in repeated}
    rows: list[tuple[str, Value]] = [(key, value) for key, value in pairs if key not in many]
    rows += [(key, list(values)) for key, values in many.items() if values]
    return Content("form", form.nest(rows), pairs)


def _plain(kind: Kind) -> Kind:
    return kind if kind in ("json", "form") else "bytes"


def unread(call: Call, kinds: Collection[str]) -> Refused:
    """The refusal of a body that is of none of these kinds; without kinds of any body."""
    if not kinds:
        return Refused(Reason.UNKNOWN_PARAMETER, "a body where the mapping declares none")
    told = [_SHOWN.get(kind, kind) for kind in sorted(kinds)]
    return Refused(
        Reason.UNDECODABLE_BODY,
        f"the mapping reads {' or '.join(sorted(kinds))}, the body says {call.content_type}",
        f"Send the body as {' or '.join(told)}, with that Content-Type.",
    )


def _read(call: Call, kind: Kind) -> Content:
    return Content(kind, _READERS[kind](call))


def _multipart(call: Call) -> Value:
    from vienna_kernel.decode import multipart  # heavy: loaded when first used

    return multipart.loads(call.body, call.header("content-type") or "")


def _xml(call: Call) -> Value:
    from vienna_kernel.decode import xml  # heavy: loaded when first used

    return xml.loads(call.body)


def _mime(call: Call) -> Value:
    from vienna_kernel.decode import mime  # heavy: loaded when first used

    return mime.loads(call.body)


def _text(call: Call) -> Value:
    try:
        return call.body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedError("body", f"not UTF-8 at byte {error.start}") from None


def _bytes(call: Call) -> Value:
    return blob.facts(call.body)


_READERS: dict[Kind, Callable[[Call], Value]] = {
    "json": lambda call: json.loads(call.body),
    "multipart": _multipart,
    "xml": _xml,
    "mime": _mime,
    "text": _text,
    "bytes": _bytes,
}


def _overrides(call: Call, content: Content) -> bool:
    if content.pairs is not None:
        return any(key.lower() == "_method" for key, _ in content.pairs)
    if content.kind in ("json", "multipart") and isinstance(content.value, dict):
        return any(key.lower() == "_method" for key in content.value)
    multipart = call.content_type is not None and call.content_type.startswith("multipart/")
    return multipart and _MULTIPART_OVERRIDE.search(call.body) is not None
