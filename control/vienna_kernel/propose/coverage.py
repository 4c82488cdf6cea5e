"""How much of what agents ask for is understood: by host, by action, by the shape of what is not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from vienna_kernel.propose.against import Mapped
from vienna_kernel.propose.cluster import Cluster

UNMAPPED = "http."
"""How the action of a call begins that no mapping read."""


@dataclass(frozen=True, slots=True)
class Count:
    """How often an action was asked for at a host; an action of several is joined with ``+``."""

    host: str
    action: str
    calls: int

    @property
    def mapped(self) -> bool:
        return not self.action.startswith(UNMAPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostRow:
    """One host. ``mappings``: ids of those that are for it."""

    host: str
    calls: int
    mapped: int
    mappings: tuple[str, ...] = ()

    @property
    def percent(self) -> float | None:
        """Of its calls, those that were mapped, to a tenth; never 100 while one is not. None without a call."""
        if not self.calls:
            return None
        return min(round(100 * self.mapped / self.calls, 1), 100.0 if self.mapped == self.calls else 99.9)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionRow:
    """One action of a mapping. ``case``: whether it has one, None where its cases are not at hand."""

    mapping: str
    action: str
    calls: int
    case: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeRow:
    """Calls of one shape that no mapping read."""

    host: str
    method: str
    path: str
    calls: int
    agents: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """The whole picture; hosts with most unmapped calls first, shapes by how often they were seen."""

    hosts: tuple[HostRow, ...]
    shapes: tuple[ShapeRow, ...]
    actions: tuple[ActionRow, ...]

    @property
    def calls(self) -> int:
        return sum(row.calls for row in self.hosts)

    @property
    def mapped(self) -> int:
        return sum(row.mapped for row in self.hosts)


def cover(
    counts: Iterable[Count],
    mapped: Sequence[Mapped],
    unmapped: Sequence[Cluster],
    *,
    cased: Mapping[str, frozenset[str]],
) -> Coverage:
    """The picture of some traffic.

    Args:
        unmapped: The calls that no mapping read, by shape.
        cased: By mapping whose cases are at hand, the actions that have one.
    """
    rows = list(counts)
    return Coverage(_hosts(rows, mapped), _shapes(unmapped), _actions(rows, mapped, cased))


def _hosts(rows: Sequence[Count], mapped: Sequence[Mapped]) -> tuple[HostRow, ...]:
    calls: Counter[str] = Counter()
    told: Counter[str] = Counter()
    for row in rows:
        calls[row.host] += row.calls
        told[row.host] += row.calls if row.mapped else 0
    found = [
        HostRow(
            host=host,
            calls=calls[host],
            mapped=told[host],
            mappings=tuple(sorted({one.mapping for one in mapped if one.serves(host)})),
        )
        for host in calls
    ]
    return tuple(sorted(found, key=lambda row: (row.mapped - row.calls, row.host)))


def _shapes(unmapped: Sequence[Cluster]) -> tuple[ShapeRow, ...]:
    found = [
        ShapeRow(host=one.host, method=one.method, path=one.path, calls=len(one.calls), agents=one.agents)
        for one in unmapped
    ]
    return tuple(sorted(found, key=lambda row: (-row.calls, row.host, row.path, row.method)))


def _actions(
    rows: Sequence[Count], mapped: Sequence[Mapped], cased: Mapping[str, frozenset[str]]
) -> tuple[ActionRow, ...]:
    calls: Counter[tuple[str, str]] = Counter()
    for row in rows:
        for action in row.action.split("+"):
            for mapping in {one.mapping for one in mapped if one.action == action and one.serves(row.host)}:
                calls[mapping, action] += row.calls
    return tuple(
        ActionRow(
            mapping=mapping,
            action=action,
            calls=calls[mapping, action],
            case=action in cased[mapping] if mapping in cased else None,
        )
        for mapping, action in sorted({(one.mapping, one.action) for one in mapped})
    )
