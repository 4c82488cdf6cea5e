"""What it takes for a request to be approved: how many people, which, and what each must bring.

``count`` people of ``groups``; each of ``roles`` covered by somebody else; each of ``people`` among them; with
``executive`` one of the group ``executive``. A call with several meanings adds theirs as ``also``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

EXECUTIVE = "executive"

type OnTimeout = Literal["escalate", "notify", "deny"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirements:
    """What it takes for one request to be approved.

    Attributes:
        count: How many distinct people; 0 needs none.
        groups: Voters come from one of these; empty: any approver.
        roles: Each is covered by a different person, who has it as role or as group.
        people: Operator ids or e-mail addresses; each of them has to consent.
        mfa: Every consent carries a second factor.
        justification: Every consent says why.
        rollback_plan: Somebody says how it would be undone.
        executive: One of the consenting people is of the group ``executive``.
        timeout_seconds: How long each level is asked before ``on_timeout``.
        redeem_seconds: How long consent can be used, once, after it was given.
        page: ``now`` wakes people, ``morning`` does not, None leaves it to the channel.
        notify: Roles or groups that are told when it lapses or is escalated.
        also: Further requirements that the same votes must meet.
        next_tier: What the tier above asks, where an escalation leads there instead of to the next group.
    """

    count: int
    groups: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    mfa: bool = False
    justification: bool = False
    rollback_plan: bool = False
    executive: bool = False
    timeout_seconds: int = 3600
    on_timeout: OnTimeout = "deny"
    redeem_seconds: int = 3600
    page: Literal["now", "morning"] | None = None
    notify: tuple[str, ...] = ()
    also: tuple[Requirements, ...] = ()
    next_tier: Requirements | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data that ``from_json`` reads back as equal requirements."""
        data: dict[str, Any] = {row.name: getattr(self, row.name) for row in fields(self)}
        data = {name: list(value) if isinstance(value, tuple) else value for name, value in data.items()}
        data["also"] = [part.to_json() for part in self.also]
        data["next_tier"] = self.next_tier.to_json() if self.next_tier else None
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Requirements:
        """Inverse of ``to_json``. Raises ``TypeError`` on an unknown or missing key."""
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in data.items()
        }
        values["also"] = tuple(cls.from_json(part) for part in data.get("also", ()))
        values["next_tier"] = cls.from_json(higher) if (higher := data.get("next_tier")) else None
        return cls(**values)

    def parts(self) -> Iterator[Requirements]:
        """These requirements without ``also``, then each of ``also``."""
        yield replace(self, also=()) if self.also else self
        for part in self.also:
            yield from part.parts()

    @property
    def people_needed(self) -> int:
        """The least number of different people who can meet all of it."""
        return max(
            max(part.count, len(part.people), len(part.roles), int(part.executive)) for part in self.parts()
        )


def who(part: Requirements) -> str:
    """``group finance`` or ``the approvers``."""
    return "group " + " or ".join(part.groups) if part.groups else "the approvers"


def describe(requirements: Requirements) -> str:
    """One line for people: ``2 of group finance, each with a second factor``."""
    lines = []
    for part in requirements.parts():
        words = [f"{part.count} of {who(part)}"]
        words += [f"among them {', '.join(part.people)}"] if part.people else []
        words += [f"one each of {', '.join(part.roles)}"] if part.roles else []
        words += [f"one of group {EXECUTIVE}"] if part.executive else []
        words += ["each with a second factor"] if part.mfa else []
        words += ["each with a justification"] if part.justification else []
        words += ["with a rollback plan"] if part.rollback_plan else []
        lines.append(", ".join(words))
    return "; and ".join(lines)
