"""Bodies in the ``aws-chunked`` coding of S3: chunks of the payload, then checksums, within the body that is signed.

1. A chunk is its size in hexadecimal, perhaps a signature, and its bytes; an empty one ends them.
2. Then lines ``x-amz-…:value`` and an empty line, and nothing after it.
3. The payload is as long as ``X-Amz-Decoded-Content-Length`` says.
"""

from __future__ import annotations

import re

from vienna_kernel.errors import MalformedError

MAX_CHUNKS = 100_000

_SIZE = re.compile(rb"(0|[1-9a-fA-F][0-9a-fA-F]{0,7})(?:;chunk-signature=[0-9a-f]{64,200})?\r\n")
_END = re.compile(rb"(?:x-amz-[a-z0-9-]{1,60}:[A-Za-z0-9+/=_-]{1,400}\r\n){0,4}\r\n\Z")
_LINE_END = b"\r\n"


def payload(data: bytes, *, told: str | None) -> bytes:
    """What the chunks hold. ``told``: its length, as the header says it. Errors: ``MalformedError``."""
    found: list[bytes] = []
    at = 0
    while True:
        head = _SIZE.match(data, at)
        if head is None or len(found) == MAX_CHUNKS:
            raise MalformedError("body", "a chunk of the aws-chunked coding without its size, or too many")
        at, size = head.end(), int(head[1], 16)
        if not size:
            break
        end = at + size
        if data[end : end + 2] != _LINE_END:
            raise MalformedError("body", "a chunk of the aws-chunked coding is not as long as it says")
        found.append(data[at:end])
        at = end + 2
    if not _END.match(data, at):
        raise MalformedError("body", "the aws-chunked coding does not end as it should")
    whole = b"".join(found)
    if told != str(len(whole)):
        raise MalformedError("body", "the payload is not as long as X-Amz-Decoded-Content-Length says")
    return whole
