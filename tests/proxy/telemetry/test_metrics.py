"""The metrics: each is told of in the page, no other is, and nothing that an agent sends makes a series."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from vienna_kernel.intent import Effect, Intent, Reversibility, Tier
from vienna_kernel.mapping.reading import Mapped
from vienna_kernel.verdict import Reason
from vienna_kernel.wire import Decision
from vienna_proxy.telemetry import metrics as module
from vienna_proxy.telemetry.account import Account, Ending, Times, row
from vienna_proxy.telemetry.clients import KINDS, kind_of
from vienna_proxy.telemetry.lines import Lines
from vienna_proxy.telemetry.metrics import Metrics, Now

PAGE = (Path(__file__).parents[3] / "docs" / "metrics.md").read_text()
TIMES = Times(all=1.0, held=0.0, upstream=0.5, gate=0.25)


def table(head: str) -> list[list[str]]:
    """The cells of the table under a heading."""
    part = PAGE.partition(f"## {head}\n")[2].partition("\n## ")[0]
    rows = [line[1:-1].split("|") for line in part.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in cells] for cells in rows[1:]]


def mapped(*actions: str, mapping: str | None = "shop@1") -> Mapped:
    intents = tuple(
        Intent(
            action=action,
            target="t",
            parameters={},
            effect=Effect.WRITE,
            reversibility=Reversibility.UNKNOWN,
            default_tier=Tier.T0,
            mapping=mapping,
        )
        for action in actions
    )
    return Mapped(
        intents=intents, fingerprint="sha256:0", mapped=True, mapping=mapping, shown_url="http://a.example/"
    )


def value(metrics: Metrics, name: str, **labels: str) -> float:
    return metrics.registry.get_sample_value(f"vienna_gate_{name}", labels) or 0.0


def test_every_metric_is_told_and_no_other() -> None:
    families = {one.name: one for one in Metrics().registry.collect()}
    told = {cells[0].strip("`"): cells for cells in table("Metrics")}
    assert set(told) == set(families)
    for name, cells in told.items():
        assert cells[1] == families[name].type, name


async def test_labels_are_told() -> None:
    metrics = Metrics()
    metrics.count(Account(mapped=mapped("pay"), verified="match"), Ending(decision="denied"), TIMES)
    metrics.answered("consult", None)
    metrics.answered("consult", 0.1)
    found: dict[str, set[str]] = {}
    for family in metrics.registry.collect():
        for sample in family.samples:
            found.setdefault(family.name, set()).update(set(sample.labels) - {"le"})
    told = {cells[0].strip("`"): set(re.findall(r"`(\w+)`", cells[2])) for cells in table("Metrics")}
    assert found == told


def test_every_field_is_told_and_no_other() -> None:
    account = Account()
    fields = row(account, Ending(decision="none"), account.times(0.0), rung=None)
    told = [cells[0].strip("`") for cells in table("The line of a call")]
    assert told == ["event", "level", "timestamp", *fields]


def test_an_account_has_one_line(capsys: Any) -> None:
    metrics, account = Metrics(), Account()
    lines = Lines(metrics, lambda: "enforce")
    lines.close(account, Ending(decision="denied", reason=Reason.POLICY_DENIED))
    lines.close(account, Ending(decision="granted"))
    assert value(metrics, "calls_total", decision="denied", reason="policy_denied", tier="none") == 1
    assert value(metrics, "calls_total", decision="granted", reason="none", tier="none") == 0


def test_what_is_refused_for_its_form_and_what_is_not() -> None:
    metrics = Metrics()
    ending = Ending(decision="denied", reason=Reason.ADDRESS_REFUSED)
    metrics.count(Account(), ending, TIMES)
    metrics.count(Account(judged=True), ending, TIMES)
    assert value(metrics, "transport_refusals_total", reason="address_refused") == 1


def test_actions_that_no_mapping_names_are_other() -> None:
    metrics = Metrics()
    metrics.count(Account(mapped=mapped("pay", "look")), Ending(decision="granted"), TIMES)
    metrics.count(Account(mapped=mapped("http.evil-1", mapping=None)), Ending(decision="granted"), TIMES)
    assert value(metrics, "actions_total", action="pay", decision="granted") == 1
    assert value(metrics, "actions_total", action="look", decision="granted") == 1
    assert value(metrics, "actions_total", action="other", decision="granted") == 1
    assert b"evil" not in _text(metrics)


def test_a_tier_that_is_none_is_no_label() -> None:
    said = Decision(id=1, verdict="granted", intent_id="int-1", tier="T9 of a hostile control plane")
    assert Account(said=said).tier is None


def test_methods_and_clients_are_words_of_ours() -> None:
    assert Account.of("GET", "").method == "GET"
    assert {Account.of(odd, "").method for odd in ("get", "G T", "A" * 17, "", "G\n")} == {"other"}
    agents = ["python-requests/2.32", "git/2.39", "sk-secret\x1b[31m", "A" * 100_000, "OpenAI/Python 1.0"]
    kinds = [kind_of(one) for one in agents]
    assert kinds == ["requests", "git", "other", "other", "openai"]
    assert set(kinds) <= KINDS


def test_where_the_time_of_a_call_went() -> None:
    """It took 10 s: 2 its body, 3 the hold, 4 the upstream, 1 the gate."""
    account = Account(began=100.0, whole_at=102.0, held_seconds=3.0, released_at=105.5, returned_at=109.5)
    times = account.times(110.0)
    assert (times.all, times.held, times.upstream, times.gate) == (10.0, 3.0, 4.0, 1.0)
    refused = Account(began=100.0, whole_at=102.0).times(103.0)
    assert (refused.upstream, refused.gate) == (0.0, 1.0)


async def test_the_page_is_made_once_a_second_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    assert module._PAGE_SECONDS == 1
    monkeypatch.setattr(module, "_PAGE_SECONDS", 3600)
    metrics, asked = Metrics(), 0

    async def now() -> Now:
        nonlocal asked
        asked += 1
        return Now(held=asked)

    metrics.now = now
    first = await metrics.page()
    assert b"vienna_gate_held_calls 1.0" in first
    assert await metrics.page() is first
    assert asked == 1


def _text(metrics: Metrics) -> bytes:
    return b"".join(str(sample).encode() for one in metrics.registry.collect() for sample in one.samples)
