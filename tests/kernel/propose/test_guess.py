"""Guesses: effect, reversibility, tier, and from what."""

from __future__ import annotations

from typing import Any

import pytest

from vienna_kernel.intent import Effect, Reversibility, Tier
from vienna_kernel.propose import guess
from vienna_kernel.propose.guess import SAFE, Guess, Subject


def subject(method: str, verb: str = "", about: str = "", **more: Any) -> Subject:
    return Subject(method=method, verb=verb, about=tuple(about.split()), **more)


@pytest.mark.parametrize(
    ("asked", "effect", "tier", "why"),
    [
        (subject("GET", "get", "order"), "read", "T0", "GET"),
        (subject("GET", "list", "message"), "read", "T0", "GET"),
        (subject("HEAD", "check", "refund"), "read", "T0", "HEAD"),
        (subject("GET", "list", "secret"), "read", "T1", "GET"),
        (subject("POST", "search", "order"), "read", "T1", "the word search"),
        (subject("GET", "revoke", "auth"), "grant", "T2", "the word revoke"),
        (subject("GET", "publish", "view"), "send", "T1", "the word publish"),
        (subject("DELETE", "delete", "order", item=True), "delete", "T2", "DELETE"),
        (subject("POST", "remove", "reaction"), "delete", "T2", "the word remove"),
        (subject("POST", "create", "refund"), "spend", "T2", "the word refund"),
        (subject("POST", "create", "thing", money=True), "spend", "T2", "an amount with its currency"),
        (subject("POST", "transfer", "repo"), "grant", "T2", "the word transfer"),
        (subject("POST", "create", "invitation"), "grant", "T2", "the word invitation"),
        (subject("PUT", "set", "permission"), "grant", "T2", "the word permission"),
        (subject("POST", "create", "api key"), "grant", "T2", "the word key"),
        (subject("POST", "create", "deployment"), "execute", "T2", "the word deployment"),
        (subject("POST", "rerun", "workflow"), "execute", "T2", "the word rerun"),
        (subject("POST", "create", "message"), "send", "T1", "the word message"),
        (subject("PATCH", "update", "message"), "write", "T1", "PATCH"),
        (subject("POST", "send", "mail"), "send", "T1", "the word mail"),
        (subject("POST", "create", "hook"), "admin", "T2", "the word hook"),
        (subject("POST", "create", "thing", tags=("billing",)), "admin", "T2", "the tag billing"),
        (subject("POST", "create", "refund", tags=("admin",)), "spend", "T2", "the word refund"),
        (subject("POST", "create", "order"), "write", "T1", "POST"),
    ],
)
def test_effect_and_tier(asked: Subject, effect: str, tier: str, why: str) -> None:
    told = guess.effect(asked)
    assert told == Guess(effect, why)
    assert guess.tier(asked, told).value == tier


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (subject("DELETE", "delete", "repo", item=True), "a repo holds others"),
        (subject("DELETE", "delete", "account", item=True), "an account holds others"),
        (subject("DELETE", "delete", "gadget", item=True, below=10), "10 operations lie below it"),
        (subject("DELETE", "delete", "contact", collection=True), "all of a collection"),
    ],
)
def test_what_holds_others_is_critical(asked: Subject, why: str) -> None:
    assert guess.tier(asked, guess.effect(asked)) == Guess(Tier.T3, why)


@pytest.mark.parametrize(
    "asked",
    [
        subject("DELETE", "remove", "repo", item=True),
        subject("DELETE", "delete", "gadget", item=True, below=9),
        subject("DELETE", "delete", "repo"),
        subject("PUT", "add", "repo", item=True, below=50),
    ],
)
def test_what_only_takes_out_or_is_small_is_not(asked: Subject) -> None:
    assert guess.tier(asked, guess.effect(asked)).value != Tier.T3


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (subject("GET", "get"), Reversibility.REVERSIBLE),
        (subject("DELETE", "delete", undone_by="x"), Reversibility.IRREVERSIBLE),
        (subject("POST", "create", "refund", undone_by="x"), Reversibility.IRREVERSIBLE),
        (subject("POST", "send", "mail"), Reversibility.IRREVERSIBLE),
        (
            subject("POST", "create", "order", undone_by="DELETE /orders/{id} takes it back"),
            Reversibility.COMPENSATABLE,
        ),
        (subject("POST", "create", "order"), Reversibility.UNKNOWN),
    ],
)
def test_reversibility(asked: Subject, told: Reversibility) -> None:
    found = guess.reversibility(asked, guess.effect(asked))
    assert found.value == told
    assert found.why


VERBS = ("get", "list", "search", "create", "delete", "send", "revoke", "deploy", "pay", "frobnicate", "")


def test_only_a_safe_method_with_a_reading_name_is_minimal() -> None:
    """The whole small space: whatever is guessed, no write is T0 and every deletion needs two people."""
    for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"):
        for verb in VERBS:
            for about in ("", "order", "secret", "refund", "key", "message", "hook", "deployment", "repo"):
                asked = subject(method, verb, about, item=True)
                told = guess.effect(asked)
                tier = Tier(guess.tier(asked, told).value)
                if tier is Tier.T0:
                    assert method in SAFE
                    assert told.value == Effect.READ
                if method == "DELETE" or verb == "delete":
                    assert told.value == Effect.DELETE
                    assert max(tier, Tier.T2) is tier
                if method not in SAFE and told.value == Effect.READ:
                    assert tier is not Tier.T0
