"""Strict multipart bodies (RFC 2046 5.1, RFC 7578): one reading of where each part begins and ends.

1. The boundary stands in the body as a delimiter or not at all: one that some reader would not see as a delimiter, or
   not yet as one, is refused. Nothing stands before the first part or after the last.
2. Lines end in CRLF; in ``related`` and ``mixed`` all delimiters may end in LF, as Python's ``email`` writes them.
3. A part has the header lines that are known here, once each, and is not coded.
4. ``form-data``: names nest as in a form, and stand once but for lists (``a[]``).
"""

from __future__ import annotations

import re

from vienna_kernel.decode import blob, form, header, json, mime
from vienna_kernel.decode.boundary import boundary_of, halves, pieces
from vienna_kernel.decode.header import refused
from vienna_kernel.value import Value

_FORM = "multipart/form-data"
_KINDS = frozenset({_FORM, "multipart/related", "multipart/mixed"})
_READ = frozenset(
    {"content-disposition", "content-type", "content-transfer-encoding", "content-length"}
    | {"content-id", "mime-version"}
)
_UNCODED = frozenset({"7bit", "8bit", "binary"})
# Browsers write these for a quote and a line break in a name, and not every server undoes it.
_ESCAPED = re.compile(r"%(?:22|0[AD])", re.IGNORECASE)


class _Part:
    """One part of a body that came over HTTP.

    Attributes:
        kind: Content type, lower-case, None when there is none.
        filename: None when it is not a file.
    """

    def __init__(self, raw: bytes, newline: bytes) -> None:
        head, self.content = halves(raw, newline)
        found = header.fields(head, newline, folds=False)
        if {name for name, _ in found} - _READ:
            raise refused("a part with a header line that is not known here")
        lines = header.once(found, _READ)
        if lines.get("content-transfer-encoding", "binary").lower() not in _UNCODED:
            raise refused("a part that is coded")
        if lines.get("content-length", str(len(self.content))) != str(len(self.content)):
            raise refused("a part that is not as long as it says")
        self.kind = _kind(lines.get("content-type"))
        self._disposition, self._said = header.parameters(lines.get("content-disposition", "inline"))
        self.filename = header.parameter_text(self._said, "filename")

    def field(self) -> str:
        """The name of a form field, once it is sure what the part is one of."""
        name = self._said.get("name", "")
        if self._disposition != "form-data" or any(key.startswith("name*") for key in self._said):
            raise refused("a part of a form that does not say so, or not in one way")
        if not name or _ESCAPED.search(name) or name.lower() == "_charset_":
            raise refused("a form field without a name, or with one that is read in several ways")
        if self.filename is not None and "filename" not in self._said:
            raise refused("a file that only some servers see as one")
        if self.filename == "" and self.content:
            raise refused("a file without a name that is not empty")
        return name

    def value(self) -> Value:
        """JSON read, text as it is, everything else as facts."""
        if self._is_json():
            found = json.loads(self.content)
            # A lone string or number is read with its quotes and escapes by servers that look at no types.
            if not isinstance(found, (dict, list)):
                raise refused("a JSON part that is neither an object nor a list")
            return found
        if self.filename is None and self.kind in (None, "text/plain"):
            return _text(self.content)
        return self.facts()

    def item(self) -> Value:
        """The same in ``related`` and ``mixed``: a mail read too, text as facts."""
        if self._is_json():
            return json.loads(self.content)
        return mime.loads(self.content) if self.kind == "message/rfc822" else self.facts()

    def facts(self) -> Value:
        return {"filename": self.filename, "content_type": self.kind, **blob.facts(self.content)}

    def _is_json(self) -> bool:
        kind = self.kind or ""
        return self.filename is None and (kind == "application/json" or kind.endswith("+json"))


def _kind(value: str | None) -> str | None:
    if value is None:
        return None
    kind, said = header.media_type(value)
    if kind.startswith("multipart/") or not _in_utf8(said):
        raise refused("a part that has parts, or is in another charset than UTF-8")
    return kind


def _in_utf8(said: dict[str, str]) -> bool:
    extended = any(name.startswith("charset*") for name in said)
    return not extended and said.get("charset", "utf-8").lower() in ("utf-8", "utf8", "us-ascii")


def _text(content: bytes) -> str:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise refused("a form field is not UTF-8") from None
    if "\x00" in text:
        raise refused("a NUL in a form field")
    return text


def _newline(data: bytes, boundary: str, essence: str) -> bytes:
    lf = data.startswith(f"--{boundary}\n".encode("ascii"))
    return b"\n" if lf and essence != _FORM else b"\r\n"


def loads(data: bytes, content_type: str) -> Value:
    """The parts of a body as one value.

    ``form-data``: by name, text or JSON or ``{"filename", "content_type", "bytes", "digest"}``, nested as in a form.
    ``related`` and ``mixed``: by number, ``"0"`` first; JSON and mails read, everything else as such facts.

    Args:
        content_type: The whole header value.

    Errors: ``MalformedError``.
    """
    essence, said = header.parameters(content_type)
    if essence not in _KINDS or not _in_utf8(said):
        raise refused("not form-data, related or mixed in UTF-8")
    if "start" in said:
        raise refused("a multipart body that names another first part")
    boundary = boundary_of(said)
    newline = _newline(data, boundary, essence)
    before, raw, after = pieces(data, boundary, newline)
    if before not in (b"", newline) or after not in (b"", newline):
        raise refused("something before the first part or after the last")
    if newline == b"\n" and any(part.endswith(b"\r") for part in raw):
        raise refused("a part that ends in a carriage return, which belongs to the delimiter for some")
    parts = [_Part(part, newline) for part in raw]
    if essence == _FORM:
        return form.nest(form.unique([(part.field(), part.value()) for part in parts]))
    return {str(number): part.item() for number, part in enumerate(parts)}
