"""What agents asked for."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, String, Table, Text, UniqueConstraint

from vienna_control.store.tables.columns import at, id_, json, metadata, tenant

intents = Table(
    "intents",
    metadata,
    id_(),
    tenant(),
    Column("agent_id", ForeignKey("agents.id"), nullable=False),
    Column("sidecar_id", String(64)),
    Column("source", String(200), nullable=False),  # sidecar:<id> | agent:<id> | operator:<id>
    Column("action", String(128), nullable=False),
    Column("target", Text, nullable=False),
    Column("status", String(20), nullable=False),  # lifecycle.Status
    Column("grade", String(12), nullable=False),  # intercepted | observed | reported
    Column("tier", String(2), nullable=False),
    Column("summary", Text, nullable=False, default=""),
    Column("host", String(255), nullable=False, default=""),
    Column("method", String(32), nullable=False, default=""),
    Column("url", Text, nullable=False, default=""),
    json("meaning"),  # list of Intent.to_json, redacted
    json("call", nullable=True),  # wire.CallView
    Column("fingerprint", String(80), nullable=False, default=""),
    Column("attempt", String(80), nullable=False, default=""),  # the last one that asked
    Column("digest", String(80), nullable=False, default=""),  # digest of the meaning
    Column("request_digest", String(80), nullable=False, default=""),
    json("decision", nullable=True),  # rule, tier inputs, explanation
    Column("rule", String(100)),  # id of the rule in the decision, for filters
    Column("reason", String(40)),
    Column("would", String(10)),  # in observe: held | refused
    Column("approval_id", String(64)),
    Column("warrant_id", String(64)),
    Column("execution_id", String(64)),
    Column("preflight", String(64)),  # intent of the read of the current state that was made for it
    Column("preflight_of", String(120)),  # it is such a read: request digest of the call that it was made for
    Column("bundle", String(80), nullable=False, default=""),
    Column("mode", String(10), nullable=False, default="direct"),
    Column("idempotency_key", String(200)),
    Column("simulation", Boolean, nullable=False, default=False),
    at("created_at"),
    at("updated_at"),
    # A stretch of time is counted by verdict in this alone.
    Index("ix_intents_counted", "tenant", "created_at", "status", "approval_id"),
    # What filters ask most, in the order of the list: a filter that few match reads this instead of the rows.
    Index(
        "ix_intents_listed",
        *("tenant", "id", "agent_id", "action", "host", "tier", "status", "grade", "method", "rule"),
        *("reason", "would", "approval_id", "simulation", "created_at"),
    ),
    Index(None, "agent_id", "created_at"),
    Index(None, "agent_id", "fingerprint", "created_at"),
    Index(None, "agent_id", "attempt"),
    Index(None, "status", "updated_at"),
    UniqueConstraint("agent_id", "idempotency_key"),
)
