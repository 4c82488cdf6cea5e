"""Accounts of budgets: read for a decision, and booked with a warrant.

1. A decision reads an account in the transaction that then mints its warrant and books the reservation: there is one
   writer, so nobody comes between, and two calls never take the same last slice.
2. An account is one row and at most sixty-one slots, whatever its history.
3. What a call has reserved already does not stand in its own way, when it is judged again at dispatch.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, bindparam, select

from vienna_control import rows
from vienna_control.clock import from_iso, iso
from vienna_control.store import Tx
from vienna_control.store.tables import budget_accounts, budget_reservations, budget_slots
from vienna_kernel.budget.account import Account, Slot
from vienna_kernel.budget.amount import NOTHING, less, total
from vienna_kernel.budget.claim import Claim
from vienna_kernel.budget.definition import Budget
from vienna_kernel.budget.entry import State
from vienna_kernel.decision.facts import BudgetBooks
from vienna_kernel.value import digest, plain_decimal


def account_id(tenant: str, budget: Budget, key: str) -> str:
    """``sha256:<hex>``: one for each tenant, budget and whoever it counts for."""
    return digest({**budget.kept_apart_by, "tenant": tenant, "key": key})


def of(conn: Connection, tenant: str, now: datetime, *, own: str | None = None) -> BudgetBooks:
    """The books of a tenant at an instant, as the law asks for them.

    ``own``: the intent that is judged again; what it has reserved counts for nothing.
    """
    read: dict[str, Account] = {}
    mine: dict[str, Decimal] = {}
    if own is not None:
        for row in _OPEN.every(conn, intent=own):
            mine[row["account_id"]] = total(mine.get(row["account_id"], NOTHING), Decimal(row["amount"]))

    def books(budget: Budget, key: str) -> Account:
        identity = account_id(tenant, budget, key)
        if identity not in read:
            read[identity] = account(conn, identity, budget, now, own=mine.get(identity, NOTHING))
        return read[identity]

    return books


_OPEN = rows.Prepared(
    select(budget_reservations.c.account_id, budget_reservations.c.amount).where(
        budget_reservations.c.intent_id == bindparam("intent"),
        budget_reservations.c.state == State.RESERVED.value,
    )
)


def account(
    conn: Connection, identity: str, budget: Budget, now: datetime, *, own: Decimal = NOTHING
) -> Account:
    """An account as it stands; one that nobody has booked on is untouched."""
    reserved = _RESERVED.scalar(conn, account=identity)
    since = iso(now - timedelta(seconds=budget.window))
    slots = _SLOTS.every(conn, account=identity, since=since) if reserved is not None else ()
    return Account(
        limit=budget.limit,
        window_seconds=budget.window,
        now=now,
        reserved=less(Decimal(reserved or 0), own),
        slots=tuple(Slot(from_iso(row["ends"]), Decimal(row["spent"])) for row in slots),
    )


_RESERVED = rows.Prepared(
    select(budget_accounts.c.reserved).where(budget_accounts.c.id == bindparam("account"))
)
_SLOTS = rows.Prepared(
    select(budget_slots.c.ends, budget_slots.c.spent).where(
        budget_slots.c.account_id == bindparam("account"), budget_slots.c.ends > bindparam("since")
    )
)


def reserve(tx: Tx, claims: Iterable[Claim], *, tenant: str, warrant_id: str, intent_id: str) -> None:
    """Book what a warrant may use, each account once; a claim that cannot be told books nothing.

    Whether it fits was decided before, in this transaction; in observe mode what does not fit leaves all the same,
    and is booked all the same.
    """
    for claim in claims:
        if claim.key is None or claim.amount is None:
            continue
        identity = account_id(tenant, claim.budget, claim.key)
        if _HELD.scalar(tx.conn, warrant=warrant_id, account=identity) is not None:
            continue
        _open(tx, identity, tenant, claim.budget, claim.key)
        add_reserved(tx, identity, claim.amount)
        rows.add(
            tx.conn,
            budget_reservations,
            warrant_id=warrant_id,
            account_id=identity,
            intent_id=intent_id,
            state=State.RESERVED.value,
            amount=plain_decimal(claim.amount),
            used="0",
            terms=rows.dump(_terms(claim.budget)),
            at=tx.at,
        )


_HELD = rows.Prepared(
    select(budget_reservations.c.state).where(
        budget_reservations.c.warrant_id == bindparam("warrant"),
        budget_reservations.c.account_id == bindparam("account"),
    )
)


def _open(tx: Tx, identity: str, tenant: str, budget: Budget, key: str) -> None:
    if _RESERVED.scalar(tx.conn, account=identity) is None:
        rows.add(
            tx.conn,
            budget_accounts,
            id=identity,
            tenant=tenant,
            name=budget.name,
            per=budget.per,
            key=key,
            reserved="0",
            created_at=tx.at,
        )


def add_reserved(tx: Tx, identity: str, amount: Decimal) -> None:
    """Add to what an account has reserved; a negative amount ends a reservation."""
    reserved = total(Decimal(_RESERVED.scalar(tx.conn, account=identity)), amount)
    rows.change(tx.conn, budget_accounts, identity, reserved=plain_decimal(reserved))


def _terms(budget: Budget) -> dict[str, Any]:
    """What ending a reservation needs of the budget as it is now: policy may have changed by then."""
    return {
        "name": budget.name,
        "currency": budget.currency,
        "window_seconds": budget.window,
        "parameter": budget.parameter,
        "settle_on": list(budget.settle_on),
    }


def told(claims: Iterable[Claim]) -> list[dict[str, Any]]:
    """What is reserved, as the trail keeps it; whose account it is stands in the row of the reservation."""
    return [
        {"name": claim.budget.name, "amount": plain_decimal(claim.amount), "currency": claim.budget.currency}
        for claim in claims
        if claim.key is not None and claim.amount is not None
    ]
