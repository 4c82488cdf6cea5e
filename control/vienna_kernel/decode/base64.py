"""Strict base64 (RFC 4648): one spelling for the bytes, but for the padding that web clients leave away."""

from __future__ import annotations

import binascii
import re

from vienna_kernel.errors import MalformedError

_STANDARD = re.compile(r"[A-Za-z0-9+/]*+={0,2}+\Z")
_URL = re.compile(r"[A-Za-z0-9_-]*+={0,2}+\Z")
_TO_STANDARD = str.maketrans("-_", "+/")


def from_base64(text: str, *, url: bool) -> bytes:
    """The bytes that a text stands for.

    Args:
        url: The alphabet with ``-`` and ``_``, padded or not at all; else that with ``+`` and ``/``, padded.

    Errors: ``MalformedError`` on blanks, other characters, half a padding, or bits beyond the last byte that are set.
    """
    if not (_URL if url else _STANDARD).match(text):
        raise MalformedError("body", "characters that are not base64")
    if url:
        text = (
            text.translate(_TO_STANDARD)
            if "=" in text
            else text.translate(_TO_STANDARD) + "=" * (-len(text) % 4)
        )
    try:
        found = binascii.a2b_base64(text, strict_mode=True) if text else b""
    except binascii.Error:
        raise MalformedError("body", "base64 of the wrong length") from None
    if binascii.b2a_base64(found, newline=False).decode("ascii") != text:
        raise MalformedError("body", "base64 with bits set beyond its last byte")
    return found
