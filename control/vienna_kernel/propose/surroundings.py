"""What a description says around one operation: what lies below its path, and what would take it back."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

from vienna_kernel.propose.guess import Subject
from vienna_kernel.propose.listing import Listed
from vienna_kernel.propose.words import singular, words

_HOLE = re.compile(r"\{[^{}]*\}")


class Surroundings:
    """All operations of one document."""

    def __init__(self, listed: Sequence[Listed]) -> None:
        self._known = {(one.method, _plain(one.path)): one.label for one in listed}
        self._paths = sorted(_plain(one.path) for one in listed)

    def subject(self, one: Listed, *, verb: str, money: bool) -> Subject:
        """What effect, reversibility and tier of an operation are guessed from."""
        path = _plain(one.path)
        literals = [piece for piece in path.split("/") if piece and "{}" not in piece]
        return Subject(
            method=one.method,
            verb=verb,
            about=tuple(singular(word) for word in words(literals[-1])) if literals else (),
            tags=tuple(singular(word) for tag in one.tags for word in words(tag)),
            money=money,
            item="{}" in path.rpartition("/")[2],
            below=self._below(path),
            collection=any(
                (method, f"{path}/{{}}") in self._known for method in ("GET", "DELETE", "PATCH", "PUT")
            ),
            undone_by=self._undone_by(one.method, path),
        )

    def _below(self, path: str) -> int:
        """How many operations have a path that starts with this one and goes on."""
        start, end = f"{path.rstrip('/')}/", f"{path.rstrip('/')}0"  # "0" follows "/"
        return bisect_left(self._paths, end) - bisect_left(self._paths, start)

    def _undone_by(self, method: str, path: str) -> str:
        options = {
            "POST": [("DELETE", f"{path}/{{}}"), ("DELETE", path)],
            "PUT": [("DELETE", path), ("GET", path)],
            "PATCH": [("GET", path)],
        }
        for one in options.get(method, ()):
            if one in self._known:
                label = self._known[one]
                return (
                    f"{label} takes it back"
                    if one[0] == "DELETE"
                    else f"{label} tells what to set it back to"
                )
        return ""


def _plain(path: str) -> str:
    """The path with nameless variables, without a query or a slash at its end."""
    return _HOLE.sub("{}", path.partition("?")[0]).rstrip("/") or "/"
