"""Addresses of a mail (RFC 5322 3.4), in the one form that every mail server reads alike.

``a@example.com``, ``Name <a@example.com>``, ``"Name, First" <a@example.com>``, with commas between. Not read, since
servers were found that deliver elsewhere: comments, groups, routes, quoted local parts, ``%`` and ``!`` in them
(both once were routes), address literals, encoded words in an address, an address within a name that is not the one
in the brackets, and anything outside ASCII.
"""

from __future__ import annotations

import re

from vienna_kernel.decode import words
from vienna_kernel.decode.header import has_control, refused

MAX_ADDRESSES = 2000

_LOCAL = r"[A-Za-z0-9#$&'*+/=?^_{}~][A-Za-z0-9#$&'*+/=?^_{}~-]*+(?:\.[A-Za-z0-9#$&'*+/=?^_{}~-]++)*+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = rf"{_LOCAL}@{_LABEL}(?:\.{_LABEL})*"
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]++"
_QUOTED = r'"(?:[^"\\]|\\["\\])*+"'
_NAME = rf"(?:(?:{_ATOM}|{_QUOTED})(?:[ \t]++|(?=<)))*+"
_MAILBOX = re.compile(
    rf"[ \t]*+(?:(?P<plain>{_ADDRESS})|(?P<name>{_NAME})<(?P<bracketed>{_ADDRESS})>)[ \t]*+(?:,|\Z)"
)
_NUMBER = re.compile(r"[0-9]+\Z|0[xX]")
_MAX_LOCAL_CHARS = 64  # RFC 5321 4.5.3.1
_MAX_ADDRESS_CHARS = 254


def addresses(text: str) -> list[str]:
    """The addresses of one header value, names left out, domains in lower case. Errors: ``MalformedError``."""
    if not text.isascii() or has_control(text):
        raise refused("an address line with control characters, or letters outside ASCII")
    found: list[str] = []
    at = 0
    while at < len(text) or text.endswith(","):
        mailbox = _MAILBOX.match(text, at)
        if not mailbox:
            raise refused("an address that not every mail server reads alike")
        if len(found) == MAX_ADDRESSES:
            raise refused(f"more than {MAX_ADDRESSES} addresses")
        found.append(_canonical(mailbox["plain"] or mailbox["bracketed"]))
        _judge_name(mailbox["name"] or "", found[-1])
        at = mailbox.end()
    return found


def _canonical(address: str) -> str:
    local, _, domain = address.partition("@")
    if len(local) > _MAX_LOCAL_CHARS or len(address) > _MAX_ADDRESS_CHARS:
        raise refused("an address that is too long")
    if "=?" in local or _NUMBER.match(domain.rpartition(".")[2]):
        raise refused("an encoded word or a number in an address")
    return f"{local}@{domain.lower()}"


def _judge_name(name: str, address: str) -> None:
    """Refuse a name that a reader who splits at commas, or decodes words first, takes for an address."""
    shown = words.decoded(name.strip(" \t").removeprefix('"').removesuffix('"'))
    if any(mark in shown for mark in "@<>") and shown.lower() != address.lower():
        raise refused("a name with an address in it that is not the one it names")
