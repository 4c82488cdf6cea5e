"""Encoded words in mail headers (RFC 2047): ``=?utf-8?q?caf=C3=A9?=`` as the text it stands for.

1. A word stands between blanks; what looks like one elsewhere is decoded by some readers only, and refused.
2. Each word is whole by itself, in a charset that every reader knows alike.
3. No control character comes out: a line break in a word is a header line to whoever decodes first.
"""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from vienna_kernel.decode.base64 import from_base64
from vienna_kernel.decode.header import has_control, refused

_WORD = re.compile(r"=\?([A-Za-z0-9_-]+)\?([bBqQ])\?([!->@-~]*)\?=\Z")
_BLANKS = re.compile(r"([ \t]+)")
_BROKEN_Q = re.compile(r"=(?![0-9A-Fa-f]{2})|%")
_CHARSETS = frozenset({"utf-8", "us-ascii", "iso-8859-1", "iso-8859-15", "windows-1252"})


def decoded(text: str) -> str:
    """The text with its words decoded, blanks between two of them gone. Errors: ``MalformedError``."""
    if "=?" not in text:
        return text
    found: list[str] = []
    last_was_word = False
    for piece in _BLANKS.split(text):
        word = _WORD.match(piece)
        if word is None and "=?" in piece:
            raise refused("what looks like an encoded word but is none")
        if word is not None and last_was_word:
            found.pop()
        found.append(piece if word is None else _word(word[1].lower(), word[2].lower(), word[3]))
        last_was_word = word is not None or (last_was_word and not piece.strip(" \t"))
    return "".join(found)


def _word(charset: str, encoding: str, text: str) -> str:
    if charset not in _CHARSETS:
        raise refused("an encoded word in a charset that is not known here")
    if encoding == "b":
        raw = from_base64(text, url=False)
    elif _BROKEN_Q.search(text):
        raise refused("an encoded word that is broken")
    else:
        raw = unquote_to_bytes(text.replace("_", " ").replace("=", "%"))
    try:
        found = raw.decode(charset)
    except UnicodeDecodeError:
        raise refused("an encoded word that is not in the charset it names") from None
    if has_control(found):
        raise refused("a control character in an encoded word")
    return found
