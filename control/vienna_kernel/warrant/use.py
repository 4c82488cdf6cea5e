"""A use of a warrant, and the steps of the argument that hold its terms against it.

The argument is in ``vienna_kernel.warrant``; here are the second half of (5) and of (8), and (9) to (11).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vienna_kernel.intent import HIDDEN, Intent
from vienna_kernel.value import pack
from vienna_kernel.verdict import Granted, Reason, Refused, Verdict
from vienna_kernel.warrant.terms import Meaning, Roll, Warrant


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What somebody wants to do under a warrant, as its verifier sees it.

    Attributes:
        origin: Where the request goes: ``https://api.example``.
        agent: Name of the agent that the caller's credential stands for.
        holder_jkt: Thumbprint of the key that the caller has proved; None when it proved none.
        intents: What the request means, redacted with the same key as the warrant's.
        request_digest: ``Call.request_digest``; None where there is no request to see (a report, a dry run).
        observing: The verifier itself enforces nothing for this agent: only then does an observed warrant stand.
    """

    origin: str
    agent: str
    holder_jkt: str | None
    intents: Sequence[Intent]
    request_digest: str | None = None
    method: str | None = None
    url: str | None = None
    observing: bool = False


def audience(warrant: Warrant, use: Use) -> Verdict:
    # (5) this upstream; a passback warrant may leave the upstream open by naming the issuer itself
    if warrant.audience != use.origin and not warrant.open_audience:
        return Refused(Reason.WARRANT_AUDIENCE, f"for {warrant.audience}, used towards {use.origin}")
    return Granted()


def holder(warrant: Warrant, use: Use) -> Verdict:
    # (8) this holder, this agent; only a passback warrant may be bound to the agent's credential alone
    if warrant.subject != use.agent:
        return Refused(Reason.WARRANT_HOLDER, "issued to another agent")
    if warrant.holder_jkt != use.holder_jkt and (warrant.holder_jkt or warrant.wire):
        return Refused(Reason.WARRANT_HOLDER, "bound to another key")
    return Granted()


def request(warrant: Warrant, use: Use) -> Verdict:
    # (9) the digest names method, URL, content type and body; the plain claims must not say otherwise, and bind where
    # there is no digest: then what the verifier does not see is not what they say
    bound = warrant.request_digest is not None
    if bound and warrant.request_digest != use.request_digest:
        return Refused(Reason.WARRANT_REQUEST, "another request than the one it names")
    for claimed, actual in ((warrant.method, use.method), (warrant.url, use.url)):
        if claimed is None or claimed == actual or (bound and (actual is None or _is_shown(claimed))):
            continue
        return Refused(Reason.WARRANT_REQUEST, "its method or URL is another than the request's")
    return Granted()


def _is_shown(url: str) -> bool:
    """Whether it is the URL that people saw, what is undeclared or secret left out."""
    return "…" in url or HIDDEN in url


def meaning(warrant: Warrant, use: Use) -> Verdict:
    # (10) a wire warrant: exactly these meanings, in this order. A passback warrant: each within its constraints.
    if len(use.intents) != warrant.size:
        why = f"permits {warrant.size} intents, used for {len(use.intents)}"
        return Refused(Reason.WARRANT_SCOPE, why)
    if warrant.roll is not None and warrant.roll != Roll.of(use.intents):
        return Refused(Reason.WARRANT_SCOPE, "one of its intents is another, or they changed places")
    scope = None if warrant.wire else warrant.scope()
    held = _exactly(warrant.meanings, use.intents) if scope is None else scope.covers(use.intents)
    if not held:
        return Refused(Reason.WARRANT_SCOPE, "action, target or parameters are others than permitted")
    return Granted()


def _exactly(meanings: Sequence[Meaning], intents: Sequence[Intent]) -> bool:
    """Whether the intents begin with exactly these meanings."""
    pairs = list(zip(meanings, intents, strict=False))
    # A digest takes the decimal 5 and the text "5" for one value; what travelled tells them apart.
    return all(row.digest == intent.digest() for row, intent in pairs) and all(
        row.parameters is None or pack(row.parameters) == pack(intent.parameters) for row, intent in pairs
    )


def demands(warrant: Warrant, use: Use) -> Verdict:
    # (11) an observation permits nothing, and consent is counted by person
    if warrant.observed:
        return Granted() if use.observing else Refused(Reason.WARRANT_OBSERVED, "issued in observe mode")
    people = {row.operator: row for row in warrant.consents}
    if len(people) < warrant.demand.approvals:
        return Refused(Reason.WARRANT_REQUIREMENTS, f"{len(people)} of {warrant.demand.approvals} approvals")
    if warrant.demand.mfa and not all(row.mfa for row in warrant.consents):
        return Refused(Reason.WARRANT_REQUIREMENTS, "an approval without a second factor")
    if warrant.demand.justification and not all(row.justified for row in warrant.consents):
        return Refused(Reason.WARRANT_REQUIREMENTS, "an approval without a justification")
    return Granted()


STEPS: tuple[Callable[[Warrant, Use], Verdict], ...] = (audience, holder, request, meaning, demands)
