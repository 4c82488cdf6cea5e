"""Rows edited in a real database file by somebody who can; the laws themselves are the kernel's tests."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from vienna_control.audit import Sequencer, count_pending, verify_store
from vienna_control.authority import Authority
from vienna_control.ports import UnavailableError
from vienna_control.store import Store
from vienna_kernel.ledger.breaks import Break, Fault

type Record = Callable[..., Awaitable[None]]


@pytest.fixture
async def signed(store: Store, authority: Authority, record: Record, tmp_path: Path) -> Sequencer:
    """Three batches, each under a checkpoint; entries 0 to 5 are the keys."""
    sequencer = await Sequencer.open(store, authority, tmp_path)
    for _ in range(3):
        await record(10)
        await sequencer.flush()
    return sequencer


EDITS = {
    "body": (
        "UPDATE entries SET body = replace(body, 'an entry', 'An entry') WHERE idx = 12",
        Fault.EDITED_BODY,
        12,
    ),
    "one_byte": (
        "UPDATE entries SET body = substr(body, 1, 40) || 'X' || substr(body, 42) WHERE idx = 12",
        Fault.EDITED_BODY,
        12,
    ),
    "body_as_text": ("UPDATE entries SET body = CAST(body AS TEXT) WHERE idx = 12", Fault.EDITED_BODY, 12),
    "leaf": ("UPDATE entries SET leaf = substr(leaf, 2) || '0' WHERE idx = 12", Fault.EDITED_LEAF, 12),
    "link": ("UPDATE entries SET previous = leaf WHERE idx = 12", Fault.EDITED_LINK, 12),
    "type": ("UPDATE entries SET type = 'warrant_issued' WHERE idx = 12", Fault.EDITED_COLUMNS, 12),
    "tenant": ("UPDATE entries SET tenant = 'other' WHERE idx = 12", Fault.EDITED_COLUMNS, 12),
    "time": ("UPDATE entries SET at = '2025' WHERE idx = 12", Fault.EDITED_COLUMNS, 12),
    "deleted": ("DELETE FROM entries WHERE idx = 12", Fault.DELETED, 12),
    "cut": ("DELETE FROM entries WHERE idx >= 30", Fault.CUT, 30),
    "taken_out_of_order": ("UPDATE entries SET idx = NULL WHERE idx = 12", Fault.DELETED, 12),
    "checkpoint": ("UPDATE checkpoints SET root = head WHERE size = 27", Fault.CHECKPOINT, 26),
    "checkpoints_gone": ("DELETE FROM checkpoints", Fault.UNSIGNED, 0),
}


@pytest.mark.parametrize("name", EDITS)
async def test_an_edit_in_the_database_is_found(
    signed: Sequencer, store: Store, authority: Authority, tmp_path: Path, name: str
) -> None:
    statement, fault, index = EDITS[name]
    path = tmp_path / "vienna.db"
    assert verify_store(path, authority.log_public).valid
    with sqlite3.connect(path) as raw:
        raw.execute(statement)
    for report in (
        verify_store(path, authority.log_public),
        await store.read(lambda conn: verify_store(conn, authority.log_public)),
    ):
        assert isinstance(report.result, Break)
        assert (report.result.fault, report.result.index) == (fault, index)


async def test_a_tail_cut_with_its_checkpoints_contradicts_the_second_place(
    signed: Sequencer, authority: Authority, tmp_path: Path
) -> None:
    path = tmp_path / "vienna.db"
    with sqlite3.connect(path) as raw:
        raw.execute("DELETE FROM entries WHERE idx >= 27")
        raw.execute("DELETE FROM checkpoints WHERE size > 27")
    assert verify_store(path, authority.log_public).valid
    report = verify_store(path, authority.log_public, witnessed=[signed.checkpoint])
    assert isinstance(report.result, Break)
    assert (report.result.fault, report.result.index) == (Fault.RESTORED, 27)


async def test_entries_not_signed_yet_are_counted_and_held_against_their_leaf(
    signed: Sequencer, store: Store, authority: Authority, record: Record, tmp_path: Path
) -> None:
    await record(4)
    assert await store.read(count_pending) == 4
    report = verify_store(tmp_path / "vienna.db", authority.log_public)
    assert (report.valid, report.pending) == (True, 4)
    with sqlite3.connect(tmp_path / "vienna.db") as raw:
        raw.execute("UPDATE entries SET agent_id = 'agt-1' WHERE idx IS NULL AND intent_id = 'int-2'")
    report = verify_store(tmp_path / "vienna.db", authority.log_public)
    assert isinstance(report.result, Break)
    assert (report.result.fault, report.result.index) == (Fault.EDITED_BODY, signed.size + 2)
    assert report.to_json()["break"]["id"] == report.result.id


async def test_what_is_no_database_of_ours_is_said(authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database")
    for path in (tmp_path / "text", tmp_path / "missing"):
        with pytest.raises(UnavailableError, match="audit"):
            verify_store(path, authority.log_public)


async def test_a_report_is_plain_data(signed: Sequencer, authority: Authority, tmp_path: Path) -> None:
    shown = verify_store(tmp_path / "vienna.db", authority.log_public).to_json()
    assert (shown["valid"], shown["entries"], shown["checkpoints"], shown["break"]) == (
        True,
        signed.size,
        3,
        None,
    )
