"""What was seen of one scene, as a person reads it and as a script does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from vienna_cli.output import cell


@dataclass(frozen=True)
class Fact:
    """One thing that had to be so.

    Attributes:
        what: E.g. ``the payments API saw nothing``.
        found: What was there instead, or as well.
    """

    what: str
    held: bool
    found: Any = None


@dataclass
class Seen:
    """One scene.

    Attributes:
        step: Short name, stable for scripts.
        line: What a person reads: the call and what became of it.
        facts: Everything that had to be so, in the order it was looked at.
        shown: Further values for scripts.
        skipped: Why it could not happen in this telling, because somebody decided otherwise.
    """

    step: str
    line: str = ""
    facts: list[Fact] = field(default_factory=list)
    shown: dict[str, Any] = field(default_factory=dict)
    skipped: str = ""

    @property
    def ok(self) -> bool:
        return bool(self.facts or self.skipped) and all(fact.held for fact in self.facts)

    def same(self, what: str, found: Any, expected: Any) -> None:
        """Notes whether something is exactly what it had to be."""
        self.facts.append(Fact(what, found == expected, found))

    def holds(self, what: str, held: object, found: Any = None) -> None:
        """Notes whether something is so."""
        self.facts.append(Fact(what, bool(held), found))

    def to_json(self) -> dict[str, Any]:
        facts = [{"what": fact.what, "held": fact.held, "found": fact.found} for fact in self.facts]
        return {"step": self.step, "seen": self.ok, "line": self.line, "facts": facts, **self.shown}

    def failures(self) -> list[str]:
        """A sentence for each fact that did not hold."""
        return [f"{fact.what}: no, found {cell(fact.found)}" for fact in self.facts if not fact.held]
