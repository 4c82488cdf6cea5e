"""The trail over HTTP: found, proved, exported, verified; and one edited byte is named."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from planes import Control, key_of
from vienna_control.api import window
from vienna_control.audit.export import verify_export
from vienna_control.clock import FixedClock, iso
from vienna_control.identity.operators import enter as enter_operator
from vienna_control.store import Tx
from vienna_control.store.tables import entries
from vienna_kernel.ledger.trail import EntryType, verify_consistency, verify_inclusion

AUDIT = "/api/v1/audit"


async def enter(control: Control, count: int = 5) -> None:
    for n in range(count):

        def unit(tx: Tx, n: int = n) -> None:
            data = {"what": f"thing {n}", "result": "match" if n % 2 else "drift"}
            tx.record(EntryType.ALERT, tenant="default", actor="system", agent_id=f"agt-{n}", data=data)

        await control.app.store.write(unit)
    await control.app.sequencer.flush()


async def get(control: Control, path: str) -> Any:
    status, answer, _ = await control.ask("GET", AUDIT + path, key="auditor")
    assert status == 200, answer
    return answer["data"]


async def test_a_search_looks_at_so_many_entries_at_once_and_leads_on(
    control: Control, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unit(tx: Tx) -> None:
        tx.record(EntryType.ALERT, tenant="default", actor="system", intent_id="int-old", data={})

    async def search(q: str) -> tuple[list[str], int]:
        """Ids, and how many pages they took."""
        pages = [await get(control, f"?q={q}")]
        while pages[-1]["has_more"]:
            assert pages[-1]["total_at_least"]
            pages.append(await get(control, f"?q={q}&cursor={pages[-1]['next_cursor']}"))
        return [entry["id"] for one in pages for entry in one["entries"]], len(pages)

    await control.app.store.write(unit)
    old = (await get(control, "?intent_id=int-old"))["entries"][0]
    soon = iso(clock.now() + timedelta(seconds=1))
    clock.advance(timedelta(hours=3))
    await enter(control, 9)
    everything = [entry["id"] for entry in (await get(control, "?limit=500"))["entries"]]
    for name in ("LOOKED_AT", "LOOKED_INTO"):
        monkeypatch.setattr(window, name, 4)
    for q, found in (("actor:*y*", everything), ("actor:*nobody*", []), ("-type:key_added", None)):
        ids, pages = await search(q)
        assert found in (None, ids), q
        assert pages > len(everything) // 5, q
    for q in ("intent:int-old", f"before:{soon}%20intent:*old", "since:1h%20thing"):
        ids, pages = await search(q)
        assert ids == ([old["id"]] if "old" in q else everything[:9]), q
        assert (await get(control, f"?q={q}"))["entries"], f"{q}: at once"
    assert (await get(control, "?from=9999-12-31T23:59:59Z"))["entries"] == []
    assert (await get(control, "?to=0001-01-01T00:00:00Z"))["entries"] == []


async def test_entries_are_found_by_what_they_say(control: Control) -> None:
    await enter(control)
    everything = await get(control, "?limit=500")
    assert everything["total"] == len(everything["entries"])
    assert [entry["index"] for entry in everything["entries"]] == list(reversed(range(everything["total"])))
    assert len((await get(control, "?type=alert"))["entries"]) == 5
    assert len((await get(control, "?type=alert,key_added&limit=500"))["entries"]) > 5
    assert len((await get(control, "?agent_id=agt-3"))["entries"]) == 1
    assert len((await get(control, "?result=drift"))["entries"]) == 3
    assert len((await get(control, "?q=%22THING%204%22"))["entries"]) == 1
    assert (await get(control, "?q=100%25"))["entries"] == []
    assert (await get(control, "?action=create_refund&tier=T2"))["entries"] == []
    at = everything["entries"][0]["at"]
    assert (await get(control, f"?to={at}"))["total"] == 0
    assert (await get(control, f"?from={at}"))["total"] == everything["total"]
    one = everything["entries"][0]
    assert (await get(control, f"/{one['id']}")).items() >= one.items()
    for bad in ("?from=yesterday", "?tier=T9", "?kind=alert"):
        assert (await control.ask("GET", AUDIT + bad, key="auditor"))[1]["error"][
            "code"
        ] == "validation_failed"


async def test_an_entry_is_proved_to_be_in_the_signed_trail(control: Control) -> None:
    await enter(control)
    (entry,) = (await get(control, "?agent_id=agt-2"))["entries"]
    proof = await get(control, f"/proof/{entry['id']}")
    assert proof["checkpoint"].startswith(control.app.authority.origin)
    root, leaf = bytes.fromhex(proof["root"]), bytes.fromhex(proof["leaf"])
    nodes = [bytes.fromhex(node) for node in proof["proof"]]
    assert verify_inclusion(leaf, proof["index"], proof["size"], nodes, root)
    status, answer, _ = await control.ask("GET", f"{AUDIT}/proof/{entry['id']}?size=1", key="auditor")
    assert (status, answer["error"]["code"]) == (409, "conflict")
    assert (await control.ask("GET", f"{AUDIT}/proof/aud-none", key="auditor"))[0] == 404


async def test_the_trail_is_proved_to_have_only_grown(control: Control) -> None:
    await enter(control, 2)
    (newest, *_) = (await get(control, "/checkpoints"))["checkpoints"]
    await enter(control, 3)
    grown = await get(control, f"/consistency?first={newest['size']}")
    assert grown["first_root"] == newest["root"]
    nodes = [bytes.fromhex(node) for node in grown["proof"]]
    roots = bytes.fromhex(grown["first_root"]), bytes.fromhex(grown["second_root"])
    assert verify_consistency(grown["first"], grown["second"], *roots, nodes)
    assert (await control.ask("GET", f"{AUDIT}/consistency?first=9&second=3", key="auditor"))[0] == 400
    assert (await control.ask("GET", f"{AUDIT}/consistency?first=1&second=99999", key="auditor"))[0] == 409


async def test_an_export_verifies_alone(control: Control, tmp_path: Path) -> None:
    await enter(control, 50)
    status, lines, response = await control.ask("GET", f"{AUDIT}/export", key="auditor")
    assert status == 200
    assert response.content_type == "application/x-ndjson"
    exported = tmp_path / "trail.ndjson"
    exported.write_bytes(lines)
    assert verify_export(exported, control.app.authority.log_public).valid
    exported.write_bytes(lines.replace(b"thing 7", b"thing 8", 1))
    assert not verify_export(exported, control.app.authority.log_public).valid


async def test_the_whole_trail_is_not_given_to_one_of_several_tenants(control: Control) -> None:
    def unit(tx: Tx) -> None:
        enter_operator(
            tx,
            tenant="acme",
            email="x@acme.example",
            role="auditor",
            groups=(),
            password=None,
            actor="system",
        )
        tx.record(
            EntryType.ALERT, tenant="acme", actor="system", agent_id="agt-acme", data={"text": "theirs"}
        )

    await control.app.store.write(unit)
    status, answer, _ = await control.ask("GET", f"{AUDIT}/export", key="auditor")
    assert (status, answer["error"]["code"]) == (403, "forbidden")
    everything = await get(control, "?limit=500")
    assert {entry["tenant"] for entry in everything["entries"]} == {"default"}
    theirs = await control.app.store.read(
        lambda conn: conn.scalar(select(entries.c.id).where(entries.c.agent_id == "agt-acme"))
    )
    for path in (f"/{theirs}", f"/proof/{theirs}"):
        assert (await control.ask("GET", AUDIT + path, key="auditor"))[0] == 404


async def test_verification_names_the_entry_that_was_edited(control: Control) -> None:
    await enter(control)
    status, answer, _ = await control.ask("POST", f"{AUDIT}/verify", key="auditor")
    assert (status, answer["data"]["valid"]) == (200, True)
    (entry,) = (await get(control, "?agent_id=agt-2"))["entries"]
    with closing(sqlite3.connect(control.folder.path / "vienna.db", isolation_level=None)) as other:
        other.execute(
            "UPDATE entries SET body = CAST(replace(CAST(body AS TEXT), 'drift', 'match') AS BLOB) WHERE id = ?",
            (entry["id"],),
        )
    answer = (await control.ask("POST", f"{AUDIT}/verify", key="auditor", body={}))[1]
    assert answer["data"]["valid"] is False
    assert (answer["data"]["break"]["id"], answer["data"]["break"]["index"]) == (entry["id"], entry["index"])
    await get(control, f"/{entry['id']}")  # reading it still works


async def test_a_checkpoint_kept_elsewhere_finds_a_cut_tail(control: Control) -> None:
    await enter(control)
    (newest, *_) = (await get(control, "/checkpoints"))["checkpoints"]
    with closing(sqlite3.connect(control.folder.path / "vienna.db", isolation_level=None)) as other:
        other.execute("DELETE FROM entries WHERE idx >= ?", (newest["size"] - 1,))
        other.execute("DELETE FROM checkpoints WHERE size >= ?", (newest["size"],))
    answer = (
        await control.ask("POST", f"{AUDIT}/verify", key="auditor", body={"checkpoints": [newest["note"]]})
    )[1]
    assert answer["data"]["valid"] is False


async def test_checkpoints_come_with_the_key_that_verifies_them(control: Control) -> None:
    await enter(control, 1)
    shown = await get(control, "/checkpoints?limit=1")
    assert shown["verifier_key"].startswith(shown["origin"] + "+")
    assert shown["public_jwk"]["crv"] == "Ed25519"


async def test_clients_that_read_exports_slowly_do_not_stop_the_rest(control: Control) -> None:
    def fill(tx: Tx) -> None:
        for number in range(3000):
            data = {"thing": str(number), "text": "x" * 3000}
            tx.record(EntryType.CONFIG_CHANGED, tenant="default", actor="system", data=data)

    await control.app.store.write(fill)
    host, _, port = control.url.removeprefix("http://").partition(":")
    slow, heads = [], []
    for _ in range(6):
        reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
        writer.write(
            f"GET {AUDIT}/export HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key_of('auditor')}\r\n\r\n".encode()
        )
        heads.append((await asyncio.wait_for(reader.readline(), 60)).split()[1])
        slow.append(writer)
    assert heads.count(b"200") == 2
    assert heads.count(b"429") == 4
    async with asyncio.timeout(60):
        assert (await control.ask("GET", "/api/v1/operators/me", key="viewer"))[0] == 200
    for writer in slow:
        writer.transport.abort()


async def test_one_entry_comes_byte_for_byte_and_with_those_beside_it(control: Control) -> None:
    await enter(control, 3)
    newest = (await get(control, "?limit=3"))["entries"]
    first, second, third = (one["id"] for one in reversed(newest))
    told = await get(control, f"/{second}")
    assert hashlib.sha256(b"\x00" + told["canonical"].encode()).hexdigest() == told["leaf"]
    assert told["beside"] == {"before": first, "after": third}
    assert (await get(control, f"/{third}"))["beside"]["after"] is None


async def test_the_trail_tells_auditors_who_is_who(control: Control) -> None:
    names = set((await get(control, "/actors"))["names"].values())
    assert {"billing-bot", "ada@example.com", "audrey@example.com"} <= names
    assert (await control.ask("GET", f"{AUDIT}/actors", key="viewer"))[0] == 403
