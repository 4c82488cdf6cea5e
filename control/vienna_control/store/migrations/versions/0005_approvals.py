"""Groups, duty, stand-ins, claims, comments, break-glass."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _groups()
    op.add_column("approvals", sa.Column("claimed_by", sa.String(length=64), nullable=True))
    op.add_column("approvals", sa.Column("claimed_until", sa.String(length=32), nullable=True))
    op.add_column("approvals", sa.Column("break_glass_id", sa.String(length=64), nullable=True))
    op.add_column("votes", sa.Column("stands_for", sa.Text(), nullable=True))
    op.create_table(
        "approval_comments",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("approval_id", sa.String(length=64), nullable=False),
        sa.Column("operator_id", sa.String(length=64), nullable=False),
        sa.Column("email", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["approval_id"], ["approvals.id"], name=op.f("fk_approval_comments_approval_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_comments")),
    )
    op.create_index(
        op.f("ix_approval_comments_approval_id"), "approval_comments", ["approval_id"], unique=False
    )
    _break_glasses()


def _groups() -> None:
    op.create_table(
        "groups",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=4), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("calendar", sa.String(length=1000), nullable=True),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "source", "name", name=op.f("pk_groups")),
    )
    op.create_table(
        "calendars",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("url", sa.String(length=1000), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("spans", sa.Text(), nullable=True),
        sa.Column("fetched_at", sa.String(length=32), nullable=True),
        sa.Column("tried_at", sa.String(length=32), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "url", name=op.f("pk_calendars")),
    )
    op.create_table(
        "delegations",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("delegator_id", sa.String(length=64), nullable=False),
        sa.Column("delegate_id", sa.String(length=64), nullable=False),
        sa.Column("groups", sa.Text(), nullable=False),
        sa.Column("named", sa.Boolean(), nullable=False),
        sa.Column("starts_at", sa.String(length=32), nullable=False),
        sa.Column("ends_at", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.String(length=32), nullable=False),
        sa.Column("revoked_at", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["delegator_id"], ["operators.id"], name=op.f("fk_delegations_delegator_id")),
        sa.ForeignKeyConstraint(["delegate_id"], ["operators.id"], name=op.f("fk_delegations_delegate_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delegations")),
    )
    for column in ("delegator_id", "delegate_id"):
        op.create_index(op.f(f"ix_delegations_{column}"), "delegations", [column], unique=False)


def _break_glasses() -> None:
    op.create_table(
        "break_glasses",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("operator_id", sa.String(length=64), nullable=False),
        sa.Column("email", sa.String(length=200), nullable=False),
        sa.Column("incident", sa.String(length=100), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("mfa", sa.String(length=10), nullable=False),
        sa.Column("approval_id", sa.String(length=64), nullable=True),
        sa.Column("agent_id", sa.String(length=64), nullable=True),
        sa.Column("action", sa.String(length=128), nullable=True),
        sa.Column("opened_at", sa.String(length=32), nullable=False),
        sa.Column("expires_at", sa.String(length=32), nullable=False),
        sa.Column("reviewed_by", sa.String(length=64), nullable=True),
        sa.Column("review", sa.Text(), nullable=True),
        sa.Column("reviewed_at", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_break_glasses_agent_id")),
        sa.ForeignKeyConstraint(["approval_id"], ["approvals.id"], name=op.f("fk_break_glasses_approval_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_break_glasses")),
    )
    op.create_index(
        op.f("ix_break_glasses_tenant_reviewed_at"), "break_glasses", ["tenant", "reviewed_at"], unique=False
    )
