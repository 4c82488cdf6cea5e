"""Agents: who they are, how far they are trusted, where they have been."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from vienna_control.store.tables.columns import at, id_, json, metadata, tenant

agents = Table(
    "agents",
    metadata,
    id_(),
    tenant(),
    Column("name", String(128), nullable=False),
    Column("description", Text, nullable=False, default=""),
    Column("type", String(32), nullable=False, default="autonomous"),
    Column("status", String(16), nullable=False),  # active | suspended | inactive
    Column("trust", Float, nullable=False),
    Column("enforcement", String(16), nullable=False),  # observe | enforce_high | enforce
    json("allowed_actions"),
    json("details"),  # API name: metadata
    at("created_at"),
    at("resume_at", nullable=True),
    UniqueConstraint("tenant", "name"),
)

trust_events = Table(
    "trust_events",
    metadata,
    id_(),
    tenant(),
    Column("agent_id", ForeignKey("agents.id"), nullable=False),
    at("at"),
    Column("before", Float, nullable=False),
    Column("after", Float, nullable=False),
    Column("reason", Text, nullable=False),
    Column("actor", String(128), nullable=False),
    Index(None, "agent_id", "at"),
)

known_hosts = Table(  # hosts an agent may reach: the first contact was let go, not only watched
    "known_hosts",
    metadata,
    Column("agent_id", ForeignKey("agents.id"), primary_key=True),
    Column("host", String(255), primary_key=True),
    at("first_at"),
)

habits = Table(  # what an agent has done, and that was seen to succeed: what its next call is compared with
    "habits",
    metadata,
    Column("agent_id", ForeignKey("agents.id"), primary_key=True),
    Column("action", String(128), primary_key=True),  # empty: of whatever it does
    Column("kind", String(20), primary_key=True),  # done host hour target party amount:<currency>
    Column("key", String(255), primary_key=True),
    Column("times", Integer, nullable=False),
    Column("most", String(80), nullable=False, default=""),  # of an amount, in major units
    at("first_at"),
    at("last_at"),
)
