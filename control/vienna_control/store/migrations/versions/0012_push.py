"""Devices of people, which are channels of their own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("integrations", sa.Column("operator_id", sa.String(length=64), nullable=True))
    op.add_column("integrations", sa.Column("endpoint", sa.String(length=64), nullable=True))
    op.add_column("integrations", sa.Column("sent_at", sa.String(length=32), nullable=True))
    op.create_index(op.f("ix_integrations_operator_id"), "integrations", ["operator_id"], unique=False)
    op.create_index(op.f("ix_integrations_endpoint"), "integrations", ["endpoint"], unique=True)
