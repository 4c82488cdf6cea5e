"""Who acknowledged an alert, and what they noted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("alerts", sa.Column("acknowledged_by", sa.String(length=64), nullable=True))
    op.add_column("alerts", sa.Column("note", sa.Text(), server_default="", nullable=False))
    op.create_index(
        op.f("ix_alerts_tenant_acknowledged_at_id"),
        "alerts",
        ["tenant", "acknowledged_at", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_alerts_tenant_id"), "alerts", ["tenant", "id"], unique=False)
