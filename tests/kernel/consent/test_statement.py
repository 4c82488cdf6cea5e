"""What is signed: every part of it counts, and each kind of signature is another challenge."""

from __future__ import annotations

import hashlib
from dataclasses import fields, replace
from decimal import Decimal

import pytest

from vectors.fixed import intent
from vienna_kernel.consent.statement import Subject, Terms, challenge_of, meaning_of
from vienna_kernel.intent import Tier

SUBJECT = Subject(
    agent="billing-bot",
    meaning="sha256:m",
    method="POST",
    origin="https://api.example",
    fingerprint="sha256:f",
)
TERMS = Terms(approval="apr-1", tier=Tier.T2, shown="sha256:s", until=2000, nonce="n")


def test_the_challenge_is_the_digest_of_the_statement_byte_for_byte() -> None:
    statement = (
        b'{"agent":"billing-bot","approval":"apr-1","fingerprint":"sha256:f","meaning":"sha256:m","method":"POST",'
        b'"nonce":"n","origin":"https://api.example","shown":"sha256:s","tier":"T2","type":"vienna-consent/1",'
        b'"until":2000,"verdict":"approve"}'
    )
    assert challenge_of(SUBJECT, TERMS) == hashlib.sha256(statement).digest()


@pytest.mark.parametrize("name", [row.name for row in fields(Subject)])
def test_each_part_of_the_call_counts(name: str) -> None:
    assert challenge_of(replace(SUBJECT, **{name: "other"}), TERMS) != challenge_of(SUBJECT, TERMS)


@pytest.mark.parametrize("name", [row.name for row in fields(Terms)])
def test_each_of_the_terms_counts(name: str) -> None:
    other = {"tier": Tier.T3, "until": 2001}.get(name, "other")
    assert challenge_of(SUBJECT, replace(TERMS, **{name: other})) != challenge_of(SUBJECT, TERMS)


def test_a_meaning_is_all_intents_in_order_and_tells_a_decimal_from_a_text() -> None:
    one, other = intent(), intent("1")
    found = {
        meaning_of(rows)
        for rows in (
            (one,),
            (one, one),
            (one, other),
            (other, one),
            (replace(one, action="x"),),
            (replace(one, target="x"),),
            (replace(one, parameters={"a": Decimal(5)}),),
            (replace(one, parameters={"a": "5"}),),
            (replace(one, parameters={"a": 5}),),
        )
    }
    assert len(found) == 9
    assert meaning_of((replace(one, summary="other words"),)) == meaning_of((one,))
