"""What is sent: an event as people and machines are told of it, and how sending ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from vienna_control.approvals.legible import legible

EVENTS: Mapping[str, str] = {
    "approval_required": "Approval needed",
    "approval_resolved": "Approval decided",
    "approval_escalated": "Approval escalated",
    "approval_expired": "Approval expired",
    "action_executed": "Action executed",
    "action_failed": "Action failed",
    "verification_mismatch": "Outcome differs from what was approved",
    "policy_violation": "Refused by policy",
    "warrant_revoked": "Warrant revoked",
    "agent_suspended": "Agent suspended",
    "freeze_changed": "Freeze changed",
    "alert": "Alert",
}
"""Events that can be subscribed to, and what people read above them."""

REPLY = "reply"
"""What a chat user is answered; written to the outbox like an event, subscribed to by nobody."""

ENDS = frozenset({"approval_resolved", "approval_expired"})

_MOST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One event on its way to one channel.

    Attributes:
        id: Of the delivery: the same for every attempt.
        data: The event's own data.
        about: What it is about: ``tier``, ``agent``, ``agent_id``, ``action``, ``sentence``, ``unusual``, ``page``,
            ``shown_digest``, ``practice``, as far as known.
        link: Into the console.
        posted: What the service called the message about the same approval, if there was one.
    """

    id: str
    event: str
    at: str
    tenant: str
    data: Mapping[str, Any]
    about: Mapping[str, Any]
    link: str
    posted: str | None = None

    @property
    def title(self) -> str:
        return EVENTS.get(self.event, self.event)

    @property
    def tier(self) -> str:
        return str(self.about.get("tier") or "")

    @property
    def approval_id(self) -> str | None:
        return self.data.get("approval_id")

    def sentence(self, *, full: bool) -> str:
        """One line for people, nothing in it that misleads the eye; without ``full`` it names the action only."""
        agent, action = _word(self.about.get("agent")) or "an agent", _word(self.about.get("action"))
        if full and self.about.get("sentence"):
            return str(self.about["sentence"])
        match self.event:
            case "approval_required" | "approval_escalated":
                return f"{agent} wants to do {action or 'something'}"
            case "approval_resolved" | "approval_expired":
                return f"{action or 'a request'} of {agent}: {_word(self.data.get('status'))}"
            case "alert":
                return _word(self.data.get("text")) if full else f"{_word(self.data.get('kind'))} of {agent}"
            case "freeze_changed":
                return f"a freeze ({_word(self.data.get('level'))}) has changed"
            case "warrant_revoked":
                return f"a warrant of {agent} was revoked"
            case "agent_suspended":
                return f"{_word(self.data.get('name')) or agent} is suspended"
        return f"{action or 'a call'} of {agent}"

    def unusual(self, *, full: bool) -> str:
        """The one thing that stands out, or empty; without ``full`` only that there is one."""
        told = str(self.about.get("unusual") or "")
        return told if full or not told else "something about it is unusual for this agent: see the console"


def _word(value: Any) -> str:
    return "" if value is None else legible(str(value), most=_MOST)


@dataclass(frozen=True, slots=True)
class Sent:
    """It was taken. ``code``: of the service; ``handle``: how it names what was posted."""

    code: int | None = None
    handle: str | None = None


class DeliveryError(Exception):
    """It was not taken.

    Attributes:
        why: For operators, without secrets.
        code: Of the service.
        final: Trying again would not help.
        after_seconds: When the service wants to be asked again.
        gone: There is nobody at that address, and never will be: the channel is to be removed.
    """

    def __init__(
        self,
        why: str,
        *,
        code: int | None = None,
        final: bool = False,
        after_seconds: float | None = None,
        gone: bool = False,
    ) -> None:
        super().__init__(why)
        self.why = why
        self.code = code
        self.final = final
        self.after_seconds = after_seconds
        self.gone = gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A channel as its sender needs it. ``secrets`` never leave it but towards the service."""

    id: str
    config: Mapping[str, Any]
    secrets: Mapping[str, str] = field(repr=False)


class Channel(Protocol):
    """One kind of service."""

    async def send(self, message: Message, to: Destination) -> Sent:
        """Deliver once. Raises ``DeliveryError``."""
        ...
