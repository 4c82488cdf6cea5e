"""The warrant that consent to an approval would become: what it covers, for whom, and for how long at most."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from vienna_control import rows
from vienna_control.approvals.legible import legible_data
from vienna_control.approvals.standing import kept
from vienna_control.intake.recorded import meaning_of
from vienna_control.policies import Bundle
from vienna_control.store.tables import intents
from vienna_kernel.approval.moves import Requirements
from vienna_kernel.intent import Intent, Tier
from vienna_kernel.value import plain
from vienna_kernel.warrant.scope import exactly


def told(conn: Connection, row: Mapping[str, Any], bundle: Bundle) -> dict[str, Any] | None:
    """Its terms as they are now; a rule may shorten its life still. ``row``: of ``view.one``.

    None: the consent becomes no warrant for a call, since it is asked for in advance.
    """
    if row["action"] == kept.ACTION:
        return None
    intent = rows.every(conn, select(intents).where(intents.c.id == row["intent_id"]))[0]
    call = rows.load(intent["call"]) or {}
    requirements = Requirements.from_json(rows.load(row["requirements"]))
    return {
        "approval_id": row["id"],
        "agent": row["agent_name"],
        "audience": call.get("origin"),
        "bound_to": "this very request" if call else "these very parameters",
        "uses": 1,
        "ttl_seconds": bundle.tiers.warrant_ttl(Tier(row["tier"])),
        "redeem_seconds": requirements.redeem_seconds,
        "permits": [_permit(one) for one in meaning_of(intent)],
    }


def _permit(intent: Intent) -> dict[str, Any]:
    permit = exactly(intent.action, intent.target, intent.parameters, {})
    limits = {name: [plain(value) for value in limit.one_of or ()] for name, limit in permit.limits.items()}
    return {
        "action": permit.action,
        "target": legible_data(permit.target),
        "limits": legible_data(
            {name: values[0] if len(values) == 1 else values for name, values in limits.items()}
        ),
        "not_said": [legible_data(name) for name in sorted(intent.undetermined)],
    }
