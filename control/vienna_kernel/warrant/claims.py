"""A warrant as JWT claims, and back.

Stability: ``v`` is 1. A reader refuses a claim it does not know, because it might be a restriction; so a claim can
only be added together with a new ``v`` that the readers of the day before already accept. Names are never reused.
``proof`` of a consent is the exception: only warrants that rest on passkeys have it, and a reader that does not know it
refuses them, as it must.

The one authorization detail lists the intents of the call. One that has too many to list shows its first in
``intents`` and binds all of them in ``roll`` (see ``terms.Roll``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vienna_kernel.errors import MalformedError
from vienna_kernel.intent import Tier
from vienna_kernel.keyring import thumbprint
from vienna_kernel.signing import strict_object
from vienna_kernel.value import pack, unpack
from vienna_kernel.warrant.consents import (
    ConsentClaims,
    Second,
    Text,
    consent_of,
    consent_to_claims,
    instant,
)
from vienna_kernel.warrant.scope import limits_from_json, limits_to_json
from vienna_kernel.warrant.terms import Demand, Meaning, Roll, Warrant

DETAIL_TYPE = "vienna_http_v1"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


type _Count = Annotated[int, Field(ge=0)]


class _Meaning(_Strict):
    action: Text
    target: str
    parameters: dict[str, Any] | None = None
    digest: Text


class _Roll(_Strict):
    count: Annotated[int, Field(ge=2, le=1_000_000)]
    digest: Text


class _ResponseLimits(_Strict):
    max_body_bytes: _Count | None = None
    max_items: _Count | None = None


class _Detail(_Strict):
    type: Literal["vienna_http_v1"]
    intents: Annotated[list[_Meaning], Field(min_length=1)]
    roll: _Roll | None = None
    method: Text | None = None
    url: Text | None = None
    content_type: Text | None = None
    content_digest: Text | None = None
    request_digest: Text | None = None
    constraints: dict[str, Any] = {}
    response_limits: _ResponseLimits = _ResponseLimits()


class _Demand(_Strict):
    approvals: Annotated[int, Field(ge=0, le=100)] = 0
    mfa: bool = False
    justification: bool = False


class _Confirmation(_Strict):
    jkt: Text | None = None
    jwk: dict[str, str] | None = None


class _Claims(_Strict):
    v: Literal[1]
    iss: Text
    aud: Text
    sub: Text
    jti: Text
    iat: Second
    nbf: Second
    exp: Second
    tier: Literal["T0", "T1", "T2", "T3"]
    intent_id: Text
    authorization_details: Annotated[list[_Detail], Field(min_length=1, max_length=1)]
    audit: Text
    cnf: _Confirmation = _Confirmation()
    policy_digest: str = ""
    mapping_digest: str = ""
    approvals: list[ConsentClaims] = []
    required: _Demand = _Demand()
    parent: Text | None = None
    depth: _Count = 0
    observed: bool = False


def to_claims(warrant: Warrant) -> dict[str, Any]:
    """JWT claims; members at their default are left out."""
    w = warrant
    detail = {
        "type": DETAIL_TYPE,
        "method": w.method,
        "url": w.url,
        "content_type": w.content_type,
        "content_digest": w.body_digest,
        "request_digest": w.request_digest,
        "intents": [_given(_meaning_claims(row)) for row in w.meanings],
        "roll": asdict(w.roll) if w.roll else None,
        "constraints": limits_to_json(w.constraints) or None,
        "response_limits": dict(w.response_limits) or None,
    }
    return _given(
        {
            "v": 1,
            "iss": w.issuer,
            "aud": w.audience,
            "sub": w.subject,
            "jti": w.id,
            "iat": int(w.issued_at.timestamp()),
            "nbf": int(w.not_before.timestamp()),
            "exp": int(w.expires_at.timestamp()),
            "cnf": _given({"jkt": w.holder_jkt, "jwk": dict(w.holder_jwk) if w.holder_jwk else None}) or None,
            "tier": w.tier.value,
            "intent_id": w.intent_id,
            "authorization_details": [_given(detail)],
            "policy_digest": w.policy_digest or None,
            "mapping_digest": w.mapping_digest or None,
            "approvals": [consent_to_claims(row) for row in w.consents] or None,
            "required": asdict(w.demand),
            "audit": w.audit_leaf,
            "parent": w.parent,
            "depth": w.depth or None,
            "observed": w.observed or None,
        }
    )


def _meaning_claims(row: Meaning) -> dict[str, Any]:
    parameters = None if row.parameters is None else pack(row.parameters)
    return {"action": row.action, "target": row.target, "parameters": parameters, "digest": row.digest}


def _given(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def payload(warrant: Warrant) -> bytes:
    """The bytes that are signed. Errors: ``MalformedError`` for a parameter too deep or too large to be written."""
    try:
        return orjson.dumps(to_claims(warrant), option=orjson.OPT_SORT_KEYS)
    except (TypeError, RecursionError) as error:
        raise MalformedError("warrant", f"a value that cannot travel: {type(error).__name__}") from None


def parse_claims(data: bytes) -> Warrant:
    """The warrant of a signed payload.

    Errors: ``MalformedError`` for anything but one JSON object with known, well-typed claims, without duplicates,
    in an order of times that can hold (``nbf <= iat < exp``).
    """
    try:
        claims = _Claims.model_validate(strict_object(data, "claims"))
        return _warrant(claims)
    except ValidationError as error:
        row = error.errors(include_url=False, include_input=False)[0]
        raise MalformedError("claims /" + "/".join(map(str, row["loc"])), row["msg"]) from None
    except (ArithmeticError, ValueError, TypeError, RecursionError) as error:
        if isinstance(error, MalformedError):
            raise
        raise MalformedError("claims", f"a value that is none: {type(error).__name__}") from None


def _warrant(claims: _Claims) -> Warrant:
    if not claims.nbf <= claims.iat < claims.exp:
        raise MalformedError("claims", "nbf, iat and exp are not in order")
    detail = claims.authorization_details[0]
    if detail.roll is not None and (len(detail.intents) > 1 or detail.constraints):
        raise MalformedError(
            "claims", "a roll stands for the whole list of intents, and leaves none of them free"
        )
    if claims.cnf.jwk is not None and thumbprint(claims.cnf.jwk) != claims.cnf.jkt:
        raise MalformedError("claims /cnf", "jwk is not the key that jkt names")
    return Warrant(
        id=claims.jti,
        issuer=claims.iss,
        audience=claims.aud,
        subject=claims.sub,
        issued_at=instant(claims.iat),
        not_before=instant(claims.nbf),
        expires_at=instant(claims.exp),
        holder_jkt=claims.cnf.jkt,
        holder_jwk=claims.cnf.jwk,
        tier=Tier(claims.tier),
        intent_id=claims.intent_id,
        meanings=_meanings(detail.intents),
        method=detail.method,
        url=detail.url,
        content_type=detail.content_type,
        body_digest=detail.content_digest,
        request_digest=detail.request_digest,
        policy_digest=claims.policy_digest,
        mapping_digest=claims.mapping_digest,
        consents=tuple(consent_of(row) for row in claims.approvals),
        demand=Demand(**claims.required.model_dump()),
        audit_leaf=claims.audit,
        parent=claims.parent,
        depth=claims.depth,
        observed=claims.observed,
        constraints=limits_from_json(detail.constraints),
        response_limits=detail.response_limits.model_dump(exclude_none=True),
        roll=None if detail.roll is None else Roll(**detail.roll.model_dump()),
    )


def _meanings(rows: Sequence[_Meaning]) -> tuple[Meaning, ...]:
    out = []
    for row in rows:
        parameters = None if row.parameters is None else unpack(row.parameters)
        if parameters is not None and not isinstance(parameters, Mapping):
            raise MalformedError("claims", "parameters: expected an object")
        out.append(Meaning(row.action, row.target, parameters, row.digest))
    return tuple(out)
