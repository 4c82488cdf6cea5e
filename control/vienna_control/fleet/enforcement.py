"""The ladder: observe, enforce what is high, enforce all. Up is one step of one admin; down is noisy.

In ``prod`` going down takes two different people.
"""

from __future__ import annotations

from typing import Literal

from vienna_control.fleet import registry
from vienna_control.fleet.alerts import raise_alert
from vienna_control.fleet.registry import RUNGS, Agent, Enforcement
from vienna_control.fleet.second_person import seconded
from vienna_control.store import Tx

type Step = Literal["done", "unchanged", "second_person_needed"]


def lowers(agent: Agent, to: Enforcement) -> bool:
    """Whether this rung is below the agent's."""
    return RUNGS.index(to) < RUNGS.index(agent.enforcement)


def move(tx: Tx, agent: Agent, to: Enforcement, *, who: str, actor: str, two_people: bool) -> Step:
    """Put an agent on a rung. ``who``: name of the admin; ``two_people``: going down takes a second one."""
    if agent.enforcement == to:
        return "unchanged"
    down = lowers(agent, to)
    if down and two_people and not seconded(tx, step=f"lower:{agent.id}", wanted=to, actor=actor):
        step = f"{agent.name} from {agent.enforcement} down to {to}"
        _tell(tx, agent, f"{who} wants to put {step}; a second admin is needed")
        return "second_person_needed"
    registry.amend(tx, agent, {"enforcement": to}, actor=actor)
    if down:
        _tell(tx, agent, f"{who} put {agent.name} from {agent.enforcement} down to {to}")
    return "done"


def _tell(tx: Tx, agent: Agent, text: str) -> None:
    raise_alert(
        tx, tenant=agent.tenant, severity="warning", kind="enforcement_lowered", text=text, agent_id=agent.id
    )
