"""Every single manipulation of a small trail, performed: none is taken for the trail that was signed.

Whoever edits rows may make everything agree that a row carries (leaf, link, index); the signatures still tell. Whoever
also cuts the signatures is found by one that was kept elsewhere, and it is said here exactly when by nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations, permutations, product
from types import ModuleType
from typing import Any

import pytest

from mutant import must_die
from vienna_kernel.ledger import trail as trail_module
from vienna_kernel.ledger.breaks import Break, Head, Row, Verified
from vienna_kernel.ledger.checkpoint import checkpoint_note
from vienna_kernel.ledger.entry import GENESIS, EntryType, chain_hash, entry_body, leaf_hash
from vienna_kernel.ledger.merkle import Tree
from vienna_kernel.signing import SigningKey

KEY = SigningKey.generate_from(b"log".ljust(32, b"."))
COUNT, SIGNED = 6, (2, 4, 6)


def row(number: int, text: str = "") -> Row:
    fields = {"id": f"aud-{number}", "tenant": "t", "at": f"2026-01-05T10:00:{number:02}.000Z"}
    agent, intent = f"agt-{number}", None if number % 2 else f"int-{number}"
    body = entry_body(
        **fields,
        type=EntryType.ALERT,
        actor="system",
        agent_id=agent,
        intent_id=intent,
        data={"n": number, "text": text},
    )
    hashes = {"leaf": leaf_hash(body).hex(), "previous": ""}
    return Row(idx=number, type="alert", agent_id=agent, intent_id=intent, body=body, **hashes, **fields)


def renumbered(rows: list[Row]) -> list[Row]:
    return [one._replace(idx=at) for at, one in enumerate(rows)]


def relinked(rows: list[Row]) -> list[Row]:
    """Everything that a row carries made to agree, as a sequencer would."""
    link, out = GENESIS, []
    for at, one in enumerate(rows):
        leaf = leaf_hash(one.body)
        out.append(one._replace(idx=at, leaf=leaf.hex(), previous=link.hex()))
        link = chain_hash(link, leaf)
    return out


WAYS = (list, renumbered, relinked)


@dataclass(frozen=True)
class Trail:
    rows: tuple[Row, ...]
    heads: tuple[Head, ...]


@cache
def whole() -> Trail:
    rows = relinked([row(number) for number in range(COUNT)])
    tree, link, heads = Tree(), GENESIS, []
    for one in rows:
        leaf = bytes.fromhex(one.leaf)
        tree.append(leaf)
        link = chain_hash(link, leaf)
        if tree.size in SIGNED:
            at = f"2026-01-05T11:00:{tree.size:02}.000Z"
            note = checkpoint_note("vienna/test", tree.size, tree.root(), at, KEY)
            heads.append(Head(tree.size, tree.root().hex(), link.hex(), at, note))
    return Trail(tuple(rows), tuple(heads))


def agreeing(rows: list[Row]) -> list[Head]:
    """The checkpoints with the one column that nothing signs, the link, made to agree with these rows."""
    link, after = GENESIS, {}
    for one in rows:
        link = chain_hash(link, leaf_hash(one.body))
        after[one.idx + 1] = link.hex()
    return [head._replace(head=after.get(head.size, head.head)) for head in whole().heads]


def holds(m: ModuleType, rows: Any, heads: Any = None, *witnessed: str) -> bool:
    if heads is None and rows and rows == relinked(rows) and rows != list(whole().rows):
        assert not holds(m, rows, agreeing(rows), *witnessed)
    heads = whole().heads if heads is None else heads
    found = m.verify_rows(list(rows), checkpoints=list(heads), key=KEY.verifying(), witnessed=witnessed)
    assert isinstance(found, Break | Verified)
    if isinstance(found, Break):
        assert found.through >= found.index
        assert found.detail
    return isinstance(found, Verified)


def _texts(text: str) -> Iterator[str]:
    """A text with any one character changed, left out or doubled; cut; empty."""
    for at in range(len(text)):
        yield text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1 :]
        yield text[:at] + text[at].swapcase() + text[at + 1 :]
        yield text[:at] + text[at + 1 :]
        yield text[: at + 1] + text[at:]
    yield ""


def law_edit(m: ModuleType) -> int:
    """Any character of any column of any row, whatever is then made to agree with it."""
    rows, tried = whole().rows, 0
    assert holds(m, list(rows))
    for at, one in enumerate(rows):
        for column in Row._fields:
            value = getattr(one, column)
            edits: list[Any]
            if isinstance(value, bytes):
                edits = [
                    value[:i] + bytes([value[i] ^ bit]) + value[i + 1 :]
                    for i in range(len(value))
                    for bit in (1, 32)
                ]
            elif isinstance(value, str):
                edits = [*_texts(value), None, 7, value.encode()]
            else:
                edits = [-1, COUNT, 10**9, at + 1, at - 1, "0", "", b"", True] + (
                    [] if value is None else [None]
                )
            for edit in edits:
                # true is the number one, and nothing else, to everybody who reads it
                if type(edit) in (type(value), bool) and edit == value:
                    continue
                changed = [*rows[:at], one._replace(**{column: edit}), *rows[at + 1 :]]
                assert not holds(m, changed), (at, column, edit)
                tried += 1
                if column == "body":
                    leaf = leaf_hash(edit).hex()
                    hashed = [*rows[:at], one._replace(body=edit, leaf=leaf), *rows[at + 1 :]]
                    assert not holds(m, hashed), (at, edit)
                    assert not holds(m, relinked(changed)), (at, edit)
                    tried += 2
    return tried


def law_delete(m: ModuleType) -> int:
    """Any rows left out, one or several."""
    tried = 0
    for size in range(COUNT):
        for kept in combinations(whole().rows, size):
            for way in WAYS:
                assert not holds(m, way(list(kept))), (kept, way)
                tried += 1
    return tried


def law_insert(m: ModuleType) -> int:
    """One row more, anywhere: a new one, or one of the trail once more."""
    rows, tried = list(whole().rows), 0
    for at, new in product(range(COUNT + 1), (row(99), *rows)):
        for previous in (rows[at].previous if at < COUNT else whole().heads[-1].head, new.previous):
            for idx in (at, new.idx, COUNT, -1):
                added = [*rows[:at], new._replace(previous=previous, idx=idx), *rows[at:]]
                for way in WAYS:
                    assert not holds(m, way(added)), (at, new, way)
                    tried += 1
    return tried


def law_order(m: ModuleType) -> int:
    """Any other order: every permutation, and every two rows that change their contents only."""
    rows, tried = list(whole().rows), 0
    for order in permutations(range(COUNT)):
        for way in WAYS:
            assert holds(m, way([rows[at] for at in order])) == (order == tuple(range(COUNT)))
            tried += 1
    for one, two in combinations(range(COUNT), 2):
        swapped = list(rows)
        swapped[one] = rows[two]._replace(idx=one, previous=rows[one].previous)
        swapped[two] = rows[one]._replace(idx=two, previous=rows[two].previous)
        assert not holds(m, swapped)
        tried += 1
    return tried


def law_cut(m: ModuleType) -> dict[str, int]:
    """Every tail cut, with every choice of checkpoints left: it holds exactly where what is left was signed whole.

    A checkpoint kept elsewhere finds every one of them but the whole trail itself.
    """
    t, found = whole(), {"held": 0, "witnessed": 0, "tried": 0}
    for left in range(COUNT + 1):
        for size in range(len(SIGNED) + 1):
            for heads in combinations(t.heads, size):
                held = holds(m, t.rows[:left], heads)
                last = max((head.size for head in heads), default=0)
                assert held == (left == last), (left, heads)
                for kept in t.heads:
                    with_it = holds(m, t.rows[:left], heads, kept.note)
                    assert with_it == (held and left >= kept.size), (left, heads, kept.size)
                    found["witnessed"] += held and not with_it
                found["held"] += held
                found["tried"] += 1
    return found


def law_heads(m: ModuleType) -> int:
    """Any character of any column of any checkpoint; two of them swapped; one twice; one under another log's name."""
    t, tried = whole(), 0
    for at, head in enumerate(t.heads):
        for column in Head._fields:
            value = getattr(head, column)
            edits: list[Any] = (
                [*_texts(value), None, b""] if isinstance(value, str) else [0, -1, 1, 3, 5, 7, None, "2"]
            )
            for edit in edits:
                if edit == value:
                    continue
                changed = [*t.heads[:at], head._replace(**{column: edit}), *t.heads[at + 1 :]]
                assert not holds(m, t.rows, changed), (at, column, edit)
                tried += 1
        other = checkpoint_note("vienna/other", head.size, bytes.fromhex(head.root), head.at, KEY)
        if at:
            assert not holds(m, t.rows, [*t.heads[:at], head._replace(note=other), *t.heads[at + 1 :]])
        assert not holds(m, t.rows, None, other)
        assert not holds(m, t.rows, None, head.note.replace("—", "-"))
        tried += 3
    for order in permutations(t.heads):
        assert holds(m, t.rows, order) == (order == t.heads)
        tried += 1
    return tried


LAWS = (
    (law_edit, 9_000),
    (law_delete, 189),
    (law_insert, 1000),
    (law_order, 2175),
    (law_heads, 2000),
)


@pytest.mark.parametrize(("law", "least"), LAWS, ids=lambda law: getattr(law, "__name__", None))
def test_law(law: Any, least: int) -> None:
    assert law(trail_module) >= least


def test_a_cut_is_found_by_what_was_signed_and_kept() -> None:
    found = law_cut(trail_module)
    assert found["tried"] == 7 * 8
    assert found["held"] == 1 + 1 + 2 + 4  # nothing at all, and each signed size with any of those before it
    assert found["witnessed"] == 3 + 2 + 2  # … of which a checkpoint of a later size finds every one


@pytest.mark.parametrize(
    ("law", "old", "new"),
    [
        (law_edit, "if row.idx != self.tree.size:", "if False:"),
        (law_edit, "if leaf is None or row.leaf != leaf.hex():", "if leaf is None:"),
        (law_edit, "if row.previous != self.link.hex():", "if False:"),
        (law_edit, "if contradictions(row):", "if False:"),
        (law_edit, "said.size != self.tree.size or said.root != self.tree.root()", "said.size != self.tree.size"),
        (law_delete, "if self.next is not None:\n            text", "if False:\n            text"),
        (law_edit, "self.due = min(sizes, default=2**62)", "self.due = 2**62"),
        (law_insert, "if self.signed != size:", "if False:"),
        (law_order, "said.size != self.tree.size or said.root != self.tree.root()", "said.size != self.tree.size"),
        (law_cut, "if self.marks:\n            mark = self.marks[-1]", "if False:\n            mark = self.marks[-1]"),
        (law_cut, "if self.signed != size:", "if self.signed > size:"),
        (law_heads, "said_row != (head.size, head.root, head.at)", "False"),
        (law_heads, "or said.origin != (self.origin or said.origin)", ""),
        (law_heads, "if head.head != self.link.hex():", "if False:"),
        (law_heads, "or mark.origin != (self.origin or mark.origin)", ""),
    ],
)  # fmt: skip
def test_a_mutant_dies(law: Any, old: str, new: str) -> None:
    must_die(law, trail_module, old, new)
