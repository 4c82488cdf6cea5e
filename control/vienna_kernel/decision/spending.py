"""What the budgets say to one call that would go: it fits them all, or the first that it does not fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from vienna_kernel.budget.claim import Claim, together
from vienna_kernel.decision import hint
from vienna_kernel.policy.ruleset import Match
from vienna_kernel.policy.subject import Subject
from vienna_kernel.value import plain_decimal

_UNDER_WAY_SECONDS = 60
"""When to ask again where only calls under way stand in the way: most have ended by then."""


@dataclass(frozen=True, slots=True)
class Overspent:
    """Why a call is refused.

    Attributes:
        detail: For operators.
        hint: For the agent.
        retry_after_seconds: When it may fit; None: never as it is.
    """

    detail: str
    hint: str
    retry_after_seconds: int | None


def claims_of(match: Match, subject: Subject) -> tuple[Claim, ...]:
    """What this call asks of the budgets of the rule that decides, and of those that might have allowed it.

    Else a call that leaves a field out would get past a budget to the next rule that allows.
    """
    rules = (match.rule, *match.passed) if match.rule else match.passed
    return tuple(
        subject.claim(name) for name in dict.fromkeys(name for rule in rules for name in rule.budgets)
    )


def overspent(claims: Sequence[Claim]) -> Overspent | None:
    """The first budget that does not hold what is asked of it; claims on one account are added up."""
    for claim in together(claims):
        if not claim.fits:
            return _told(claim)
    return None


def _told(claim: Claim) -> Overspent:
    name = claim.budget.name
    if claim.account is None or claim.amount is None:
        return Overspent(f"budget {name}: what this would use cannot be told", hint.uncounted(claim), None)
    figures = (claim.amount, claim.account.remaining, claim.budget.limit)
    amount, left, limit = (plain_decimal(figure) for figure in figures)
    asked = f"budget {name}: {amount} asked, {left} of {limit} left"
    if not claim.may_fit_later:
        return Overspent(asked, hint.over_budget(claim), None)
    at = claim.frees_at
    wait = timedelta(seconds=_UNDER_WAY_SECONDS) if at is None else at - claim.account.now
    return Overspent(asked, hint.over_budget(claim), max(1, -(-wait // timedelta(seconds=1))))
