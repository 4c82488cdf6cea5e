"""A place in a mapping file that complaints are told at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vienna_kernel.document import Document, Path
from vienna_kernel.errors import MalformedError


@dataclass(frozen=True, slots=True)
class Place:
    """One object of a document."""

    document: Document
    path: Path

    def where(self, *steps: str | int) -> str:
        """``file:line:column`` of a member."""
        return self.document.where((*self.path, *steps))

    def fail(self, why: str, *steps: str | int) -> MalformedError:
        """A complaint about a member."""
        return MalformedError(self.where(*steps), why)

    def at[T](self, act: Callable[[], T], *steps: str | int) -> T:
        """What ``act`` gives; its complaint told at a member."""
        try:
            return act()
        except MalformedError as error:
            raise self.fail(error.why, *steps) from None
