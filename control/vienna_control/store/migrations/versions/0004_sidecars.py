"""What gates prove, and what they report of themselves."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_INSTANTS = ("proved_at", "ca_expires_at", "cert_expires_at", "beat_at", "gap_at", "silent_at", "left_at")


def upgrade() -> None:
    for name in _INSTANTS:
        op.add_column("sidecars", sa.Column(name, sa.String(length=32), nullable=True))
    for name in ("sequence", "gaps"):
        op.add_column("sidecars", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    op.add_column("sidecars", sa.Column("beat", sa.String(length=80), nullable=False, server_default=""))
    op.add_column("sidecars", sa.Column("skew_ms", sa.Integer(), nullable=True))
    op.create_index(op.f("ix_sidecars_jkt"), "sidecars", ["jkt"], unique=False)
