"""The warrant: a JWS compact token that permits one request, once. Minted here, and verified by one argument.

Verifying a warrant. Each step refuses with its own reason; the numbers recur in the code, the vectors, the tests
and the docs.

(0) At most 8 kB.
(1) Strict base64url without padding, one JSON object each, no duplicate claims, no claim that is not known.
(2) ``typ`` is a warrant's.
(3) The key is known and is a warrant key; the algorithm is the key's, never the token's; no header parameter but
    ``alg kid typ``, so no ``jwk jku x5u x5c crit b64``.
(4) The signature holds over the bytes that travelled; non-canonical S and small-order keys hold nothing.
(5) Our issuer, this upstream.
(6) ``nbf <= now < exp``, by a clock that the caller anchors.
(7) The warrant is not revoked, nor is its key; the key was not retired when it was issued.
(8) The chain: a root of the issuer's, or each link signed by its parent's holder and within it; then this holder
    and this agent.
(9) This request, by its digest.
(10) This action, target and parameters; for a passback warrant, within its constraints.
(11) It permits at all (not ``observed``), and its tier's demands are met: distinct people, MFA, justification.
(12) Not consumed, nor is any warrant above it. Consuming is the caller's, of the whole chain, in the transaction that
    records the start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from vienna_kernel.errors import MalformedError
from vienna_kernel.keyring import Keyring, Purpose, VerifyingKey
from vienna_kernel.signing import WARRANT_TYPE, Parts, SigningKey, judge, jws_sign, jws_size, split
from vienna_kernel.verdict import Reason, Refused
from vienna_kernel.warrant import chain as chains
from vienna_kernel.warrant.claims import parse_claims, payload
from vienna_kernel.warrant.document import document
from vienna_kernel.warrant.terms import Consent, Demand, Meaning, Roll, Warrant
from vienna_kernel.warrant.use import STEPS, Use

__all__ = [
    "Consent",
    "Demand",
    "Meaning",
    "Use",
    "Warrant",
    "document",
    "inspect",
    "issue",
    "parse_claims",
    "verify",
]

MAX_BYTES = 8192
_MOST_LISTED = 64  # more meanings never fit, however short their names: the digest of each takes 71 bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trust:
    """What a verifier brings: whose word it takes, and when it is."""

    keyring: Keyring
    now: datetime
    issuer: str
    revoked: Callable[[str], bool]


def issue(warrant: Warrant, key: SigningKey) -> str:
    """The token. A warrant that would not fit in 8 kB travels without the parameters, then without the URL, which
    their digests name, and at last with one digest for all of its intents.

    Errors: ``MalformedError`` when even that does not fit.
    """
    for terms in _shorter(warrant):
        data = payload(terms)
        if jws_size(len(data), key, typ=WARRANT_TYPE) <= MAX_BYTES:
            return jws_sign(data, key, typ=WARRANT_TYPE)
    raise MalformedError("warrant", f"its terms do not fit in {MAX_BYTES} bytes")


def _shorter(warrant: Warrant) -> Iterator[Warrant]:
    """The same terms in less and less space."""
    rows = warrant.meanings
    if len(rows) <= _MOST_LISTED:
        yield warrant
        bare = replace(warrant, meanings=tuple(replace(row, parameters=None) for row in rows))
        yield bare
        yield replace(bare, url=None)
    if len(rows) > 1 and all(row.parameters is not None for row in rows):
        rolled = replace(warrant, meanings=rows[:1], roll=Roll.of(rows), constraints={})
        yield rolled
        rolled = replace(rolled, meanings=(replace(rows[0], parameters=None),))
        yield rolled
        yield replace(rolled, url=None)


def verify(
    token: str | bytes,
    *,
    use: Use,
    keyring: Keyring,
    now: datetime,
    issuer: str,
    revoked: Callable[[str], bool],
    consumed: Callable[[str], bool] | None,
    parents: Sequence[str] = (),
) -> Warrant | Refused:
    """Whether this token permits this use; the argument is the module's. Total: any text or bytes give an answer.

    ``parents`` are the tokens of the chain above it, root first; ``revoked`` is asked about each link. With
    ``consumed`` None the caller consumes in its own transaction and there finds out whether it was first.
    """
    trust = _Trust(keyring=keyring, now=now, issuer=issuer, revoked=revoked)
    chain = _chain(token, parents, trust)
    if isinstance(chain, Refused):
        return chain
    for step in STEPS:
        verdict = step(chain[-1], use)
        if isinstance(verdict, Refused):
            return verdict
    # (12) once
    for warrant in chain:
        if consumed is not None and consumed(warrant.id):
            return Refused(Reason.WARRANT_CONSUMED, f"warrant {warrant.id} was used")
    return chain[-1]


def inspect(
    token: str | bytes,
    *,
    keyring: Keyring,
    now: datetime,
    issuer: str,
    revoked: Callable[[str], bool],
    parents: Sequence[str] = (),
) -> Warrant | Refused:
    """Steps 0 to 8 without a use: whether the token is genuine and in force. It permits nothing by itself."""
    chain = _chain(token, parents, _Trust(keyring=keyring, now=now, issuer=issuer, revoked=revoked))
    return chain if isinstance(chain, Refused) else chain[-1]


def _chain(token: str | bytes, parents: Sequence[str], trust: _Trust) -> list[Warrant] | Refused:
    """Root to leaf; never empty."""
    if len(parents) > chains.MAX_DEPTH:
        return Refused(Reason.WARRANT_CHAIN, f"more than {chains.MAX_DEPTH} parents")
    chain: list[Warrant] = []
    for link in (*parents, token):
        above = chain[-1] if chain else None
        found = _open(link, above, trust)
        if isinstance(found, Refused):
            return found
        # (8) the root is the issuer's; each link lies within the one above
        verdict = chains.root(found) if above is None else chains.link(found, above)
        if isinstance(verdict, Refused):
            return verdict
        chain.append(found)
    return chain


def _open(token: str | bytes, above: Warrant | None, trust: _Trust) -> Warrant | Refused:
    """Steps 0 to 7 for one link."""
    parts = split(token, max_bytes=MAX_BYTES)  # (0) size, (1) encoding
    if isinstance(parts, Refused):
        return parts
    key = _key(parts, above, trust.keyring)
    opened = judge(parts, key, typ=WARRANT_TYPE)  # (2) typ, (3) key and algorithm, (4) signature
    if isinstance(opened, Refused):
        return opened
    try:
        warrant = parse_claims(opened.payload)  # (1) again: the claims, now that their signature holds
    except MalformedError as error:
        return Refused(Reason.WARRANT_MALFORMED, str(error))
    return _in_force(warrant, key, trust)


def _key(parts: Parts, above: Warrant | None, keyring: Keyring) -> VerifyingKey | None:
    """The only key that may have signed: of a root, one of the issuer's; of a link, its parent's holder's."""
    kid = parts.header.get("kid")
    if not isinstance(kid, str):
        return None
    if above is None:
        return keyring.find(kid, Purpose.WARRANT)
    holder = chains.holder_key(above)
    return holder if holder is not None and holder.kid == kid else None


def _in_force(warrant: Warrant, key: VerifyingKey | None, trust: _Trust) -> Warrant | Refused:
    # (5) our issuer; the audience follows with the use
    if warrant.issuer != trust.issuer:
        return Refused(Reason.WARRANT_ISSUER, "issued by another authority")
    # (6) time
    if trust.now < warrant.not_before:
        return Refused(Reason.WARRANT_NOT_YET_VALID, f"valid from {warrant.not_before.isoformat()}")
    if trust.now >= warrant.expires_at:
        return Refused(Reason.WARRANT_EXPIRED, f"expired at {warrant.expires_at.isoformat()}")
    # (7) neither it nor its key was called back
    if key is None or key.revoked_at is not None:
        return Refused(Reason.WARRANT_REVOKED, "the key that signed it was revoked")
    if key.retired_at is not None and warrant.issued_at >= key.retired_at:
        return Refused(Reason.WARRANT_REVOKED, "issued after its key was retired")
    if trust.revoked(warrant.id):
        return Refused(Reason.WARRANT_REVOKED, f"warrant {warrant.id} was revoked")
    return warrant
