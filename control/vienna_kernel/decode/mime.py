"""Strict mail (RFC 5322, RFC 2045): who gets it, and what is in it.

What a mail server could read otherwise, and so deliver elsewhere, is refused:

1. Lines end in CRLF or all in LF; no bare CR, no NUL, no line of one dot (each has been read as the end of the mail).
2. Header lines that say who or what once, once; no line that names further recipients in words of its own
   (``Resent-Bcc``, ``Apparently-To``) or speaks to the mail service (``X-SMTPAPI`` holds recipients as JSON).
3. Addresses in one plain form (``address``), header text in ASCII with encoded words that everyone decodes alike.
4. Parts within parts to a depth of 8, their boundaries nowhere else, their codings undone strictly.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping

from vienna_kernel.decode import blob, header, words
from vienna_kernel.decode.address import addresses
from vienna_kernel.decode.base64 import from_base64
from vienna_kernel.decode.boundary import MAX_PARTS, boundary_of, halves, pieces
from vienna_kernel.decode.header import refused
from vienna_kernel.value import Value

__all__ = ["from_base64", "loads"]

_MAX_DEPTH = 8

_CONTENT = frozenset(
    {"content-type", "content-transfer-encoding", "content-disposition", "content-id", "content-location"}
)
_ONCE = _CONTENT | frozenset(
    {"from", "sender", "reply-to", "to", "cc", "bcc", "subject", "date", "message-id", "in-reply-to"}
    | {"references", "mime-version"}
)
_RECIPIENTS = re.compile(r"(?:.*-)?(?:to|cc|bcc|recipients?)\Z|resent-|return-|errors-|newsgroups\Z|fcc\Z")
_READ_RECIPIENTS = frozenset({"to", "cc", "bcc", "reply-to", "in-reply-to"})
# Lines by which a mail service takes orders: recipients, archives, templates, accounts.
_ORDERS = re.compile(r"x-(?:smtpapi|msys|mc|mailgun|mj|sib|mailin|pm|ses|rcpt)(?:-|\Z)")

_SHOWN = frozenset({"text/plain", "text/html"})
_LONE_DOT = re.compile(rb"^\.\r?$", re.MULTILINE)
_PREAMBLE = re.compile(rb"(?:this is a multi-?part message in mime format\.?)?\s{0,4}\Z", re.IGNORECASE)
_QUOTED_PRINTABLE = re.compile(rb"(?:[\t\n\r !-<>-~]|=[0-9A-Fa-f]{2}|=\r?\n)*+\Z")


def _newline(data: bytes) -> bytes:  # (1)
    """The line break of the whole mail."""
    returns, feeds = data.count(b"\r"), data.count(b"\n")
    if b"\x00" in data or (returns and not returns == feeds == data.count(b"\r\n")):
        raise refused("a mail with a NUL, a bare carriage return, or two kinds of line breaks")
    if _LONE_DOT.search(data):
        raise refused("a mail with a line of one dot, which has been read as its end")
    return b"\r\n" if returns else b"\n"


def _mail_fields(head: bytes, newline: bytes) -> dict[str, str]:  # (2)
    if not head.isascii():
        raise refused("a mail header outside ASCII; encoded words say it in one way")
    if not head:
        raise refused("a mail without a header, or with an empty line before it")
    found = header.fields(head, newline, folds=True)
    for name, _ in found:
        if _ORDERS.match(name) or (_RECIPIENTS.match(name) and name not in _READ_RECIPIENTS):
            raise refused("a mail header that names further recipients, or gives the mail service orders")
    return header.once(found, _ONCE)


class _Contents:
    """What a mail holds, part after part.

    Attributes:
        text: What is shown as the mail's own text, decoded, in order.
        attachments: Everything else, as facts.
    """

    def __init__(self, newline: bytes) -> None:
        self.text: list[bytes] = []
        self.attachments: list[Value] = []
        self._newline = newline
        self._parts = 0

    def add(self, lines: Mapping[str, str], content: bytes, depth: int = 0) -> None:
        """Take in one part with the header lines that describe its content."""
        self._parts += 1
        if depth > _MAX_DEPTH or self._parts > MAX_PARTS:
            raise refused(f"parts deeper than {_MAX_DEPTH}, or more than {MAX_PARTS}")
        kind, said = header.media_type(lines.get("content-type", "text/plain"))
        coding = lines.get("content-transfer-encoding", "7bit").lower()
        if kind in ("message/partial", "message/external-body"):
            raise refused("a mail of which only a piece is here")
        if kind.startswith(("multipart/", "message/")) and coding not in ("7bit", "8bit", "binary"):
            raise refused("parts that are coded as a whole")
        if kind.startswith("multipart/"):
            self._add_parts(boundary_of(said), content, depth)
        else:
            self._add_leaf(kind, said, lines.get("content-disposition"), _undone(content, coding))

    def _add_parts(self, boundary: str, content: bytes, depth: int) -> None:
        before, parts, after = pieces(content, boundary, self._newline)
        if not _PREAMBLE.match(before) or after.strip():
            raise refused("text before the first part of a mail or after the last")
        for part in parts:
            head, body = halves(part, self._newline)
            self.add(header.once(header.fields(head, self._newline, folds=True), _CONTENT), body, depth + 1)

    def _add_leaf(self, kind: str, said: dict[str, str], placed: str | None, content: bytes) -> None:
        disposition, more = header.parameters(placed) if placed is not None else ("inline", {})
        filename, name = header.parameter_text(more, "filename"), header.parameter_text(said, "name")
        if filename is not None and name is not None and filename != name:
            raise refused("a part with two names")
        shown = filename if filename is not None else name
        if shown is not None and "=?" in shown:
            raise refused("a file name in encoded words, which only some readers decode")
        if kind in _SHOWN and disposition == "inline" and shown is None:
            self.text.append(content)
        else:
            self.attachments.append({"filename": shown, "content_type": kind, **blob.facts(content)})


def _undone(content: bytes, coding: str) -> bytes:  # (4)
    if coding in ("7bit", "8bit", "binary"):
        return content
    if coding == "base64" and content.isascii():
        return from_base64(content.decode("ascii").replace("\r", "").replace("\n", ""), url=False)
    if coding == "quoted-printable" and _QUOTED_PRINTABLE.match(content):
        return binascii.a2b_qp(content)
    raise refused("a part in a transfer coding that is not known, or broken")


def loads(data: bytes) -> Value:
    """A mail as ``{"from", "to", "cc", "bcc", "reply_to", "subject", "text", "attachments"}``.

    Addresses as lists, the domain in lower case; ``text`` as ``{"bytes", "digest"}`` of all text that is shown, part
    after part; each attachment as ``{"filename", "content_type", "bytes", "digest"}``. ``sender`` and ``message_id``
    only where the mail has them.

    Errors: ``MalformedError``.
    """
    newline = _newline(data)
    head, blank, content = data.partition(2 * newline)
    lines = _mail_fields(head if blank else head.removesuffix(newline), newline)
    contents = _Contents(newline)
    contents.add(lines, content)
    found: dict[str, Value] = {
        name.replace("-", "_"): addresses(lines.get(name, ""))
        for name in ("from", "to", "cc", "bcc", "reply-to")
    }
    if "sender" in lines:
        found["sender"] = addresses(lines["sender"])
    if "message-id" in lines:
        found["message_id"] = lines["message-id"]
    found["subject"] = words.decoded(lines.get("subject", ""))
    found["text"] = blob.facts(b"".join(contents.text))
    found["attachments"] = contents.attachments
    return found
