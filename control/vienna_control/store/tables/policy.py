"""What is decided by: action types, rules and mappings by API with their versions, proposed changes, backtests."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

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
    Column("version", Integer, nullable=False, default=1, server_default="1"),
    Column("deleted", Boolean, nullable=False, default=False),
    at("created_at"),
    at("updated_at"),
    UniqueConstraint("tenant", "name"),
)


def _kept(name: str) -> Table:
    """Documents by API in their newest version, deleted ones too; ids are unique within a tenant."""
    return Table(
        name,
        metadata,
        tenant_key(),
        Column("id", String(100), primary_key=True),
        Column("version", Integer, nullable=False),
        json("content"),
        Column("deleted", Boolean, nullable=False, default=False),
        Column("created_by", String(128), nullable=False),
        at("created_at"),
        at("updated_at"),
    )


def _versions(name: str, of: str) -> Table:
    return Table(
        name,
        metadata,
        tenant_key(),
        Column("id", String(100), primary_key=True),
        Column("version", Integer, primary_key=True),
        json("content"),
        Column(
            "what", String(200), nullable=False
        ),  # created, changed, deleted, rolled back to 2, imported from …
        Column("author", String(128), nullable=False),
        at("at"),
        ForeignKeyConstraint(["tenant", "id"], [f"{of}.tenant", f"{of}.id"]),
    )


def tenant_key() -> Column[str]:
    return Column("tenant", String(64), primary_key=True)


policies = _kept("policies")  # content: the stored shape of a rule
policy_versions = _versions("policy_versions", "policies")
mappings = _kept("mappings")  # content: {"text", "cases"}
mapping_versions = _versions("mapping_versions", "mappings")

policy_changes = Table(
    "policy_changes",
    metadata,
    id_(),
    tenant(),
    Column("title", String(300), nullable=False),
    json("steps"),  # list of changes.Step
    json("report"),  # warnings and the backtest of when it was proposed
    Column("status", String(12), nullable=False),  # pending | applied | rejected | withdrawn | expired
    Column("author", String(128), nullable=False),
    Column("author_name", String(320), nullable=False),
    Column("decided_by", String(128)),
    Column("decided_by_name", String(320)),
    Column("comment", String(1000), nullable=False, default=""),
    at("created_at"),
    at("expires_at"),
    at("decided_at", nullable=True),
    Index(None, "tenant", "status"),
)

backtests = Table(
    "backtests",
    metadata,
    id_(),
    tenant(),
    Column("status", String(10), nullable=False),  # running | done | failed
    json("asked"),
    json("result", nullable=True),
    Column("error", Text, nullable=False, default=""),
    Column("author", String(128), nullable=False),
    at("created_at"),
    at("finished_at", nullable=True),
    Index(None, "tenant", "created_at"),
)

rule_hits = Table(
    "rule_hits",
    metadata,
    tenant_key(),
    Column("rule_id", String(100), primary_key=True),
    Column("hits", Integer, nullable=False),
    Column("shadow_hits", Integer, nullable=False),
    at("last_at"),
)
