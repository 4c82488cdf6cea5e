"""Root to leaf: each link signed by the holder of the one before, and within it.

1. A root is signed by a key of the issuer and has depth 0 and no parent.
2. A link is signed by its parent's ``cnf`` key, names its parent, is one deeper (at most 5), ends no later, is for
   the same agent, issuer and (unless the parent names the issuer itself) audience, at no higher tier, and its scope
   lies within the parent's. It is observed if its parent is.
"""

from __future__ import annotations

from vienna_kernel.errors import MalformedError
from vienna_kernel.keyring import Purpose, VerifyingKey
from vienna_kernel.verdict import Granted, Reason, Refused, Verdict
from vienna_kernel.warrant.terms import Warrant

MAX_DEPTH = 5


def holder_key(parent: Warrant) -> VerifyingKey | None:
    """The key that may sign links of this warrant; None when nobody may."""
    if parent.holder_jwk is None:
        return None
    try:
        return VerifyingKey.from_jwk(parent.holder_jwk, purpose=Purpose.WARRANT)
    except MalformedError:
        return None


def root(warrant: Warrant) -> Verdict:
    """Whether a warrant that an issuer's key signed stands where a root stands."""
    if warrant.parent is not None or warrant.depth != 0:
        return Refused(Reason.WARRANT_CHAIN, "signed by the issuer, yet it names a parent")
    return Granted()


def link(child: Warrant, parent: Warrant) -> Verdict:
    """Whether ``child`` lies within ``parent``; that the parent's holder signed it is checked where it is opened."""
    rules = (
        (child.parent == parent.id, "names another parent"),
        (child.depth == parent.depth + 1, "is not one deeper than its parent"),
        (child.depth <= MAX_DEPTH, f"is deeper than {MAX_DEPTH}"),
        (child.expires_at <= parent.expires_at, "outlives its parent"),
        (child.not_before >= parent.not_before, "begins before its parent"),
        (child.issuer == parent.issuer, "has another issuer"),
        (child.subject == parent.subject, "is for another agent"),
        (child.audience == parent.audience or parent.audience == parent.issuer, "is for another upstream"),
        (child.tier <= parent.tier, "has a higher tier"),
        (child.observed or not parent.observed, "makes a permission of an observation"),
        (parent.request_digest in (None, child.request_digest), "names another request"),
        (all(row.parameters is not None for row in child.meanings), "does not show its parameters"),
        (child.scope().within(parent.scope()), "covers more than its parent"),
    )
    for held, why in rules:
        if not held:
            return Refused(Reason.WARRANT_CHAIN, f"warrant {child.id} {why}")
    return Granted()
