"""Proof of possession: only the private key itself, and only for exactly this request."""

from __future__ import annotations

import pytest

from vienna_kernel.errors import MalformedError
from vienna_kernel.keyring import Algorithm
from vienna_kernel.possession import prove, proven
from vienna_kernel.signing import SigningKey

KEY = SigningKey.generate_from(b"k" * 32)
OTHER = SigningKey.generate_from(b"o" * 32)
SAID = {"token": "vos_join_k1_x", "csr_pem": "a request", "at": "2026-03-02T10:00:00.000Z"}


def test_the_key_itself_proves_it() -> None:
    assert proven(KEY.jwk(), prove(KEY, **SAID), **SAID)


@pytest.mark.parametrize("name", sorted(SAID))
def test_for_anything_else_it_is_no_proof(name: str) -> None:
    assert not proven(KEY.jwk(), prove(KEY, **SAID), **{**SAID, name: "another"})


def test_another_key_proves_nothing() -> None:
    assert not proven(KEY.jwk(), prove(OTHER, **SAID), **SAID)
    assert not proven(OTHER.jwk(), prove(KEY, **SAID), **SAID)


def test_a_secret_that_both_sides_know_is_no_key_of_ones_own() -> None:
    shared = SigningKey.generate_from(b"s" * 32, Algorithm.HS256)
    jwk = shared.verifying().shared_jwk()
    with pytest.raises(MalformedError, match="Ed25519"):
        proven(jwk, prove(shared, **SAID), **SAID)


@pytest.mark.parametrize("proof", ["", "====", "é", "A" * 86])
def test_any_text_has_an_answer(proof: str) -> None:
    try:
        answer: bool | str = proven(KEY.jwk(), proof, **SAID)
    except MalformedError as error:
        answer = error.where
    assert answer in (False, "base64url")
