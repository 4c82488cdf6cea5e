"""The control plane's metrics: each is told of in the page, no other is, and they say what happened."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from gate_end import Gate, gate, request
from people import People
from planes import NOW, Control, running
from vienna_control.clock import FixedClock
from vienna_control.telemetry.counted import Words
from vienna_control.telemetry.metrics import Metrics
from vienna_control.telemetry.moment import look
from vienna_kernel.ledger.trail import EntryType

PAGE = (Path(__file__).parents[3] / "docs" / "metrics.md").read_text()
ORDER = ("GET", "https://payments.example/v1/orders/ORD-1")
REFUND = (
    "POST",
    "https://payments.example/v1/refunds",
    {"order": "ORD-1", "amount": "5000.00", "currency": "EUR"},
)


def table(head: str) -> list[list[str]]:
    """The cells of the table under a heading."""
    part = PAGE.partition(f"## {head}\n")[2].partition("\n## ")[0]
    rows = [line[1:-1].split("|") for line in part.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in cells] for cells in rows[1:]]


def value(control: Control, name: str, **labels: str) -> float:
    return control.app.metrics.registry.get_sample_value(f"vienna_control_{name}", labels) or 0.0


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, Any]:
    section = {"listen": "127.0.0.1:0", "data_dir": tmp_path / "data", "admin_listen": "127.0.0.1:0"}
    return {"control": section}


def test_every_metric_is_told_with_its_labels_and_no_other() -> None:
    metrics = Metrics(FixedClock(NOW))
    families = {one.name: one for one in metrics.registry.collect()}
    told = {cells[0].strip("`"): cells for cells in table("Metrics of the control plane")}
    assert set(told) == set(families)
    labels = {
        collector._name: set(collector._labelnames)
        for collector in metrics.registry._names_to_collectors.values()
        if hasattr(collector, "_labelnames")
    }
    for name, cells in told.items():
        assert cells[1] == families[name].type, name
        assert set(re.findall(r"`(\w+)`", cells[2])) == labels.get(name, set()), name


def test_no_word_from_outside_makes_more_than_a_few_series() -> None:
    words = Words()
    assert {words(odd) for odd in ("A b", "x" * 99, 7, "é", "a-b")} == {"other"}
    assert words(None) == words("") == "none"
    assert len({words(f"kind_{number}") for number in range(1000)}) == 65


async def test_what_happened_is_counted_once_it_is_durable(
    control: Control, people: People, bot: Gate
) -> None:
    await bot.consult(*ORDER)
    held = await bot.consult(*REFUND)
    moment = await look(control.app)
    assert (sum(moment.pending.values()), moment.gates_connected, moment.streams) == (1, 1, 1)
    await people.deny("alice", held.approval_id or "")

    def fails(tx: Any) -> None:
        tx.record(EntryType.ALERT, tenant="default", actor="system", data={"kind": "x", "severity": "info"})
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await control.app.store.write(fails)
    assert value(control, "alerts_total", kind="x", severity="info") == 0
    assert value(control, "warrants_total", event="consumed") == 1
    assert value(control, "approvals_requested_total", tier=held.tier) == 1
    assert value(control, "approvals_resolved_total", status="denied", tier=held.tier) == 1
    assert value(control, "approval_seconds_count", status="denied") == 1
    assert value(control, "votes_total", verdict="deny") == 1
    assert value(control, "consult_seconds_count", verdict="held") == 1
    route = "/api/v1/approvals/{id}/deny"
    assert value(control, "requests_total", route=route, method="POST", status="200") == 1
    assert value(control, "commit_seconds_count") > 0


async def test_an_approval_from_before_the_start_has_its_time_to_decision(
    tmp_path: Path, clock: FixedClock
) -> None:
    async with running(tmp_path / "data", clock=clock) as before, gate(before) as bot:
        approval_id = (await bot.consult(*REFUND)).approval_id or ""
    async with running(tmp_path / "data", clock=clock) as after:
        await People(after).deny("alice", approval_id)
        assert value(after, "approval_seconds_count", status="denied") == 1


async def test_the_listener_has_three_pages_and_says_nothing_of_anybody(
    control: Control, people: People, bot: Gate
) -> None:
    page = control.admin or ""
    await bot.consult(*ORDER)
    await people.ask("oscar", "GET", "/intents/canary-in-a-path")
    for path, status in (("/healthz", 200), ("/readyz", 200), ("/metrics", 200), ("/", 404)):
        async with control.http.get(page + path) as response:
            text = await response.text()
            assert (response.status, path) == (status, path)
            assert not re.search(r"canary|billing-bot|side-|agt-|payments", text)
            if path == "/metrics":
                assert 'vienna_control_sidecars{state="connected"} 1.0' in text
    async with control.http.post(page + "/metrics") as response:
        assert response.status == 405


async def test_each_question_of_a_gate_has_one_line_and_its_fields_are_told(bot: Gate) -> None:
    with capture_logs() as lines:
        decision = await bot.consult(*ORDER)
        await bot.ask(bot.frame(request(*ORDER)).model_copy(update={"intents": [{"action": "x"}]}))
    first, second = [line for line in lines if line["event"] == "decision"]
    assert (first["intent_id"], first["verdict"], first["actions"]) == (
        decision.intent_id,
        "granted",
        ["get_order"],
    )
    assert (second["verdict"], second["reason"]) == ("fault", "malformed_request")
    told = [cells[0].strip("`") for cells in table("The lines of the control plane")]
    assert (
        set(told)
        == {*first, "level", "timestamp"} - {"log_level"}
        == {*second, "level", "timestamp"} - {"log_level"}
    )
