"""What stands recorded of an ask already, and what is recorded of one that goes no further."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import bindparam, select

from vienna_control import rows
from vienna_control.execution import dispatch
from vienna_control.intake import answers
from vienna_control.intake.answers import Handed
from vienna_control.intake.ask import Ask, Caller
from vienna_control.invariant import there
from vienna_control.store import Tx
from vienna_control.store.tables import intents, warrants
from vienna_kernel import wire
from vienna_kernel.intent import Intent, Tier
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.lifecycle import Status
from vienna_kernel.verdict import Reason

_ANSWERED = ("id", "status", "tier", "reason", "would", "decision", "warrant_id")
# Without an order: an attempt is one row, and SQLite would choose the order's index and walk all of the agent's.
_OF_ATTEMPT = rows.Prepared(
    select(*[intents.c[name] for name in _ANSWERED]).where(
        intents.c.agent_id == bindparam("agent"), intents.c.attempt == bindparam("attempt")
    )
)


def same_attempt(tx: Tx, ask: Ask) -> wire.Decision | None:
    """The answer that this very attempt got before; None when it got none, or is still to be decided."""
    row = _OF_ATTEMPT.first(tx.conn, agent=ask.caller.agent_id, attempt=ask.attempt)
    if row is None:
        return None
    told = rows.load(row["decision"]) or {}
    if row["status"] in (Status.DENIED, Status.FROZEN):
        reason = Reason(row["reason"] or Reason.POLICY_DENIED)
        if reason is Reason.APPROVAL_DENIED:  # its words are in the approval
            return None
        answer = answers.refused(row["id"], Tier(row["tier"]), reason, told.get("hint") or "")
        return answer.model_copy(
            update={"rule": told.get("rule_id"), "retry_after_seconds": told.get("retry_after_seconds")}
        )
    if row["warrant_id"] is None or dispatch.consumed_by(tx, row["warrant_id"]) != ask.attempt:
        return None
    token = tx.conn.scalar(select(warrants.c.token).where(warrants.c.id == row["warrant_id"]))
    return wire.Decision(
        id=0,
        verdict="observed" if row["status"] == Status.OBSERVED else "granted",
        intent_id=row["id"],
        tier=row["tier"],
        warrant=token,
        warrant_id=row["warrant_id"],
        rule=told.get("rule_id"),
        would=row["would"],
    )


def rejoin(tx: Tx, ask: Ask, intent_id: str) -> None:
    """The call that redeems is the one that leaves: what is volatile in it may differ from what first asked."""
    call = ask.call
    rows.change(
        tx.conn,
        intents,
        intent_id,
        attempt=ask.attempt,
        bundle=ask.bundle,
        call=rows.dump(call.model_dump()) if call else None,
        request_digest=call.request_digest if call else "",
        updated_at=tx.at,
    )


def live_warrant(tx: Tx, intent_id: str) -> Handed | None:
    """The warrant that was handed out for this intent, if it can still be used."""
    query = select(warrants.c.id, warrants.c.token).where(
        warrants.c.intent_id == intent_id, warrants.c.status == "issued", warrants.c.expires_at > tx.at
    )
    row = rows.first(tx.conn, query.limit(1))
    return Handed(row["id"], row["token"]) if row else None


def handed_out(tx: Tx, intent_id: str, warrant_id: str) -> None:
    """Note the warrant that the caller was given to use by itself."""
    rows.change(tx.conn, intents, intent_id, warrant_id=warrant_id, updated_at=tx.at)


def turned_away(
    tx: Tx, ask: Ask, reason: Reason, *, agent_id: str | None, intent_id: str | None = None, detail: str = ""
) -> None:
    """Enter a refusal that made no intent of its own."""
    tx.record(
        EntryType.CALL_REFUSED,
        tenant=ask.caller.tenant,
        actor=ask.caller.source,
        agent_id=agent_id,
        intent_id=intent_id,
        data={
            "reason": reason.value,
            "detail": detail,
            "action": ask.action,
            "method": ask.method or None,
            "host": ask.host or None,
            "request_digest": ask.call.request_digest if ask.call else None,
            "fingerprint": ask.fingerprint,
        },
    )


def resubmitted(tx: Tx, intent_id: str) -> Ask | None:
    """An intent of the API's road as it was asked for; None for one that a gate holds.

    The gate asks again by itself; for the other road people's consent is the moment of dispatch.
    """
    row = rows.first(tx.conn, select(intents).where(intents.c.id == intent_id))
    if row is None or row["call"] is not None:
        return None
    return as_asked(row, attempt=f"{row['approval_id']}:{tx.at}")


def as_asked(row: rows.Row, *, attempt: str) -> Ask:
    """The ask of a row of ``intents``, but for what was claimed with it."""
    meaning = meaning_of(row)
    call = rows.load(row["call"])
    return Ask(
        caller=Caller(
            tenant=row["tenant"],
            agent_id=row["agent_id"],
            source=row["source"],
            sidecar_id=row["sidecar_id"] if call is not None else None,
        ),
        attempt=attempt,
        fingerprint=row["fingerprint"],
        intents=meaning,
        bundle=row["bundle"],
        call=wire.CallView.model_validate(call) if call is not None else None,
        mapped=all(intent.mapping is not None for intent in meaning),
        mode=row["mode"],
        wait=False,
        override_tier=Tier(row["tier"]) if row["source"].startswith("operator:") else None,
    )


def meaning_of(row: rows.Row) -> tuple[Intent, ...]:
    """What a row of ``intents`` means."""
    return tuple(Intent.from_json(part) for part in rows.load(row["meaning"]))


def lowered(tx: Tx, ask: Ask, intent_id: str) -> Ask:
    """An ask on the API's road for more than people agreed to, as an ask for what they agreed to."""
    row = there(
        rows.first(tx.conn, select(intents.c.meaning).where(intents.c.id == intent_id)),
        "its approval names it",
    )
    return replace(ask, intents=meaning_of(row))


def status(tx: Tx, intent_id: str) -> str:
    """Where an intent stands now."""
    found: str = tx.conn.execute(select(intents.c.status).where(intents.c.id == intent_id)).scalar_one()
    return found
