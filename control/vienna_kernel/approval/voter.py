"""Who votes, and a vote: a person with a role and groups, and what another has lent to them.

What is lent stands beside what is one's own, never mixed with it: the tally takes it away again where its owner has
had their say (``moves``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Voter:
    """An operator who wants to vote; ``role`` is the operator's own: admin, approver, …

    Attributes:
        stands_for: Id of the one in whose place they vote; empty: as themselves.
        lent: Groups of that one.
        covers: Names of that one, where a delegation says that it holds for who is named.
    """

    id: str
    role: str
    groups: tuple[str, ...] = ()
    email: str = ""
    stands_for: str = ""
    lent: tuple[str, ...] = ()
    covers: tuple[str, ...] = ()

    @property
    def of(self) -> tuple[str, ...]:
        """Groups that they vote for, their own and lent ones."""
        return (*self.groups, *self.lent)

    def has(self, role: str) -> bool:
        return role == self.role or role in self.of

    def named(self, people: Sequence[str]) -> bool:
        return any(name in people for name in (self.id, self.email, *self.covers) if name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """One vote as it was cast, with the voter's role and groups, and what was lent to them, of that moment."""

    operator_id: str
    verdict: Literal["approve", "deny"]
    mfa: str = ""  # totp | passkey | ""
    justification: str = ""
    rollback_plan: str = ""
    groups: tuple[str, ...] = ()
    role: str = "approver"
    email: str = ""
    stands_for: str = ""
    lent: tuple[str, ...] = ()
    covers: tuple[str, ...] = ()

    @property
    def own(self) -> Vote:
        """The vote without what was lent to it."""
        return replace(self, stands_for="", lent=(), covers=()) if self.stands_for else self

    @property
    def voter(self) -> Voter:
        return Voter(
            id=self.operator_id,
            role=self.role,
            groups=self.groups,
            email=self.email,
            stands_for=self.stands_for,
            lent=self.lent,
            covers=self.covers,
        )
