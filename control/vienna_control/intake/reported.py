"""What a gate refused, or saw, by itself: it is recorded as if we had said it.

1. A refused call becomes an intent that was denied, with the gate's reason, and an entry ``call_refused``.
2. A warrant that was forged, or replayed for something else, is an offence: trust falls and the agent is suspended.
   An identical warrant shown again after its use is a retry, and none.
"""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from vienna_control import rows
from vienna_control.fleet import registry, suspension
from vienna_control.fleet.alerts import raise_alert
from vienna_control.intake.ask import Caller
from vienna_control.store import Tx
from vienna_control.store.tables import intents
from vienna_kernel.intent import Tier
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.lifecycle import Grade, Status
from vienna_kernel.trust import Event
from vienna_kernel.verdict import Reason
from vienna_kernel.wire import Reported

_REPLAYED = frozenset({Reason.WARRANT_REQUEST, Reason.WARRANT_SCOPE, Reason.WARRANT_CONSUMED})
_FORGED = frozenset({
    Reason.WARRANT_TOO_LARGE,
    Reason.WARRANT_MALFORMED,
    Reason.WARRANT_TYPE,
    Reason.WARRANT_KEY_UNKNOWN,
    Reason.WARRANT_ALGORITHM,
    Reason.WARRANT_SIGNATURE,
    Reason.WARRANT_ISSUER,
    Reason.WARRANT_AUDIENCE,
    Reason.WARRANT_CHAIN,
    Reason.WARRANT_HOLDER,
    Reason.WARRANT_OBSERVED,
    Reason.WARRANT_REQUIREMENTS,
})  # fmt: skip


def keep(tx: Tx, caller: Caller, event: Reported) -> None:
    """Record one thing that a gate tells."""
    intent_id = _intent(tx, caller, event) if event.url or event.method else None
    tx.record(
        EntryType.WARRANT_REFUSED if event.reason.value.startswith("warrant_") else EntryType.CALL_REFUSED,
        tenant=caller.tenant,
        actor=caller.source,
        agent_id=caller.agent_id,
        intent_id=intent_id,
        data={
            "reason": event.reason.value,
            "detail": event.detail[:300],
            "method": event.method or None,
            "host": _parts(event.url).hostname or None,
            "warrant_id": event.warrant_id,
            "seen_at": event.at,
            "count": event.count,
            "severity": event.severity,
        },
    )
    if event.severity == "critical":
        _critical(tx, caller, event, intent_id)


def _critical(tx: Tx, caller: Caller, event: Reported, intent_id: str | None) -> None:
    agent = registry.by_id(tx.conn, caller.agent_id)
    offence = (
        Event.REPLAYED_WARRANT
        if event.reason in _REPLAYED
        else Event.FORGED_WARRANT
        if event.reason in _FORGED
        else None
    )
    if agent is not None and offence is not None:
        suspension.offence(tx, agent, offence, text=event.detail[:300], intent_id=intent_id)
        return
    raise_alert(
        tx,
        tenant=caller.tenant,
        severity="critical",
        kind=event.reason.value,
        text=event.detail[:300],
        agent_id=caller.agent_id,
        intent_id=intent_id,
    )


def _parts(url: str) -> SplitResult:
    """Of what may well be no URL: that can be why the gate refused it."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def _intent(tx: Tx, caller: Caller, event: Reported) -> str:
    intent_id = tx.id("int")
    parts = _parts(event.url)
    rows.add(
        tx.conn,
        intents,
        id=intent_id,
        tenant=caller.tenant,
        agent_id=caller.agent_id,
        sidecar_id=caller.sidecar_id,
        source=caller.source,
        action=f"http.{event.method.lower() or 'unknown'}"[:128],
        target=f"{parts.scheme}://{parts.netloc}" if parts.netloc else "",
        status=Status.DENIED.value,
        grade=Grade.INTERCEPTED.value,
        tier=Tier.T0.value,
        summary=f"{event.method} {event.url}".strip(),
        host=(parts.hostname or "")[:255],
        method=event.method[:32],
        url=event.url,
        meaning="[]",
        decision=rows.dump(
            {
                "outcome": "denied",
                "rule_id": None,
                "reason": event.reason.value,
                "detail": event.detail,
                "by": "gate",
                "count": event.count,
            }
        ),
        reason=event.reason.value,
        created_at=tx.at,
        updated_at=tx.at,
    )
    return intent_id
