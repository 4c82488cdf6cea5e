"""Tenants beside the one of the installation, and what was simulated in each."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, Text

from vienna_control.store.tables.columns import at, id_, json, metadata, tenant

tenants = Table(
    "tenants",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("title", String(200), nullable=False),
    Column("created_by", String(128), nullable=False),
    at("created_at"),
)

simulations = Table(
    "simulations",
    metadata,
    id_(),
    tenant(),
    Column("name", Text, nullable=False),
    Column("source", String(16), nullable=False),  # scenarios | recorded
    Column("policy", String(16), nullable=False),  # live | candidate
    Column("author", String(128), nullable=False),
    Column("count", Integer, nullable=False),
    json("asked"),
    json("summary"),
    json("items"),
    at("created_at"),
    Index(None, "tenant", "created_at"),
)
