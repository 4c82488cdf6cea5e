"""Filters that people keep."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, String, Table, Text, UniqueConstraint

from vienna_control.store.tables.columns import at, id_, metadata, tenant

saved_filters = Table(
    "saved_filters",
    metadata,
    id_(),
    tenant(),
    Column("operator_id", String(64), nullable=False),  # whose it is
    Column("screen", String(16), nullable=False),  # filter.key.SCREENS
    Column("name", String(80), nullable=False),
    Column("q", Text, nullable=False),  # as it was typed
    Column("shared", Boolean, nullable=False),  # with everybody of the tenant
    at("created_at"),
    at("updated_at"),
    UniqueConstraint("tenant", "operator_id", "screen", "name"),
)
