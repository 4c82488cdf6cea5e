"""Yes to a call, by passkey: what is signed, and the proof of it for the warrant.

What is signed binds the call as the gate itself knows it (``consent.statement``), so that no other call, approval or
sight of it can be let go with it, by us neither.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select

from vienna_control import rows
from vienna_control.approvals import ending
from vienna_control.clock import from_iso, iso
from vienna_control.fleet import registry
from vienna_control.invariant import there
from vienna_control.passkeys import answers, challenges, keys, roster
from vienna_control.passkeys.answers import Given
from vienna_control.passkeys.challenges import Asked, Challenges
from vienna_control.store import Tx
from vienna_control.store.tables import intents
from vienna_kernel.approval.moves import Requirements, Status
from vienna_kernel.consent.passkey import Party
from vienna_kernel.consent.statement import Proof, Subject, Terms, challenge_of, meaning_of
from vienna_kernel.intent import Intent, Tier
from vienna_kernel.keyring import b64url
from vienna_kernel.verdict import Reason, Refused

if TYPE_CHECKING:
    from vienna_control.approvals.edit import Edit


def subject_of(conn: Connection, row: rows.Row) -> Subject:
    """The call that an approval is about, as the gate that sends it knows it; ``row`` is one of approvals."""
    intent = conn.execute(
        select(intents.c.meaning, intents.c.call).where(intents.c.id == row["intent_id"])
    ).one()
    agent = there(registry.by_id(conn, row["agent_id"]), "a foreign key holds it")
    call = rows.load(intent.call) or {}
    return Subject(
        agent=agent.name,
        meaning=meaning_of([Intent.from_json(part) for part in rows.load(intent.meaning)]),
        method=call.get("method", ""),
        origin=call.get("origin", ""),
        fingerprint=row["fingerprint"],
    )


def ask(
    tx: Tx, waiting: Challenges, row: rows.Row, operator_id: str, party: Party, edit: Edit | None = None
) -> dict[str, Any] | Refused:
    """What this person's passkey is to sign to agree to a pending approval, and when that ends.

    ``edit``: to agree to less. Raises ``TooManyError``.
    """
    if row["status"] != Status.PENDING or row["expires_at"] <= tx.at:
        return Refused(Reason.APPROVAL_DECIDED, f"the approval is already {row['status']}")
    if edit is not None:
        ends = tx.now + timedelta(seconds=edit.requirements.timeout_seconds)
        tier = edit.decision.tier.value
        row = {**row, "tier": tier, "shown_digest": edit.shown_digest, "expires_at": iso(ends)}
    allowed = [one for one in keys.of_operator(tx.conn, operator_id) if _may_use(tx, row, one)]
    if not allowed:
        return Refused(
            Reason.MFA_REQUIRED, "you have no passkey that counts for this: enrol one, or have it added"
        )
    subject = subject_of(tx.conn, row)
    if edit is not None:
        subject = replace(subject, meaning=meaning_of(edit.ask.intents))
    terms = _fresh(row, edit.requirements if edit else Requirements.from_json(rows.load(row["requirements"])))
    challenge = challenge_of(subject, terms)
    asked = Asked(purpose="consent", operator_id=operator_id, subject=row["id"], terms=_told(terms))
    expires_at = waiting.keep(tx, challenge, asked)
    return {
        "public_key": keys.request_options(b64url(challenge), party, allowed),
        "statement": {**_told(terms), **asdict(subject)},
        "expires_at": expires_at,
    }


def _fresh(row: rows.Row, requirements: Requirements) -> Terms:
    """The terms of a consent that is given now: usable until the approval, decided at the last moment, would lapse."""
    until = from_iso(row["expires_at"]) + timedelta(seconds=requirements.redeem_seconds + 1)
    return Terms(
        approval=row["id"],
        tier=Tier(row["tier"]),
        shown=row["shown_digest"],
        until=int(until.timestamp()),
        nonce=challenges.nonce(),
    )


def take(
    tx: Tx, waiting: Challenges, approval_id: str, operator_id: str, given: Given, party: Party
) -> Proof | Refused:
    """The proof that this person's passkey agreed to what is asked now."""
    asked = Asked(purpose="consent", operator_id=operator_id, subject=approval_id)
    answer = answers.take(tx, waiting, given, asked, party)
    if isinstance(answer, Refused):
        return answer
    row = there(ending.open_row(tx.conn, approval_id), "whoever votes has found it")
    said = there(answer.asked.terms, "ask kept them")
    terms = Terms(**{**said, "tier": Tier(said["tier"])})
    now = (subject_of(tx.conn, row), row["shown_digest"], row["tier"])
    if challenge_of(now[0], terms) != answer.challenge or (terms.shown, terms.tier) != now[1:]:
        return Refused(
            Reason.MFA_REQUIRED, "your passkey agreed to something else than is asked now; look again"
        )
    if not _may_use(tx, row, answer.row):
        why = "this passkey does not count for this: it is not in the roster, or has expired there"
        return Refused(Reason.MFA_REQUIRED, why)
    return Proof(answer.row["kid"], terms, answer.assertion)


def demanded(conn: Connection, tenant: str, tier: str) -> bool:
    """Whether consent at this tier counts by a passkey of the roster alone: gates that pin it believe nothing else."""
    current = roster.current(conn, tenant)
    return current is not None and current.quorum_at(Tier(tier)) is not None


def _may_use(tx: Tx, row: rows.Row, passkey: rows.Row) -> bool:
    """Whether this passkey counts for this approval: where the roster asks, one that it has for this person now."""
    current = roster.current(tx.conn, row["tenant"])
    if current is None or current.quorum_at(Tier(row["tier"])) is None:
        return True
    member = current.find(passkey["kid"])
    if member is None or member.operator != passkey["operator_id"]:
        return False
    return member.holds(tx.now.timestamp())


def _told(terms: Terms) -> dict[str, Any]:
    return {**asdict(terms), "tier": terms.tier.value}
