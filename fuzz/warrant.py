"""Any bytes as a token, as claims that were properly signed, as a link, a key or a constraint: a value or a refusal.

A link that is granted lies within its parent, whatever its claims are.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from fuzz import law
from vienna_kernel.errors import MalformedError
from vienna_kernel.intent import Effect, Intent, Reversibility, Tier
from vienna_kernel.keyring import Keyring, Purpose, VerifyingKey, b64url, unb64url
from vienna_kernel.signing import WARRANT_TYPE, SigningKey, jws_sign, strict_object
from vienna_kernel.verdict import Refused
from vienna_kernel.warrant.claims import parse_claims, payload
from vienna_kernel.warrant.limit import Limit
from vienna_kernel.warrant.response import within
from vienna_kernel.warrant.terms import Consent, Demand, Meaning, Warrant
from vienna_kernel.warrant.token import Use, issue, verify

NOW = datetime(2026, 1, 5, 10, 0, 30, tzinfo=UTC)
ISSUER = SigningKey.generate_from(b"issuer".ljust(32, b"."))
HOLDER = SigningKey.generate_from(b"holder".ljust(32, b"."))
RING = Keyring([ISSUER.verifying(Purpose.WARRANT)])
INTENT = Intent(
    action="create_refund",
    target="payments:order/7",
    parameters={"amount": Decimal(5), "order": "7"},
    effect=Effect.SPEND,
    reversibility=Reversibility.IRREVERSIBLE,
    default_tier=Tier.T2,
)
PARENT = Warrant(
    id="wrt-0",
    issuer="https://vienna.example",
    audience="https://payments.example",
    subject="bot",
    issued_at=NOW.replace(second=0),
    not_before=NOW.replace(second=0),
    expires_at=NOW.replace(minute=5),
    tier=Tier.T2,
    intent_id="int-1",
    meanings=(Meaning.of(INTENT),),
    audit_leaf="ef" * 32,
    holder_jkt=HOLDER.kid,
    holder_jwk={"kty": "OKP", "crv": "Ed25519", "x": b64url(HOLDER.material)},
    constraints={"amount": Limit(least=Decimal(0), most=Decimal(5))},
    consents=(Consent("op-1", NOW.replace(second=0), "sha256:cd", "totp"),),
    demand=Demand(1, mfa=True),
    response_limits={"max_items": 10},
)
ROOT = issue(PARENT, ISSUER)
LINK = replace(PARENT, id="wrt-1", parent="wrt-0", depth=1)
SEEDS = (
    payload(PARENT),
    payload(LINK),
    payload(replace(LINK, constraints={"amount": Limit(one_of=(1, Decimal("2.5"), 5))})),
    payload(replace(LINK, request_digest="sha256:00", constraints={})),
    ROOT.encode(),
    b'{"one_of":[1,{"$decimal":"2.5"}],"min":0,"optional":true}',
    json.dumps(HOLDER.jwk()).encode(),
)
USE = Use(origin="https://payments.example", agent="bot", holder_jkt=HOLDER.kid, intents=[INTENT])


def judged(token: str | bytes, *parents: str) -> Warrant | Refused:
    return verify(
        token,
        use=USE,
        keyring=RING,
        now=NOW,
        issuer="https://vienna.example",
        revoked=lambda _: False,
        consumed=lambda _: False,
        parents=parents,
    )


def as_token(data: bytes) -> None:
    for token in (data, data.decode("utf-8", "replace")):
        genuine = token in (ROOT, ROOT.encode())
        law(isinstance(judged(token), Refused) or genuine, "what nobody signed is refused")


def as_claims(data: bytes) -> None:
    try:
        parse_claims(data)
        read = True
    except MalformedError:
        read = False
    root = judged(jws_sign(data, ISSUER, typ=WARRANT_TYPE))
    law(read or isinstance(root, Refused), "claims without a reading are no warrant")
    link = judged(jws_sign(data, HOLDER, typ=WARRANT_TYPE), ROOT)
    if isinstance(link, Refused):
        return
    law(PARENT.not_before <= link.not_before, "no link begins before its parent")
    law(link.expires_at <= PARENT.expires_at, "no link outlives its parent")
    law(link.consents == PARENT.consents, "no link shows other consents")
    law(link.demand.within(PARENT.demand), "no link asks for less consent")
    law(within(link.response_limits, PARENT.response_limits), "no link loosens a bound on the answer")
    mine, theirs = link.scope(), PARENT.scope()
    law(mine is not None and theirs is not None and mine.within(theirs), "no link covers more")


def as_object(data: bytes) -> None:
    try:
        found = strict_object(data, "fuzz")
    except MalformedError as error:
        law(error.where == "fuzz", "the place is named")
        return
    law(found == json.loads(data), "another reader agrees")
    with suppress(MalformedError):
        limit = Limit.from_json(found)
        law(Limit.from_json(limit.to_json()) == limit, "a constraint is read back as it is written")
        law(limit.within(limit) and limit.meet(limit).within(limit), "a constraint lies within itself")
    with suppress(MalformedError):
        key = VerifyingKey.from_jwk(found)
        law(not key.verify(data, data[:64]), "no key signs by chance")


def as_text(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    with suppress(MalformedError):
        law(b64url(unb64url(text)) == text, "one spelling per value")


def one_input(data: bytes) -> None:
    for reading in (as_token, as_claims, as_object, as_text):
        reading(data)
