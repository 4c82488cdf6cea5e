"""What makes the start of a control plane cheap where a start is not what is tested."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path
from unittest import mock

from argon2 import PasswordHasher

from vienna_control.store import schema, sqlite

__all__ = ["HASHER", "QUICK_HASHER", "hash_quickly", "place_database"]

HASHER = "vienna_control.identity.passwords.PasswordHasher"
QUICK_HASHER = functools.partial(PasswordHasher, time_cost=1, memory_cost=64, parallelism=1)
"""The same Argon2id with less work: a tenth of a second for each seeded person adds up."""


def hash_quickly() -> None:
    """Put the quick hasher in place for as long as this process lives; a test patches it in for its own time."""
    mock.patch(HASHER, QUICK_HASHER).start()


@functools.cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "vienna.db"
        sqlite.prepare_file(path)
        engine = sqlite.writing_engine(path)
        schema.migrate(engine, path)
        engine.dispose()
        return path.read_bytes()


def place_database(path: Path) -> None:
    """A database as a first start makes it, unless there is one: migrating one for each test would be a third of it."""
    if not path.exists():
        path.touch(0o600)
        path.write_bytes(_migrated())
