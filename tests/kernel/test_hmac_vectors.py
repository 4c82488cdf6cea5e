"""Wycheproof's HMAC-SHA-256 by the labelled alternative of a closed installation: keys and tags whole, or refused."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from vienna_kernel.errors import MalformedError
from vienna_kernel.keyring import VerifyingKey

WYCHEPROOF = Path(__file__).parents[3] / "shared" / "vectors" / "wycheproof" / "hmac_sha256.json"
SHORTEST_KEY_BYTES = 32


@pytest.mark.skipif(not WYCHEPROOF.exists(), reason="../shared/vectors is not beside this checkout")
def test_wycheproof_hmac_sha256() -> None:
    verified, refused, short = 0, 0, 0
    for group in json.loads(WYCHEPROOF.read_text())["testGroups"]:
        for case in group["tests"]:
            secret, message, tag = (bytes.fromhex(case[name]) for name in ("key", "msg", "tag"))
            jwk = {"kty": "oct", "k": base64.urlsafe_b64encode(secret).rstrip(b"=").decode()}
            if len(secret) < SHORTEST_KEY_BYTES:
                with pytest.raises(MalformedError):
                    VerifyingKey.from_jwk(jwk)
                short += 1
                continue
            held = VerifyingKey.from_jwk(jwk).verify(message, tag)
            assert held == (case["result"] == "valid" and group["tagSize"] == 256), case
            verified, refused = verified + held, refused + (not held)
    assert (verified, refused, short) == (30, 138, 6)
