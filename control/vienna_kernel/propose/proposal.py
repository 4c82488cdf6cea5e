"""What is proposed: one mapping file, before it is written."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from vienna_kernel.propose.draft import Draft
from vienna_kernel.propose.listing import Skipped
from vienna_kernel.propose.words import words

ID = re.compile(r"[a-z][a-z0-9_-]{0,63}\Z")
"""What the id of a mapping looks like."""

_COMMON = frozenset({"api", "apis", "www", "rest", "gateway", "sandbox", "prod", "production"})
_SECOND = frozenset({"ac", "co", "com", "edu", "gov", "net", "or", "org"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One mapping file.

    Attributes:
        origin: What it was made of, for its first lines.
        told: What the name of a case says: ``as it is described``.
        skipped: What was not made an action, and why.
    """

    id: str
    version: str
    hosts: tuple[str, ...]
    origin: str
    drafts: tuple[Draft, ...]
    skipped: tuple[Skipped, ...] = ()
    told: str = "as it is described"

    @property
    def protocol(self) -> str:
        """How most of its bodies are sent."""
        kinds = Counter(
            "form" if field.source == "form" else "rest" for one in self.drafts for field in one.body.fields
        )
        return "form" if kinds["form"] > kinds["rest"] else "rest"

    def table(self) -> list[tuple[str, str, int, str]]:
        """Effect, tier, how many actions, the first of them; least at stake first."""
        counts: Counter[tuple[str, str]] = Counter()
        first: dict[tuple[str, str], str] = {}
        for one in self.drafts:
            key = (one.tier.value, one.effect.value)
            counts[key] += 1
            first.setdefault(key, one.name)
        return [(effect, tier, counts[tier, effect], first[tier, effect]) for tier, effect in sorted(counts)]


def id_of(host: str) -> str:
    """A mapping's id of a host: ``api.github.com`` is ``github``."""
    labels = [label for label in host.removeprefix("*.").split(".") if label]
    if len(labels) > 1:
        labels = labels[:-1]
    if len(labels) > 1 and labels[-1] in _SECOND:
        labels = labels[:-1]
    told = [label for label in labels if label not in _COMMON] or labels
    text = "_".join(words(told[-1])) or "api"
    return text[:64] if text[0].isalpha() else f"x_{text}"[:64]
