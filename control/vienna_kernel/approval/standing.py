"""Standing warrants: consent given in advance to calls of one kind, so many of them, until then.

1. It stands in for the people who would be asked, never for a rule: what policy refuses stays refused.
2. It covers what a mapping understood, asked for by one of its agents, within its permit, while it lasts.
3. A value that this call leaves open may turn out to be anything: it is covered only where anything would be.
4. An amount of money is within a bound only in the bound's own currency.
5. Every intent of a call is one use; a use is a child warrant that names exactly what was asked for (``meanings``).
6. It consents to no more than its highest tier, T2 unless it says otherwise.

This module judges. Who granted a standing warrant, and that it is used up in the transaction that saw it cover, is the
control plane's affair.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from vienna_kernel.errors import IllegalMoveError
from vienna_kernel.intent import Intent, Tier
from vienna_kernel.verdict import Granted, Reason, Refused, Verdict
from vienna_kernel.warrant.limit import FREE, Limit
from vienna_kernel.warrant.scope import Permit


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One standing warrant as it is now.

    Attributes:
        action: Exact name of an action type.
        agents: Ids of the agents it is for; empty: none.
        target: Pattern, see ``fits``; None: every target.
        limits: What each parameter may be.
        open: Parameters without a limit may be anything; else they must not be there.
        currency: Of the bounds on amounts of money; None: no amount of money is within a bound.
        count: How many uses in all.
        used: How many of them are gone; never more than ``count``.
        not_before: First instant it holds (aware, inclusive); None: from the start.
        expires_at: First instant it no longer holds (aware, exclusive).
        most_tier: Highest tier that it consents to.
    """

    id: str
    action: str
    agents: frozenset[str]
    count: int
    expires_at: datetime
    target: str | None = None
    limits: Mapping[str, Limit] = field(default_factory=dict)
    open: bool = False
    currency: str | None = None
    used: int = 0
    not_before: datetime | None = None
    most_tier: Tier = Tier.T2
    revoked: bool = False

    @property
    def left(self) -> int:
        """Uses that are left, at least 0."""
        return max(0, self.count - self.used)

    def spend(self, uses: int) -> Standing:
        """After so many uses, at least 1. Raises ``IllegalMoveError`` when fewer are left: it was not judged."""
        if not 1 <= uses <= self.left:
            raise IllegalMoveError("standing warrant", f"{self.left} uses left", f"{uses} uses")
        return replace(self, used=self.used + uses)


def covers(
    standing: Standing, intents: Sequence[Intent], *, agent_id: str, tier: Tier, now: datetime
) -> Verdict:
    """Whether a standing warrant consents to a call of these intents, at least one, that policy would hold.

    Args:
        tier: Of the call, as it was decided.
        now: One aware instant for the whole judgement.
    """
    refused = _in_force(standing, agent_id, tier, now)
    if refused is not None:
        return refused
    if len(intents) > standing.left:
        why = f"{standing.left} of {standing.count} uses are left, and this call is {len(intents)}"
        return _no(standing, Reason.WARRANT_CONSUMED, why)
    for intent in intents:
        why = _outside(standing, intent)
        if why:
            return _no(standing, Reason.WARRANT_SCOPE, why)
    return Granted() if intents else _no(standing, Reason.WARRANT_SCOPE, "there is nothing to cover")


def _no(standing: Standing, reason: Reason, why: str) -> Refused:
    return Refused(reason, f"standing warrant {standing.id}: {why}")


def _in_force(standing: Standing, agent_id: str, tier: Tier, now: datetime) -> Refused | None:
    if standing.revoked:
        return _no(standing, Reason.WARRANT_REVOKED, "it was revoked")
    if standing.not_before is not None and now < standing.not_before:
        return _no(standing, Reason.WARRANT_NOT_YET_VALID, f"it holds from {standing.not_before.isoformat()}")
    if now >= standing.expires_at:
        return _no(standing, Reason.WARRANT_EXPIRED, f"it held until {standing.expires_at.isoformat()}")
    if agent_id not in standing.agents:
        return _no(standing, Reason.WARRANT_HOLDER, f"it is not for {agent_id}")
    if tier > standing.most_tier:
        why = f"it consents up to {standing.most_tier}, and this is {tier}"
        return _no(standing, Reason.WARRANT_REQUIREMENTS, why)
    return None


def _outside(standing: Standing, intent: Intent) -> str:
    """Why one intent is not covered, in words; empty when it is."""
    if intent.mapping is None:
        return "no mapping says what this request does"
    if intent.action != standing.action:
        return f"it is for {standing.action}"
    if standing.target is not None and not fits(standing.target, intent.target):
        return f"{intent.target} is outside {standing.target}"
    permit = Permit(action=standing.action, target=None, limits=standing.limits, open=standing.open)
    for name in sorted(intent.undetermined):
        if not FREE.within(permit.limit(name)):
            return f"{name} is left open, and not everything it may be is within"
    if not permit.covers(intent):
        return _beyond(permit, intent)
    return _foreign(standing, intent)


def _beyond(permit: Permit, intent: Intent) -> str:
    """The parameter that is outside, by name only."""
    for name, value in intent.parameters.items():
        if not permit.limit(name).allows(value):
            return (
                f"{name} is outside what it may be"
                if name in permit.limits
                else f"{name} is not provided for"
            )
    missing = [
        name for name, limit in permit.limits.items() if limit.required and name not in intent.parameters
    ]
    return f"{', '.join(missing)} must be there"


def _foreign(standing: Standing, intent: Intent) -> str:
    for name, holder in intent.money.items():
        limit = standing.limits.get(name)
        if limit is None or name not in intent.parameters or FREE.within(replace(limit, required=False)):
            continue
        code = intent.parameters.get(holder, holder)
        if not isinstance(code, str) or code.upper() != standing.currency:
            return f"{name} is an amount, and not one in {standing.currency or 'a currency that is named'}"
    return ""


def fits(pattern: str, target: str) -> bool:
    """Whether a target is within a pattern: step by step, parted by ``/``; ``*`` is one step, a last ``**`` all that
    follow, at least one. A step that is empty, ``.`` or ``..`` fits nothing but itself.
    """
    wanted, steps = pattern.split("/"), target.split("/")
    if wanted[-1] == "**":
        wanted.pop()
        rest, steps = steps[len(wanted) :], steps[: len(wanted)]
        if not rest or not all(map(_is_step, rest)):
            return False
    if len(wanted) != len(steps):
        return False
    return all(
        want == step or (want == "*" and _is_step(step)) for want, step in zip(wanted, steps, strict=True)
    )


def _is_step(step: str) -> bool:
    return step not in ("", ".", "..")
