"""Reports: what a period held, in one snapshot, in three formats, for auditors of the tenant only."""

from __future__ import annotations

import asyncio
import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from pypdf import PdfReader
from sqlalchemy import select, update

from gate_end import Gate
from people import People
from planes import Control
from vienna_control import rows
from vienna_control.clock import FixedClock, iso
from vienna_control.identity.operators import enter as enter_operator
from vienna_control.reports import as_csv, as_pdf
from vienna_control.reports.worker import MOST_WAITING, Reports, digest_of
from vienna_control.store import Tx
from vienna_control.store.tables import entries, reports

REPORTS = "/api/v1/compliance/reports"
REFUNDS = "https://payments.example/v1/refunds"


async def ask(control: Control, **body: Any) -> str:
    status, answer, _ = await control.ask("POST", f"{REPORTS}/generate", key="auditor", body=body)
    assert status == 202, answer
    assert answer["data"]["status"] == "generating"
    return str(answer["data"]["report_id"])


async def made(control: Control, report_id: str) -> dict[str, Any]:
    """The report, once it is ready."""
    async with asyncio.timeout(60):
        while True:
            status, answer, _ = await control.ask("GET", f"{REPORTS}/{report_id}", key="auditor")
            assert status == 200, answer
            if answer["data"]["status"] != "generating":
                return dict(answer["data"])
            await asyncio.sleep(0.01)


def table(report: dict[str, Any], section: str) -> list[list[Any]]:
    (found,) = [one for one in report["content"]["sections"] if one["id"] == section]
    return list(found["rows"])


async def test_a_report_tells_a_period_and_stands_in_the_trail(
    control: Control, people: People, bot: Gate, clock: FixedClock
) -> None:
    held = await bot.consult("POST", REFUNDS, {"order": "ORD-1", "amount": 5000, "currency": "EUR"})
    clock.advance(timedelta(minutes=3))
    await people.approve("alice", held.approval_id)
    await people.approve("bob", held.approval_id)
    clock.advance(timedelta(seconds=1))
    report = await made(control, await ask(control, type="audit"))
    assert report["status"] == "ready", report["error"]
    assert table(report, "status") == [["approved", 1]]
    assert table(report, "tier") == [["T2", "approved", 1]]
    assert table(report, "agent") == [["billing-bot", "approved", 1]]
    assert table(report, "approvals") == [["approved", 1]]
    assert table(report, "people") == [
        [f"{name}@example.com", 1, 0, "0:03:00", "0:03:00", "totp 1"] for name in ("alice", "bob")
    ]
    assert dict(table(report, "trail"))["verification"].startswith("holds: ")
    (_, end, root, *_), *_ = reversed(table(report, "checkpoints"))
    assert end >= dict(table(report, "trail"))["entries"]
    assert len(root) == 64
    assert [row[7] for row in table(report, "votes")] == [held.intent_id] * 2
    assert {row[2] for row in table(report, "entries")} >= {"intent_submitted", "approval_vote"}
    body = await control.app.store.read(
        lambda conn: conn.scalar(select(entries.c.body).where(entries.c.type == "report_made"))
    )
    text = await control.app.store.read(lambda conn: conn.scalar(select(reports.c.content)))
    assert report["digest"] == digest_of(text)
    assert report["digest"].encode() in body


async def test_a_report_is_narrowed_and_bounded(control: Control, bot: Gate, clock: FixedClock) -> None:
    await bot.consult("POST", REFUNDS, {"order": "ORD-1", "amount": 5000, "currency": "EUR"})
    clock.advance(timedelta(seconds=1))
    other = await made(control, await ask(control, filters={"agent_id": "billing-bot", "tier": "T0"}))
    assert table(other, "status") == []
    assert other["content"]["filters"]["agent_id"].startswith("agt-")
    early = iso(clock.now() - timedelta(days=2))
    before = await made(
        control, await ask(control, **{"from": early, "to": iso(clock.now() - timedelta(days=1))})
    )
    assert table(before, "status") == table(before, "entry_types") == []
    late = iso(clock.now() + timedelta(days=1))
    for bad in ({"to": late}, {"from": iso(clock.now())}, {"from": "2020-01-01T00:00:00Z"}, {"type": "all"}):
        status, answer, _ = await control.ask("POST", f"{REPORTS}/generate", key="auditor", body=bad)
        assert (status, answer["error"]["code"]) == (422, "validation_failed"), bad
    status, answer, _ = await control.ask(
        "POST", f"{REPORTS}/generate", key="auditor", body={"filters": {"agent_id": "nobody"}}
    )
    assert status == 404


async def test_as_csv_and_pdf(control: Control, clock: FixedClock) -> None:
    clock.advance(timedelta(seconds=1))
    report = await made(control, await ask(control, type="detailed", format="pdf"))
    status, text, response = await control.ask("GET", f"{REPORTS}/{report['report_id']}/csv", key="auditor")
    assert (status, response.content_type) == (200, "text/csv")
    lines = list(csv.reader(io.StringIO(text.decode())))
    assert lines[0] == ["report_id", report["report_id"]]
    assert ["digest", report["digest"]] in lines
    status, data, response = await control.ask("GET", report["url"], key="auditor")
    assert (status, response.content_type) == (200, "application/pdf")
    assert data == as_pdf.render(report["content"], report["digest"])
    shown = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)
    for words in (
        "Compliance report (detailed)",
        report["content"]["from"],
        "Decided, by rule",
        "page 1 of ",
    ):
        assert words in shown


async def test_reports_of_another_tenant_are_not_there(control: Control, clock: FixedClock) -> None:
    clock.advance(timedelta(seconds=1))
    report = await made(control, await ask(control))

    def unit(tx: Tx) -> str:
        who = {
            "email": "x@acme.example",
            "role": "auditor",
            "groups": (),
            "password": None,
            "actor": "system",
        }
        operator = enter_operator(tx, tenant="acme", **who)  # type: ignore[arg-type]
        return control.app.identity.credentials.issue(tx, "operator", operator, tenant="acme", actor="system")

    key = await control.app.store.write(unit)
    for path in ("", "/csv", "/pdf"):
        assert (await control.ask("GET", f"{REPORTS}/{report['report_id']}{path}", key=key))[0] == 404
    assert (await control.ask("GET", REPORTS, key=key))[1]["data"]["reports"] == []
    theirs = (await control.ask("POST", f"{REPORTS}/generate", key=key, body={}))[1]["data"]["report_id"]
    assert (await control.ask("GET", f"{REPORTS}/{theirs}", key="auditor"))[0] == 404
    assert (await control.ask("GET", REPORTS, key="auditor"))[1]["data"]["total"] == 1


async def test_what_a_dead_process_left_is_made_again_but_not_for_ever(
    control: Control, clock: FixedClock
) -> None:
    """The rows are as a process leaves them that was killed in the middle."""
    clock.advance(timedelta(seconds=1))
    app = control.app
    again, spent = await ask(control), await ask(control)
    await made(control, again)
    await made(control, spent)

    def unit(tx: Tx) -> None:
        left = update(reports).values(status="generating", content=None, digest=None, finished_at=None)
        tx.conn.execute(left.where(reports.c.id == again).values(attempts=1))
        tx.conn.execute(left.where(reports.c.id == spent).values(attempts=3))

    await app.store.write(unit)
    worker = asyncio.create_task(
        Reports(app.store, app.authority, app.sequencer, clock, control.folder.path / "checkpoints").run()
    )
    try:
        assert (await made(control, again))["status"] == "ready"
        failed = await made(control, spent)
    finally:
        worker.cancel()
    assert (failed["status"], failed["content"]) == ("failed", None)
    assert "ended" in failed["error"]
    assert (await control.ask("GET", f"{REPORTS}/{spent}/pdf", key="auditor"))[0] == 409


async def test_only_so_many_wait(
    control: Control, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.advance(timedelta(seconds=1))
    monkeypatch.setattr(Reports, "_make", lambda *_: asyncio.Event().wait())  # none is ever done
    for _ in range(MOST_WAITING):
        await ask(control)
    status, answer, _ = await control.ask("POST", f"{REPORTS}/generate", key="auditor", body={})
    assert (status, answer["error"]["code"]) == (429, "rate_limited")


def section(**cells: str) -> dict[str, Any]:
    return {"id": "s", "title": "S", "note": "", "columns": list(cells), "rows": [list(cells.values())]}


def report_of(*sections: dict[str, Any]) -> dict[str, Any]:
    about = {"report_id": "rpt-1", "tenant": "default", "type": "summary", "from": "a", "to": "b"}
    return {**about, "filters": {"action": "=x"}, "made_at": "c", "sections": list(sections)}


def test_no_cell_is_a_formula() -> None:
    evil = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\uff1d1", '=HYPERLINK("http://x","y")']
    text = as_csv.render(report_of(section(**{f"c{n}": one for n, one in enumerate(evil)})), "sha256:0")
    told = list(csv.reader(io.StringIO(text, newline="")))
    assert told[-1] == [f"'{one}" for one in evil]
    assert text.endswith("\r\n")
    assert not any(cell.lstrip().startswith(("=", "+", "-", "@")) for line in told for cell in line)


def test_a_pdf_shows_what_is_hidden_and_is_the_same_each_time() -> None:
    said = "<b>pay</b> \u202eevil\u0000 \u4e2d caf\u00e9 & " + "x" * 2000
    report = report_of(section(a=said, b="1"), *(section(a=str(n)) for n in range(60)))
    data = as_pdf.render(report, "sha256:0")
    assert data == as_pdf.render(report, "sha256:0")
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(data)).pages]
    shown = "".join(pages).replace("\n", "")
    for words in ("<b>pay</b>", r"\u202e", r"\x00", r"\u4e2d", "caf\u00e9 &"):
        assert words in shown
    assert len(pages) > 1
    assert f"page {len(pages)} of {len(pages)}" in pages[-1]


async def test_one_that_cannot_be_made_has_failed_and_the_next_is_made(
    control: Control, clock: FixedClock
) -> None:
    """It is narrowed to what no query of ours can be asked about."""
    clock.advance(timedelta(seconds=1))
    first = await ask(control)
    await made(control, first)

    def unit(tx: Tx) -> None:
        broken = update(reports).where(reports.c.id == first)
        tx.conn.execute(broken.values(status="generating", attempts=0, filters='{"agent_id":{}}'))

    await control.app.store.write(unit)
    assert (await made(control, await ask(control)))["status"] == "ready"
    row = await control.app.store.read(
        lambda conn: rows.first(conn, select(reports).where(reports.c.id == first))
    )
    assert row is not None
    assert row["status"] == "failed"
