"""Tiers as data: what the table holds, and which tables have no reading."""

from __future__ import annotations

import pytest

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
