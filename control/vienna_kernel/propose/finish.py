"""A proposal that is known to hold: its file loads, and each of its actions has a case that passes.

What does not is taken out and told. A description can say anything; a proposal that does not load helps nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from vienna_kernel.document import DocumentError, parse
from vienna_kernel.errors import MalformedError
from vienna_kernel.mapping.reading import MappingSet
from vienna_kernel.propose.cases import cases_of, cases_text
from vienna_kernel.propose.draft import Draft
from vienna_kernel.propose.listing import Skipped
from vienna_kernel.propose.proposal import Proposal
from vienna_kernel.propose.writer import mapping_text

MAX_BYTES = 4 * 1024 * 1024
"""What a mapping file may have."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A proposal with its two files."""

    proposal: Proposal
    mapping: str
    cases: str


def finish(proposal: Proposal) -> Finished:
    """The files of a proposal, tried.

    Errors: ``MalformedError`` when nothing of it is left, or it is larger than a mapping file may be.
    """
    if not proposal.drafts:
        raise _nothing_of(proposal)
    mappings, proposal = _loading(proposal)
    cases = cases_of(proposal, mappings)
    if cases.unreached:
        proposal = _without(proposal, {draft.name: why for draft, why in cases.unreached})
    return Finished(proposal, mapping_text(proposal), cases_text(proposal, cases.cases))


def _loading(proposal: Proposal) -> tuple[MappingSet, Proposal]:
    """The mappings that a proposal makes, after taking out what does not load."""
    try:
        return _loaded(proposal), proposal
    except DocumentError:
        out = {draft.name: why for draft in proposal.drafts if (why := _complaint(proposal, [draft]))}
        left = _without(proposal, out)
        return _loaded(left), left


def _loaded(proposal: Proposal) -> MappingSet:
    text = mapping_text(proposal)
    if len(text.encode()) > MAX_BYTES:
        why = f"the proposal is larger than a mapping file may be ({MAX_BYTES} bytes): take a part with --only or --tag"
        raise MalformedError(proposal.origin, why)
    return MappingSet.compile([parse(text, name=proposal.id)])


def _complaint(proposal: Proposal, drafts: Iterable[Draft]) -> str:
    try:
        _loaded(replace(proposal, drafts=tuple(drafts)))
    except DocumentError as error:
        return "; ".join(one.why for one in error.errors)
    return ""


def _without(proposal: Proposal, out: dict[str, str]) -> Proposal:
    """The proposal without some actions, which are told by name to why."""
    told = [
        Skipped(draft.label, draft.where, out[draft.name]) for draft in proposal.drafts if draft.name in out
    ]
    left = tuple(draft for draft in proposal.drafts if draft.name not in out)
    without = replace(proposal, drafts=left, skipped=(*proposal.skipped, *told))
    if not left:
        raise _nothing_of(without)
    return without


def _nothing_of(proposal: Proposal) -> MalformedError:
    """There is nothing to propose; why, of the first that was looked at."""
    if not proposal.skipped:
        return MalformedError(proposal.origin, "it has no operation")
    first = proposal.skipped[0]
    return MalformedError(first.where, f"nothing of it can be mapped: {first.operation}: {first.why}")
