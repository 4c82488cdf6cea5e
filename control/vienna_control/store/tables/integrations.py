"""Where events go outside: channels, what waits for them and what became of it, and who is who in a chat."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, String, Table, Text

from vienna_control.store.tables.columns import at, id_, json, metadata, tenant

integrations = Table(
    "integrations",
    metadata,
    id_(),
    tenant(),
    Column("name", String(100), nullable=False),
    Column("type", String(16), nullable=False),
    json("config"),  # what may be shown
    Column("sealed", LargeBinary, nullable=False),  # the secrets, as JSON
    json("events"),
    json("routing"),
    Column("enabled", Boolean, nullable=False),
    Column("operator_id", String(64), index=True),  # whose device it is; NULL: a channel of the tenant
    Column("endpoint", String(64)),  # of a device: keyed hash of its address, so that a browser is rung once
    at("failing_since", nullable=True),  # when a delivery was first given up; NULL: the last one arrived
    at("sent_at", nullable=True),  # when a delivery last arrived
    Column("created_by", String(64), nullable=False),
    at("created_at"),
    at("updated_at"),
    Index(None, "tenant", "enabled"),
    Index(None, "endpoint", unique=True),
)

deliveries = Table(  # the outbox, and its history
    "deliveries",
    metadata,
    id_(),  # the same for every attempt: what the receiver tells repetitions by
    tenant(),
    Column("integration_id", String(64), nullable=False),  # no key: an event never fails over a channel
    Column("event", String(40), nullable=False),
    Column("subject", String(64)),  # the approval it is about, where it is about one
    json("message"),
    Column("status", String(8), nullable=False),  # waiting | sent | dead | dropped
    Column("attempts", Integer, nullable=False, server_default="0"),
    at("due_at"),  # its place in the channel's order
    at("next_at"),  # when it is tried next
    Column("response_code", Integer),
    Column("latency_ms", Integer),
    Column("error", Text, nullable=False, server_default=""),
    Column("handle", Text),  # how the service names what was posted
    at("created_at"),
    at("ended_at", nullable=True),
    Index(None, "status", "due_at"),
    Index(None, "integration_id", "status", "due_at", "id"),
    Index(None, "integration_id", "subject"),
)

chat_users = Table(
    "chat_users",
    metadata,
    Column("tenant", String(64), primary_key=True),
    Column("user_id", String(64), primary_key=True),  # as Slack names them
    Column("operator_id", String(64), nullable=False, index=True),
    Column("set_by", String(64), nullable=False),
    at("set_at"),
)
