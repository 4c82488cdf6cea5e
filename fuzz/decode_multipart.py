"""Multipart bodies: a value or ``MalformedError``; Python's own reader finds the same parts.

The first byte of an input chooses the kind, the rest is the body with the boundary ``b``.
"""

from __future__ import annotations

from email import message_from_bytes, policy

from fuzz import law
from vienna_kernel.decode import multipart
from vienna_kernel.decode.blob import facts
from vienna_kernel.errors import MalformedError
from vienna_kernel.value import canonical

SEEDS = (
    b'f--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n--b--\r\n',
    b'f--b\r\nContent-Disposition: form-data; name="a[b]"; filename="c.txt"\r\nContent-Type: text/plain\r\n\r\nx\r\n'
    b'--b\r\nContent-Disposition: form-data; name="d[]"\r\n\r\ny\r\n--b--',
    b'f--b\r\nContent-Disposition: form-data; name="a"\r\nContent-Type: application/json\r\n\r\n{"b": [1]}\r\n--b--',
    b"r--b\nContent-Type: application/json\n\n{}\n--b\nContent-Type: a/b\n"
    b"Content-Transfer-Encoding: binary\n\n\xff\n--b--\n",
    b"m--b\r\nContent-Type: message/rfc822\r\n\r\nTo: a@b.c\r\n\r\nx\r\n--b--",
)

_KINDS = {b"f": "form-data", b"r": "related", b"m": "mixed"}


def one_input(data: bytes) -> None:
    kind = _KINDS.get(data[:1], "form-data")
    content_type = f"multipart/{kind}; boundary=b"
    try:
        found = multipart.loads(data[1:], content_type)
    except MalformedError as error:
        law(error.where == "body", "the place is named")
        return
    canonical(found)
    law(isinstance(found, dict), "parts are an object")
    message = message_from_bytes(
        f"Content-Type: {content_type}\r\n\r\n".encode() + data[1:], policy=policy.compat32
    )
    theirs = message.get_payload()
    law(isinstance(theirs, list), "another reader finds parts")
    if kind != "form-data":
        law(len(theirs) == len(found), "another reader finds as many parts")
        for number, part in enumerate(theirs):
            ours = found[str(number)]
            if not part.is_multipart() and isinstance(ours, dict) and "digest" in ours:
                law(facts(part.get_payload(decode=True))["digest"] == ours["digest"], "with the same content")
