"""What is decided by: action types and rules by API, with their versions."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Integer, String, Table, Text, UniqueConstraint

from vienna_control.store.tables.columns import at, id_, json, metadata, tenant

action_types = Table(
    "action_types",
    metadata,
    id_(),
    tenant(),
    Column("name", String(128), nullable=False),
    Column("description", Text, nullable=False, default=""),
    Column("default_risk_tier", String(2), nullable=False),
    Column("effect", String(16), nullable=False),
    Column("reversibility", String(16), nullable=False),
    json("parameters_schema"),
    Column("origin", String(16), nullable=False),  # mapping | api
    Column("handler", String(20), nullable=False, default=""),  # what runs it in mode direct: noop
    Column("deleted", Boolean, nullable=False, default=False),
    at("created_at"),
    at("updated_at"),
    UniqueConstraint("tenant", "name"),
)

policies = Table(
    "policies",
    metadata,
    id_(),
    tenant(),
    Column("name", String(200), nullable=False),
    Column("version", Integer, nullable=False),
    json("rule"),  # the stored shape of policies.md
    Column("enabled", Boolean, nullable=False),
    Column("deleted", Boolean, nullable=False, default=False),
    Column("created_by", String(128), nullable=False),
    at("created_at"),
    at("updated_at"),
)

policy_versions = Table(
    "policy_versions",
    metadata,
    Column("policy_id", ForeignKey("policies.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    json("rule"),
    Column("author", String(128), nullable=False),
    at("at"),
)
