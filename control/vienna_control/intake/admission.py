"""Whether an agent may try something at all, before policy is asked.

1. Who it is: unknown, suspended and inactive agents are refused in every mode of enforcement.
2. Whether the action exists, and the parameters fit it: part of what observe mode only records.

Whether the action is among the agent's allowed ones is the kernel's first step (``decision``).
"""

from __future__ import annotations

from collections.abc import Mapping

from vienna_control.fleet.registry import Agent
from vienna_control.intake.ask import Ask
from vienna_kernel.action import ActionType
from vienna_kernel.decision.hint import LONGEST, clean
from vienna_kernel.intent import Intent
from vienna_kernel.verdict import Reason, Refused


def standing(agent: Agent | None) -> Agent | Refused:
    """The agent if it is listened to at all, else why not."""
    if agent is None or agent.status == "inactive":
        return Refused(
            Reason.AGENT_UNKNOWN,
            "no active agent is registered for this credential",
            "This agent is not registered. Do not retry; tell your user.",
        )
    if agent.status == "suspended":
        until = f" until {agent.resume_at}" if agent.resume_at else ""
        return Refused(
            Reason.AGENT_SUSPENDED,
            f"agent {agent.name} is suspended{until}",
            "This agent is suspended; an operator must resume it. Do not retry; tell your user.",
        )
    return agent


def admit(ask: Ask, types: Mapping[str, ActionType]) -> Refused | None:
    """Why policy need not even be asked, or None."""
    for intent in ask.intents:
        if ask.call is None and intent.action not in types:
            return Refused(
                Reason.UNMAPPED_ACTION,
                f"no action type {intent.action} is registered",
                clean(f"No action {intent.action} is known here. Do not retry; ask your user.", LONGEST),
            )
        complaint = _misfit(intent, types.get(intent.action))
        if complaint:
            return Refused(
                Reason.INVALID_PARAMETER,
                f"{intent.action}: {complaint}",
                clean(f"{intent.action}: {complaint}. Correct it and try again.", LONGEST),
            )
    return None


def _misfit(intent: Intent, kind: ActionType | None) -> str:
    """What of the parameters does not fit, as one sentence; hidden and undetermined ones cannot be judged."""
    if kind is None:
        return ""
    unseen = intent.redacted | intent.undetermined
    for error in kind.validate({k: v for k, v in intent.parameters.items() if k not in intent.redacted}):
        if error.field.lstrip("/").split("/")[0] not in unseen:
            return f"{error.field}: {error.message}"
    return ""
