"""The schema's version: moved forward at start, never back, and never guessed at.

The migrations are alembic's, run from here and not from a command line. Alembic is imported only when there is
something to migrate: it costs a quarter of the start.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DatabaseError

from vienna_control.ports import StartError
from vienna_control.store.sqlite import assert_pragmas

MIGRATIONS = Path(__file__).parent / "migrations"
HEAD = "0015"
"""Revision that this version of the code expects; a test holds it against the migrations."""


def migrate(engine: Engine, path: Path) -> None:
    """Bring the database to ``HEAD``. Raises ``StartError`` when it cannot be, and says why."""
    try:
        with engine.connect() as connection:
            assert_pragmas(connection)
            connection.rollback()
            with connection.begin():
                _migrate(connection, path)
    except DatabaseError as error:
        raise StartError(f"cannot use the database {path}: {error.orig}") from None


def revision(connection: Connection) -> str | None:
    """Revision that the database is at; None when it is empty."""
    tables = inspect(connection).get_table_names()
    if "alembic_version" in tables:
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if tables:
        raise StartError("the database was not made by Vienna: it has tables but no version")
    return None


def _migrate(connection: Connection, path: Path) -> None:
    at = revision(connection)
    if at == HEAD:
        return
    known = {file.name.split("_", 1)[0] for file in (MIGRATIONS / "versions").glob("[0-9]*.py")}
    if at is not None and at not in known:
        raise StartError(
            f"the database {path} is at schema {at}, newer than this version knows ({HEAD}); start the newer version"
        )
    from alembic import command  # only here, see above
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
