"""What an agent asks for and what came of it, with the sentence that goes into a model's context."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

GRANTED = frozenset({"executed", "approved", "simulated", "observed"})
"""Statuses in which the action may go, or went, ahead."""

UNDECIDED = frozenset({"received", "pending_approval", "executing", "frozen"})
"""Statuses that will still change by themselves."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_TEXT_CHARACTERS = 400


@dataclass(frozen=True)
class Answer:
    """What was decided about one intent.

    Attributes:
        intent_id: ``int-…``.
        status: ``executed``, ``approved``, ``pending_approval``, ``denied``, ``simulated``, or a later status of the
            intent (``failed``, ``unknown``, ``expired``, ``cancelled``).
        data: The whole answer of the control plane.
    """

    intent_id: str
    status: str
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def granted(self) -> bool:
        """Whether the action was, or may now be, performed."""
        return self.status in GRANTED

    @property
    def pending(self) -> bool:
        """Whether asking again later can give another answer."""
        return self.status in UNDECIDED

    @property
    def warrant(self) -> Mapping[str, Any] | None:
        """The warrant, where one was issued; ``token`` in it where the caller performs the action itself."""
        warrant = self.data.get("warrant")
        return warrant if isinstance(warrant, Mapping) else None

    @property
    def text(self) -> str:
        """At most 400 characters for a model: what was decided, whether a retry makes sense, what to do instead.

        It goes into a prompt: the control plane quotes what people typed, and control characters are taken out.
        """
        return clean(_SENTENCES.get(self.status, _unknown)(self))


def _executed(answer: Answer) -> str:
    verification = answer.data.get("verification")
    status = verification.get("status") if isinstance(verification, Mapping) else None
    return f"Done ({answer.intent_id})." + (f" Verification: {status}." if status else "")


def _approved(answer: Answer) -> str:
    return f"Approved ({answer.intent_id}). Perform exactly this action once, now, and report the outcome."


def _pending(answer: Answer) -> str:
    approval = answer.data.get("approval")
    if not isinstance(approval, Mapping):
        return f"Not decided yet ({answer.intent_id}). Do not perform it; ask again later."
    counts = f"{approval.get('current_approvals', 0)} of {approval.get('required_approvers', 1)} approvals"
    until = f", until {approval['expires_at']}" if approval.get("expires_at") else ""
    return f"Waiting for people ({answer.intent_id}): {counts}{until}. Do not perform it; ask again later."


def _denied(answer: Answer) -> str:
    said = clean(str(answer.data.get("hint") or answer.data.get("reason") or "policy"), 300)
    advice = "" if "retry" in said else " Do not retry; tell the user."
    return f"Denied ({answer.intent_id}): {said}{advice}"


def _failed(answer: Answer) -> str:
    return f"It was allowed but it failed ({answer.intent_id}). Nothing more will happen by itself."


def _lost(answer: Answer) -> str:
    return f"It cannot be known whether it happened ({answer.intent_id}). Do not retry; check first, or ask the user."


def _over(answer: Answer) -> str:
    return f"It will not happen: {answer.status} ({answer.intent_id}). A new request would be judged anew."


def _simulated(answer: Answer) -> str:
    return f"Simulated only, nothing happened ({answer.intent_id})."


def _unknown(answer: Answer) -> str:
    return f"Status {answer.status} ({answer.intent_id}). Do not perform it."


_SENTENCES = {
    "executed": _executed,
    "observed": _executed,
    "approved": _approved,
    "pending_approval": _pending,
    "received": _pending,
    "executing": _pending,
    "frozen": _pending,
    "denied": _denied,
    "failed": _failed,
    "unknown": _lost,
    "expired": _over,
    "cancelled": _over,
    "simulated": _simulated,
}


def clean(text: str, characters: int = _TEXT_CHARACTERS) -> str:
    """Text without control and direction characters, on one line, at most ``characters`` long."""
    line = _CONTROL.sub(" ", text)
    return line if len(line) <= characters else line[: characters - 1] + "…"
