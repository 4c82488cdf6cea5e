from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import orjson
import pytest

from vienna_control.audit import Sequencer
from vienna_control.audit.export import export_lines, verify_export
from vienna_control.authority import Authority
from vienna_control.store import Store
from vienna_kernel.errors import MalformedError
from vienna_kernel.ledger.breaks import Break, Fault, Verified


@pytest.fixture
async def exported(
    store: Store, authority: Authority, record: Callable[..., Awaitable[None]], tmp_path: Path
) -> Path:
    sequencer = await Sequencer.open(store, authority, tmp_path)
    for text in ("plain", "ünïcode \u2028 and \x00"):
        await record(6, text)
        await sequencer.flush()
    path = tmp_path / "trail.ndjson"
    path.write_bytes(b"".join(await store.read(lambda conn: list(export_lines(conn)))))
    return path


async def test_an_export_verifies_alone(exported: Path, authority: Authority) -> None:
    result = verify_export(exported, authority.log_public).result
    assert isinstance(result, Verified)
    assert result.checkpoints == 2
    lines = [orjson.loads(line) for line in exported.read_bytes().splitlines()]
    assert [line["kind"] for line in lines].count("entry") == result.count
    assert lines[-1]["kind"] == "checkpoint"


async def test_an_edited_export_does_not(exported: Path, authority: Authority) -> None:
    lines = exported.read_bytes().splitlines(keepends=True)
    row = orjson.loads(lines[7])
    row["body"] = row["body"].replace("plain", "Plain")
    exported.write_bytes(b"".join([*lines[:7], orjson.dumps(row) + b"\n", *lines[8:]]))
    result = verify_export(exported, authority.log_public).result
    assert isinstance(result, Break)
    assert (result.fault, result.index) == (Fault.EDITED_BODY, 7)


async def test_an_export_without_its_end_contradicts_a_kept_checkpoint(
    exported: Path, authority: Authority
) -> None:
    lines = exported.read_bytes().splitlines(keepends=True)
    note = orjson.loads(lines[-1])["note"]
    first = next(at for at, line in enumerate(lines) if orjson.loads(line)["kind"] == "checkpoint")
    exported.write_bytes(b"".join(lines[: first + 1]))
    assert verify_export(exported, authority.log_public).valid
    result = verify_export(exported, authority.log_public, witnessed=[note]).result
    assert isinstance(result, Break)
    assert result.fault is Fault.RESTORED


@pytest.mark.parametrize(
    "line", [b"no json", b"7", b"[]", b'{"kind":"entry"}', b'{"kind":"checkpoint","size":1}']
)
async def test_a_line_that_is_none_is_named(exported: Path, authority: Authority, line: bytes) -> None:
    lines = exported.read_bytes().splitlines()
    lines[2] = line
    exported.write_bytes(b"\n".join(lines))
    with pytest.raises(MalformedError, match=r"trail\.ndjson:3"):
        verify_export(exported, authority.log_public)


async def test_members_of_tomorrow_are_ignored(exported: Path, authority: Authority) -> None:
    lines = [orjson.loads(line) | {"tomorrow": 1} for line in exported.read_bytes().splitlines()]
    lines.insert(0, {"kind": "header", "version": 2})
    exported.write_bytes(b"\n".join(orjson.dumps(line) for line in lines))
    assert verify_export(exported, authority.log_public).valid
