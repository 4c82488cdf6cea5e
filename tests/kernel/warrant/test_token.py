"""The argument of ``vienna_kernel.warrant``, step by step: every vector, and what must not be possible at all."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from vectors.fixed import (
    BOUNDED,
    GOOD,
    HOLDER,
    ISSUER,
    ISSUER_KEY,
    JWKS,
    NOW,
    ORIGIN,
    PLAIN,
    SECRET_KEY,
    USE,
    changed,
    intent,
    sealed,
)
from vectors.make import files
from vienna_kernel.errors import MalformedError
from vienna_kernel.intent import Effect, Intent, Reversibility, Tier
from vienna_kernel.keyring import Keyring
from vienna_kernel.signing import WARRANT_TYPE, jws_sign, jws_size
from vienna_kernel.value import unpack
from vienna_kernel.verdict import Reason, Refused
from vienna_kernel.warrant.claims import payload, to_claims
from vienna_kernel.warrant.token import (
    MAX_BYTES,
    Meaning,
    Use,
    Warrant,
    inspect,
    issue,
    parse_claims,
    verify,
)

FOLDER = Path(__file__).parents[2] / "vectors"
VECTORS = sorted(path for path in (FOLDER / "warrant").glob("[0-9]*.json"))
RING = Keyring.from_jwks(JWKS)


def _use(data: dict[str, Any]) -> Use:
    rows = [
        Intent(
            action=row["action"],
            target=row["target"],
            parameters=unpack(row["parameters"]),  # type: ignore[arg-type]
            effect=Effect.WRITE,
            reversibility=Reversibility.UNKNOWN,
            default_tier=Tier.T2,
        )
        for row in data["intents"]
    ]
    assert [row.digest() for row in rows] == [row["digest"] for row in data["intents"]]
    return Use(**{**data, "intents": rows})


def _verdict(token: str | bytes, use: Use, **more: Any) -> Warrant | Refused:
    given_ = {"keyring": RING, "now": NOW, "issuer": ISSUER, "revoked": lambda _: False, "consumed": None}
    return verify(token, use=use, **{**given_, **more})


PLAIN_USE = Use(**USE, intents=[intent()])


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_vector(path: Path) -> None:
    data = json.loads(path.read_text())
    ring = Keyring.from_jwks(json.loads((path.parent / "keys.json").read_text()))
    verdict = verify(
        data["token"],
        use=_use(data["use"]),
        keyring=ring,
        now=datetime.fromisoformat(data["now"]),
        issuer=data["issuer"],
        revoked=lambda name: name in data["revoked"],
        consumed=lambda name: name in data["consumed"],
        parents=data["parents"],
    )
    got = verdict.reason.value if isinstance(verdict, Refused) else "granted"
    assert got == data["expect"], (data["says"], verdict)


def test_the_vectors_are_those_that_make_writes() -> None:
    written = {str(path.relative_to(FOLDER)): path.read_text() for path in FOLDER.glob("*/*.json")}
    assert written == files()


def test_every_reason_of_a_warrant_has_a_vector() -> None:
    expected = {json.loads(path.read_text())["expect"] for path in VECTORS}
    assert expected == {reason.value for reason in Reason if reason.name.startswith("WARRANT_")} | {"granted"}


@given(st.binary(max_size=400) | st.text(max_size=400))
def test_any_bytes_give_an_answer(token: bytes | str) -> None:
    assert isinstance(_verdict(token, PLAIN_USE), Refused)


@given(st.integers(0, len(GOOD) - 1), st.characters())
def test_a_token_with_one_character_changed_is_refused(at: int, character: str) -> None:
    changed = GOOD[:at] + character + GOOD[at + 1 :]
    if changed == GOOD:
        assert isinstance(_verdict(changed, PLAIN_USE), Warrant)
    else:
        assert isinstance(_verdict(changed, PLAIN_USE), Refused)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
    )
)
def test_any_signed_claim_gives_an_answer(value: Any) -> None:
    """A compromised holder may sign whatever it likes: no claim of any shape raises."""
    claims = to_claims(PLAIN)
    for name in claims:
        data = json.dumps({**claims, name: value}).encode()
        try:
            parse_claims(data)
        except MalformedError:
            continue


@pytest.mark.parametrize("kid", [None, 7, True, [], {}, "", "nobody"], ids=repr)
def test_step_3_a_key_that_no_name_leads_to_is_unknown(kid: Any) -> None:
    refused = _verdict(sealed(payload(PLAIN), kid=kid), PLAIN_USE)
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.WARRANT_KEY_UNKNOWN


def test_step_8_more_parents_than_a_chain_has_are_not_even_read() -> None:
    for count, reason in ((5, Reason.WARRANT_MALFORMED), (6, Reason.WARRANT_CHAIN)):
        refused = _verdict(GOOD, PLAIN_USE, parents=["no token"] * count)
        assert isinstance(refused, Refused)
        assert refused.reason is reason


OF_A_USE = {
    Reason.WARRANT_AUDIENCE,
    Reason.WARRANT_HOLDER,
    Reason.WARRANT_REQUEST,
    Reason.WARRANT_SCOPE,
    Reason.WARRANT_OBSERVED,
    Reason.WARRANT_REQUIREMENTS,
    Reason.WARRANT_CONSUMED,
}


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_without_a_use_each_vector_is_refused_by_the_same_step_or_found_in_force(path: Path) -> None:
    data = json.loads(path.read_text())
    found = inspect(
        data["token"],
        keyring=Keyring.from_jwks(json.loads((path.parent / "keys.json").read_text())),
        now=datetime.fromisoformat(data["now"]),
        issuer=data["issuer"],
        revoked=lambda name: name in data["revoked"],
        parents=data["parents"],
    )
    if isinstance(found, Refused):
        assert found.reason == data["expect"]
        assert found.reason not in OF_A_USE
    else:
        assert data["expect"] == "granted" or Reason(data["expect"]) in OF_A_USE


def test_a_refusal_tells_the_operator_which_claim_it_was() -> None:
    refused = _verdict(sealed(changed(exp="soon")), PLAIN_USE)
    assert isinstance(refused, Refused)
    assert refused.detail.startswith("claims /exp: ")


def test_what_was_issued_is_read_back_as_it_was() -> None:
    for warrant in (PLAIN, BOUNDED, replace(PLAIN, observed=True, response_limits={"max_body_bytes": 10})):
        found = inspect(
            issue(warrant, ISSUER_KEY), keyring=RING, now=NOW, issuer=ISSUER, revoked=lambda _: False
        )
        assert found == warrant


def test_step_0_parameters_that_do_not_fit_travel_as_their_digest() -> None:
    large = intent(note="x" * 9000)
    token = issue(replace(PLAIN, meanings=(Meaning.of(large),)), ISSUER_KEY)
    assert len(token) <= MAX_BYTES
    found = _verdict(token, replace(PLAIN_USE, intents=[large]))
    assert isinstance(found, Warrant)
    assert found.meanings[0].parameters is None
    other = _verdict(token, replace(PLAIN_USE, intents=[intent(note="x" * 8999 + "y")]))
    assert isinstance(other, Refused)
    assert other.reason is Reason.WARRANT_SCOPE


def test_step_0_a_long_url_is_left_to_the_request_digest() -> None:
    long = replace(PLAIN, url=ORIGIN + "/" + "x" * 8000)
    assert isinstance(_verdict(issue(long, ISSUER_KEY), replace(PLAIN_USE, url=long.url)), Warrant)


@pytest.mark.parametrize("count", [2, 40, 64, 65, 1000])
def test_step_0_a_call_of_many_intents_fits_and_binds_every_one(count: int) -> None:
    rows = [intent(str(at + 1), target=f"s3:bucket/photos/{at:06}.jpg") for at in range(count)]
    token = issue(replace(PLAIN, meanings=tuple(map(Meaning.of, rows))), ISSUER_KEY)
    assert len(token) <= MAX_BYTES
    use = replace(PLAIN_USE, intents=rows)
    found = _verdict(token, use)
    assert isinstance(found, Warrant)
    assert found.size == count
    assert (found.roll is None) == (len(found.meanings) == count)
    last = count - 1
    for other in (
        rows[:last],
        [*rows, rows[last]],
        [*rows[:last], intent(str(count + 1), target=rows[last].target)],
        [*rows[:last], replace(rows[last], target=rows[0].target)],
        [rows[1], rows[0], *rows[2:]],
        [],
    ):
        wrong = _verdict(token, replace(use, intents=other))
        assert isinstance(wrong, Refused)
        assert wrong.reason is Reason.WARRANT_SCOPE


def test_step_0_each_way_of_saying_less_is_taken_when_the_one_before_does_not_fit() -> None:
    """Everything; no parameters; no URL; a roll with the first in full; a roll with its name; that without URL."""
    large, long, url = {"note": "x" * 7000}, "t" * 3800, ORIGIN + "/" + "u" * 3000
    cases = [
        ([intent()] * 3, PLAIN.url, 3, True, True),
        ([intent(**large)] * 3, PLAIN.url, 3, False, True),
        ([intent(**large)] * 3, url + "u" * 4000, 3, False, False),
        ([intent(target=long)] * 2, PLAIN.url, 1, True, True),
        ([intent(target=long, **large), intent(target=long)], PLAIN.url, 1, False, True),
        ([intent(target=long)] * 2, url, 1, False, False),
        ([intent(**large), *[intent()] * 99], PLAIN.url, 1, False, True),
    ]
    for rows, at, listed, shown, with_url in cases:
        made = replace(PLAIN, meanings=tuple(map(Meaning.of, rows)), url=at)
        found = _verdict(issue(made, ISSUER_KEY), replace(PLAIN_USE, intents=rows, url=at))
        assert isinstance(found, Warrant), found
        assert (found.size, len(found.meanings)) == (len(rows), listed)
        assert (found.meanings[0].parameters is not None, found.url is not None) == (shown, with_url)
        assert found.meanings[0].digest == rows[0].digest()


def test_step_0_what_just_fits_travels_in_full() -> None:
    sizes = {}
    for length in range(4500, 5600):
        terms = replace(PLAIN, meanings=(Meaning.of(intent(note="x" * length)),))
        sizes[jws_size(len(payload(terms)), ISSUER_KEY, typ=WARRANT_TYPE)] = terms
    assert MAX_BYTES in sizes
    beyond = min(size for size in sizes if size > MAX_BYTES)
    for size, shown in ((MAX_BYTES, True), (beyond, False)):
        token = issue(sizes[size], ISSUER_KEY)
        assert (parse_of(token).meanings[0].parameters is not None) is shown
        assert (len(token) == MAX_BYTES) is shown


def test_step_0_what_a_roll_binds_is_bound_in_passback_too() -> None:
    rows = [intent(str(at + 1)) for at in range(100)]
    token = issue(replace(BOUNDED, meanings=tuple(map(Meaning.of, rows))), ISSUER_KEY)
    use = Use(origin=ORIGIN, agent="billing-bot", holder_jkt=None, intents=rows)
    assert isinstance(_verdict(token, use), Warrant)
    less = [*rows[:99], intent("1")]
    assert isinstance(_verdict(token, replace(use, intents=less)), Refused)


def test_step_0_what_was_never_shown_is_not_bound_by_a_roll() -> None:
    hidden = replace(PLAIN, meanings=(replace(Meaning.of(intent()), parameters=None),) * 100)
    with pytest.raises(MalformedError, match="do not fit"):
        issue(hidden, ISSUER_KEY)


def test_step_0_a_warrant_that_cannot_be_made_to_fit_is_none() -> None:
    with pytest.raises(MalformedError, match="do not fit in 8192"):
        issue(replace(PLAIN, subject="x" * 8192), ISSUER_KEY)


def test_a_token_has_the_size_that_was_foretold() -> None:
    for signer in (ISSUER_KEY, SECRET_KEY):
        for size in range(64):
            token = jws_sign(b"x" * size, signer, typ="t")
            assert jws_size(size, signer, typ="t") == len(token)


def test_step_10_redacted_parameters_agree_by_their_keyed_hash() -> None:
    secret = replace(intent(note="the code is 1234"), redacted=frozenset({"note"}))
    guess = replace(intent(note="the code is 1235"), redacted=frozenset({"note"}))
    key, other = b"k" * 32, b"o" * 32
    token = issue(replace(PLAIN, meanings=(Meaning.of(secret.redact(key)),)), ISSUER_KEY)
    assert "1234" not in json.dumps(to_claims(parse_of(token)))
    assert isinstance(_verdict(token, replace(PLAIN_USE, intents=[secret.redact(key)])), Warrant)
    for wrong in (guess.redact(key), secret.redact(other), secret):
        assert isinstance(_verdict(token, replace(PLAIN_USE, intents=[wrong])), Refused)


def parse_of(token: str) -> Warrant:
    found = inspect(token, keyring=RING, now=NOW, issuer=ISSUER, revoked=lambda _: False)
    assert isinstance(found, Warrant)
    return found


def test_step_12_is_asked_last_and_only_then() -> None:
    asked: list[str] = []

    def consumed(name: str) -> bool:
        asked.append(name)
        return False

    _verdict(GOOD, replace(PLAIN_USE, request_digest="sha256:00"), consumed=consumed)
    assert asked == []
    _verdict(GOOD, PLAIN_USE, consumed=consumed)
    assert asked == ["wrt-1"]


def test_step_4_the_small_order_vectors_are_forgeries_that_work() -> None:
    """What the explicit check is for: by the library alone, all but the spellings it does not read are valid."""
    passed = []
    for path in VECTORS:
        if "small_order" not in path.stem:
            continue
        signed, _, tail = json.loads(path.read_text())["token"].rpartition(".")
        kid = json.loads(_bytes(signed.split(".")[0]))["kid"]
        public = RING.find(kid).material  # type: ignore[union-attr]
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(_bytes(tail), signed.encode())
        except InvalidSignature:
            continue
        passed.append(path.stem)
    assert {name.removeprefix("04_small_order_key_") for name in passed} >= {
        "1", "2", "4", "4_negative", "8a", "8a_negative", "8b", "8b_negative",
    }  # fmt: skip


def test_the_token_is_an_ordinary_jws() -> None:
    """What a stock library would do, by hand: RFC 7515 section 5.2 with the published key."""
    head, body, tail = GOOD.split(".")
    jwk = next(row for row in RING.jwks()["keys"] if row["kid"] == json.loads(_bytes(head))["kid"])
    public = Ed25519PublicKey.from_public_bytes(_bytes(jwk["x"]))
    public.verify(_bytes(tail), f"{head}.{body}".encode())
    claims = json.loads(_bytes(body))
    assert claims["jti"] == "wrt-1"
    assert claims["cnf"]["jkt"] == HOLDER.kid
    assert claims["authorization_details"][0]["type"] == "vienna_http_v1"


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
