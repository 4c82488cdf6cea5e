"""Root to leaf: each link signed by the holder of the one before, and within it.

1. A root is signed by a key of the issuer and has depth 0 and no parent.
2. A link is signed by its parent's ``cnf`` key, names its parent, is one deeper (at most 5), and permits nothing that
   its parent would not: no later end and no earlier begin, the same agent, issuer and (unless the parent leaves it
   open) audience, a key that holds it, no higher tier, no looser demand, no looser bound on the answer, the parent's
   request where it names one, and of the calls that the parent covers all or fewer. What it rests on (consents,
   digests, the entry that issued it) is the parent's.
3. It is observed exactly if its parent is, and it uses up its parent: several links of one parent are one use.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from vienna_kernel.errors import MalformedError
from vienna_kernel.keyring import Algorithm, Purpose, VerifyingKey
from vienna_kernel.value import pack
from vienna_kernel.verdict import Granted, Reason, Refused, Verdict
from vienna_kernel.warrant import response
from vienna_kernel.warrant.limit import Limit
from vienna_kernel.warrant.terms import Meaning, Warrant

MAX_DEPTH = 5


def holder_key(parent: Warrant) -> VerifyingKey | None:
    """The key that may sign links of this warrant; None when nobody may, as with a secret that it would show to all."""
    if parent.holder_jwk is None:
        return None
    try:
        key = VerifyingKey.from_jwk(parent.holder_jwk, purpose=Purpose.WARRANT)
    except MalformedError:
        return None
    return key if key.algorithm is Algorithm.ED25519 else None


def root(warrant: Warrant) -> Verdict:
    """Whether a warrant that an issuer's key signed stands where a root stands."""
    if warrant.parent is not None or warrant.depth != 0:
        return Refused(Reason.WARRANT_CHAIN, "signed by the issuer, yet it names a parent")
    return Granted()


def link(child: Warrant, parent: Warrant) -> Verdict:
    """Whether ``child`` lies within ``parent``; that the parent's holder signed it is checked where it is opened."""
    for held, why in _rules(child, parent):
        if not held:
            return Refused(Reason.WARRANT_CHAIN, f"warrant {child.id} {why}")
    return Granted()


def _rules(child: Warrant, parent: Warrant) -> Iterator[tuple[bool, str]]:
    yield child.parent == parent.id, "names another parent"
    yield child.depth == parent.depth + 1, "is not one deeper than its parent"
    yield child.depth <= MAX_DEPTH, f"is deeper than {MAX_DEPTH}"
    yield child.expires_at <= parent.expires_at, "outlives its parent"
    yield child.not_before >= parent.not_before, "begins before its parent"
    yield child.issuer == parent.issuer, "has another issuer"
    yield child.subject == parent.subject, "is for another agent"
    yield child.audience == parent.audience or parent.open_audience, "is for another upstream"
    yield child.holder_jkt is not None or parent.holder_jkt is None, "is bound to no key, as its parent is"
    yield child.tier <= parent.tier, "has a higher tier"
    yield _grounds(child) == _grounds(parent), "shows other grounds than its parent"
    yield child.demand.within(parent.demand), "asks for less consent than its parent"
    yield child.observed == parent.observed, "makes a permission of an observation, or the reverse"
    yield response.within(child.response_limits, parent.response_limits), "loosens a bound on the answer"
    yield _same_request(child, parent), "names another request"
    yield _fewer_calls(child, parent), "covers more than its parent, or does not show what it covers"


def _grounds(warrant: Warrant) -> tuple[object, ...]:
    w = warrant
    return w.consents, w.intent_id, w.policy_digest, w.mapping_digest, w.audit_leaf


_REQUEST = ("request_digest", "method", "url", "content_type", "body_digest")


def _same_request(child: Warrant, parent: Warrant) -> bool:
    """Whether the child says of its request whatever the parent says of it."""
    return all(getattr(parent, name) in (None, getattr(child, name)) for name in _REQUEST)


def _fewer_calls(child: Warrant, parent: Warrant) -> bool:
    """Whether each call that the child covers is one that the parent covers."""
    outer = None if parent.wire else parent.scope()
    if outer is None:  # the parent permits exactly what it names, and so does a child on the wire
        return child.wire and child.roll == parent.roll and _alike(child.meanings, parent.meanings)
    inner = child.scope()
    return inner is not None and inner.within(outer)


def _alike(meanings: tuple[Meaning, ...], others: tuple[Meaning, ...]) -> bool:
    """Whether these name what the others name, and show it wherever the others do."""
    return len(meanings) == len(others) and all(
        row.digest == other.digest
        and (other.parameters is None or pack(row.parameters) == pack(other.parameters))
        for row, other in zip(meanings, others, strict=True)
    )


def attenuate(parent: Warrant, wish: Warrant) -> Warrant | Refused:
    """A warrant for ``parent``'s holder to sign: what was wished for, cut down to what the parent permits.

    Taken from the wish: identifier, holder, times, tier, demand, request, meanings, constraints and bounds of the
    answer, each no looser than the parent's; all else is the parent's. Meanings are not cut: a wish that goes beyond
    them, or is over before it begins, is refused (``warrant_chain``).
    """
    child = replace(
        parent,
        id=wish.id,
        parent=parent.id,
        depth=parent.depth + 1,
        audience=wish.audience if parent.open_audience else parent.audience,
        holder_jkt=wish.holder_jkt,
        holder_jwk=wish.holder_jwk,
        issued_at=max(wish.issued_at, parent.not_before),
        not_before=max(wish.not_before, parent.not_before),
        expires_at=min(wish.expires_at, parent.expires_at),
        tier=min(wish.tier, parent.tier),
        demand=wish.demand.meet(parent.demand),
        meanings=wish.meanings,
        roll=wish.roll,
        constraints=_cut(wish, parent),
        response_limits=_lower(wish, parent),
        **{name: getattr(parent, name) or getattr(wish, name) for name in _REQUEST},
    )
    if not child.not_before <= child.issued_at < child.expires_at:
        return Refused(Reason.WARRANT_CHAIN, "over before it begins")
    verdict = link(child, parent)
    return verdict if isinstance(verdict, Refused) else child


def _cut(wish: Warrant, parent: Warrant) -> dict[str, Limit]:
    """The wished constraints, none beyond the parent's."""
    bounds = parent.constraints
    return {
        name: limit.meet(bounds[name]) if name in bounds else limit
        for name, limit in wish.constraints.items()
    }


def _lower(wish: Warrant, parent: Warrant) -> dict[str, int]:
    """For each bound on the answer the lower one."""
    limits = dict(parent.response_limits)
    for name, most in wish.response_limits.items():
        limits[name] = min(most, limits.get(name, most))
    return limits
