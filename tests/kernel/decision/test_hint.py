"""What agents are told: short, one line, no control characters, whatever policy authors wrote."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.decision import hint
from vienna_kernel.intent import Effect, Intent, Reversibility, Tier

INTENT = Intent(
    action="act",
    target="t",
    parameters={},
    effect=Effect.WRITE,
    reversibility=Reversibility.UNKNOWN,
    default_tier=Tier.T1,
)


@given(st.text(max_size=500), st.lists(st.text(max_size=100), max_size=5))
def test_every_hint_is_one_short_clean_line(text: str, names: list[str]) -> None:
    intent = replace(INTENT, summary=text)
    for told in (
        hint.denied(text, names),
        hint.denied_by_people(text),
        hint.rate_limited(text, 60),
        hint.no_rule(intent),
        hint.unmapped(intent),
        hint.not_allowed(intent),
        hint.held(intent),
    ):
        assert len(told) <= hint.LONGEST
        assert not any(unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp", "Cs") for char in told)
