"""A request as it was received, made canonical: coded, and as large, as the mapping of its address lets its body be."""

from __future__ import annotations

from vienna_kernel.call.authority import LiteralJudge
from vienna_kernel.call.request import (
    MAX_DECODED_BYTES,
    Call,
    RawRequest,
    canonicalise,
    canonicalise_head,
)
from vienna_kernel.decode.coding import CODINGS
from vienna_kernel.mapping.reading import MappingSet
from vienna_kernel.verdict import Refused


def received_head(raw: RawRequest, mappings: MappingSet, *, literals: LiteralJudge) -> Call | Refused:
    """The call of a request whose body is still to come."""
    return canonicalise_head(raw, ip_literals_allowed=literals, codings=_allowed(raw, mappings, literals)[0])


def received(raw: RawRequest, mappings: MappingSet, *, literals: LiteralJudge) -> Call | Refused:
    """The call of a whole request, its body decoded.

    ``literals``: whether an IP literal, given as (canonical address, port), may be called.
    """
    codings, most = _allowed(raw, mappings, literals)
    return canonicalise(raw, ip_literals_allowed=literals, codings=codings, max_decoded=most)


def _allowed(raw: RawRequest, mappings: MappingSet, literals: LiteralJudge) -> tuple[frozenset[str], int]:
    """Content codings that the body may have, and how many bytes it may become."""
    if not any(name.lower() == b"content-encoding" for name, _ in raw.headers):
        return frozenset(), MAX_DECODED_BYTES
    head = canonicalise_head(raw, ip_literals_allowed=literals, codings=CODINGS)
    if isinstance(head, Refused):
        return frozenset(), MAX_DECODED_BYTES
    return mappings.codings(head), mappings.body_limit(head, default=MAX_DECODED_BYTES)
