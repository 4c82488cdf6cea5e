"""``python -m vienna_control.audit``: offline verification, as a person would run it."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path

import orjson
import pytest

from vienna_control.audit import Sequencer
from vienna_control.audit.__main__ import main
from vienna_control.audit.export import export_lines
from vienna_control.authority import Authority
from vienna_control.store import Store


@pytest.fixture
async def database(
    store: Store, authority: Authority, record: Callable[..., Awaitable[None]], tmp_path: Path
) -> Path:
    sequencer = await Sequencer.open(store, authority, tmp_path)
    await record(8)
    await sequencer.flush()
    (tmp_path / "trail.ndjson").write_bytes(b"".join(await store.read(lambda conn: list(export_lines(conn)))))
    (tmp_path / "jwks.json").write_bytes(orjson.dumps(authority.jwks()))
    (tmp_path / "jwk.json").write_bytes(orjson.dumps(authority.log_public.jwk()))
    return tmp_path / "vienna.db"


def _run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, dict[str, object]]:
    code = main([str(argument) for argument in arguments])
    return code, orjson.loads(capsys.readouterr().out)


@pytest.mark.parametrize("source", ["vienna.db", "trail.ndjson"])
@pytest.mark.parametrize("key", ["jwks.json", "jwk.json"])
async def test_a_trail_that_holds(
    database: Path, capsys: pytest.CaptureFixture[str], source: str, key: str
) -> None:
    folder = database.parent
    code, shown = _run(capsys, folder / source, "--key", folder / key, "--checkpoint", folder / "checkpoints")
    assert (code, shown["valid"], shown["key_from"]) == (0, True, "file")


async def test_an_edited_trail_ends_with_5(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with sqlite3.connect(database) as raw:
        raw.execute("UPDATE entries SET body = replace(body, 'an entry', 'An entry') WHERE idx = 7")
    code, shown = _run(capsys, database)
    assert (code, shown["key_from"]) == (5, "database")
    assert shown["break"]["index"] == 7  # type: ignore[index]


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"keys":[]}', '{"kty":"OKP"}'])
async def test_a_key_file_that_holds_none(
    database: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, content: str
) -> None:
    (tmp_path / "key.json").write_text(content)
    code, shown = _run(capsys, database, "--key", tmp_path / "key.json")
    assert code == 1
    assert shown["error"]


async def test_what_cannot_be_read_ends_with_1(
    database: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for arguments in ([tmp_path / "missing.db"], [database, "--checkpoint", tmp_path / "missing"]):
        assert _run(capsys, *arguments)[0] == 1
