"""What a person's second factors have in common: which there are, taking all away, telling people of it."""

from __future__ import annotations

from sqlalchemy import Connection

from vienna_control.fleet.alerts import raise_alert
from vienna_control.identity import Identity
from vienna_control.identity.operators import Operator
from vienna_control.passkeys import keys
from vienna_control.store import Tx
from vienna_kernel.ledger.trail import EntryType


def enrolled(conn: Connection, operator: Operator) -> tuple[str, ...]:
    """``totp``, ``passkey``: what this person can show besides a password."""
    passkey = ("passkey",) if keys.count(conn, operator.id) else ()
    return (*(("totp",) if operator.mfa else ()), *passkey)


def reset(tx: Tx, identity: Identity, operator: Operator, *, actor: str) -> None:
    """Take every second factor and recovery code of a person away, end their sessions, raise an alert."""
    identity.totp.remove(tx, operator.id)
    identity.recovery.drop(tx, operator.id)
    for row in keys.of_operator(tx.conn, operator.id):
        keys.remove(tx, row, actor=actor)
    identity.sessions.end_all_of(tx, operator.id)
    record(tx, operator, "reset", actor=actor)
    alert(tx, operator, "mfa_reset", f"the second factors were taken away by {actor}")


def record(tx: Tx, operator: Operator, what: str, *, actor: str | None = None) -> None:
    """Enter a change of second factors into the trail. ``actor``: None: the person."""
    tx.record(
        EntryType.OPERATOR_MFA,
        tenant=operator.tenant,
        actor=actor or f"operator:{operator.id}",
        data={"what": what, "operator": operator.id},
    )


def alert(tx: Tx, operator: Operator, kind: str, what: str) -> None:
    """Tell people what happened to this account."""
    raise_alert(tx, tenant=operator.tenant, severity="warning", kind=kind, text=f"{operator.id}: {what}")
