"""What loosens the hold on an agent without a rule being touched, and so takes as many people as a change of policy.

Rules go by an agent's environment and trust, whoever owns it keeps out of its approvals, and what it is not allowed to
try is refused before any rule is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vienna_control.fleet.alerts import raise_alert
from vienna_control.fleet.registry import Agent
from vienna_control.fleet.second_person import seconded
from vienna_control.store import Tx

_FACTS = ("environment", "owner", "owners")
"""Members of an agent's metadata that decisions go by."""


def loosened(agent: Agent, changes: Mapping[str, Any]) -> list[str]:
    """What of these changes (``allowed_actions``, ``details``, ``type``, ``trust``) loosens the hold, in words."""
    told = []
    if any(not _within(action, agent.allowed_actions) for action in changes.get("allowed_actions", ())):
        told.append("may try more")
    if "details" in changes:
        after = changes["details"]
        told += [f"another {name}" for name in _FACTS if after.get(name) != agent.details.get(name)]
    if changes.get("type", agent.type) != agent.type:
        told.append("another type")
    if changes.get("trust", agent.trust) > agent.trust:
        told.append("is trusted more")
    return told


def _within(action: str, allowed: tuple[str, ...]) -> bool:
    """Whether an entry of a list of actions lets through nothing that these did not."""
    return any(
        action == each or each == "*" or (each.endswith(".*") and action.startswith(each[:-1]))
        for each in allowed
    )


def waits(tx: Tx, agent: Agent, changes: Mapping[str, Any], *, who: str, actor: str) -> bool:
    """Whether these changes wait for a second person: they loosen, and nobody else has asked for the same."""
    told = loosened(agent, changes)
    if not told or seconded(tx, step=f"loosen:{agent.id}", wanted=dict(changes), actor=actor):
        return False
    raise_alert(
        tx,
        tenant=agent.tenant,
        severity="warning",
        kind="agent_loosened",
        text=f"{who} wants {agent.name} changed ({', '.join(told)}); a second person is needed",
        agent_id=agent.id,
    )
    return True
