"""What an agent usually does; which read belongs to which call."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "habits",
        sa.Column("agent_id", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("most", sa.String(length=80), nullable=False),
        sa.Column("first_at", sa.String(length=32), nullable=False),
        sa.Column("last_at", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_habits_agent_id")),
        sa.PrimaryKeyConstraint("agent_id", "action", "kind", "key", name=op.f("pk_habits")),
    )
    op.add_column("intents", sa.Column("preflight", sa.String(length=64), nullable=True))
    op.add_column("intents", sa.Column("preflight_of", sa.String(length=120), nullable=True))
