from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vectors.fixed import BOUNDED, CHILD, ISSUED, PARENT, PASSBACK, PLAIN, intent
from vienna_kernel.errors import MalformedError
from vienna_kernel.intent import Tier
from vienna_kernel.warrant.claims import parse_claims, payload, to_claims
from vienna_kernel.warrant.terms import Meaning


@pytest.mark.parametrize(
    "warrant", [PLAIN, PASSBACK, BOUNDED, PARENT, CHILD], ids=lambda w: f"{w.id}-{w.depth}"
)
def test_claims_round_trip(warrant: Any) -> None:
    assert parse_claims(payload(warrant)) == warrant


@given(
    tier=st.sampled_from(Tier),
    ttl=st.integers(1, 10**6),
    text=st.text(min_size=1, max_size=40, alphabet=st.characters(codec="utf-8")),
    limits=st.dictionaries(st.text(max_size=5), st.integers(0, 2**53), max_size=3),
    observed=st.booleans(),
)
def test_claims_of_any_terms_round_trip(
    tier: Tier, ttl: int, text: str, limits: dict[str, int], observed: bool
) -> None:
    warrant = replace(
        PLAIN,
        tier=tier,
        expires_at=ISSUED + timedelta(seconds=ttl),
        subject=text,
        response_limits=limits,
        observed=observed,
        meanings=(Meaning.of(intent(note=text)),),
    )
    assert parse_claims(payload(warrant)) == warrant


def test_members_at_their_default_do_not_travel() -> None:
    claims = to_claims(PASSBACK)
    assert not {"parent", "depth", "observed", "cnf"} & set(claims)
    assert "request_digest" not in claims["authorization_details"][0]


@pytest.mark.parametrize(
    "name",
    sorted(set(to_claims(PLAIN)) - {"cnf", "approvals", "required", "policy_digest", "mapping_digest"}),
)
def test_a_claim_that_is_needed_is_missed(name: str) -> None:
    claims = to_claims(PLAIN)
    del claims[name]
    with pytest.raises(MalformedError, match=name):
        parse_claims(json.dumps(claims).encode())


@pytest.mark.parametrize(
    "path",
    ["", "cnf", "required", "authorization_details/0", "authorization_details/0/intents/0", "approvals/0"],
)
def test_a_member_that_nobody_knows_is_refused_at_every_depth(path: str) -> None:
    claims = json.loads(payload(PLAIN))
    at = claims
    for step in filter(None, path.split("/")):
        at = at[int(step)] if step.isdigit() else at[step]
    at["scope_is_unlimited"] = True
    with pytest.raises(MalformedError, match="scope_is_unlimited"):
        parse_claims(json.dumps(claims).encode())
