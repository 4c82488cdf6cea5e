"""Hosts that mappings name: exact, or with ``*`` for one label each.

Of several that fit a host the exact one goes first, then the one with fewest ``*``, then the one whose labels are
literal furthest to the right, as names are given out: ``ec2.s3.amazonaws.com`` is a bucket of ``*.s3.amazonaws.com``,
not the region ``s3`` of ``ec2.*.amazonaws.com``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

ANY = "*"
MAX_WILDCARDS = 2

_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]{0,250}[a-z0-9])?\Z")
_LITERAL = 2
"""How many labels at the end are no ``*``."""

type _Stars = tuple[int, ...]


def is_host(text: str) -> bool:
    """Whether it is a lower-case host, ``*`` for at most ``MAX_WILDCARDS`` labels but the last two."""
    labels = text.split(".")
    stars = _stars(labels)
    named = _HOST.match(".".join("x" if label == ANY else label for label in labels))
    bounded = len(stars) <= MAX_WILDCARDS and all(i < len(labels) - _LITERAL for i in stars)
    return bool(named and bounded and all(labels))


def fits(host: str, patterns: frozenset[str] | set[str] | tuple[str, ...]) -> bool:
    """Whether one of the patterns is of this host."""
    if host in patterns:
        return True
    known = Hosts()
    for pattern in patterns:
        known.add(pattern)
    return any(name in patterns for name in known.names(host))


def labels_for(pattern: str, host: str) -> tuple[str, ...]:
    """The labels of a host that stand for each ``*`` of a pattern that fits it."""
    if ANY not in pattern:
        return ()
    rows = zip(pattern.split("."), host.split("."), strict=True)
    return tuple([label for told, label in rows if told == ANY])


class Hosts:
    """The forms that hosts have been named in."""

    def __init__(self) -> None:
        self._forms: dict[int, list[_Stars]] = {}

    def add(self, pattern: str) -> None:
        """Take up a host as a mapping names it."""
        labels = pattern.split(".")
        stars = _stars(labels)
        forms = self._forms.setdefault(len(labels) - 1, []) if stars else []
        if stars and stars not in forms:
            forms.append(stars)
            forms.sort(key=lambda told: (len(told), told[::-1]))

    def names(self, host: str) -> Iterator[str]:
        """What a mapping may have called this host, closest first; the host itself before all."""
        yield host
        forms = self._forms.get(host.count("."))
        if forms:
            labels = host.split(".")
            for stars in forms:
                yield ".".join([ANY if i in stars else label for i, label in enumerate(labels)])


def _stars(labels: list[str]) -> _Stars:
    return tuple([i for i, label in enumerate(labels) if label == ANY])
