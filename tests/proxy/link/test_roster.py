"""The roster that a gate believes: pinned in a file, moved on by signed steps, remembered over a restart."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from passkey_kit import Authenticator, member, roster, signed
from vienna_kernel.consent.roster import Quorum
from vienna_kernel.errors import MalformedError
from vienna_kernel.intent import Tier
from vienna_proxy.link.roster import Rosters, read_pin
from vienna_proxy.ports import StartError

A, B, C = (Authenticator() for _ in range(3))
FIRST = roster(member(A, "op-a"), member(B, "op-b"), quorum={Tier.T2: Quorum(2)})
SECOND = replace(FIRST, version=2, previous=FIRST.digest, members=(*FIRST.members, member(C, "op-c")))
CHAIN = [signed(FIRST, A, B).to_json(), signed(SECOND, A, B).to_json()]


def test_a_pin_is_what_was_exported(tmp_path: Path) -> None:
    pin = tmp_path / "roster.json"
    pin.write_text(json.dumps(CHAIN[1]))
    assert read_pin(pin) == SECOND


@pytest.mark.parametrize("text", ["", "[]", "{}", json.dumps(CHAIN), json.dumps({**CHAIN[0], "more": 1})])
def test_a_pin_that_is_none_stops_the_start(tmp_path: Path, text: str) -> None:
    pin = tmp_path / "roster.json"
    pin.write_text(text)
    with pytest.raises(StartError, match=r"gate\.consent\.roster"):
        read_pin(pin)
    with pytest.raises(StartError, match="cannot read"):
        read_pin(tmp_path / "none.json")


def test_what_was_seen_is_remembered(tmp_path: Path) -> None:
    kept = tmp_path / "rosters.json"
    one = Rosters(FIRST, kept)
    assert one.follow(CHAIN) is None
    assert one.current == SECOND
    again = Rosters(FIRST, kept)
    assert again.current == SECOND
    assert again.follow(CHAIN[:1]) is not None
    assert again.follow([]) is None
    assert again.current == SECOND
    assert Rosters(SECOND, kept).current == SECOND  # pinned anew, as far


def test_a_newer_pin_is_believed_before_an_older_memory(tmp_path: Path) -> None:
    kept = tmp_path / "rosters.json"
    kept.write_text(json.dumps({"chain": CHAIN[:1]}))
    assert Rosters(SECOND, kept).current == SECOND


@pytest.mark.parametrize("text", ["", "{}", '{"chain": 1}', '{"chain": [1]}'])
def test_a_memory_without_a_reading_stops_the_start(tmp_path: Path, text: str) -> None:
    kept = tmp_path / "rosters.json"
    kept.write_text(text)
    with pytest.raises(StartError):
        Rosters(FIRST, kept)


def test_a_memory_of_another_pin_stops_the_start_and_says_what_to_do(tmp_path: Path) -> None:
    kept = tmp_path / "rosters.json"
    assert Rosters(FIRST, kept).follow(CHAIN) is None
    other = roster(member(A, "op-a"), member(C, "op-c"), quorum={Tier.T2: Quorum(2)})
    with pytest.raises(StartError, match="remove that file"):
        Rosters(other, kept)


def test_rows_that_are_no_rosters_change_nothing(tmp_path: Path) -> None:
    one = Rosters(FIRST, tmp_path / "rosters.json")
    with pytest.raises(MalformedError):
        one.follow([{}])
    assert one.current == FIRST
