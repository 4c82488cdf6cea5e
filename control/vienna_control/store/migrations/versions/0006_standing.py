"""Consent in advance, and narrowed requests."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("approvals", sa.Column("narrowed", sa.Text(), nullable=True))
    op.create_table(
        "standing_warrants",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("approval_id", sa.String(64), nullable=False),
        sa.Column("action", sa.String(128), nullable=False),
        sa.Column("target", sa.Text(), nullable=True),
        sa.Column("limits", sa.Text(), nullable=False),
        sa.Column("open", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), server_default="0", nullable=False),
        sa.Column("not_before", sa.String(32), nullable=True),
        sa.Column("expires_at", sa.String(32), nullable=False),
        sa.Column("most_tier", sa.String(2), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.String(64), nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("ended_at", sa.String(32), nullable=True),
        sa.ForeignKeyConstraint(
            ["approval_id"], ["approvals.id"], name=op.f("fk_standing_warrants_approval_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standing_warrants")),
        sa.UniqueConstraint("approval_id", name=op.f("uq_standing_warrants_approval_id")),
    )
    op.create_index(op.f("ix_standing_warrants_tenant_action"), "standing_warrants", ["tenant", "action"])
    op.create_index(
        op.f("ix_standing_warrants_ended_at_expires_at"), "standing_warrants", ["ended_at", "expires_at"]
    )
    op.create_table(
        "standing_holders",
        sa.Column("standing_id", sa.String(64), nullable=False),
        sa.Column("agent_id", sa.String(64), nullable=False),
        sa.Column("warrant_id", sa.String(64), nullable=True),
        sa.ForeignKeyConstraint(
            ["standing_id"], ["standing_warrants.id"], name=op.f("fk_standing_holders_standing_id")
        ),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_standing_holders_agent_id")),
        sa.ForeignKeyConstraint(["warrant_id"], ["warrants.id"], name=op.f("fk_standing_holders_warrant_id")),
        sa.PrimaryKeyConstraint("standing_id", "agent_id", name=op.f("pk_standing_holders")),
    )
    op.create_index(op.f("ix_standing_holders_warrant_id"), "standing_holders", ["warrant_id"])
    op.create_table(
        "standing_uses",
        sa.Column("warrant_id", sa.String(64), nullable=False),
        sa.Column("standing_id", sa.String(64), nullable=False),
        sa.Column("intent_id", sa.String(64), nullable=False),
        sa.Column("agent_id", sa.String(64), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(["warrant_id"], ["warrants.id"], name=op.f("fk_standing_uses_warrant_id")),
        sa.ForeignKeyConstraint(
            ["standing_id"], ["standing_warrants.id"], name=op.f("fk_standing_uses_standing_id")
        ),
        sa.ForeignKeyConstraint(["intent_id"], ["intents.id"], name=op.f("fk_standing_uses_intent_id")),
        sa.PrimaryKeyConstraint("warrant_id", name=op.f("pk_standing_uses")),
    )
    op.create_index(op.f("ix_standing_uses_standing_id"), "standing_uses", ["standing_id"])
    op.create_table(
        "superseded_votes",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("approval_id", sa.String(64), nullable=False),
        sa.Column("operator_id", sa.String(64), nullable=False),
        sa.Column("email", sa.String(200), nullable=False),
        sa.Column("verdict", sa.String(8), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("justification", sa.Text(), nullable=False),
        sa.Column("mfa", sa.String(10), nullable=False),
        sa.Column("shown_digest", sa.String(80), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("superseded_at", sa.String(32), nullable=False),
        sa.Column("superseded_by", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(
            ["approval_id"], ["approvals.id"], name=op.f("fk_superseded_votes_approval_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_superseded_votes")),
    )
    op.create_index(op.f("ix_superseded_votes_approval_id"), "superseded_votes", ["approval_id"])
