"""Alembic's entry: migrates on the connection it is given, inside the caller's transaction."""

from __future__ import annotations

from alembic import context

from vienna_control.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=False,  # the caller's transaction holds everything; alembic must not commit between steps
    render_as_batch=True,
)
context.run_migrations()
