"""Tiers as data: what the table holds, and which tables have no reading."""

from __future__ import annotations

import re
from itertools import combinations, product
from types import ModuleType
from typing import Any

import pytest

from mutant import must_die
from vienna_kernel.decision import tier
from vienna_kernel.decision.tier import TierTable
from vienna_kernel.document import DocumentError, parse
from vienna_kernel.intent import Tier
from vienna_kernel.shipped import root

TEXT = (root() / "tiers.yaml").read_text()


def table(text: str = TEXT) -> TierTable:
    return TierTable.from_document(parse(text, name="tiers.yaml"))


def test_rows_become_requirements() -> None:
    high = table().requirements(Tier.T2)
    assert (high.count, high.mfa, high.on_timeout, high.notify) == (2, True, "escalate", ("admin",))
    assert (table().warrant_ttl(Tier.T2), table().redeem_within(Tier.T2)) == (300, 4 * 3600)


def test_what_a_row_says_is_told() -> None:
    found = table()
    assert [found.execution(one) for one in Tier] == ["direct", "direct", "passback", "passback"]
    assert [found.row(one).approvers for one in Tier] == [0, 1, 2, 3]
    assert [found.warrant_ttl(one) for one in Tier] == [300, 600, 300, 300]
    assert [found.redeem_within(one) for one in (Tier.T1, Tier.T2, Tier.T3)] == [86400, 14400, 3600]
    assert [found.requirements(one).timeout_seconds for one in (Tier.T1, Tier.T2, Tier.T3)] == [
        3600,
        14400,
        86400,
    ]


def test_a_row_may_escalate_to_the_tier_above() -> None:
    raised = table(
        TEXT.replace("    on_timeout: escalate\n", "    on_timeout: escalate\n    escalate_to: tier\n", 1)
    )
    above = raised.requirements(Tier.T1).next_tier
    assert above == raised.requirements(Tier.T2)
    assert above.next_tier is None  # T2 says nothing: the next group
    assert table().requirements(Tier.T1).next_tier is None


def test_the_digest_names_the_content() -> None:
    assert table().digest == table(TEXT + "\n# a remark\n").digest
    assert table().digest != table(TEXT.replace("warrant_ttl: 600s", "warrant_ttl: 500s")).digest


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("mfa: true", "mfa: yes", "tiers.T2.mfa: input should be a valid boolean"),
        ("approvers: 2", "approvers: 1", "T2 takes 2 to 5 approvers, got 1"),
        ("approvers: 3", "approvers: 2", None),
        ("approvers: 0", "approvers: 1", "T0 takes 0 to 0 approvers"),
        ("T2: 60", "T2: 20", "the bands name T0 to T3"),
        ("T0: 0", "T0: 5", "the bands name T0 to T3"),
        ("T3: 85", "T3: 101", "the bands name T0 to T3"),
        (", T3: 85", "", "the bands name T0 to T3"),
        ("warrant_ttl: 600s", "warrant_ttl: 6x", "expected a duration such as"),
        ("redeem_within: 1h", "redem_within: 1h", "did you mean 'redeem_within'?"),
        ("on_timeout: deny", "on_timeout: allow", "tiers.T3.on_timeout: input should be"),
        ("distinct: true", "distinct: false", "tiers.T2.distinct"),
        ("cost_impact: 40", "cost_impact: -1", "risk.cost_impact"),
        ("kind: Tiers", "kind: Rules", "kind: input should be 'Tiers'"),
    ],
)
def test_tables_without_a_reading(old: str, new: str, complaint: str | None) -> None:
    assert old in TEXT
    if complaint is None:
        assert table(TEXT.replace(old, new)).requirements(Tier.T3).count == 2
        return
    with pytest.raises(DocumentError) as raised:
        table(TEXT.replace(old, new))
    assert complaint in str(raised.value)
    assert str(raised.value).startswith("tiers.yaml:")


def test_a_missing_tier_has_no_reading() -> None:
    text = TEXT[: TEXT.index("  T3:\n")] + TEXT[TEXT.index("# points that") :]
    with pytest.raises(DocumentError, match="the key 'T3' is missing"):
        table(text)


def test_a_higher_tier_never_asks_for_less() -> None:
    with pytest.raises(DocumentError, match="never asks for less"):
        table(TEXT.replace("approvers: 1", "approvers: 3"))


def test_working_hours() -> None:
    hours = '\nhours: {timezone: Europe/Vienna, start: "08:00", end: "18:00"}\n'
    assert table(TEXT + hours).hours is not None
    for wrong in (hours.replace("Vienna", "Wien"), hours.replace("08:00", "8")):
        with pytest.raises(DocumentError):
            table(TEXT + wrong)


# The bands.


@pytest.mark.parametrize(
    ("score", "found"),
    [
        (0, Tier.T0), (29, Tier.T0), (30, Tier.T1), (59, Tier.T1), (60, Tier.T2), (84, Tier.T2), (85, Tier.T3),
        (100, Tier.T3),
    ],
)  # fmt: skip
def test_each_edge_of_the_bands(score: int, found: Tier) -> None:
    assert table().band(score) is found


LOWS = (1, 2, 29, 30, 31, 50, 60, 99, 100)


def law_band(m: ModuleType) -> int:
    """Every score has one tier, the highest whose low it reaches, whatever the bands; a higher score no lower one."""
    asked = 0
    for one, two, three in combinations(LOWS, 3):
        text = TEXT.replace("T1: 30, T2: 60, T3: 85", f"T1: {one}, T2: {two}, T3: {three}")
        found = m.TierTable.from_document(parse(text, name="tiers.yaml"))
        tiers = [found.band(score) for score in range(101)]
        expected = [
            Tier.T3 if score >= three else Tier.T2 if score >= two else Tier.T1 if score >= one else Tier.T0
            for score in range(101)
        ]
        assert tiers == expected, (one, two, three)
        assert tiers == sorted(tiers)
        asked += len(tiers)
    return asked


def law_only_rising_bands(m: ModuleType) -> int:
    """Of all triples of lows those are read that rise, from above 0 to 100; no other."""
    read = 0
    for triple in product((-1, 0, 1, 50, 100, 101), repeat=3):
        text = TEXT.replace("T1: 30, T2: 60, T3: 85", "T1: {}, T2: {}, T3: {}".format(*triple))
        rising = 0 < triple[0] < triple[1] < triple[2] <= 100
        try:
            m.TierTable.from_document(parse(text, name="tiers.yaml"))
        except DocumentError:
            assert not rising, triple
        else:
            assert rising, triple
            read += 1
    return read


def law_rising_tiers(m: ModuleType) -> int:
    """Of all numbers of approvers those are read where each tier may have its own and none asks for less."""
    read = 0
    for zero, one, two, three in product(range(2), range(7), range(1, 7), range(1, 7)):
        counts = iter((zero, one, two, three))
        text = re.sub(r"approvers: \d", lambda _, counts=counts: f"approvers: {next(counts)}", TEXT)  # type: ignore[misc]
        allowed = zero == 0 and 1 <= one <= 5 and 2 <= two <= 5 and 2 <= three <= 5 and one <= two <= three
        try:
            found = m.TierTable.from_document(parse(text, name="tiers.yaml"))
        except DocumentError:
            assert not allowed, (zero, one, two, three)
        else:
            assert allowed, (zero, one, two, three)
            assert [found.requirements(one).count for one in Tier] == [zero, one, two, three]
            read += 1
    return read


@pytest.mark.parametrize(
    ("law", "least"),
    [(law_band, 8000), (law_only_rising_bands, 1), (law_rising_tiers, 20)],
    ids=lambda law: getattr(law, "__name__", None),
)
def test_law(law: Any, least: int) -> None:
    assert law(tier) >= least


@pytest.mark.parametrize(
    ("law", "old", "new"),
    [
        (law_band, "if score >= low)", "if score > low)"),
        (law_band, "return max(tier for", "return min(tier for"),
        (law_only_rising_bands, "lows != sorted(set(lows)", "lows != sorted(lows"),
        (law_only_rising_bands, 'or bands["T3"] > 100', ""),
        (law_only_rising_bands, 'bands["T3"] > 100', 'bands["T3"] >= 100'),
        (law_rising_tiers, "least <= row.approvers <= most", "row.approvers <= most"),
        (law_rising_tiers, "least <= row.approvers <= most", "least <= row.approvers"),
        (law_rising_tiers, "higher.approvers < lower.approvers or", "higher.approvers <= lower.approvers or"),
        (law_rising_tiers, "higher.approvers < lower.approvers or", ""),
    ],
)  # fmt: skip
def test_a_mutant_dies(law: Any, old: str, new: str) -> None:
    must_die(law, tier, old, new)


def test_a_higher_tier_never_drops_a_demand() -> None:
    """Each of what a tier may demand beside people, all ways of demanding it above T0: only rising ones are read."""
    for word in ("mfa", "justification", "rollback_plan", "executive"):
        read = set()
        for demanded in product((False, True), repeat=3):
            lines = [
                re.sub(rf"\n    {word}: \w+", "", part) for part in re.split(r"(?=\n  T\d:)", TEXT)
            ]  # the head, and one part for each tier
            for at, yes in zip((2, 3, 4), demanded, strict=True):
                name = f"\n  T{at - 1}:"
                lines[at] = lines[at].replace(name, f"{name}\n    {word}: {str(yes).lower()}")
            try:
                table("".join(lines))
            except DocumentError:
                continue
            read.add(demanded)
        assert read == {row for row in product((False, True), repeat=3) if sorted(row) == list(row)}, word
