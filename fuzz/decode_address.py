"""Address lines: every mailbox that any reader could find is told, or ``MalformedError``."""

from __future__ import annotations

import re
from email.utils import getaddresses

from fuzz import law
from vienna_kernel.decode.address import addresses
from vienna_kernel.decode.words import decoded
from vienna_kernel.errors import MalformedError

SEEDS = (
    b"a@example.com",
    b'"Doe, Ann" <a@example.com>, b.c+d@EXAMPLE.com, <e@f.g>',
    b"=?utf-8?q?J=C3=B6rg_M=2E?= Doe <a@example.com>",
    b'=?utf-8?b?SsO2cmc=?= <a@b.c>, "a@b.c" <a@b.c>',
    b"group: a@b.c;, <@d.e:a@b.c>, a@b.c (x), a%d.e@b.c",
)

_ROUGH = re.compile(r"[^\s<>(),;:\"\[\]]+@[^\s<>(),;:\"\[\]]+")


def _alike(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain.lower()}"


def _words_first(text: str) -> str:
    """The line as it is to a reader that decodes before it looks for addresses."""
    for mark in '"<,':
        text = text.replace(mark, f" {mark} ")
    return decoded(text)


def one_input(data: bytes) -> None:
    text = data.decode("latin-1")
    try:
        found = addresses(text)
    except MalformedError as error:
        law(error.where == "body", "the place is named")
        return
    law(
        [_alike(address) for _, address in getaddresses([text] if text else [])] == found,
        "another reader agrees",
    )
    told = {address.lower() for address in found}
    for reading in (text, _words_first(text)):
        law({address.lower() for address in _ROUGH.findall(reading)} <= told, "nobody finds one more")
