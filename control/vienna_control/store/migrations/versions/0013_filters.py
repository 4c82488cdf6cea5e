"""Filters that people keep, and what filters read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_LISTED = (
    *("tenant", "id", "agent_id", "action", "host", "tier", "status", "grade", "method", "rule"),
    *("reason", "would", "approval_id", "simulation", "created_at"),
)


def upgrade() -> None:
    op.add_column("intents", sa.Column("rule", sa.String(length=100), nullable=True))
    op.execute("UPDATE intents SET rule = json_extract(decision, '$.rule_id') WHERE decision IS NOT NULL")
    op.create_index("ix_intents_listed", "intents", list(_LISTED), unique=False)
    op.drop_index("ix_approvals_status", table_name="approvals")
    op.create_index(
        op.f("ix_approvals_tenant_status_id"), "approvals", ["tenant", "status", "id"], unique=False
    )
    op.create_table(
        "saved_filters",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("operator_id", sa.String(length=64), nullable=False),
        sa.Column("screen", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("q", sa.Text(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.String(length=32), nullable=False),
        sa.Column("updated_at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_filters")),
        sa.UniqueConstraint(
            "tenant",
            "operator_id",
            "screen",
            "name",
            name=op.f("uq_saved_filters_tenant_operator_id_screen_name"),
        ),
    )
