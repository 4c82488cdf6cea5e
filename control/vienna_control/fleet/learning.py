"""Mapping files proposed from recorded calls that no mapping reads, as ``vienna mappings learn`` proposes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from vienna_control import rows
from vienna_kernel.errors import MalformedError
from vienna_kernel.propose.finish import finish
from vienna_kernel.propose.learned import Known, proposals
from vienna_kernel.propose.observed import Seen, seen

_MOST = 2000  # calls that are looked into


class Call(Protocol):
    """A recorded call. ``call``: the ``CallView`` as text, None on the API's road."""

    @property
    def method(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def call(self) -> str | None: ...
    @property
    def at(self) -> str: ...


def mappings(calls: Sequence[Call]) -> Iterator[tuple[str, dict[str, str]]]:
    """``mapping`` and ``cases``, the texts of two files, for each host; a host of which none holds has none."""
    seen_ = [one for call in calls[:_MOST] if (one := _seen(call)) is not None]
    if not seen_:
        return
    known = Known(version=calls[0].at[:10], origin=f"{len(seen_)} recorded calls")
    for proposal in proposals(seen_, known):
        try:
            done = finish(proposal)
        except MalformedError:
            continue
        yield proposal.hosts[0], {"mapping": done.mapping, "cases": done.cases}


def _seen(call: Call) -> Seen | None:
    view = rows.load(call.call) or {}
    try:
        return seen(call.method, call.url, media=view.get("content_type") or "", body=view.get("body"))
    except MalformedError:
        return None
