"""Accounts of budgets, and what of them is reserved."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, String, Table, Text

from vienna_control.store.tables.columns import at, json, metadata, tenant

budget_accounts = Table(  # one for each budget and whoever it counts for; ``id`` is the digest of both
    "budget_accounts",
    metadata,
    Column("id", String(80), primary_key=True),
    tenant(),
    Column("name", String(50), nullable=False),
    Column("per", String(12), nullable=False),  # agent tenant counterparty
    Column("key", Text, nullable=False),  # agent's id, counterparty, or empty
    Column("reserved", Text, nullable=False),  # decimal: of all open reservations
    at("created_at"),
    Index(None, "tenant", "name"),
)

budget_slots = Table(  # what was used, by stretches of time: a window's sum reads at most sixty-one of them
    "budget_slots",
    metadata,
    Column("account_id", ForeignKey("budget_accounts.id"), primary_key=True),
    Column("ends", String(32), primary_key=True),
    Column("spent", Text, nullable=False),  # decimal
)

budget_reservations = Table(
    "budget_reservations",
    metadata,
    Column("warrant_id", ForeignKey("warrants.id"), primary_key=True),
    Column("account_id", ForeignKey("budget_accounts.id"), primary_key=True),
    Column("intent_id", String(64), nullable=False, index=True),
    Column("state", String(10), nullable=False),  # reserved settled released kept
    Column("amount", Text, nullable=False),  # decimal, as reserved
    Column("used", Text, nullable=False),  # decimal, as dated in a slot
    Column("slot_ends", String(32)),  # the slot it is dated in
    json("terms"),  # of the budget as it was: name, window_seconds, parameter, settle_on
    at("at"),
    at("ended_at", nullable=True),
)
