"""The data model, in the order an intent visits it; one definition for SQLite and PostgreSQL.

Timestamps are ISO 8601 UTC text with milliseconds (sortable on both engines). Ids are prefixed UUIDv7 text.
JSON columns hold canonical text. Every table but the log carries its tenant.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> Column[str]:
    return Column("id", String(64), primary_key=True)


def _tenant() -> Column[str]:
    return Column("tenant", String(64), nullable=False)


def _json(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Text, nullable=nullable)


def _at(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, String(32), nullable=nullable)


agents = Table(
    "agents",
    metadata,
    _id(),
    _tenant(),
    Column("name", String(128), nullable=False),
    Column("description", Text, nullable=False, default=""),
    Column("type", String(32), nullable=False, default="autonomous"),
    Column("status", String(16), nullable=False),  # active | suspended | inactive
    Column("trust", Float, nullable=False),
    Column("enforcement", String(16), nullable=False),  # observe | enforce_high | enforce
    _json("allowed_actions"),
    _json("details"),  # API name: metadata
    _at("created_at"),
    _at("resume_at", nullable=True),
    UniqueConstraint("tenant", "name"),
)

trust_events = Table(
    "trust_events",
    metadata,
    _id(),
    _tenant(),
    Column("agent_id", ForeignKey("agents.id"), nullable=False),
    _at("at"),
    Column("before", Float, nullable=False),
    Column("after", Float, nullable=False),
    Column("reason", Text, nullable=False),
    Column("actor", String(128), nullable=False),
    Index(None, "agent_id", "at"),
)

known_hosts = Table(  # hosts an agent has reached, for first contact
    "known_hosts",
    metadata,
    Column("agent_id", ForeignKey("agents.id"), primary_key=True),
    Column("host", String(255), primary_key=True),
    _at("first_at"),
)

action_types = Table(
    "action_types",
    metadata,
    _id(),
    _tenant(),
    Column("name", String(128), nullable=False),
    Column("description", Text, nullable=False, default=""),
    Column("default_risk_tier", String(2), nullable=False),
    Column("effect", String(16), nullable=False),
    Column("reversibility", String(16), nullable=False),
    _json("parameters_schema"),
    Column("origin", String(16), nullable=False),  # mapping | api
    Column("handler", String(20), nullable=False, default=""),  # what runs it in mode direct: noop
    Column("deleted", Boolean, nullable=False, default=False),
    _at("created_at"),
    _at("updated_at"),
    UniqueConstraint("tenant", "name"),
)

policies = Table(
    "policies",
    metadata,
    _id(),
    _tenant(),
    Column("name", String(200), nullable=False),
    Column("version", Integer, nullable=False),
    _json("rule"),  # the stored shape of policies.md
    Column("enabled", Boolean, nullable=False),
    Column("deleted", Boolean, nullable=False, default=False),
    Column("created_by", String(128), nullable=False),
    _at("created_at"),
    _at("updated_at"),
)

policy_versions = Table(
    "policy_versions",
    metadata,
    Column("policy_id", ForeignKey("policies.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    _json("rule"),
    Column("author", String(128), nullable=False),
    _at("at"),
)

intents = Table(
    "intents",
    metadata,
    _id(),
    _tenant(),
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
    _json("meaning"),  # list of Intent.to_json, redacted
    _json("call", nullable=True),  # wire.CallView
    Column("fingerprint", String(80), nullable=False, default=""),
    Column("attempt", String(80), nullable=False, default=""),  # the last one that asked
    Column("digest", String(80), nullable=False, default=""),  # digest of the meaning
    Column("request_digest", String(80), nullable=False, default=""),
    _json("decision", nullable=True),  # rule, tier inputs, explanation
    Column("reason", String(40)),
    Column("would", String(10)),  # in observe: held | refused
    Column("approval_id", String(64)),
    Column("warrant_id", String(64)),
    Column("execution_id", String(64)),
    Column("bundle", String(80), nullable=False, default=""),
    Column("mode", String(10), nullable=False, default="direct"),
    Column("idempotency_key", String(200)),
    Column("simulation", Boolean, nullable=False, default=False),
    _at("created_at"),
    _at("updated_at"),
    Index(None, "tenant", "created_at"),
    Index(None, "agent_id", "created_at"),
    Index(None, "agent_id", "fingerprint", "created_at"),
    Index(None, "agent_id", "attempt"),
    Index(None, "status", "updated_at"),
    UniqueConstraint("agent_id", "idempotency_key"),
)

approvals = Table(
    "approvals",
    metadata,
    _id(),
    _tenant(),
    Column("intent_id", ForeignKey("intents.id"), nullable=False, index=True),
    Column("agent_id", ForeignKey("agents.id"), nullable=False),
    Column("status", String(12), nullable=False, index=True),  # pending approved denied expired cancelled
    Column("tier", String(2), nullable=False),
    Column("fingerprint", String(80), nullable=False),
    Column("shown_digest", String(80), nullable=False),  # digest of exactly what an approver was shown
    _json("requirements"),  # approval.Requirements
    _json("shown"),  # the readable effect and the exact request, as shown
    Column("level", Integer, nullable=False, default=0),  # how often it was escalated
    Column("agent_waiting", Boolean, nullable=False, default=True),
    _at("created_at"),
    _at("expires_at"),
    _at("decided_at", nullable=True),
    _at("redeem_until", nullable=True),
    _at("redeemed_at", nullable=True),
    Column("reason", Text, nullable=False, default=""),
    Index(None, "agent_id", "fingerprint", "created_at"),
    Index(None, "status", "expires_at"),
)

votes = Table(
    "votes",
    metadata,
    _id(),
    Column("approval_id", ForeignKey("approvals.id"), nullable=False),
    Column("operator_id", String(64), nullable=False),
    Column("email", String(200), nullable=False),  # this and the next two: as they were at that moment
    Column("role", String(16), nullable=False),
    _json("groups"),
    Column("verdict", String(8), nullable=False),  # approve | deny
    Column("comment", Text, nullable=False, default=""),
    Column("justification", Text, nullable=False, default=""),
    Column("rollback_plan", Text, nullable=False, default=""),
    Column("mfa", String(10), nullable=False, default=""),  # totp | passkey | ""
    Column("shown_digest", String(80), nullable=False),
    _at("at"),
    UniqueConstraint("approval_id", "operator_id"),
)

warrants = Table(
    "warrants",
    metadata,
    _id(),
    _tenant(),
    Column("intent_id", ForeignKey("intents.id"), nullable=False, index=True),
    Column("agent_id", String(64), nullable=False),
    Column("status", String(10), nullable=False),  # issued consumed expired revoked
    Column("tier", String(2), nullable=False),
    Column("token", Text, nullable=False),
    Column("kid", String(64), nullable=False),
    Column("parent", String(64)),
    Column("observed", Boolean, nullable=False, default=False),
    _at("issued_at"),
    _at("expires_at"),
    _at("revoked_at", nullable=True),
    Column("revoked_reason", Text, nullable=False, default=""),
    Index(None, "tenant", "issued_at"),
)

consumptions = Table(  # the one use; the primary key is the law
    "consumptions",
    metadata,
    Column("warrant_id", ForeignKey("warrants.id"), primary_key=True),
    Column("attempt", String(80), nullable=False),
    Column("by", String(128), nullable=False),
    _at("at"),
)

executions = Table(
    "executions",
    metadata,
    _id(),
    _tenant(),
    Column("intent_id", ForeignKey("intents.id"), nullable=False, index=True),
    Column("warrant_id", ForeignKey("warrants.id"), nullable=False, unique=True),
    Column("agent_id", String(64), nullable=False),
    Column("status", String(12), nullable=False),  # executing executed failed unknown
    Column("grade", String(12), nullable=False),
    Column("http_status", Integer),
    Column("error", String(40)),
    Column("response_digest", String(100)),
    Column("response_bytes", Integer, nullable=False, default=0),
    Column("duration_ms", Float),
    _json("extracted", nullable=True),
    Column("verification", String(14)),  # match drift unverifiable ambiguous failed
    _json("checks", nullable=True),
    _json("readback", nullable=True),  # how many are due, what each said, what could not be found out
    _json("undo", nullable=True),  # requests that would undo it
    Column("withheld", Boolean, nullable=False, default=False),
    Column("agent_gone", Boolean, nullable=False, default=False),  # nobody was there to be answered
    _at("started_at"),
    _at("finished_at", nullable=True),
    Index(None, "status", "started_at"),
    Index(None, "agent_id", "verification"),
)

sent_writes = Table(  # the latest of each fingerprint that left, by idempotency key: what a retry repeats
    "sent_writes",
    metadata,
    Column("agent_id", String(64), primary_key=True),
    Column("fingerprint", String(80), primary_key=True),
    Column("key", String(80), primary_key=True),  # sha256:<hex>; empty: whatever its key
    Column("intent_id", ForeignKey("intents.id"), nullable=False),
    _at("at"),
)

budget_accounts = Table(  # one for each budget and whoever it counts for; ``id`` is the digest of both
    "budget_accounts",
    metadata,
    Column("id", String(80), primary_key=True),
    _tenant(),
    Column("name", String(50), nullable=False),
    Column("per", String(12), nullable=False),  # agent tenant counterparty
    Column("key", Text, nullable=False),  # agent's id, counterparty, or empty
    Column("reserved", Text, nullable=False),  # decimal: of all open reservations
    _at("created_at"),
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
    _json("terms"),  # of the budget as it was: name, window_seconds, parameter, settle_on
    _at("at"),
    _at("ended_at", nullable=True),
)

alerts = Table(
    "alerts",
    metadata,
    _id(),
    _tenant(),
    Column("severity", String(10), nullable=False),  # info warning critical
    Column("kind", String(40), nullable=False),
    Column("agent_id", String(64)),
    Column("intent_id", String(64)),
    Column("text", Text, nullable=False),
    _at("at"),
    _at("acknowledged_at", nullable=True),
)

entries = Table(  # the audit trail: body and leaf when written; index and previous by the sequencer
    "entries",
    metadata,
    _id(),
    _tenant(),
    Column("type", String(40), nullable=False),
    _at("at"),
    Column("agent_id", String(64)),
    Column("intent_id", String(64), index=True),
    Column("body", LargeBinary, nullable=False),  # canonical bytes
    Column("leaf", String(64), nullable=False),  # hex
    Column("arrival", Integer, nullable=False, unique=True),  # order of commit, from the writer
    Column("idx", Integer, unique=True),
    Column("previous", String(64)),  # hex, chain hash before this entry
    Index(None, "tenant", "at"),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("size", Integer, primary_key=True),
    Column("root", String(64), nullable=False),
    Column("head", String(64), nullable=False),  # chain hash of the last entry
    Column("note", Text, nullable=False),  # signed note, C2SP tlog-checkpoint
    _at("at"),
)

keys = Table(
    "keys",
    metadata,
    _id(),  # kid: RFC 7638 thumbprint
    Column("purpose", String(16), nullable=False),  # warrant | log | bundle | session | ca_root
    Column("algorithm", String(16), nullable=False),
    Column("sealed", LargeBinary, nullable=False),  # private part under the installation's secret
    _json("public"),  # JWK, or PEM in {"pem": …}
    _at("created_at"),
    _at("retired_at", nullable=True),
    _at("revoked_at", nullable=True),
)

operators = Table(
    "operators",
    metadata,
    _id(),
    _tenant(),
    Column("email", String(200), nullable=False),
    Column("name", String(200), nullable=False, default=""),
    Column("role", String(16), nullable=False),  # admin approver operator auditor viewer
    _json("groups"),
    Column("password", Text),  # Argon2id
    Column("totp", LargeBinary),  # sealed secret
    Column("totp_step", Integer, nullable=False, default=0),  # last step used: a code works once
    Column("disabled", Boolean, nullable=False, default=False),
    _at("created_at"),
    UniqueConstraint("email"),
)

credentials = Table(  # API keys of every principal, and join tokens; only a keyed hash is kept
    "credentials",
    metadata,
    _id(),
    _tenant(),
    Column("kind", String(10), nullable=False),  # operator agent sidecar join link
    Column("principal_id", String(64), nullable=False, index=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("prefix", String(24), nullable=False),
    Column("session", String(64)),  # a login's key ends with its session
    _at("created_at"),
    _at("expires_at", nullable=True),
    _at("revoked_at", nullable=True),
)

sessions = Table(
    "sessions",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("operator_id", ForeignKey("operators.id"), nullable=False),
    Column("csrf", String(64), nullable=False),
    _at("created_at"),
    _at("seen_at"),
    _at("expires_at"),
)

sidecars = Table(
    "sidecars",
    metadata,
    _id(),
    _tenant(),
    Column("agent_id", ForeignKey("agents.id"), nullable=False),
    _json("public_jwk"),
    Column("jkt", String(64), nullable=False),  # RFC 7638 thumbprint of its key
    Column("ca_thumbprint", String(100), nullable=False, default=""),
    Column("version", String(40), nullable=False, default=""),
    Column("bundle", String(80), nullable=False, default=""),
    _json("counts", nullable=True),
    _at("enrolled_at"),
    _at("seen_at"),
    _at("revoked_at", nullable=True),
)

settings = Table(  # small facts that outlive the process: bundle version, freeze, installation id
    "settings",
    metadata,
    Column("name", String(64), primary_key=True),
    _json("value"),
)
