"""People, keys and sessions."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from vienna_control.store.tables.columns import at, id_, json, metadata, tenant

operators = Table(
    "operators",
    metadata,
    id_(),
    tenant(),
    Column("email", String(200), nullable=False),
    Column("name", String(200), nullable=False, default=""),
    Column("role", String(16), nullable=False),  # admin approver operator auditor viewer
    json("groups"),
    Column("password", Text),  # Argon2id
    Column("totp", LargeBinary),  # sealed secret
    Column("totp_step", Integer, nullable=False, default=0),  # last step used: a code works once
    Column("disabled", Boolean, nullable=False, default=False),
    at("created_at"),
    UniqueConstraint("email"),
)

credentials = Table(  # API keys of every principal, and join tokens; only a keyed hash is kept
    "credentials",
    metadata,
    id_(),
    tenant(),
    Column("kind", String(10), nullable=False),  # operator agent sidecar join link
    Column("principal_id", String(64), nullable=False, index=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("prefix", String(24), nullable=False),
    Column("session", String(64)),  # a login's key ends with its session
    at("created_at"),
    at("expires_at", nullable=True),
    at("revoked_at", nullable=True),
)

sessions = Table(
    "sessions",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("operator_id", ForeignKey("operators.id"), nullable=False),
    Column("csrf", String(64), nullable=False),
    at("created_at"),
    at("seen_at"),
    at("expires_at"),
)

keys = Table(
    "keys",
    metadata,
    id_(),  # kid: RFC 7638 thumbprint
    Column("purpose", String(16), nullable=False),  # warrant | log | bundle | session | ca_root
    Column("algorithm", String(16), nullable=False),
    Column("sealed", LargeBinary, nullable=False),  # private part under the installation's secret
    json("public"),  # JWK, or PEM in {"pem": …}
    at("created_at"),
    at("retired_at", nullable=True),
    at("revoked_at", nullable=True),
)
