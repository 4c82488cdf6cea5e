"""Intents of a time are counted by verdict in an index alone."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_intents_counted", "intents", ["tenant", "created_at", "status", "approval_id"], unique=False
    )
    op.drop_index("ix_intents_tenant_created_at", table_name="intents")
