"""What can be wrong with a trail, and the diagnosis of the first entry that does not fit.

A diagnosis looks at the entries after the misfit: the links they carry still tell what stood before them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import orjson

from vienna_kernel.ledger.entry import chain_hash

_COLUMNS = ("id", "tenant", "type", "at", "agent_id", "intent_id")


class Row(NamedTuple):
    """One stored entry, as its columns say; ``leaf`` and ``previous`` in hex."""

    idx: int
    id: str
    tenant: str
    type: str
    at: str
    agent_id: str | None
    intent_id: str | None
    body: bytes
    leaf: str
    previous: str


class Head(NamedTuple):
    """One stored checkpoint, as its columns say; ``root`` and ``head`` (the link after its last entry) in hex."""

    size: int
    root: str
    head: str
    at: str
    note: str


class Fault(StrEnum):
    """What is wrong with a trail."""

    EDITED_BODY = "edited_body"
    EDITED_LEAF = "edited_leaf"
    EDITED_LINK = "edited_link"
    EDITED_COLUMNS = "edited_columns"
    DELETED = "deleted"
    INSERTED = "inserted"
    REORDERED = "reordered"
    CUT = "cut"
    UNSIGNED = "unsigned"
    REBUILT = "rebuilt"
    RESTORED = "restored"
    FORKED = "forked"
    CHECKPOINT = "checkpoint"


@dataclass(frozen=True, slots=True)
class Break:
    """The first thing that does not hold.

    Attributes:
        index: Of the first broken entry.
        id: Of that entry, None when it is gone.
        through: Last index that may be concerned, where it cannot be told which of several; else ``index``.
        detail: One sentence for a person.
    """

    fault: Fault
    index: int
    id: str | None
    detail: str
    through: int


@dataclass(frozen=True, slots=True)
class Verified:
    """A trail that holds.

    Attributes:
        count: Entries read.
        size: Entries under the last checkpoint; equal to ``count``.
        root: Merkle root, hex.
        checkpoints: Stored checkpoints whose signature and content held.
        at: When the last checkpoint was signed.
    """

    count: int
    size: int
    root: str
    checkpoints: int
    at: str


class Place(NamedTuple):
    """Where reading stopped.

    Attributes:
        size: Entries that fitted; the index of the misfit.
        link: Link after them; ``before`` without the last of them.
        last_id: Of the last entry that fitted.
        signed: Most entries that any stored checkpoint covers.
    """

    size: int
    link: bytes
    before: bytes
    last_id: str | None
    signed: int


def explain(fault: Fault, row: Row, place: Place, rest: Iterator[Row]) -> Break:
    """What happened around the first entry that does not fit."""
    at = place.size
    if fault is Fault.DELETED:
        text = f"entry {at} is missing; the next one there is {row.idx} ({row.id})"
        return Break(fault, at, None, text, max(at, whole(row.idx) - 1))
    if fault is Fault.INSERTED:
        return Break(fault, at, row.id, f"its index {row.idx!r} was already taken", at)
    if fault is Fault.EDITED_COLUMNS:
        text = "its columns contradict its body: " + ", ".join(contradictions(row))
        return Break(fault, at, row.id, text, at)
    if fault is Fault.EDITED_BODY:
        return _body(row, place, next(rest, None))
    return _link(row, place, rest)


def _body(row: Row, place: Place, following: Row | None) -> Break:
    at, leaf = place.size, leaf_of(row)
    if (
        leaf is not None
        and following is not None
        and following.previous == chain_hash(place.link, leaf).hex()
    ):
        return Break(Fault.EDITED_LEAF, at, row.id, "its leaf was edited; its body is what was recorded", at)
    text = "its body is not what was recorded: it does not hash to its leaf"
    return Break(Fault.EDITED_BODY, at, row.id, text, at)


def _link(row: Row, place: Place, rest: Iterator[Row]) -> Break:
    """``row`` does not continue the chain: it, its neighbour, or an entry that is gone."""
    at, leaf = place.size, leaf_of(row) or b""
    if place.last_id is not None and row.previous == place.before.hex():
        text = f"entry {at} ({row.id}) continues what was before it: it was inserted"
        return Break(Fault.INSERTED, at - 1, place.last_id, text, at - 1)
    total, heir = at + 1, None  # the entry that continues the chain, if it lies further on
    for later in rest:
        if total == at + 1 and later.previous == chain_hash(place.link, leaf).hex():
            return Break(Fault.EDITED_LINK, at, row.id, "its link to the entry before was edited", at)
        if heir is None and later.previous == place.link.hex():
            heir = later
        total += 1
    if heir is not None and total > place.signed:
        return Break(Fault.INSERTED, at, row.id, f"it was inserted before {heir.id}", at)
    if heir is not None:
        text = f"the entry that belongs here is {heir.id}, now at {heir.idx}"
        return Break(Fault.REORDERED, at, row.id, text, max(at, whole(heir.idx)))
    if total < place.signed:
        text = f"{place.signed - total} of {place.signed} signed entries are gone, the first from before {row.id}"
        return Break(Fault.DELETED, at, None, text, at + place.signed - total - 1)
    if place.last_id is None:
        return Break(Fault.EDITED_LINK, at, row.id, "the first entry does not begin the chain", at)
    text = f"it was rewritten together with its leaf: entry {at} ({row.id}) continues another one"
    return Break(Fault.EDITED_BODY, at - 1, place.last_id, text, at - 1)


def leaf_of(row: Row) -> bytes | None:
    """Leaf of what the row holds now; None when that is not bytes."""
    return hashlib.sha256(b"\x00" + row.body).digest() if isinstance(row.body, bytes) else None


def above(number: object, size: int) -> bool:
    """Whether a column holds a number beyond ``size``."""
    return isinstance(number, int) and number > size


def whole(number: object) -> int:
    """A column's number, 0 for anything else."""
    return number if isinstance(number, int) else 0


def contradictions(row: Row) -> list[str]:
    """Columns that say something else than the body."""
    try:
        body = orjson.loads(row.body)
    except orjson.JSONDecodeError:
        return ["body"]
    if not isinstance(body, dict):
        return ["body"]
    here = row[1:7]  # the columns in their order; one comparison for the million rows where nothing is wrong
    there = tuple(map(body.get, _COLUMNS))
    return [] if there == here else [name for name, a, b in zip(_COLUMNS, there, here, strict=True) if a != b]
