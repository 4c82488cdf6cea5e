"""A warrant as the JSON document that people and the API see. It proves nothing: the token does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from vienna_kernel.keyring import unb64url
from vienna_kernel.signing import strict_object
from vienna_kernel.value import plain
from vienna_kernel.warrant.scope import limits_to_json
from vienna_kernel.warrant.terms import Warrant


def document(warrant: Warrant, token: str, chain_of_custody: Mapping[str, Any]) -> dict[str, Any]:
    """The warrant as JSON for people and the API; ``signature`` is the token's own: ``ed25519:<kid>:<base64url>``.

    A warrant over several intents shows the first as ``scope`` and all of them as ``scopes``, or, when they are too
    many to travel, their number and digest as ``roll``.

    Errors: ``MalformedError`` for a text that is no token.
    """
    scopes = [
        {"action": row.action, "target": row.target, "parameters": plain(row.parameters or {})}
        for row in warrant.meanings
    ]
    header, _, signature = token.partition(".")[0], *token.rpartition(".")[1:]
    signer = strict_object(unb64url(header), "header")
    algorithm = "hmac-sha256" if signer.get("alg") == "HS256" else "ed25519"
    out = {
        "warrant_id": warrant.id,
        "intent_id": warrant.intent_id,
        "scope": scopes[0],
        "constraints": limits_to_json(warrant.constraints),
        "ttl": int((warrant.expires_at - warrant.issued_at).total_seconds()),
        "issued_at": _text(warrant.issued_at),
        "expires_at": _text(warrant.expires_at),
        "issuer": warrant.issuer,
        "chain": {"parent_warrant": warrant.parent, "depth": warrant.depth},
        "chain_of_custody": dict(chain_of_custody),
        "risk_tier": warrant.tier.value,
        "observed": warrant.observed,
        "signature": f"{algorithm}:{signer.get('kid')}:{signature}",
    }
    if warrant.roll is not None:
        out["roll"] = {"count": warrant.roll.count, "digest": warrant.roll.digest}
    return {**out, "scopes": scopes} if len(scopes) > 1 else out


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
