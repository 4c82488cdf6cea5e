"""Project Wycheproof's vectors, every one of them: judged as it says, or listed here with the reason why not.

They lie beside this checkout (``shared/vectors``); without them these tests are skipped. AES-GCM, which the control
plane seals with, is tried in ``tests/control/authority/test_sealing.py``.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from vienna_kernel.errors import MalformedError
from vienna_kernel.keyring import Algorithm, VerifyingKey
from vienna_kernel.signing import Opened, judge, split
from vienna_kernel.verdict import Refused

FOLDER = Path(__file__).parents[3] / "shared" / "vectors" / "wycheproof"
pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="../shared/vectors is not beside this checkout")


def groups(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((FOLDER / f"{name}.json").read_text())["testGroups"]
    return found


def test_ed25519() -> None:
    ran: Counter[str] = Counter()
    for group in groups("ed25519"):
        public = bytes.fromhex(group["publicKey"]["pk"])
        key = VerifyingKey(kid="", algorithm=Algorithm.ED25519, material=public)
        for case in group["tests"]:
            held = key.verify(bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"]))
            assert held == (case["result"] == "valid"), case
            ran[case["result"]] += 1
    assert ran == {"valid": 88, "invalid": 63}


def test_hmac_sha256() -> None:
    """A tag cut to 128 bits is what its group says, and no signature of ours: all 32 bytes or none."""
    ran: Counter[str] = Counter()
    for group in groups("hmac_sha256"):
        whole = group["tagSize"] == 256
        for case in group["tests"]:
            key = VerifyingKey(kid="", algorithm=Algorithm.HS256, material=bytes.fromhex(case["key"]))
            held = key.verify(bytes.fromhex(case["msg"]), bytes.fromhex(case["tag"]))
            assert held == (whole and case["result"] == "valid"), case
            ran[f"{case['result']} {group['tagSize']}"] += 1
    assert ran == {"valid 256": 33, "invalid 256": 54, "valid 128": 33, "invalid 128": 54}


NOT_OURS = {
    "es256": 15, "rs256": 231, "rs384": 4, "rs512": 4, "ps256": 48, "ps384": 5, "ps512": 20, "SpecialCaseEs256": 24,
    "rsa_encryption": 2, "ec_key_for_encryption": 2, "rfc7520": 3, "rfc7520WithKeyOps": 3,
}  # fmt: skip
"""Groups under RSA and EC keys: keys that a ring of ours has no place for, so that their tokens are all refused."""

OTHERWISE = {
    367: (
        True,
        "labelled as having invalid padding, but it is the very text of the valid 357: there is none",
    ),
    370: (True, "the same, for the payload"),
    372: (
        False,
        "a foreign character in the header, which lenient decoders skip: we take one spelling per value",
    ),
    373: (False, "the same, in the payload"),
}


def test_json_web_signature() -> None:
    ran: Counter[str] = Counter()
    foreign: Counter[str] = Counter()
    otherwise: dict[int, bool] = {}
    for group in groups("json_web_signature"):
        key = _key(group.get("public") or group["private"])
        for case in group["tests"]:
            taken, valid = _taken(case["jws"], key), case["result"] == "valid"
            ran[case["result"]] += 1
            if key is None:
                assert not taken, case
                foreign[group["comment"]] += 1
            elif taken != valid:
                otherwise[case["tcId"]] = taken
    assert ran == {"valid": 46, "invalid": 355}
    assert foreign == NOT_OURS
    assert otherwise == {number: taken for number, (taken, _) in OTHERWISE.items()}


def _key(jwk: dict[str, Any]) -> VerifyingKey | None:
    try:
        return VerifyingKey.from_jwk({name: value for name, value in jwk.items() if name != "kid"})
    except MalformedError:
        return None


def _taken(token: Any, key: VerifyingKey | None) -> bool:
    parts = split(token if isinstance(token, str) else json.dumps(token), max_bytes=100_000)
    if isinstance(parts, Refused):
        return False
    # These tokens have no typ; everything else is judged as ours are.
    return isinstance(judge(parts, key, typ=None), Opened)  # type: ignore[arg-type]
