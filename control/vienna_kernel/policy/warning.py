"""What a check says of a rule that is valid and probably not meant."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PolicyWarning:
    """One thing to look at.

    Attributes:
        where: ``file:line:column`` of the rule, or of the condition.
        rule_id: Empty for the set as a whole.
        code: What it is, as a word that stays the same.
        why: One sentence.
        fix: What to do, one sentence.
    """

    where: str
    rule_id: str
    code: str
    why: str
    fix: str

    def __str__(self) -> str:
        named = f"{self.rule_id}: " if self.rule_id else ""
        return f"{self.where}: {named}{self.why} ({self.fix})"
