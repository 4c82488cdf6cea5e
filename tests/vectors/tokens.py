"""Vectors of steps 0 to 4: the token itself, before anything it says is believed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from vectors.fixed import (
    BODY,
    BOUNDED,
    GOOD,
    HEAD,
    HOLDER,
    ISSUER_KEY,
    LOG_KEY,
    PLAIN,
    SECRET_KEY,
    SMALL_ORDER,
    STRANGER,
    TAIL,
    changed,
    raw,
    sealed,
    small_order_jwk,
    vector,
)
from vienna_kernel.keyring import Algorithm, b64url
from vienna_kernel.signing import WARRANT_TYPE, SigningKey
from vienna_kernel.warrant.claims import payload, to_claims
from vienna_kernel.warrant.token import issue

type Files = Iterator[tuple[str, dict[str, Any]]]


def step_00() -> Files:
    filler = {**to_claims(PLAIN), "sub": "x" * 8192}
    yield (
        "oversize",
        vector("a token of more than 8192 bytes", sealed(json.dumps(filler).encode()), "warrant_too_large"),
    )


def step_01() -> Files:
    last = TAIL[:-1] + chr(ord(TAIL[-1]) + 1)  # the last character of 64 bytes carries four unused bits
    spelled = {
        "padding": (f"{HEAD}.{BODY}.{TAIL}==", "base64 padding after the signature"),
        "padding_in_payload": (f"{HEAD}.{BODY}=.{TAIL}", "base64 padding after the payload"),
        "whitespace": (f"{HEAD}. {BODY}.{TAIL}", "a blank in the token"),
        "newline": (GOOD + "\n", "a newline after the token"),
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
        "huge_decimal": (
            text.replace('"$decimal": "5000"', '"$decimal": "5E+999999999"'),
            "a decimal with a billion digits",
        ),
        "version_2": (changed(v=2).decode(), "a later version of the claims"),
        "times_out_of_order": (
            changed(iat=int(PLAIN.expires_at.timestamp()) + 1).decode(),
            "issued after its end",
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
    kinds = {"jwt": "JWT", "bundle": "vienna-bundle+jwt", "upper_case": "VIENNA-WARRANT+JWT", "missing": None}
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
    confused = SigningKey(ISSUER_KEY.material, Algorithm.HS256)
    forged = sealed(changed(), confused, alg="HS256", kid=ISSUER_KEY.kid)
    yield "hs256_with_the_public_key", vector("HMAC under the public key", forged, "warrant_algorithm")
    mac = sealed(changed(), SECRET_KEY, alg="HS256", kid=SECRET_KEY.kid)
    yield (
        "hs256_key_claims_eddsa",
        vector("HMAC key, alg EdDSA", sealed(changed(), SECRET_KEY), "warrant_algorithm"),
    )
    yield (
        "hs256_labelled",
        vector("HMAC under a key that is for HMAC: the labelled alternative", mac, "granted"),
    )
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


def step_04() -> Files:
    other = b64url(payload(PLAIN).replace(b"5000", b"9000"))
    signature = ISSUER_KEY.sign(f"{HEAD}.{BODY}".encode())
    order = 2**252 + 27742317777372353535851937790883648493
    s = int.from_bytes(signature[32:], "little") + order
    flipped = bytes([signature[0] ^ 1]) + signature[1:]
    malleable = signature[:32] + s.to_bytes(32, "little")
    variants = {
        "payload_changed": (f"{HEAD}.{other}.{TAIL}", "the amount raised after it was signed"),
        "bit_flipped": (f"{HEAD}.{BODY}.{b64url(flipped)}", "one bit of the signature"),
        "non_canonical_s": (f"{HEAD}.{BODY}.{b64url(malleable)}", "S plus the group order (RFC 8032 5.1.7)"),
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
    # With the identity as public key, R = identity and S = 0 satisfy the equation for every message.
    forged = SMALL_ORDER.material + bytes(32)
    header = {"alg": "EdDSA", "kid": small_order_jwk()["kid"], "typ": WARRANT_TYPE}
    token = raw(header, changed(), lambda _: forged)
    yield (
        "small_order_key",
        vector("a public key of order 1, under which one signature fits all", token, "warrant_signature"),
    )


STEPS = (step_00, step_01, step_02, step_03, step_04)
