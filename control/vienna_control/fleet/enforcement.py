"""The ladder: observe, enforce what is high, enforce all. Up is one step of one admin; down is noisy.

In ``prod`` going down takes two different people: the first one's word is kept for an hour, the second one's does it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from sqlalchemy import select

from vienna_control import rows
from vienna_control.clock import iso
from vienna_control.fleet import registry
from vienna_control.fleet.alerts import raise_alert
from vienna_control.fleet.registry import RUNGS, Agent, Enforcement
from vienna_control.store import Tx
from vienna_control.store.tables import settings

_KEPT = timedelta(hours=1)

type Step = Literal["done", "unchanged", "second_person_needed"]


def lowers(agent: Agent, to: Enforcement) -> bool:
    """Whether this rung is below the agent's."""
    return RUNGS.index(to) < RUNGS.index(agent.enforcement)


def move(tx: Tx, agent: Agent, to: Enforcement, *, who: str, actor: str, two_people: bool) -> Step:
    """Put an agent on a rung. ``who``: name of the admin; ``two_people``: going down takes a second one."""
    if agent.enforcement == to:
        return "unchanged"
    down = lowers(agent, to)
    if down and two_people and not _seconded(tx, agent, to, actor):
        step = f"{agent.name} from {agent.enforcement} down to {to}"
        _tell(tx, agent, f"{who} wants to put {step}; a second admin is needed")
        return "second_person_needed"
    registry.amend(tx, agent, {"enforcement": to}, actor=actor)
    if down:
        _tell(tx, agent, f"{who} put {agent.name} from {agent.enforcement} down to {to}")
    return "done"


def _seconded(tx: Tx, agent: Agent, to: Enforcement, actor: str) -> bool:
    """Whether somebody else asked for the same within the hour; else this word is kept."""
    name = f"lower:{agent.id}"[:64]
    kept = tx.conn.scalar(select(settings.c.value).where(settings.c.name == name))
    tx.conn.execute(settings.delete().where(settings.c.name == name))
    first: dict[str, str] = rows.load(kept) or {}
    if first.get("to") == to and first["actor"] != actor and first["at"] > iso(tx.now - _KEPT):
        return True
    rows.add(tx.conn, settings, name=name, value=rows.dump({"to": to, "actor": actor, "at": tx.at}))
    return False


def _tell(tx: Tx, agent: Agent, text: str) -> None:
    raise_alert(
        tx, tenant=agent.tenant, severity="warning", kind="enforcement_lowered", text=text, agent_id=agent.id
    )
