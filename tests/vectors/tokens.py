"""Vectors of steps 0 to 4: the token itself, before anything it says is believed."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from vectors.fixed import (
    BODY,
    BOUNDED,
    GOOD,
    HEAD,
    HOLDER,
    ISSUER_KEY,
    JWKS,
    LOG_KEY,
    OLD_KEY,
    ORDER,
    PLAIN,
    SECRET_KEY,
    SMALL_ORDERS,
    STRANGER,
    TAIL,
    changed,
    intent,
    raw,
    sealed,
    small_order_jwk,
    vector,
)
from vienna_kernel.keyring import b64url
from vienna_kernel.signing import WARRANT_TYPE
from vienna_kernel.warrant.claims import payload, to_claims
from vienna_kernel.warrant.terms import Roll
from vienna_kernel.warrant.token import issue

type Files = Iterator[tuple[str, dict[str, Any]]]


def step_00() -> Files:
    filler = {**to_claims(PLAIN), "sub": "x" * 8192}
    yield (
        "oversize",
        vector("a token of more than 8192 bytes", sealed(json.dumps(filler).encode()), "warrant_too_large"),
    )


def _of_size(size: int) -> str:
    """A genuine token of exactly so many bytes."""
    header = json.dumps({"alg": "EdDSA", "kid": ISSUER_KEY.kid, "typ": WARRANT_TYPE}).encode()
    for blanks in (0, 1):  # base64 leaves out every fourth length
        for length in range(4000, 6000):
            token = raw(header + b" " * blanks, changed(policy_digest="x" * length), lambda _: bytes(64))
            if len(token) == size:
                return raw(header + b" " * blanks, changed(policy_digest="x" * length), ISSUER_KEY.sign)
    raise AssertionError(size)


def _largest() -> Files:
    yield "largest", vector("a token of 8192 bytes", _of_size(8192), "granted")
    yield "one_more", vector("a token of 8193 bytes", _of_size(8193), "warrant_too_large")


def step_01() -> Files:
    last = TAIL[:-1] + chr(ord(TAIL[-1]) + 1)  # the last character of 64 bytes carries four unused bits
    spelled = {
        "padding": (f"{HEAD}.{BODY}.{TAIL}==", "base64 padding after the signature"),
        "padding_in_payload": (f"{HEAD}.{BODY}=.{TAIL}", "base64 padding after the payload"),
        "whitespace": (f"{HEAD}. {BODY}.{TAIL}", "a blank in the token"),
        "newline": (GOOD + "\n", "a newline after the token"),
        "newline_inside": (f"{HEAD}.{BODY[:64]}\n{BODY[64:]}.{TAIL}", "a payload broken into lines"),
        "carriage_return": (GOOD + "\r\n", "a carriage return and a newline after the token"),
        "tab": ("\t" + GOOD, "a tab before the token"),
        "nul": (GOOD + "\0", "a NUL after the token"),
        "empty_payload": (sealed(b""), "no payload, signed"),
        "empty_header": (f".{BODY}.{TAIL}", "no header"),
        "unused_bits": (f"{HEAD}.{BODY}.{last}", "the signature in another spelling of its last character"),
        "standard_alphabet": (f"{HEAD}.{BODY}.{TAIL[:-2]}+/", "characters of the other base64 alphabet"),
        "two_parts": (f"{HEAD}.{BODY}", "a token without its signature part"),
        "four_parts": (f"{GOOD}.{TAIL}", "a token with a part too many"),
        "five_parts": (f"{GOOD}..", "a token that looks like an encrypted one"),
        "empty": ("", "no token at all"),
        "not_ascii": (GOOD + "ſ", "a character beyond ASCII"),
        "json_serialisation": (
            json.dumps({"payload": BODY, "signatures": []}),
            "the JSON serialisation of a JWS",
        ),
    }
    for name, (token, says) in spelled.items():
        yield name, vector(says, token, "warrant_malformed")
    text = changed().decode()
    nested = "[" * 3000 + "]" * 3000
    deep = "[" * 95 + "]" * 95
    signed = {
        "duplicate_claim": ('{"jti":"wrt-9",' + text[1:], "a claim that stands there twice"),
        "duplicate_nested_claim": (
            text.replace('"method":', '"method":"GET","method":'),
            "a nested member that stands there twice",
        ),
        "unknown_claim": (changed(may_do_anything=True).decode(), "a claim that no reader knows"),
        "missing_expiry": (changed(exp=None).decode(), "no exp"),
        "missing_audit": (changed(audit=None).decode(), "no leaf of the entry that issued it"),
        "fraction": (
            text.replace(f'"exp": {int(PLAIN.expires_at.timestamp())}', '"exp": 1767607500.5'),
            "a fraction of a second",
        ),
        "nan": (
            text.replace(f'"exp": {int(PLAIN.expires_at.timestamp())}', '"exp": NaN'),
            "a number that is none",
        ),
        "text_for_number": (changed(exp="1767607500").decode(), "exp as text"),
        "true_for_number": (changed(depth=True).decode(), "true where a number belongs"),
        "huge_number": (changed(exp=10**30).decode(), "an integer beyond 2**53"),
        "array": (f"[{text}]", "an array around the claims"),
        "lone_surrogate": (text.replace("billing-bot", "billing-\\ud800"), "half a character in a claim"),
        "deep": (
            text.replace('"parameters": {', '"parameters": {"x": ' + nested + ", "),
            "nested three thousand deep",
        ),
        "deep_101": (
            text.replace('"parameters": {', '"parameters": {"x": ' + deep + ", "),
            "nested a hundred and one deep",
        ),
        "duplicate_claim_escaped": (
            '{"\\u006ati":"wrt-9",' + text[1:],
            "a claim that stands there twice, once spelled with an escape",
        ),
        "unknown_member": (
            text.replace('"method":', '"scope":"all","method":'),
            "a nested member that no reader knows",
        ),
        "unknown_bound": (
            text.replace('"method":', '"response_limits":{"max_rows":1},"method":'),
            "a bound on the answer that no reader knows",
        ),
        "unknown_constraint": (
            text.replace('"method":', '"constraints":{"amount":{"less":5}},"method":'),
            "a constraint of a kind that no reader knows",
        ),
        "roll_of_one": (
            text.replace('"method":', '"roll":{"count":1,"digest":"sha256:00"},"method":'),
            "a roll of one intent",
        ),
        "roll_and_constraints": (
            text.replace(
                '"method":', '"roll":{"count":2,"digest":"x"},"constraints":{"amount":{}},"method":'
            ),
            "a roll, and a constraint that would leave some of it free",
        ),
        "trailing_comma": (text[:-1] + ",}", "a comma too many"),
        "trailing_text": (text + "{}", "something after the claims"),
        "comment": ("/**/" + text, "a comment"),
        "single_quotes": (text.replace('"v"', "'v'"), "quotes of another kind"),
        "control_character": (text.replace("billing-bot", "billing\x01bot"), "a control character in a text"),
        "infinity": (text.replace('"v": 1', '"v": Infinity'), "a number that is none"),
        "leading_zero": (text.replace('"v": 1', '"v": 01'), "a number with a leading zero"),
        "exponent": (text.replace('"v": 1', '"v": 1e0'), "a number with an exponent"),
        "null_claim": (text.replace('"v": 1', '"v": null'), "a claim that is null"),
        "huge_decimal": (
            text.replace('"$decimal": "5000"', '"$decimal": "5E+999999999"'),
            "a decimal with a billion digits",
        ),
        "version_2": (changed(v=2).decode(), "a later version of the claims"),
        "times_out_of_order": (
            changed(iat=int(PLAIN.expires_at.timestamp()) + 1).decode(),
            "issued after its end",
        ),
        "times_equal": (
            changed(iat=int(PLAIN.expires_at.timestamp())).decode(),
            "issued the instant it ends",
        ),
        "two_details": (
            changed(authorization_details=to_claims(PLAIN)["authorization_details"] * 2).decode(),
            "two authorization details, of which a reader might see one",
        ),
        "no_details": (changed(authorization_details=[]).decode(), "no authorization details"),
        "holder_key_is_another": (
            changed(
                cnf={
                    "jkt": HOLDER.kid,
                    "jwk": {"kty": "OKP", "crv": "Ed25519", "x": b64url(STRANGER.material)},
                }
            ).decode(),
            "a holder key that its thumbprint does not name",
        ),
    }
    for name, (claims, says) in signed.items():
        token = sealed(claims.encode())
        yield name, vector(says, token, "warrant_malformed" if len(token) <= 8192 else "warrant_too_large")
    yield (
        "utf16",
        vector("claims in UTF-16", sealed(changed().decode().encode("utf-16")), "warrant_malformed"),
    )
    twice = Roll.of([intent(), intent()])
    listed = replace(PLAIN, meanings=PLAIN.meanings * 2, roll=twice)
    says = "a roll beside the list that it stands for"
    yield "roll_and_list", vector(says, sealed(payload(listed)), "warrant_malformed")
    yield (
        "latin_1",
        vector(
            "claims in Latin-1",
            sealed(changed().replace(b"billing", b"billi\xe4g")),
            "warrant_malformed",
        ),
    )
    yield (
        "bom",
        vector("claims after a byte order mark", sealed(b"\xef\xbb\xbf" + changed()), "warrant_malformed"),
    )
    twice = (
        json.dumps({"typ": WARRANT_TYPE, "alg": "EdDSA"})[:-1] + f', "kid": "a", "kid": "{ISSUER_KEY.kid}"}}'
    )
    yield (
        "duplicate_header",
        vector(
            "kid twice in the header", raw(twice.encode(), changed(), ISSUER_KEY.sign), "warrant_malformed"
        ),
    )


def step_02() -> Files:
    kinds = {
        "number": 7,
        "list": ["vienna-warrant+jwt"],
        "with_application": "application/vienna-warrant+jwt",
        "jwt": "JWT",
        "bundle": "vienna-bundle+jwt",
        "upper_case": "VIENNA-WARRANT+JWT",
        "missing": None,
    }
    for name, typ in kinds.items():
        yield f"typ_{name}", vector(f"typ is {typ}", sealed(changed(), typ=typ), "warrant_type")


def step_03() -> Files:
    yield (
        "unknown_key",
        vector("signed by a key that nobody published", issue(PLAIN, STRANGER), "warrant_key_unknown"),
    )
    yield "no_kid", vector("no kid", sealed(changed(), kid=None), "warrant_key_unknown")
    yield "kid_number", vector("kid is a number", sealed(changed(), kid=7), "warrant_key_unknown")
    yield (
        "kid_path",
        vector("kid is a path", sealed(changed(), kid="../../../../dev/null"), "warrant_key_unknown"),
    )
    yield (
        "key_of_the_log",
        vector("signed by the key that signs checkpoints", issue(PLAIN, LOG_KEY), "warrant_key_unknown"),
    )
    for number, alg in enumerate(("none", "None", "NONE", "nOnE")):
        header = {"alg": alg, "kid": ISSUER_KEY.kid, "typ": WARRANT_TYPE}
        unsigned = raw(header, changed(), lambda _: b"")
        yield f"alg_none_{number}", vector(f"alg is {alg}, no signature", unsigned, "warrant_algorithm")
    for name, (secret, says) in _public_spellings().items():
        header = {"alg": "HS256", "kid": ISSUER_KEY.kid, "typ": WARRANT_TYPE}
        forged = raw(header, changed(), lambda text, secret=secret: hmac.digest(secret, text, "sha256"))
        yield f"hs256_with_the_public_key{name}", vector(f"HMAC under {says}", forged, "warrant_algorithm")
    mac = sealed(changed(), SECRET_KEY, alg="HS256", kid=SECRET_KEY.kid)
    yield (
        "hs256_key_claims_eddsa",
        vector("HMAC key, alg EdDSA", sealed(changed(), SECRET_KEY), "warrant_algorithm"),
    )
    yield (
        "hs256_labelled",
        vector("HMAC under a key that is for HMAC: the labelled alternative", mac, "granted"),
    )
    forged = sealed(changed(), STRANGER, kid=SECRET_KEY.kid)
    yield (
        "eddsa_for_a_secret",
        vector("EdDSA by a stranger, under the kid of a secret", forged, "warrant_algorithm"),
    )
    says = "by a published key, under the kid of another"
    yield "kid_of_another", vector(says, sealed(changed(), OLD_KEY, kid=ISSUER_KEY.kid), "warrant_signature")
    for name, odd in {"missing": None, "number": 7, "list": ["EdDSA"], "empty": "", "null": "null"}.items():
        token = sealed(changed(), alg=odd)
        yield f"alg_{name}", vector(f"alg is {name}", token, "warrant_algorithm")
    for alg in ("ES256", "RS256", "HS512", "Ed448", "eddsa"):
        yield (
            f"alg_{alg.lower()}_claimed",
            vector(f"alg is {alg}", sealed(changed(), alg=alg), "warrant_algorithm"),
        )
    foreign = {"kty": "OKP", "crv": "Ed25519", "x": b64url(STRANGER.material)}
    brought: dict[str, Any] = {
        "jwk": foreign,
        "jku": "https://attacker.example/jwks.json",
        "x5u": "https://attacker.example/chain.pem",
        "x5c": ["MIIB"],
        "crit": ["exp"],
        "b64": False,
        "zip": "DEF",
        "cty": "JWT",
    }
    for name, value in brought.items():
        token = sealed(changed(), STRANGER if name == "jwk" else ISSUER_KEY, **{name: value})
        yield f"header_{name}", vector(f"header parameter {name}", token, "warrant_algorithm")
    yield (
        "alg_ed25519",
        vector("alg in the spelling of RFC 9864", sealed(changed(), alg="Ed25519"), "granted"),
    )


def _public_spellings() -> dict[str, tuple[bytes, str]]:
    """The public key as an attacker may have it, and a naive library may take it for a secret."""
    public = Ed25519PublicKey.from_public_bytes(ISSUER_KEY.material)
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    jwk = json.dumps(next(row for row in JWKS["keys"] if row["kid"] == ISSUER_KEY.kid)).encode()
    return {
        "": (ISSUER_KEY.material, "the public key"),
        "_text": (b64url(ISSUER_KEY.material).encode(), "the public key in base64url"),
        "_pem": (pem, "the public key in PEM"),
        "_der": (der, "the public key in DER"),
        "_jwk": (jwk, "the public key's JWK"),
        "_empty": (b"", "nothing"),
    }


def step_04() -> Files:
    other = b64url(payload(PLAIN).replace(b"5000", b"9000"))
    signature = ISSUER_KEY.sign(f"{HEAD}.{BODY}".encode())
    s = int.from_bytes(signature[32:], "little") + ORDER
    flipped = bytes([signature[0] ^ 1]) + signature[1:]
    malleable = signature[:32] + s.to_bytes(32, "little")
    high = signature[:32] + (s - ORDER | 1 << 255).to_bytes(32, "little")
    variants = {
        "payload_changed": (f"{HEAD}.{other}.{TAIL}", "the amount raised after it was signed"),
        "bit_flipped": (f"{HEAD}.{BODY}.{b64url(flipped)}", "one bit of the signature"),
        "non_canonical_s": (f"{HEAD}.{BODY}.{b64url(malleable)}", "S plus the group order (RFC 8032 5.1.7)"),
        "s_high_bit": (f"{HEAD}.{BODY}.{b64url(high)}", "S with its highest bit set"),
        "s_zero": (f"{HEAD}.{BODY}.{b64url(signature[:32] + bytes(32))}", "S is zero"),
        "swapped_halves": (f"{HEAD}.{BODY}.{b64url(signature[32:] + signature[:32])}", "S before R"),
        "of_the_payload": (
            f"{HEAD}.{BODY}.{b64url(ISSUER_KEY.sign(payload(PLAIN)))}",
            "the payload signed alone",
        ),
        "truncated": (f"{HEAD}.{BODY}.{b64url(signature[:63])}", "63 bytes of signature"),
        "extended": (f"{HEAD}.{BODY}.{b64url(signature + bytes(1))}", "65 bytes of signature"),
        "zero": (f"{HEAD}.{BODY}.{b64url(bytes(64))}", "a signature of zeros"),
        "empty": (f"{HEAD}.{BODY}.", "an empty signature under the right alg"),
        "of_another_token": (
            f"{HEAD}.{BODY}.{issue(BOUNDED, ISSUER_KEY).split('.')[2]}",
            "the signature of another warrant",
        ),
    }
    for name, (token, says) in variants.items():
        yield name, vector(says, token, "warrant_signature")
    for name, public in SMALL_ORDERS.items():
        says = f"a public key of small order ({name.replace('_', ' ')}), under which anybody can sign"
        yield f"small_order_key_{name}", vector(says, _forged(public), "warrant_signature")


def _forged(public: bytes) -> str:
    """A token that nobody signed, and that satisfies S·B = R + h·A: R is the identity, S zero, and h a multiple of
    A's order, which is 8 at most."""
    header = {"alg": "EdDSA", "kid": small_order_jwk(public)["kid"], "typ": WARRANT_TYPE}
    identity = (1).to_bytes(32, "little")
    for number in range(256):
        token = raw(header, changed(jti=f"wrt-{number}"), lambda _: identity + bytes(32))
        if _challenge(token, public) % 8 == 0:
            return token
    raise AssertionError(public.hex())


def _challenge(token: str, public: bytes) -> int:
    """h of RFC 8032 section 5.1.7 for a signature whose R is the identity."""
    text = token.rpartition(".")[0].encode()
    digest = hashlib.sha512((1).to_bytes(32, "little") + public + text).digest()
    return int.from_bytes(digest, "little") % ORDER


STEPS = ((0, step_00), (0, _largest), (1, step_01), (2, step_02), (3, step_03), (4, step_04))
