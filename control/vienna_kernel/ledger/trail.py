"""The ledger: entries in one order, linked, under signed tree heads. Finds the first break and says what it is.

Holding an entry against the trail, in this order: its index follows; its body hashes to its leaf; its ``previous``
is the link so far; its columns say what its body says; the tree under each signed checkpoint has that root. Someone
who can edit rows can make all of it agree but the signatures; someone who can also cut the signatures is found by
any older checkpoint that was kept elsewhere (``witnessed``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from vienna_kernel.keyring import VerifyingKey
from vienna_kernel.ledger.breaks import (
    Break,
    Fault,
    Head,
    Place,
    Row,
    Verified,
    above,
    contradictions,
    explain,
    leaf_of,
    whole,
)
from vienna_kernel.ledger.checkpoint import Checkpoint, checkpoint_note, open_note, read_note, verifier_key
from vienna_kernel.ledger.entry import GENESIS, EntryType, chain_hash, entry_body, leaf_hash
from vienna_kernel.ledger.merkle import (
    Tree,
    consistency_proof,
    inclusion_proof,
    verify_consistency,
    verify_inclusion,
)

__all__ = [
    "GENESIS",
    "Break",
    "Checkpoint",
    "EntryType",
    "Fault",
    "Head",
    "Row",
    "Tree",
    "Verified",
    "chain_hash",
    "checkpoint_note",
    "consistency_proof",
    "entry_body",
    "inclusion_proof",
    "leaf_hash",
    "open_note",
    "read_note",
    "verifier_key",
    "verify_consistency",
    "verify_inclusion",
    "verify_rows",
]


def verify_rows(
    rows: Iterable[Row],
    *,
    checkpoints: Iterable[Head],
    key: VerifyingKey,
    witnessed: Sequence[str] = (),
) -> Break | Verified:
    """Hold every entry against the trail; the first break, or what was verified.

    ``rows`` come by index, ``checkpoints`` by size; both are read once, as streams. ``witnessed`` are notes of this
    log that were kept elsewhere. Total: whatever the columns hold gives an answer.
    """
    walk = _Walk(checkpoints, key)
    if (broken := walk.witness(witnessed)) is not None:
        return broken
    stream = iter(rows)
    for row in stream:
        fault = walk.take(row)
        if fault is not None:
            return explain(fault, row, walk.place(), stream)
        if walk.tree.size >= walk.due and (broken := walk.heads()) is not None:
            return walk.closer(broken, stream)
    return walk.end()


class _Walk:
    """A trail as far as it was read."""

    def __init__(self, checkpoints: Iterable[Head], key: VerifyingKey) -> None:
        self.key = key
        self.tree = Tree()
        self.link = self.before = GENESIS  # the link so far, and the one before the last entry
        self.last: Row | None = None
        self.stored = iter(checkpoints)
        self.next = next(self.stored, None)
        self.origin: str | None = None
        self.signed = 0  # entries under the last checkpoint that held
        self.signed_at = ""
        self.first_unsigned: str | None = None  # id of the entry right after it
        self.held = 0
        self.marks: list[Checkpoint] = []
        self.agreed = 0  # entries under the last checkpoint kept elsewhere that named this history
        self.first_disputed: str | None = None  # id of the entry right after it
        self.due = 0  # entries at which a checkpoint is to be held against the tree

    def witness(self, notes: Sequence[str]) -> Break | None:
        """Take notes that were kept elsewhere, oldest first."""
        for note in notes:
            said = open_note(note, self.key)
            if said is None:
                return Break(
                    Fault.CHECKPOINT, 0, None, "the checkpoint given was not signed by this log's key", 0
                )
            self.marks.append(said)
        self.marks.sort(key=lambda mark: mark.size)
        while self.marks and self.marks[0].size == 0:
            self.marks.pop(0)
        return None

    def take(self, row: Row) -> Fault | None:
        """Steps for one entry; the fault of the first that does not hold, else the entry is part of the walk."""
        if row.idx != self.tree.size:
            return Fault.DELETED if above(row.idx, self.tree.size) else Fault.INSERTED
        leaf = leaf_of(row)
        if leaf is None or row.leaf != leaf.hex():
            return Fault.EDITED_BODY
        if row.previous != self.link.hex():
            return Fault.EDITED_LINK
        if contradictions(row):
            return Fault.EDITED_COLUMNS
        if self.tree.size == self.signed:
            self.first_unsigned = row.id
        if self.tree.size == self.agreed:
            self.first_disputed = row.id
        self.before, self.link, self.last = self.link, chain_hash(self.link, leaf), row
        self.tree.append(leaf)
        return None

    def heads(self) -> Break | None:
        """Hold the tree against the checkpoints of its size."""
        while self.next is not None and not above(self.next.size, self.tree.size):
            broken = self._stored(self.next)
            if broken is not None:
                return broken
            self.next = next(self.stored, None)
        agreed = self.agreed
        while self.marks and self.marks[0].size <= self.tree.size:
            mark = self.marks.pop(0)
            if mark.root != self.tree.root() or mark.origin != (self.origin or mark.origin):
                when = f"signed at {mark.at} " if mark.at else ""
                text = f"a checkpoint {when}names another history of these entries"
                # our own checkpoints do not narrow it: those of a fork are signed as well
                return Break(Fault.FORKED, self.agreed, self.first_disputed, text, mark.size - 1)
            agreed = mark.size
        self.agreed = agreed
        sizes = [mark.size for mark in self.marks[:1]] + (
            [whole(self.next.size)] if self.next is not None else []
        )
        self.due = min(sizes, default=2**62)
        return None

    def _stored(self, head: Head) -> Break | None:
        last = max(self.tree.size - 1, 0)
        said = open_note(head.note, self.key) if isinstance(head.note, str) else None
        said_row = None if said is None else (said.size, said.root.hex(), said.at)
        if (
            said is None
            or said_row != (head.size, head.root, head.at)
            or said.origin != (self.origin or said.origin)
        ):
            why = (
                "is not signed by this log's key" if said is None else "says something else than its columns"
            )
            return Break(
                Fault.CHECKPOINT, last, self._id(), f"the checkpoint of size {head.size} {why}", last
            )
        if said.size != self.tree.size or said.root != self.tree.root():
            return self._range(Fault.REBUILT, f"these entries are not those that were signed at {said.at}")
        if head.head != self.link.hex():
            why = f"the checkpoint of size {head.size} has another head"
            return Break(Fault.CHECKPOINT, last, self._id(), why, last)
        self.origin, self.signed, self.signed_at, self.held = said.origin, said.size, said.at, self.held + 1
        self.first_unsigned = None
        return None

    def closer(self, broken: Break, rest: Iterator[Row]) -> Break:
        """The same break, told by the entry after it where that one's link says more than the checkpoint."""
        following = next(rest, None) if broken.fault is Fault.REBUILT else None
        if following is None or following.previous == self.link.hex():
            return broken
        return explain(Fault.EDITED_LINK, following, self.place(), rest)

    def end(self) -> Break | Verified:
        """Nothing follows."""
        if (broken := self.heads()) is not None:
            return broken
        size = self.tree.size
        if self.next is not None:
            text = f"the trail ends after {size} entries, a stored checkpoint covers {self.next.size}"
            return Break(Fault.CUT, size, None, text, max(size, whole(self.next.size) - 1))
        if self.signed != size:
            return self._range(Fault.UNSIGNED, "these entries have an index, and no checkpoint covers them")
        if self.marks:
            mark = self.marks[-1]
            text = (
                f"the trail ends after {size} entries; {mark.size} were signed at {mark.at}: restored or cut"
            )
            return Break(Fault.RESTORED, size, None, text, mark.size - 1)
        return Verified(size, self.signed, self.tree.root().hex(), self.held, self.signed_at)

    def place(self) -> Place:
        """Where the walk stands, for a diagnosis; reads the remaining checkpoints."""
        heads = [self.next, *self.stored] if self.next is not None else []
        signed = max((whole(head.size) for head in heads), default=self.signed)
        return Place(self.tree.size, self.link, self.before, self._id(), signed)

    def _range(self, fault: Fault, text: str) -> Break:
        return Break(fault, self.signed, self.first_unsigned, text, max(self.signed, self.tree.size - 1))

    def _id(self) -> str | None:
        return None if self.last is None else self.last.id
