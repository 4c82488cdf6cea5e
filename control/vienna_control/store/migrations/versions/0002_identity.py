"""Operators, keys, sessions, second factors."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("operators", sa.Column("totp_offered", sa.LargeBinary(), nullable=True))
    op.add_column("operators", sa.Column("totp_offered_until", sa.String(32), nullable=True))

    op.add_column("credentials", sa.Column("name", sa.String(80), server_default="", nullable=False))
    op.add_column("credentials", sa.Column("scopes", sa.Text(), nullable=True))
    op.add_column("credentials", sa.Column("last_used_at", sa.String(32), nullable=True))
    op.add_column("credentials", sa.Column("replaced_at", sa.String(32), nullable=True))
    op.add_column("credentials", sa.Column("most_uses", sa.Integer(), nullable=True))
    op.add_column("credentials", sa.Column("created_by", sa.String(80), server_default="", nullable=False))

    op.add_column("sessions", sa.Column("mfa_at", sa.String(32), nullable=True))
    op.add_column("sessions", sa.Column("how", sa.String(12), server_default="", nullable=False))
    op.add_column("sessions", sa.Column("client", sa.String(64), server_default="", nullable=False))

    op.create_table(
        "join_uses",
        sa.Column("credential_id", sa.String(64), nullable=False),
        sa.Column("jkt", sa.String(64), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(
            ["credential_id"], ["credentials.id"], name=op.f("fk_join_uses_credential_id")
        ),
        sa.PrimaryKeyConstraint("credential_id", "jkt", name=op.f("pk_join_uses")),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("operator_id", sa.String(64), nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("used_at", sa.String(32), nullable=True),
        sa.ForeignKeyConstraint(
            ["operator_id"], ["operators.id"], name=op.f("fk_recovery_codes_operator_id")
        ),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_recovery_codes")),
    )
    op.create_index(op.f("ix_recovery_codes_operator_id"), "recovery_codes", ["operator_id"], unique=False)
    op.create_table(
        "guesses",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("failures", sa.Text(), nullable=False),
        sa.Column("locked_until", sa.String(32), nullable=True),
        sa.Column("at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_guesses")),
    )
