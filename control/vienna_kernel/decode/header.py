"""Header lines of a part or a mail, and the parameters of one (RFC 5322 2.2, RFC 2045 5.1, RFC 2231).

1. A name is letters, digits and hyphens, and the colon follows at once. A line is at most 998 bytes: what is longer,
   some mail servers break in two (RFC 5322 2.1.1).
2. A fold is undone by taking out the line break. A folded line of blanks only, which some read as the end of the
   header, is refused, and so is one that reads as a header line of its own to whoever strips blanks first.
3. Text is UTF-8 without control characters, those beyond ASCII included: some readers break lines there too.
4. Parameters stand once, without backslashes (browsers and mail programs read those differently).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from vienna_kernel.errors import MalformedError

type Fields = list[tuple[str, str]]

_MAX_LINE_BYTES = 998
_MAX_BYTES = 262_144
_LINE = re.compile(rb"([A-Za-z0-9-]++):[ \t]*+(.*+)\Z", re.DOTALL)
_LIKE_A_LINE = re.compile(
    rb"[ \t]+(?:resent-)?(?:to|cc|bcc|from|sender|subject|content-[a-z-]+)[ \t]*:", re.I
)
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")

_WORD = r"[A-Za-z0-9!#$&^_.+-]++"
_ESSENCE = re.compile(rf"{_WORD}(?:/{_WORD})?")
_PARAMETER = re.compile(
    r'[ \t]*+;[ \t]*+([A-Za-z0-9!#$&^_.+*-]++)=(?:"([^"\\]*+)"|([^\s"\\;,()<>@:/?=\[\]]++))'
)
_REST = re.compile(r"[ \t]*+;?[ \t]*+\Z")
_EXTENDED = re.compile(r"(?:utf-8|us-ascii)'[A-Za-z-]*'", re.I)
_PERCENT = re.compile(r"(?:[A-Za-z0-9!#$&+^_`|~.{}/ -]|%[0-9A-Fa-f]{2})*+\Z")


def refused(why: str) -> MalformedError:
    return MalformedError("body", why)


def text_of(raw: bytes) -> str:
    """UTF-8 without control characters but the tab. Errors: ``MalformedError``."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise refused("a header is not UTF-8") from None
    if has_control(text):
        raise refused("a control character in a header")
    return text


def has_control(text: str) -> bool:
    """Whether a character is there that ends a line, or is nothing to be shown, for some reader."""
    return _CONTROL.search(text) is not None


def fields(block: bytes, newline: bytes, *, folds: bool) -> Fields:
    """Names in lower case with their values, in order.

    Args:
        block: Without the empty line that ends it; may be empty.
        folds: Whether a value may go on in the next line.

    Errors: ``MalformedError``.
    """
    if len(block) > _MAX_BYTES:
        raise refused(f"more than {_MAX_BYTES} bytes of headers")
    found: list[tuple[str, list[bytes]]] = []
    for line in block.split(newline) if block else []:
        if len(line) > _MAX_LINE_BYTES:
            raise refused(f"a header line longer than {_MAX_LINE_BYTES} bytes")
        if line[:1] in (b" ", b"\t"):
            if not (folds and found and line.strip(b" \t")) or _LIKE_A_LINE.match(line):
                raise refused("a folded header line that some would read otherwise")
            found[-1][1].append(line)
        elif named := _LINE.match(line):
            found.append((named[1].decode("ascii").lower(), [named[2]]))
        else:
            raise refused("a header line without a name and a colon")
    return [(name, _whole(name, lines)) for name, lines in found]


def _whole(name: str, lines: list[bytes]) -> str:
    text = text_of(b"".join(lines))
    # What describes the content is looked up as it stands by some: ``base64`` and a tab is no coding to them.
    if name.startswith("content-") and (not lines[0].strip(b" \t") or text[-1] in " \t"):
        raise refused("a header line about the content with blanks around what it says, or nothing")
    return text.strip(" \t")


def once(found: Fields, names: frozenset[str]) -> dict[str, str]:
    """The fields that have one of the names. Errors: ``MalformedError`` where one stands there twice."""
    kept: dict[str, str] = {}
    for name, value in found:
        if name in names:
            if name in kept:
                raise refused(f"the header {name} stands there twice")
            kept[name] = value
    return kept


def parameters(value: str) -> tuple[str, dict[str, str]]:
    """``text/plain; charset="utf-8"`` as ``("text/plain", {"charset": "utf-8"})``, names in lower case.

    Errors: ``MalformedError``.
    """
    start = _ESSENCE.match(value)
    if not start:
        raise refused("a header value without a token at its start")
    found: dict[str, str] = {}
    at = start.end()
    while parameter := _PARAMETER.match(value, at):
        name, quoted, plain = parameter[1].lower(), parameter[2], parameter[3]
        if name in found:
            raise refused("a header parameter stands there twice")
        found[name] = quoted if quoted is not None else plain
        at = parameter.end()
    if not _REST.match(value, at):
        raise refused("a header parameter that is not name=value")
    return start[0].lower(), found


def media_type(value: str) -> tuple[str, dict[str, str]]:
    """The same of a ``Content-Type``, which has a type and a subtype. Errors: ``MalformedError``."""
    found = parameters(value)
    if "/" not in found[0]:
        raise refused("a content type without a subtype")
    return found


def parameter_text(found: Mapping[str, str], name: str) -> str | None:
    """One parameter as text, whether plain, extended (``name*``) or in pieces (``name*0``); None when absent.

    Errors: ``MalformedError`` when it is there in two ways that say different things.
    """
    texts = [
        text
        for text in (found.get(name), _extended(found.get(f"{name}*")), _pieces(found, name))
        if text is not None
    ]
    if not texts:
        return None
    if any(text != texts[0] for text in texts):
        raise refused(f"{name} and {name}* say different things")
    return texts[0]


def _extended(value: str | None) -> str | None:
    if value is None:
        return None
    start = _EXTENDED.match(value)
    if not start or not _PERCENT.match(value, start.end()):
        raise refused("an extended header parameter that is not UTF-8 in percent signs")
    return text_of(unquote_to_bytes(value[start.end() :]))


def _pieces(found: Mapping[str, str], name: str) -> str | None:
    """RFC 2231 3: ``name*0="a"; name*1="b"``, or with percent signs all through ``name*0*=utf-8''a; name*1*=b``."""
    keys = [key for key in found if key.startswith(f"{name}*") and key != f"{name}*"]
    if not keys:
        return None
    mark = "*" if f"{name}*0*" in found else ""
    if set(keys) != {f"{name}*{number}{mark}" for number in range(len(keys))}:
        raise refused("a header parameter in pieces that do not make one whole")
    whole = "".join(found[f"{name}*{number}{mark}"] for number in range(len(keys)))
    return _extended(whole) if mark else whole
