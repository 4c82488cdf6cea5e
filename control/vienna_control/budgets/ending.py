"""How reservations end: with the outcome of their call, or with a warrant that can no longer be used."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, or_, select

from vienna_control import rows
from vienna_control.budgets import books
from vienna_control.clock import iso
from vienna_control.store import Tx
from vienna_control.store.tables import budget_reservations, budget_slots
from vienna_kernel.budget.account import slot_end
from vienna_kernel.budget.amount import total
from vienna_kernel.budget.entry import Booking, Entry, Event, State, end
from vienna_kernel.budget.settlement import Ended, settle
from vienna_kernel.value import plain_decimal

type _Outcome = Callable[[Decimal, dict[str, Any]], tuple[Event, Decimal]]


def with_outcome(tx: Tx, warrant_id: str, ended: Ended) -> list[dict[str, Any]]:
    """Book what an outcome says was used; returns what became of each reservation, as the trail keeps it.

    One that was kept because nobody could tell is settled by a late outcome.
    """
    return _end(
        tx,
        warrant_id,
        lambda amount, terms: settle(
            amount, ended, parameter=terms["parameter"], settle_on=terms["settle_on"]
        ),
    )


def unused(tx: Tx, warrant_id: str) -> list[dict[str, Any]]:
    """Free what a warrant has reserved that nobody used, and nobody can use any more."""
    return _end(tx, warrant_id, lambda amount, _: (Event.RELEASE, amount))


def _end(tx: Tx, warrant_id: str, outcome: _Outcome) -> list[dict[str, Any]]:
    told = []
    for row in _UNSETTLED.every(tx.conn, warrant=warrant_id):
        terms = rows.load(row["terms"])
        amount = Decimal(row["amount"])
        event, used = outcome(amount, terms)
        was = Entry(amount, State(row["state"]), Decimal(row["used"]))
        entry, booking = end(was, event, used)
        dated = row["slot_ends"] or iso(slot_end(tx.now, terms["window_seconds"]))
        _book(tx, row["account_id"], booking, dated)
        _write(tx, warrant_id, row["account_id"], entry, dated)
        told.append(
            {
                "name": terms["name"],
                "currency": terms["currency"],
                "amount": row["amount"],
                "used": plain_decimal(entry.used),
                "state": entry.state.value,
            }
        )
    return told


_UNSETTLED = rows.Prepared(
    select(
        budget_reservations.c.account_id,
        budget_reservations.c.state,
        budget_reservations.c.amount,
        budget_reservations.c.used,
        budget_reservations.c.slot_ends,
        budget_reservations.c.terms,
    ).where(
        budget_reservations.c.warrant_id == bindparam("warrant"),
        or_(
            budget_reservations.c.state == State.RESERVED.value,
            budget_reservations.c.state == State.KEPT.value,
        ),
    )
)


def _book(tx: Tx, account_id: str, booking: Booking, dated: str) -> None:
    if booking.reserved:
        books.add_reserved(tx, account_id, booking.reserved)
    if booking.spent:
        _add_spent(tx, account_id, dated, booking.spent)


def _write(tx: Tx, warrant_id: str, account_id: str, entry: Entry, dated: str) -> None:
    rows.change_by(
        tx.conn,
        budget_reservations,
        {"warrant_id": warrant_id, "account_id": account_id},
        state=entry.state.value,
        used=plain_decimal(entry.used),
        slot_ends=dated,
        ended_at=tx.at,
    )


def _add_spent(tx: Tx, account_id: str, ends: str, spent: Decimal) -> None:
    known = _SLOT.scalar(tx.conn, account=account_id, ends=ends)
    slot = {"account_id": account_id, "ends": ends}
    if known is None:
        rows.add(tx.conn, budget_slots, **slot, spent=plain_decimal(spent))
    else:
        rows.change_by(tx.conn, budget_slots, slot, spent=plain_decimal(total(Decimal(known), spent)))


_SLOT = rows.Prepared(
    select(budget_slots.c.spent).where(
        budget_slots.c.account_id == bindparam("account"), budget_slots.c.ends == bindparam("ends")
    )
)
