"""Rules within their tenant, mappings by API, changes that wait for a second person, backtests, hits of rules."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("action_types", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    for noun, versions in (("policies", "policy_versions"), ("mappings", "mapping_versions")):
        if noun == "policies":
            op.rename_table("policy_versions", "old_policy_versions")
            op.rename_table("policies", "old_policies")
        _kept(noun)
        _versions(versions, noun)
    _move()
    _count()
    _proposals()
    op.create_table(
        "rule_hits",
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("rule_id", sa.String(100), nullable=False),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.Column("shadow_hits", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "rule_id", name=op.f("pk_rule_hits")),
    )


def _kept(name: str) -> None:
    op.create_table(
        name,
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("id", sa.String(100), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.String(128), nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("updated_at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f(f"pk_{name}")),
    )


def _versions(name: str, of: str) -> None:
    op.create_table(
        name,
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("id", sa.String(100), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("what", sa.String(200), nullable=False),
        sa.Column("author", sa.String(128), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "id"], [f"{of}.tenant", f"{of}.id"], name=op.f(f"fk_{name}_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant", "id", "version", name=op.f(f"pk_{name}")),
    )


def _move() -> None:
    """What stands in the tables of before; their key was the id alone."""
    op.execute(
        "INSERT INTO policies (tenant, id, version, content, deleted, created_by, created_at, updated_at)"
        " SELECT tenant, id, version, rule, deleted, created_by, created_at, updated_at FROM old_policies"
    )
    op.execute(
        "INSERT INTO policy_versions (tenant, id, version, content, what, author, at)"
        " SELECT p.tenant, v.policy_id, v.version, v.rule, CASE v.version WHEN 1 THEN 'created' ELSE 'changed' END,"
        " v.author, v.at FROM old_policy_versions v JOIN old_policies p ON p.id = v.policy_id"
    )
    op.drop_table("old_policy_versions")
    op.drop_table("old_policies")


def _count() -> None:
    """One count of versions for the bundles of all tenants; the one of before becomes that of the files."""
    settings = sa.table("settings", sa.column("name", sa.String), sa.column("value", sa.Text))
    row = op.get_bind().execute(sa.select(settings.c.value).where(settings.c.name == "bundle")).scalar()
    if row is not None:
        was = json.loads(row)
        value = json.dumps({"version": was["version"], "tenants": {"": was}}, sort_keys=True)
        op.execute(settings.update().where(settings.c.name == "bundle").values(value=value))


def _proposals() -> None:
    op.create_table(
        "policy_changes",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("title", sa.String(300), nullable=False),
        sa.Column("steps", sa.Text(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("status", sa.String(12), nullable=False),
        sa.Column("author", sa.String(128), nullable=False),
        sa.Column("author_name", sa.String(320), nullable=False),
        sa.Column("decided_by", sa.String(128), nullable=True),
        sa.Column("decided_by_name", sa.String(320), nullable=True),
        sa.Column("comment", sa.String(1000), nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("expires_at", sa.String(32), nullable=False),
        sa.Column("decided_at", sa.String(32), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_changes")),
    )
    op.create_index(
        op.f("ix_policy_changes_tenant_status"), "policy_changes", ["tenant", "status"], unique=False
    )
    op.create_table(
        "backtests",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("author", sa.String(128), nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("finished_at", sa.String(32), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backtests")),
    )
    op.create_index(
        op.f("ix_backtests_tenant_created_at"), "backtests", ["tenant", "created_at"], unique=False
    )
