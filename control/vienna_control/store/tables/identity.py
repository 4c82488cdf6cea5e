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
    Column("totp_offered", LargeBinary),  # sealed secret that waits for its first code
    at("totp_offered_until", nullable=True),
    Column("disabled", Boolean, nullable=False, default=False),
    at("created_at"),
    UniqueConstraint("email"),
)

credentials = Table(  # API keys of every principal, and join tokens; only a keyed hash is kept
    "credentials",
    metadata,
    id_(),
    tenant(),
    Column("kind", String(10), nullable=False),  # operator agent sidecar join link invite setup
    Column("principal_id", String(64), nullable=False, index=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("prefix", String(24), nullable=False),
    Column("session", String(64)),  # a login's key ends with its session
    at("created_at"),
    at("expires_at", nullable=True),
    at("revoked_at", nullable=True),
    Column("name", String(80), nullable=False, default="", server_default=""),
    json("scopes", nullable=True),  # null: whatever the role may
    at("last_used_at", nullable=True),
    at("replaced_at", nullable=True),
    Column("most_uses", Integer),  # of a join token; null: any number until it expires
    Column("created_by", String(80), nullable=False, default="", server_default=""),
)

join_uses = Table(  # one for each gate key that a join token let in: the same key again is a renewal
    "join_uses",
    metadata,
    Column("credential_id", ForeignKey("credentials.id"), primary_key=True),
    Column("jkt", String(64), primary_key=True),
    at("at"),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("operator_id", ForeignKey("operators.id"), nullable=False, index=True),
    at("created_at"),
    at("used_at", nullable=True),
)

guesses = Table(  # failures that a restart must not forget; the key is a keyed hash
    "guesses",
    metadata,
    Column("key", String(64), primary_key=True),
    json("failures"),  # instants
    at("locked_until", nullable=True),
    at("at"),
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
    at("mfa_at", nullable=True),  # when a second factor was shown for it
    Column("how", String(12), nullable=False, default="", server_default=""),  # password link step_up …
    Column("client", String(64), nullable=False, default="", server_default=""),  # the peer's address
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
