from __future__ import annotations

from pathlib import Path

import pytest

from vienna_control.authority import keys
from vienna_control.authority.sealing import Secret
from vienna_control.ports import StartError
from vienna_control.store import Store
from vienna_kernel.keyring import Purpose

SECRET = Secret(b"an installation secret of 40 characters!")


async def test_a_database_without_its_keys_is_not_opened(store: Store, tmp_path: Path) -> None:
    with pytest.raises(StartError, match="missing"):
        await store.read(lambda conn: keys.load(conn, SECRET))


async def test_what_is_there_is_not_made_again(store: Store) -> None:
    await store.write(lambda tx: keys.ensure(tx, SECRET, name="a"))
    first = await store.read(lambda conn: keys.load(conn, SECRET))
    await store.write(lambda tx: keys.ensure(tx, SECRET, name="b"))
    second = await store.read(lambda conn: keys.load(conn, SECRET))
    assert first.ring.jwks() == second.ring.jwks()
    assert first.root.pem == second.root.pem
    assert first.session == second.session


async def test_a_key_ends_once(store: Store) -> None:
    await store.write(lambda tx: keys.ensure(tx, SECRET, name="a"))
    kid = (await store.read(lambda conn: keys.load(conn, SECRET))).signing[Purpose.WARRANT].kid
    assert await store.write(lambda tx: keys.retire(tx, kid, actor="system", revoke=False))
    assert not await store.write(lambda tx: keys.retire(tx, kid, actor="system", revoke=False))
    assert await store.write(lambda tx: keys.retire(tx, kid, actor="system", revoke=True))
    await store.write(lambda tx: keys.ensure(tx, SECRET, name="a"))
    ring = (await store.read(lambda conn: keys.load(conn, SECRET))).ring
    ended = ring.find(kid, Purpose.WARRANT)
    assert ended is not None
    assert ended.retired_at is not None
    assert ended.revoked_at is not None
    published = [row for row in ring.jwks()["keys"] if row["purpose"] == "warrant"]
    assert len(published) == 2
