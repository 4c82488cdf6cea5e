"""Groups of approvers, their calendars, and who stands in for whom."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, PrimaryKeyConstraint, String, Table, Text

from vienna_control.store.tables.columns import at, id_, json, metadata, tenant

groups = Table(  # what is written down of a group; its members are the operators that name it
    "groups",
    metadata,
    tenant(),
    Column("source", String(4), nullable=False),  # api | file; a file's hides one by API of the same name
    Column("name", String(64), nullable=False),
    Column("calendar", String(1000)),
    json("definition"),  # group.Group
    at("updated_at"),
    PrimaryKeyConstraint("tenant", "source", "name"),
)

calendars = Table(  # the last good copy of each iCal address
    "calendars",
    metadata,
    tenant(),
    Column("url", String(1000), nullable=False),
    Column("text", Text),  # as it was fetched; None: never
    json("spans", nullable=True),  # its events of the next days
    at("fetched_at", nullable=True),
    at("tried_at"),
    Column("problem", Text, nullable=False, default=""),
    PrimaryKeyConstraint("tenant", "url"),
)

delegations = Table(
    "delegations",
    metadata,
    id_(),
    tenant(),
    Column("delegator_id", ForeignKey("operators.id"), nullable=False, index=True),
    Column("delegate_id", ForeignKey("operators.id"), nullable=False, index=True),
    json("groups"),
    Column("named", Boolean, nullable=False),
    at("starts_at"),
    at("ends_at"),
    at("created_at"),
    at("revoked_at", nullable=True),
)
