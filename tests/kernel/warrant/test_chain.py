"""The chain's rules one by one; the vectors of step 8 run them through the tokens."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vectors.fixed import CHILD, HOLDER, ISSUER, PARENT, intent
from vienna_kernel.intent import Tier
from vienna_kernel.verdict import Granted, Reason, Refused
from vienna_kernel.warrant import chain
from vienna_kernel.warrant.terms import Meaning


def test_a_link_within_its_parent_is_granted() -> None:
    assert chain.link(CHILD, PARENT) == Granted()


@pytest.mark.parametrize(
    "changes",
    [
        {"parent": None},
        {"depth": 0},
        {"depth": 2},
        {"expires_at": PARENT.expires_at + timedelta(seconds=1)},
        {"not_before": PARENT.not_before - timedelta(seconds=1)},
        {"issuer": "https://other.example"},
        {"subject": "other-bot"},
        {"audience": "https://other.example"},
        {"tier": Tier.T3},
        {"meanings": (Meaning.of(intent("5000.01")),)},
        {"meanings": (Meaning.of(intent("3000")), Meaning.of(intent("3000", action="pay_out")))},
        {"meanings": (replace(Meaning.of(intent("3000")), parameters=None),)},
    ],
)
def test_each_widening_alone_is_refused(changes: dict[str, Any]) -> None:
    verdict = chain.link(replace(CHILD, **changes), PARENT)
    assert isinstance(verdict, Refused)
    assert verdict.reason is Reason.WARRANT_CHAIN


def test_a_parent_that_names_the_issuer_leaves_the_upstream_open() -> None:
    assert chain.link(CHILD, replace(PARENT, audience=ISSUER)) == Granted()


def test_a_parent_that_binds_a_request_binds_its_links_to_it() -> None:
    bound = replace(PARENT, request_digest=CHILD.request_digest)
    assert chain.link(CHILD, bound) == Granted()
    assert isinstance(chain.link(CHILD, replace(PARENT, request_digest="sha256:00")), Refused)


def test_an_observation_never_becomes_a_permission() -> None:
    seen = replace(PARENT, observed=True)
    assert isinstance(chain.link(CHILD, seen), Refused)
    assert chain.link(replace(CHILD, observed=True), seen) == Granted()


def test_a_root_has_no_parent_and_no_depth() -> None:
    assert chain.root(PARENT) == Granted()
    assert isinstance(chain.root(replace(PARENT, parent="wrt-7")), Refused)
    assert isinstance(chain.root(replace(PARENT, depth=1)), Refused)


def test_nobody_may_sign_below_a_parent_without_a_holder_key() -> None:
    assert chain.holder_key(replace(PARENT, holder_jwk=None)) is None
    assert chain.holder_key(replace(PARENT, holder_jwk={"kty": "OKP"})) is None
    key = chain.holder_key(PARENT)
    assert key is not None
    assert key.kid == HOLDER.kid


@given(st.decimals(min_value=-10, max_value=20_000, places=2))
def test_no_link_covers_an_amount_that_its_parent_does_not(amount: Decimal) -> None:
    child = replace(CHILD, meanings=(Meaning.of(intent(amount)),))
    held = isinstance(chain.link(child, PARENT), Granted)
    assert held == (Decimal("0.01") <= amount <= 5000)
