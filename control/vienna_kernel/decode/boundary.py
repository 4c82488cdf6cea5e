"""Where the parts of a multipart body begin and end (RFC 2046 5.1.1), for HTTP and for mail.

The boundary stands in the body as a delimiter or not at all. Where it stood within a part, readers that look at whole
lines and readers that look at the beginning of lines would not see the same parts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from vienna_kernel.decode.header import refused

MAX_PARTS = 1000

_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]\Z")


def boundary_of(parameters: Mapping[str, str]) -> str:
    """The one boundary among the parameters of a content type. Errors: ``MalformedError``."""
    boundary = parameters.get("boundary", "")
    if not _BOUNDARY.match(boundary) or any(name.startswith("boundary*") for name in parameters):
        raise refused("a multipart body without one boundary")
    return boundary


def pieces(data: bytes, boundary: str, newline: bytes) -> tuple[bytes, list[bytes], bytes]:
    """What stands before the first delimiter, the parts as they are, and what stands after the last.

    Errors: ``MalformedError`` where the boundary is not in a delimiter, or beyond 1000 parts.
    """
    delimiter = b"--" + boundary.encode("ascii")
    if data.count(delimiter) > MAX_PARTS + 1:
        raise refused(f"more than {MAX_PARTS} parts")
    preamble, *parts = data.split(delimiter)
    if len(parts) < 2:
        raise refused("a multipart body without a part")
    epilogue = parts.pop()
    if not (preamble == b"" or preamble.endswith(newline)) or not epilogue.startswith(b"--"):
        raise refused("a multipart body that does not begin or end with its boundary")
    for part in parts:
        if len(part) < 2 * len(newline) or not (part.startswith(newline) and part.endswith(newline)):
            raise refused("the boundary within a part, or with something beside it")
    return preamble, [part[len(newline) : -len(newline)] for part in parts], epilogue[2:]


def halves(part: bytes, newline: bytes) -> tuple[bytes, bytes]:
    """Header block and content of one part. Errors: ``MalformedError`` without the empty line between them."""
    if part.startswith(newline):
        return b"", part[len(newline) :]
    head, blank, content = part.partition(2 * newline)
    if not blank:
        raise refused("a part without the empty line after its header")
    return head, content
