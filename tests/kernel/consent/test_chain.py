"""A roster is believed from the one before it, by a quorum of its people, and nobody goes back."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest

from passkey_kit import Authenticator, member, roster, signed
from vienna_kernel.consent import chain
from vienna_kernel.consent.chain import Signature, Signed, parse_signed
from vienna_kernel.consent.roster import Quorum, Roster
from vienna_kernel.errors import MalformedError
from vienna_kernel.intent import Tier
from vienna_kernel.verdict import Refused

A, B, C, D, MALLORY = (Authenticator() for _ in range(5))
A2 = Authenticator("EdDSA")
QUORUM = {Tier.T2: Quorum(2)}
FIRST = roster(
    member(A, "op-a"),
    member(A2, "op-a"),
    member(B, "op-b"),
    member(C, "op-c", expires_at=1500),
    quorum=QUORUM,
)


def after(one: Roster, *more: Any, **changes: Any) -> Roster:
    given: dict[str, Any] = {"version": one.version + 1, "previous": one.digest, "made_at": one.made_at + 100}
    return replace(one, members=(*one.members, *more), **{**given, **changes})


SECOND = after(FIRST, member(D, "op-d"))
THIRD = after(SECOND, threshold=3)


def test_a_first_version_is_signed_by_its_own_people() -> None:
    assert chain.root(signed(FIRST, A, B)) == FIRST
    assert isinstance(chain.root(signed(FIRST, A)), Refused)
    assert isinstance(chain.root(signed(SECOND, A, B)), Refused)


def test_a_quorum_of_the_one_before_signs_the_next() -> None:
    assert chain.follow(FIRST, signed(SECOND, A, B)) == SECOND
    assert chain.follow(FIRST, signed(SECOND, A2, C)) == SECOND  # by an earlier key of C's, still good then
    assert chain.follow(SECOND, signed(THIRD, D, B)) == THIRD


def _not_quorum() -> dict[str, Signed]:
    good = signed(SECOND, A, B)
    bent = replace(good.signatures[0], nonce="other")
    return {
        "nobody": signed(SECOND),
        "one": signed(SECOND, A),
        "one twice": signed(SECOND, A, A),
        "two keys of one": signed(SECOND, A, A2),
        "a new key": signed(SECOND, A, D),
        "a stranger": signed(SECOND, A, MALLORY),
        "a quorum and a stranger": signed(SECOND, A, B, MALLORY),
        "another roster": replace(signed(after(FIRST, member(D, "op-e")), A, B), roster=SECOND),
        "another nonce": replace(good, signatures=(bent, good.signatures[1])),
        "another origin": signed(SECOND, A, B, origin="https://evil.example"),
        "without verification": signed(SECOND, A, B, flags=0x01),
        "somebody else's name": Signed(
            SECOND, (replace(good.signatures[0], kid=B.key.kid), good.signatures[1])
        ),
        "a key that had expired": signed(after(FIRST, made_at=1500), A, C),
    }


@pytest.mark.parametrize("name", _not_quorum())
def test_what_is_no_quorum(name: str) -> None:
    assert isinstance(chain.follow(FIRST, _not_quorum()[name]), Refused)


def test_an_expired_key_signs_nothing_made_later() -> None:
    late = after(FIRST, made_at=1499)
    assert chain.follow(FIRST, signed(late, A, C)) == late
    assert isinstance(chain.follow(FIRST, signed(replace(late, made_at=1500), A, C)), Refused)


@pytest.mark.parametrize(
    "changes",
    [{"version": 3}, {"version": 1, "previous": None}, {"previous": "sha256:x"}, {"made_at": 999}],
    ids=lambda changes: "-".join(changes),
)
def test_what_does_not_follow(changes: dict[str, Any]) -> None:
    assert isinstance(chain.follow(FIRST, signed(after(FIRST, **changes), A, B)), Refused)


def test_the_instant_may_stand_still() -> None:
    still = after(FIRST, made_at=FIRST.made_at)
    assert chain.follow(FIRST, signed(still, A, B)) == still


CHAIN = (signed(FIRST, A, B), signed(SECOND, A, B), signed(THIRD, B, D))


def test_from_wherever_one_stands_one_walks_to_the_newest() -> None:
    for trusted in (FIRST, SECOND, THIRD):
        assert chain.walk(trusted, CHAIN) == THIRD
    assert chain.walk(SECOND, CHAIN[2:]) == THIRD
    assert chain.walk(FIRST, ()) == FIRST


def test_nobody_is_led_back_aside_or_over_a_gap() -> None:
    assert isinstance(chain.walk(THIRD, CHAIN[:2]), Refused)
    assert isinstance(chain.walk(FIRST, (CHAIN[0], CHAIN[2])), Refused)
    aside = signed(after(FIRST, member(MALLORY, "op-m")), A, B)
    assert chain.walk(FIRST, (aside,)) == aside.roster
    assert isinstance(chain.walk(SECOND, (CHAIN[0], aside)), Refused)
    assert isinstance(chain.walk(SECOND, (CHAIN[0], aside, CHAIN[2])), Refused)
    forged = signed(SECOND, MALLORY, D)
    assert isinstance(chain.walk(FIRST, (CHAIN[0], forged, CHAIN[2])), Refused)
    own = roster(member(MALLORY, "op-a"), member(D, "op-b"), quorum=QUORUM)
    assert isinstance(chain.walk(FIRST, (signed(own, MALLORY, D),)), Refused)


def test_a_signed_roster_round_trips() -> None:
    assert parse_signed(CHAIN[1].to_json()) == CHAIN[1]


def _bent(*path: Any, value: Any) -> Any:
    data: Any = copy.deepcopy(CHAIN[0].to_json())
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
        {"roster": FIRST.to_json()},
        _bent("more", value=1),
        _bent("signatures", value={}),
        _bent("signatures", value=[1]),
        _bent("signatures", 0, value={}),
        _bent("signatures", 0, "more", value="x"),
        _bent("signatures", 0, "nonce", value=1),
        _bent("signatures", 0, "sig", value="="),
        _bent("signatures", 0, "cd", value="A" * 4097),
        _bent("roster", "threshold", value=9),
    ],
    ids=[
        "nothing",
        "a list",
        "no signatures",
        "a member more",
        "signatures no list",
        "a signature no object",
        "a signature empty",
        "a signature with a member more",
        "a nonce no text",
        "a signature no base64",
        "client data too long",
        "a threshold nobody reaches",
    ],
)
def test_what_is_no_signed_roster(data: Any) -> None:
    with pytest.raises(MalformedError):
        parse_signed(data)


def test_a_signature_under_a_roster_is_no_consent_and_the_reverse() -> None:
    row = CHAIN[0].signatures[0]
    assert chain.challenge_of(FIRST, row.nonce) != chain.challenge_of(SECOND, row.nonce)
    assert Signature.from_json(row.to_json()) == row
