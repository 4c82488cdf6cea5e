"""A deadline that passed: what lapses is asked elsewhere, announced once more, or ends; never in consent.

Every chain of deadlines ends: each step asks a group that was not asked before, or is the last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from vienna_kernel.approval.moves import Event
from vienna_kernel.approval.requirements import Requirements

MOST_ESCALATIONS = 3


@dataclass(frozen=True, slots=True)
class Lapse:
    """What a passed deadline leads to: never to consent.

    Attributes:
        event: ``ESCALATE`` (asked again with ``requirements``) or ``LAPSE`` (it ends).
        asked: Groups that are asked now and were not before.
        notify: Roles or groups that are told.
    """

    event: Event
    requirements: Requirements
    asked: tuple[str, ...] = ()
    notify: tuple[str, ...] = ()


def escalate(requirements: Requirements, groups_order: Sequence[str], level: int) -> Requirements | None:
    """The requirements with the next group asked as well, or with what the next tier asks; None: there is no further.

    ``groups_order`` is the installation's, nearest first; ``level`` is how often it was escalated already. Votes
    that were cast stay valid; the count does not change, and with the next tier nothing gets less.
    """
    if level >= MOST_ESCALATIONS:
        return None
    if requirements.next_tier is not None:
        return _raised(requirements, requirements.next_tier)
    if not requirements.groups:
        return requirements if level == 0 and groups_order else None
    following = next((group for group in groups_order if group not in requirements.groups), None)
    if following is None:
        return None
    return replace(requirements, groups=(*requirements.groups, following))


def _raised(asked: Requirements, higher: Requirements) -> Requirements:
    """What was asked and what the tier above asks, of the same people; from there on its deadlines hold."""
    return replace(
        asked,
        count=max(asked.count, higher.count),
        mfa=asked.mfa or higher.mfa,
        justification=asked.justification or higher.justification,
        rollback_plan=asked.rollback_plan or higher.rollback_plan,
        executive=asked.executive or higher.executive,
        timeout_seconds=higher.timeout_seconds,
        on_timeout=higher.on_timeout,
        redeem_seconds=min(asked.redeem_seconds, higher.redeem_seconds),
        notify=tuple(dict.fromkeys((*asked.notify, *higher.notify))),
        next_tier=higher.next_tier,
    )


def lapse(requirements: Requirements, groups_order: Sequence[str], level: int) -> Lapse:
    """What happens when a level's time is over, as ``on_timeout`` says; every chain of them ends."""
    if requirements.on_timeout == "escalate":
        wider = escalate(requirements, groups_order, level)
        if wider is not None:
            asked = tuple(group for group in wider.groups if group not in requirements.groups)
            return Lapse(Event.ESCALATE, wider, asked, requirements.notify)
    if requirements.on_timeout == "notify" and level == 0:
        return Lapse(Event.ESCALATE, requirements, (), requirements.notify or ("admin",))
    return Lapse(Event.LAPSE, requirements, (), requirements.notify)
