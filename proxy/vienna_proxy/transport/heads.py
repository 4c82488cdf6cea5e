"""Request and response heads, read strictly out of a receive buffer.

mitmproxy's own reader takes a lone LF for a line end, passes folds on and strips control bytes: what it understands
is not what the next reader does. Here a request head has one reading or none; a response head, which comes from
servers that nobody chose, is made safe to hand on, or has none either.
"""

from __future__ import annotations

import re

from h11._receivebuffer import ReceiveBuffer
from mitmproxy import http
from mitmproxy.net.http import http1

from vienna_kernel.verdict import Reason, Refused
from vienna_proxy.transport.passage import Passage

HEAD_BYTES = 65536
HEAD_LINES = 100
RESPONSE_HEAD_BYTES = 262144
RESPONSE_HEAD_LINES = 500

_REQUEST_LINE = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+ [^\x00-\x20\x7f]+ HTTP/[0-9]\.[0-9]\Z")
_HEADER_LINE = re.compile(rb"[^\x00-\x20\x7f:]+:[\t\x20-\x7e\x80-\xff]*\Z")
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_HEAD_END = re.compile(rb"\n\r?\n")


class GateRequest(http.Request):
    """A request as it came, with the bytes that mitmproxy takes apart.

    Attributes:
        passage: What the gate told the transport about it, once it did.
    """

    raw_target: bytes = b""
    raw_headers: tuple[tuple[bytes, bytes], ...] = ()
    passage: Passage | None = None


def head_of(buffer: ReceiveBuffer) -> list[bytes] | Refused | None:
    """Take the lines of a complete head out of the buffer; None while it is not complete.

    Empty lines before it are skipped (RFC 9112 2.2). A lone LF or CR makes it malformed: the next reader might see
    another line there.
    """
    raw = bytes(buffer)
    if blank := len(raw) - len(raw.lstrip(b"\r\n")):
        buffer.maybe_extract_at_most(blank)
        raw = raw[blank:]
    end = _HEAD_END.search(raw)
    size = len(raw) if end is None else end.end()
    if size > HEAD_BYTES or raw.count(b"\n", 0, size) > HEAD_LINES + 2:
        return Refused(
            Reason.MALFORMED_REQUEST, f"more than {HEAD_BYTES} bytes or {HEAD_LINES} lines of head"
        )
    if end is None:
        return None
    text = bytes(buffer.maybe_extract_at_most(size) or b"")
    lines = text.split(b"\r\n")
    if lines[-2:] != [b"", b""] or any(b"\n" in line or b"\r" in line for line in lines):
        return Refused(Reason.MALFORMED_REQUEST, "a line that does not end in CRLF")
    return lines[:-2]


def judge_head(lines: list[bytes]) -> Refused | None:
    """Rule 2 for the lines of a request head."""
    if not _REQUEST_LINE.match(lines[0]):
        return Refused(Reason.MALFORMED_REQUEST, "the request line is not method, target and version")
    for line in lines[1:]:
        if not _HEADER_LINE.match(line):
            return Refused(
                Reason.MALFORMED_REQUEST, "a folded header line, or one with a control byte or no name"
            )
    return None


def gate_request(lines: list[bytes]) -> GateRequest:
    """A judged head as mitmproxy's request. Raises ``ValueError`` where mitmproxy cannot read it."""
    request = GateRequest.__new__(GateRequest)  # its parts were checked when mitmproxy made them
    request.data = http1.read_request_head(lines).data
    request.raw_target = lines[0].split(b" ")[1]
    parts = (line.partition(b":") for line in lines[1:])
    request.raw_headers = tuple((name, value.strip(b" \t")) for name, _, value in parts)
    return request


def response_head_of(buffer: ReceiveBuffer) -> list[bytes] | Refused | None:
    """As ``head_of`` for a response: lone LFs are borne, folds become spaces."""
    raw = bytes(buffer)
    end = _HEAD_END.search(raw, 0, RESPONSE_HEAD_BYTES)
    if end is None:
        too_much = len(raw) > RESPONSE_HEAD_BYTES
        return Refused(Reason.RESPONSE_INVALID, "the response head is too large") if too_much else None
    text = bytes(buffer.maybe_extract_at_most(end.end()) or b"")
    lines = [line.removesuffix(b"\r") for line in text.split(b"\n")[:-2]]
    if len(lines) > RESPONSE_HEAD_LINES:
        return Refused(Reason.RESPONSE_INVALID, "the response head has too many lines")
    if any(_CONTROL.search(line) for line in lines):
        return Refused(Reason.RESPONSE_INVALID, "a control byte in the response head")
    return unfold(lines)


def unfold(lines: list[bytes]) -> list[bytes]:
    """Folded header lines joined by a space, as RFC 9112 5.2 asks of a proxy."""
    found: list[bytes] = []
    for line in lines:
        if line[:1] in (b" ", b"\t") and len(found) > 1:
            found[-1] += b" " + line.strip(b" \t")
        else:
            found.append(line)
    return found


def response_of(lines: list[bytes]) -> http.Response | Refused:
    """The lines as mitmproxy's response, or why they are none."""
    try:
        return http1.read_response_head(lines)
    except (ValueError, IndexError):
        return Refused(Reason.RESPONSE_INVALID, "the response head has no reading")
