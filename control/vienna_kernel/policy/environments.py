"""Labels of targets: which environment a thing belongs to, said by whoever writes the rules, never by the agent.

``production: ["k8s:prod/*", "stripe:*"]`` labels every target that one of the patterns fits; ``*`` is any run of
characters, all else stands for itself. The first label in the order of the pages counts, so what is strictest goes
first. A target that no pattern fits has the label of its agent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated

from pydantic import Field

type Label = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]
type Pattern = Annotated[str, Field(min_length=1, max_length=500)]
type Labelled = dict[Label, Annotated[list[Pattern], Field(min_length=1, max_length=500)]]


class Environments:
    """All labels of one bundle."""

    def __init__(self, pages: Iterable[Mapping[str, Sequence[str]]] = ()) -> None:
        self._rows: dict[str, list[tuple[str, ...]]] = {}
        for page in pages:
            for label, patterns in page.items():
                self._rows.setdefault(label, []).extend([tuple(text.split("*")) for text in patterns])

    def __bool__(self) -> bool:
        return bool(self._rows)

    def data(self) -> dict[str, list[str]]:
        """Patterns by label."""
        return {label: ["*".join(pieces) for pieces in rows] for label, rows in self._rows.items()}

    def of(self, target: str) -> str | None:
        """The label of a target; None when no pattern fits."""
        for label, rows in self._rows.items():
            if any(_fits(pieces, target) for pieces in rows):
                return label
        return None


def _fits(pieces: tuple[str, ...], text: str) -> bool:
    """Whether the text is these pieces with anything between; each is looked for once, from left to right."""
    if len(pieces) == 1:
        return text == pieces[0]
    first, *between, last = pieces
    if not text.startswith(first) or not text.endswith(last) or len(text) < len(first) + len(last):
        return False
    at, end = len(first), len(text) - len(last)
    for piece in between:
        found = text.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True
