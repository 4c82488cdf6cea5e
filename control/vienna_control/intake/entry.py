"""The row of one intent and the entries of its first two steps: submitted, evaluated.

Entries hold digests and allow-listed fields; what was in the body stays in the row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vienna_control import rows
from vienna_control.intake.ask import Ask
from vienna_control.store import Tx
from vienna_control.store.tables import intents
from vienna_kernel.decision.decide import Decision
from vienna_kernel.intent import Tier
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.lifecycle import Status
from vienna_kernel.verdict import Reason, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A decision as it is kept, shown and hashed.

    Attributes:
        data: Plain JSON data.
        policy_digest: Empty when policy was not asked.
    """

    data: dict[str, Any]
    tier: Tier
    reason: Reason | None
    would: str | None
    policy_digest: str

    @classmethod
    def of(
        cls, decision: Decision, *, would: str | None, policy_digest: str, facts: Mapping[str, Any]
    ) -> Told:
        """``facts``: what it was decided on, as ``facts.kept`` gives them."""
        data = {
            "outcome": decision.outcome.value,
            "tier": decision.tier.value,
            "rule_id": decision.rule_id,
            "rule_name": decision.rule_name,
            "reason": decision.reason.value if decision.reason else None,
            "detail": decision.detail,
            "hint": decision.hint,
            "flags": list(decision.flags),
            "shadow": list(decision.shadow),
            "requirements": decision.requirements.to_json() if decision.requirements else None,
            "retry_after_seconds": decision.retry_after_seconds,
            "would": would,
            "explanation": decision.explanation,
            "facts": dict(facts),
        }
        return cls(
            data=data,
            tier=decision.tier,
            reason=decision.reason,
            would=would,
            policy_digest=policy_digest,
        )

    @classmethod
    def unasked(cls, tier: Tier, refused: Refused) -> Told:
        """A refusal that came before policy was asked."""
        data = {
            "outcome": "denied",
            "tier": tier.value,
            "rule_id": None,
            "reason": refused.reason.value,
            "detail": refused.detail,
            "hint": refused.hint,
        }
        return cls(data=data, tier=tier, reason=refused.reason, would=None, policy_digest="")


def submit(tx: Tx, ask: Ask, told: Told, *, status: Status) -> str:
    """Write the row of a new intent, its ``intent_submitted`` and ``policy_evaluated``; returns its id."""
    intent_id = tx.id("int")
    call = ask.call
    rows.add(
        tx.conn,
        intents,
        id=intent_id,
        tenant=ask.caller.tenant,
        agent_id=ask.caller.agent_id,
        sidecar_id=ask.caller.sidecar_id,
        source=ask.caller.source,
        action=ask.action,
        target="; ".join(dict.fromkeys(intent.target for intent in ask.intents)),
        status=status.value,
        grade=ask.grade,
        tier=told.tier.value,
        summary=ask.summary(),
        host=ask.host,
        method=ask.method,
        url=call.url if call else "",
        meaning=rows.dump([intent.to_json() for intent in ask.intents]),
        call=rows.dump(call.model_dump()) if call else None,
        fingerprint=ask.fingerprint,
        attempt=ask.attempt,
        digest=ask.meaning_digest,
        request_digest=call.request_digest if call else "",
        decision=rows.dump(told.data),
        rule=told.data.get("rule_id"),
        reason=told.reason.value if told.reason and status is Status.DENIED else None,
        would=told.would,
        bundle=ask.bundle,
        preflight=ask.preflight,
        preflight_of=ask.preflight_of,
        mode=ask.mode,
        idempotency_key=ask.idempotency_key,
        simulation=ask.simulation,
        created_at=tx.at,
        updated_at=tx.at,
    )
    _submitted(tx, ask, intent_id)
    if told.policy_digest:
        evaluated(tx, ask, intent_id, told, again=False)
    return intent_id


def _submitted(tx: Tx, ask: Ask, intent_id: str) -> None:
    tx.record(
        EntryType.INTENT_SUBMITTED,
        tenant=ask.caller.tenant,
        actor=ask.caller.source,
        agent_id=ask.caller.agent_id,
        intent_id=intent_id,
        data={
            "action": ask.action,
            "mapped": ask.mapped,
            "mode": ask.mode,
            "method": ask.method or None,
            "host": ask.host or None,
            "request_digest": ask.call.request_digest if ask.call else None,
            "digest": ask.meaning_digest,
            "fingerprint": ask.fingerprint,
            "bundle": ask.bundle,
            **_reads(ask),
        },
    )


def _reads(ask: Ask) -> dict[str, str]:
    """Which read belongs to which call, on both of them."""
    told = {"preflight": ask.preflight, "preflight_of": ask.preflight_of}
    return {name: value for name, value in told.items() if value is not None}


def evaluated(tx: Tx, ask: Ask, intent_id: str, told: Told, *, again: bool) -> None:
    """Enter ``policy_evaluated``: what came out, and the digest of why (the explanation itself is in the row)."""
    data = told.data
    tx.record(
        EntryType.POLICY_EVALUATED,
        tenant=ask.caller.tenant,
        actor="system",
        agent_id=ask.caller.agent_id,
        intent_id=intent_id,
        data={
            "action": ask.action,
            "decision": data["outcome"],
            "risk_tier": data["tier"],
            "rule": data["rule_id"],
            "reason": data["reason"],
            "would": data["would"],
            "flags": data["flags"],
            "policy_digest": told.policy_digest,
            "explanation_digest": "sha256:" + hashlib.sha256(rows.dump(data).encode()).hexdigest(),
            "at_dispatch": again,
        },
    )


def settle(tx: Tx, intent_id: str, status: Status, *, reason: Reason | None = None, **columns: Any) -> None:
    """Move an intent's row to a status; further columns as given."""
    rows.change(
        tx.conn,
        intents,
        intent_id,
        status=status.value,
        updated_at=tx.at,
        reason=reason.value if reason else None,
        **columns,
    )
