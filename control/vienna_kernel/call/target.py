"""Path and query of a request target: canonical as they come, or refused, never rewritten.

1. A path has one spelling: upper-case percent-hex, nothing encoded that need not be, no dot segments, no ``//``,
   no backslash, no ``;``, no encoded control byte, in any depth of encoding, nor characters that Unicode's
   compatibility forms (NFKC) turn into one of them. ``%2F`` and ``%25`` pass here and are
   judged by the mapping (``has_encoded_separator``), which may declare a segment ``{name:encoded}``; so does ``%2f``,
   as npm writes it, and nothing else in lower case.
2. A query is read as a form, decoded once. What clients really send passes: ``+``, ``%20``, raw or encoded brackets.
3. Everything decodes to UTF-8.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote_to_bytes

from vienna_kernel.verdict import Reason, Refused

MAX_TARGET_BYTES = 8192

_ABSOLUTE = re.compile(
    rb"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<rest>.*)\Z", re.DOTALL
)

# RFC 3986 pchar without ``;`` (matrix parameters are read by some servers and not by others). Encoded: upper-case
# hex, and nothing that is unreserved (6.2.2.2), so ``%2E`` is out; nor a control byte, nor ``\``.
_UNRESERVED_HEX = rb"2[DE]|3[0-9]|4[1-9A-F]|5[0-9AF]|6[1-9A-F]|7[0-9AE]"
_PATH = re.compile(
    rb"(?:/(?:[A-Za-z0-9._~!$&'()*+,=:@-]|%(?!" + _UNRESERVED_HEX + rb"|[01]|5C|7F)[0-9A-F]{2}|%2f)*)+\Z"
)
# In a query ``~`` is often encoded (WHATWG form encoding), and ``[ ] { } | ^ ` / ?`` often are not.
_QUERY = re.compile(
    rb"(?:[A-Za-z0-9._~!$&'()*+,=:@/?\[\]{}|^`-]|%(?!00|2[DE]|3[0-9]|4[1-9A-F]|5[0-9AF]|6[1-9A-F]|7[0-9A])[0-9A-F]{2})+\Z"
)
_ENCODED_SEPARATOR = re.compile(r"%2[Ff]|%25")
_BAD_INSIDE = re.compile(rb"[\x00-\x1f\x7f\\;]")
_OVERRIDES = frozenset(
    {"_method", "x-http-method-override", "x-http-method", "x-method-override"}
    | {
        "$method",
        "$httpmethod",
        "$httpheaders",
        "$ct",
    }  # what browsers' clients of Google's APIs tunnel through a POST; the last is the type of the body
)


def _not_canonical(detail: str) -> Refused:
    return Refused(Reason.TARGET_NOT_CANONICAL, detail)


def split_target(target: bytes) -> tuple[str | None, str | None, bytes] | Refused:
    """Scheme and authority of an absolute-form target (else None, None), and the rest."""
    if len(target) > MAX_TARGET_BYTES:
        return _not_canonical(f"the target is longer than {MAX_TARGET_BYTES} bytes")
    if not target.isascii():
        return _not_canonical("bytes outside ASCII in the target")
    if target.startswith(b"/"):
        return None, None, target
    found = _ABSOLUTE.match(target)
    if not found:
        return _not_canonical("the target is neither a path nor an absolute URL")
    return found["scheme"].decode().lower(), found["authority"].decode(), found["rest"]


def _layers(path: bytes) -> list[bytes] | None:
    """The path, decoded once, twice, … until nothing changes; None when that takes more than 8 rounds."""
    found = [path]
    for _ in range(8):
        decoded = unquote_to_bytes(found[-1])
        if decoded == found[-1]:
            return found
        found.append(decoded)
    return None


def _judge_path(path: bytes) -> Refused | None:
    if not _PATH.match(path):
        return _not_canonical("the path has bytes or encodings that are not canonical")
    layers = _layers(path) if b"%" in path else [path]
    if layers is None:
        return _not_canonical("the path is encoded too often")
    for layer in layers:
        refused = _judge_layer(layer)
        if refused is not None:
            return refused
    try:
        layers[min(1, len(layers) - 1)].decode("utf-8")
    except UnicodeDecodeError:
        return _not_canonical("the path is not UTF-8")
    return None


def _judge_layer(layer: bytes) -> Refused | None:
    """A path at one depth of encoding."""
    segments = layer.split(b"/")
    if b"." in segments or b".." in segments:
        return _not_canonical("dot segments in the path")
    if b"//" in layer:
        return _not_canonical("an empty segment in the path")
    if _BAD_INSIDE.search(layer):
        return _not_canonical("an encoded control byte, backslash or semicolon in the path")
    if layer.isascii():
        return None
    folded = unicodedata.normalize("NFKC", layer.decode("utf-8", "replace")).encode("utf-8")
    if folded.count(b"/") != layer.count(b"/") or folded.count(b"%") != layer.count(b"%"):
        return _not_canonical("a character in the path that some readers take for a slash or a percent sign")
    return _judge_layer(folded) if folded != layer else None


def _judge_query(query: bytes) -> Refused | None:
    if not _QUERY.match(query):
        return _not_canonical("the query has bytes or encodings that are not canonical")
    try:
        unquote_to_bytes(query).decode("utf-8")
    except UnicodeDecodeError:
        return _not_canonical("the query is not UTF-8")
    for pair in query.split(b"&"):
        if unquote_to_bytes(pair.split(b"=", 1)[0]).decode("utf-8").lower() in _OVERRIDES:
            return Refused(Reason.METHOD_OVERRIDE, "a query parameter that overrides the method or headers")
    return None


def canonical_target(rest: bytes) -> tuple[str, str] | Refused:
    """Path and query (without ``?``; empty when there is none) of what follows the authority."""
    path, mark, query = rest.partition(b"?")
    refused = _judge_path(path)
    if refused is None and mark:
        refused = _judge_query(query)
    return refused if refused is not None else (path.decode("ascii"), query.decode("ascii"))


def has_encoded_separator(text: str) -> bool:
    """Whether a path or segment holds ``%2F`` or ``%25``, which only a mapping may accept."""
    return "%" in text and _ENCODED_SEPARATOR.search(text) is not None
