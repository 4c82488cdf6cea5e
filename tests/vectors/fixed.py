"""What the vectors are made of: keys for tests and nothing else, one warrant, and one use of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from vienna_kernel.intent import Effect, Intent, Reversibility, Tier
from vienna_kernel.keyring import Algorithm, Purpose, b64url, thumbprint
from vienna_kernel.signing import WARRANT_TYPE, SigningKey
from vienna_kernel.value import pack
from vienna_kernel.warrant.claims import to_claims
from vienna_kernel.warrant.scope import Limit
from vienna_kernel.warrant.token import Consent, Demand, Meaning, Warrant, issue

NOW = datetime(2026, 1, 5, 10, 0, 30, tzinfo=UTC)
ISSUED = NOW - timedelta(seconds=30)
ISSUER = "https://vienna.example"
ORIGIN = "https://payments.example"
DIGEST = "sha256:" + "ab" * 32


def key(name: str, algorithm: Algorithm = Algorithm.ED25519) -> SigningKey:
    return SigningKey.generate_from(name.encode().ljust(32, b"."), algorithm)


ISSUER_KEY = key("issuer")
OLD_KEY = key("old issuer")
STOLEN_KEY = key("stolen issuer")
LOG_KEY = key("log")
SECRET_KEY = key("shared secret", Algorithm.HS256)
HOLDER = key("sidecar")
STRANGER = key("stranger")
ORDER = 2**252 + 27742317777372353535851937790883648493  # of the group, RFC 8032 section 5.1
_PRIME = 2**255 - 19
# y of two of the four points of order 8; the other two have its negative.
_EIGHTH = int.from_bytes(
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little"
)


def _small_orders() -> dict[str, bytes]:
    """Every encoding of the eight points of small order, canonical or not."""
    ys = {"1": 1, "2": _PRIME - 1, "4": 0, "8a": _EIGHTH, "8b": _PRIME - _EIGHTH}
    out = {}
    for name, y in ys.items():
        for more, spelled in ((0, ""), (_PRIME, "_non_canonical")):
            for sign in (0, 1):
                if y + more < 2**255:
                    encoded = (y + more | sign << 255).to_bytes(32, "little")
                    out[f"{name}{spelled}{'_negative' * sign}"] = encoded
    return out


SMALL_ORDERS = _small_orders()


def _published(signing: SigningKey, purpose: Purpose, **dates: datetime) -> dict[str, Any]:
    if signing.algorithm is Algorithm.HS256:
        secret = {"kty": "oct", "k": b64url(signing.seed), "kid": signing.kid, "alg": "HS256"}
        return {**secret, "purpose": purpose.value}
    return replace(signing.verifying(purpose), **dates).jwk()


def small_order_jwk(public: bytes) -> dict[str, Any]:
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64url(public)}
    return {**jwk, "kid": thumbprint(jwk), "purpose": "warrant"}


JWKS = {
    "keys": [
        _published(ISSUER_KEY, Purpose.WARRANT),
        _published(OLD_KEY, Purpose.WARRANT, retired_at=ISSUED - timedelta(days=1)),
        _published(STOLEN_KEY, Purpose.WARRANT, revoked_at=NOW - timedelta(seconds=1)),
        _published(LOG_KEY, Purpose.LOG),
        _published(SECRET_KEY, Purpose.WARRANT),
        *map(small_order_jwk, SMALL_ORDERS.values()),
    ]
}


def intent(amount: Any = "5000", **changes: Any) -> Intent:
    """A refund of this amount, as a decimal when it is text; ``changes`` are its action, target and parameters."""
    value = Decimal(amount) if isinstance(amount, str) else amount
    action, target = changes.pop("action", "create_refund"), changes.pop("target", "payments:order/ord_7")
    return Intent(
        action=action,
        target=target,
        parameters={"order": "ord_7", "amount": value, "currency": "EUR", **changes},
        effect=Effect.SPEND,
        reversibility=Reversibility.IRREVERSIBLE,
        default_tier=Tier.T2,
    )


def person(name: str, mfa: str = "totp", *, justified: bool = False) -> Consent:
    return Consent(f"op-{name}", ISSUED - timedelta(seconds=60), "sha256:" + "cd" * 32, mfa, justified)


PLAIN = Warrant(
    id="wrt-1",
    issuer=ISSUER,
    audience=ORIGIN,
    subject="billing-bot",
    issued_at=ISSUED,
    not_before=ISSUED - timedelta(seconds=60),
    expires_at=ISSUED + timedelta(seconds=300),
    tier=Tier.T2,
    intent_id="int-1",
    meanings=(Meaning.of(intent()),),
    audit_leaf="ef" * 32,
    holder_jkt=HOLDER.kid,
    method="POST",
    url=ORIGIN + "/v1/refunds",
    content_type="application/json",
    body_digest="sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:",
    request_digest=DIGEST,
    policy_digest="sha256:" + "01" * 32,
    mapping_digest="sha256:" + "02" * 32,
    consents=(person("alice"), person("bob")),
    demand=Demand(approvals=2, mfa=True),
)
PASSBACK = replace(
    PLAIN,
    audience=ISSUER,
    holder_jkt=None,
    method=None,
    url=None,
    content_type=None,
    body_digest=None,
    request_digest=None,
)
BOUNDED = replace(PASSBACK, constraints={"amount": Limit(least=Decimal("0.01"), most=Decimal(5000))})
PARENT = replace(
    BOUNDED,
    id="wrt-0",
    audience=ORIGIN,
    holder_jkt=HOLDER.kid,
    holder_jwk={"kty": "OKP", "crv": "Ed25519", "x": b64url(HOLDER.material)},
)
CHILD = replace(
    PLAIN, parent="wrt-0", depth=1, expires_at=PARENT.expires_at, meanings=(Meaning.of(intent("3000")),)
)
USE: dict[str, Any] = {
    "origin": ORIGIN,
    "agent": "billing-bot",
    "holder_jkt": HOLDER.kid,
    "request_digest": DIGEST,
    "method": "POST",
    "url": ORIGIN + "/v1/refunds",
    "observing": False,
}
NO_REQUEST = {"request_digest": None, "method": None, "url": None, "holder_jkt": None}


def vector(
    says: str,
    token: str,
    expect: str,
    *,
    use: dict[str, Any] | None = None,
    intents: list[Intent] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """One file: a token, a use of it (the plain one unless told), and the verdict."""
    rows = [
        {"action": i.action, "target": i.target, "parameters": pack(i.parameters), "digest": i.digest()}
        for i in ([intent()] if intents is None else intents)
    ]
    return {
        "says": says,
        "expect": expect,
        "token": token,
        "parents": more.pop("parents", []),
        "issuer": ISSUER,
        "now": more.pop("now", NOW).isoformat().replace("+00:00", "Z"),
        "use": {**USE, **(use or {}), "intents": rows},
        "revoked": more.pop("revoked", []),
        "consumed": more.pop("consumed", []),
        **more,
    }


def sealed(claims: bytes, signer: SigningKey = ISSUER_KEY, **header: Any) -> str:
    """A token with any header, properly signed."""
    return raw({"alg": "EdDSA", "kid": signer.kid, "typ": WARRANT_TYPE, **header}, claims, signer.sign)


def raw(header: dict[str, Any] | bytes, claims: bytes, sign: Callable[[bytes], bytes]) -> str:
    """A token of any header and payload; ``sign`` makes its last part."""
    given = header if isinstance(header, bytes) else {k: v for k, v in header.items() if v is not None}
    head = given if isinstance(given, bytes) else json.dumps(given).encode()
    signed = f"{b64url(head)}.{b64url(claims)}"
    return f"{signed}.{b64url(sign(signed.encode()))}"


def changed(**claims: Any) -> bytes:
    """The plain warrant's claims, some replaced; None drops one."""
    members = {**to_claims(PLAIN), **claims}
    return json.dumps({name: value for name, value in members.items() if value is not None}).encode()


GOOD = issue(PLAIN, ISSUER_KEY)
HEAD, BODY, TAIL = GOOD.split(".")
