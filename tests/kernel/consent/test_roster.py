from __future__ import annotations

import contextlib
import copy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passkey_kit import Authenticator, member, roster
from vienna_kernel.consent.roster import Quorum, parse
from vienna_kernel.errors import MalformedError
from vienna_kernel.intent import Tier

A, B, C = Authenticator(), Authenticator("EdDSA"), Authenticator("RS256")
ONE = roster(member(A, "op-a"), member(B, "op-b", "finance", expires_at=5000), member(C, "op-c", "executive"))


def test_a_roster_round_trips_and_every_member_of_it_counts() -> None:
    assert parse(ONE.to_json()) == ONE
    seen = {ONE.digest}
    for change in (
        {"version": 2, "previous": "sha256:x"},
        {"made_at": 1001},
        {"threshold": 1},
        {"quorum": {Tier.T2: Quorum(2)}},
        {"members": ONE.members[:2]},
        {"members": (replace(ONE.members[0], operator="op-z"), *ONE.members[1:])},
        {"members": (replace(ONE.members[0], expires_at=1), *ONE.members[1:])},
    ):
        seen.add(replace(ONE, **change).digest)
    assert len(seen) == 8


def test_a_higher_tier_asks_for_no_less_than_the_ones_below() -> None:
    odd = replace(ONE, quorum={Tier.T3: Quorum(1, ("executive",)), Tier.T1: Quorum(2, ("finance",))})
    assert odd.quorum_at(Tier.T0) is None
    assert odd.quorum_at(Tier.T1) == odd.quorum_at(Tier.T2) == Quorum(2, ("finance",))
    assert odd.quorum_at(Tier.T3) == Quorum(2, ("finance", "executive"))


def test_a_key_is_found_by_its_name_and_holds_until_it_expires() -> None:
    found = ONE.find(B.key.kid)
    assert found is not None
    assert found.operator == "op-b"
    assert (found.holds(4999), found.holds(5000)) == (True, False)
    assert ONE.members[0].holds(10**12)
    assert ONE.find("other") is None


def _with(*path: Any, value: Any) -> Any:
    data: Any = copy.deepcopy(ONE.to_json())
    at = data
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return data


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        _with("more", value=1),
        _with("type", value="vienna-roster/2"),
        _with("version", value=0),
        _with("version", value=True),
        _with("version", value=2),
        _with("previous", value="sha256:x"),
        _with("made_at", value=-1),
        _with("rp_id", value="evil.example"),
        _with("origins", value=[]),
        _with("threshold", value=0),
        _with("threshold", value=4),
        _with("quorum", value={}),
        _with("quorum", "T4", value={"people": 1, "groups": []}),
        _with("quorum", "T2", value={"people": 0, "groups": []}),
        _with("quorum", "T2", value={"people": 4, "groups": []}),
        _with("quorum", "T2", value={"people": 1, "groups": ["nobody"]}),
        _with("keys", value=[]),
        _with("keys", value=ONE.to_json()["keys"] * 2),
        _with("keys", 0, "kid", value=B.key.kid),
        _with("keys", 0, "jwk", "x", value="AA"),
        _with("keys", 0, "operator", value=""),
        _with("keys", 0, "more", value=1),
    ],
    ids=lambda data: str(len(str(data))),
)
def test_what_is_no_roster_or_could_not_be_met(data: Any) -> None:
    with pytest.raises(MalformedError):
        parse(data)


def test_people_are_counted_not_keys() -> None:
    rows = (member(A, "op-a"), member(B, "op-a"))
    with pytest.raises(MalformedError):
        parse(roster(*rows, threshold=2, quorum={Tier.T2: Quorum(1)}).to_json())
    with pytest.raises(MalformedError):
        parse(roster(*rows, threshold=1, quorum={Tier.T2: Quorum(2)}).to_json())
    assert parse(roster(*rows, threshold=1, quorum={Tier.T2: Quorum(1)}).to_json())


json_data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(json_data, st.sampled_from(sorted(ONE.to_json())))
def test_any_data_have_a_reading_or_none(data: Any, name: str) -> None:
    for tried in (data, {**ONE.to_json(), name: data}):
        with contextlib.suppress(MalformedError):
            assert parse(tried).to_json() == tried
