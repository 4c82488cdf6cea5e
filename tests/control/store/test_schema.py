"""Models and migrations say the same; a database that is not ours, or newer, is not touched."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from vienna_control.ports import StartError
from vienna_control.store import schema, sqlite
from vienna_control.store.tables import metadata


def opened(path: Path) -> None:
    sqlite.prepare_file(path)
    engine = sqlite.writing_engine(path)
    try:
        schema.migrate(engine, path)
    finally:
        engine.dispose()


def test_models_are_what_the_migrations_make(tmp_path: Path) -> None:
    path = tmp_path / "vienna.db"
    opened(path)
    with create_engine(f"sqlite:///{path}").connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_head_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == schema.HEAD


def test_migrating_again_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "vienna.db"
    opened(path)
    before = path.read_bytes()
    opened(path)
    assert path.read_bytes() == before


def test_a_newer_database_stops_the_start(tmp_path: Path) -> None:
    path = tmp_path / "vienna.db"
    opened(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StartError, match="newer than this version knows"):
        opened(path)


@pytest.mark.parametrize("content", [b"not a database, by any means" * 100, None])
def test_a_file_that_is_not_ours_stops_the_start(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "vienna.db"
    if content is not None:
        path.write_bytes(content)
    else:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("CREATE TABLE theirs (x)")
    with pytest.raises(StartError):
        opened(path)


def test_a_folder_that_cannot_be_written_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="cannot open the database"):
        opened(tmp_path / "missing" / "vienna.db")
