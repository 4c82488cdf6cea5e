from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vectors.fixed import BOUNDED, CHILD, ISSUED, PARENT, PASSBACK, PLAIN, intent
from vienna_kernel.errors import MalformedError
from vienna_kernel.intent import Tier
from vienna_kernel.warrant.claims import parse_claims, payload, to_claims
from vienna_kernel.warrant.response import NAMES
from vienna_kernel.warrant.terms import Consent, Demand, Meaning, Roll


@pytest.mark.parametrize(
    "warrant", [PLAIN, PASSBACK, BOUNDED, PARENT, CHILD], ids=lambda w: f"{w.id}-{w.depth}"
)
def test_claims_round_trip(warrant: Any) -> None:
    assert parse_claims(payload(warrant)) == warrant


@given(
    tier=st.sampled_from(Tier),
    ttl=st.integers(1, 10**6),
    text=st.text(min_size=1, max_size=40, alphabet=st.characters(codec="utf-8")),
    limits=st.dictionaries(st.sampled_from(NAMES), st.integers(0, 2**53)),
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


def test_a_roll_round_trips_and_stands_for_the_whole_list() -> None:
    rolled = replace(PLAIN, roll=Roll.of([intent(), intent("1")]))
    assert parse_claims(payload(rolled)) == rolled
    for wrong in (
        replace(rolled, meanings=PLAIN.meanings * 2),
        replace(rolled, constraints=BOUNDED.constraints),
        replace(rolled, roll=Roll(1, rolled.roll.digest if rolled.roll else "")),
        replace(rolled, roll=Roll(2, "")),
        replace(rolled, roll=Roll(10**7, "sha256:00")),
    ):
        with pytest.raises(MalformedError):
            parse_claims(payload(wrong))


@pytest.mark.parametrize(
    "limits",
    [{"max_bytes": 1}, {"max_items": -1}, {"max_items": "1"}, {"max_items": True}, {"max_items": 2**54}, []],
)
def test_a_bound_on_the_answer_that_nobody_could_hold_has_no_reading(limits: Any) -> None:
    claims = json.loads(payload(PLAIN))
    claims["authorization_details"][0]["response_limits"] = limits
    with pytest.raises(MalformedError):
        parse_claims(json.dumps(claims).encode())


def test_a_bound_of_nothing_is_one() -> None:
    for name in NAMES:
        bounded = replace(PLAIN, response_limits={name: 0})
        assert parse_claims(payload(bounded)) == bounded


def test_what_is_not_said_is_read_as_the_least() -> None:
    claims = json.loads(payload(PLAIN))
    del claims["required"]
    claims["approvals"] = [{"operator": "op-1", "at": 1, "shown": "sha256:00"}]
    found = parse_claims(json.dumps(claims).encode())
    assert found.demand == Demand()
    silent = {name: value for name, value in claims.items() if not name.endswith("_digest")}
    said = parse_claims(json.dumps(silent).encode())
    assert said == replace(found, policy_digest="", mapping_digest="")
    assert found.consents == (Consent("op-1", datetime.fromtimestamp(1, UTC), "sha256:00"),)
    claims["required"] = {}
    assert parse_claims(json.dumps(claims).encode()) == found


@pytest.mark.parametrize(
    ("change", "sound"),
    [
        ({"required": {"approvals": 100}}, True),
        ({"required": {"approvals": 101}}, False),
        ({"required": {"approvals": -1}}, False),
        ({"iat": int(PLAIN.expires_at.timestamp())}, False),
        ({"iat": int(PLAIN.expires_at.timestamp()) - 1}, True),
        ({"iat": int(PLAIN.not_before.timestamp())}, True),
        ({"iat": int(PLAIN.not_before.timestamp()) - 1}, False),
        ({"authorization_details": to_claims(PLAIN)["authorization_details"] * 2}, False),
        ({"sub": "x" * 8192}, True),
        ({"sub": "x" * 8193}, False),
        ({"sub": ""}, False),
        ({"nbf": 0}, True),
        ({"nbf": -1}, False),
        ({"exp": 253402300799}, True),
        ({"exp": 253402300800}, False),
        ({"depth": 0}, True),
        ({"depth": -1}, False),
    ],
)
def test_the_bounds_of_claims(change: dict[str, Any], sound: bool) -> None:
    data = json.dumps({**json.loads(payload(PLAIN)), **change}).encode()
    if sound:
        parse_claims(data)
    else:
        with pytest.raises(MalformedError):
            parse_claims(data)


def test_members_at_their_default_do_not_travel() -> None:
    claims = to_claims(PASSBACK)
    assert not {"policy_digest", "mapping_digest"} & set(
        to_claims(replace(PLAIN, policy_digest="", mapping_digest=""))
    )
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


DETAIL: dict[str, Any] = to_claims(BOUNDED)["authorization_details"][0]


def detailed(**changes: Any) -> dict[str, Any]:
    return {"authorization_details": [{**DETAIL, **changes}]}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"exp": "soon"}, "claims /exp: Input should be a valid integer"),
        (detailed(intents=[]), "claims /authorization_details/0/intents: List should have at least 1"),
        ({"iat": int(PLAIN.not_before.timestamp()) - 1}, "claims: nbf, iat and exp are not in order"),
        (detailed(roll={"count": 2, "digest": "d"}), "claims: a roll stands for the whole list"),
        ({"cnf": {"jwk": {"kty": "OKP"}}}, "jwk"),
        ({"cnf": {"jkt": "x", "jwk": PARENT.holder_jwk}}, "claims /cnf: jwk is not the key that jkt names"),
        ({"cnf": {"jwk": PARENT.holder_jwk}}, "claims /cnf: jwk is not the key that jkt names"),
        (detailed(constraints={"amount": {"max": "10"}}), "constraint: min and max are numbers"),
        (
            detailed(intents=[{**DETAIL["intents"][0], "parameters": {"amount": {"$decimal": "1e9"}}}]),
            "claims: a value that is none: ValueError",
        ),
        (
            detailed(intents=[{**DETAIL["intents"][0], "parameters": {"$decimal": "5"}}]),
            "claims: parameters: expected an object",
        ),
    ],
    ids=[
        "type", "nothing", "order", "roll", "no_key", "another_key", "key_alone", "limit", "decimal", "number",
    ],
)  # fmt: skip
def test_what_has_no_reading_is_named(change: dict[str, Any], says: str) -> None:
    with pytest.raises(MalformedError, match="^" + re.escape(says)):
        parse_claims(json.dumps({**to_claims(BOUNDED), **change}).encode())


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b'{"v":1,"v":1}', b"\xff"], ids=repr)
def test_what_is_no_object_is_named(data: bytes) -> None:
    with pytest.raises(MalformedError, match=r"^claims: "):
        parse_claims(data)
