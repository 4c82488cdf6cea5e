"""Every manipulation of a stored trail, performed, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from vienna_kernel.ledger.breaks import Break, Fault, Head, Row, Verified
from vienna_kernel.ledger.checkpoint import checkpoint_note
from vienna_kernel.ledger.entry import GENESIS, EntryType, chain_hash, entry_body, leaf_hash
from vienna_kernel.ledger.merkle import Tree
from vienna_kernel.ledger.trail import verify_rows
from vienna_kernel.signing import SigningKey

KEY = SigningKey.generate_from(b"log".ljust(32, b"."))
THIEF = SigningKey.generate_from(b"thief".ljust(32, b"."))
SIGNED = (3, 7, 10, 16)  # sizes at which a checkpoint was signed
COUNT = SIGNED[-1]


def _row(number: int, text: str = "") -> Row:
    fields = {"id": f"aud-{number}", "tenant": "default", "at": f"2026-01-05T10:00:{number:02}.000Z"}
    agent, intent = f"agt-{number % 3}", f"int-{number}" if number % 2 else None
    body = entry_body(
        **fields,
        type=EntryType.ALERT,
        actor="system",
        agent_id=agent,
        intent_id=intent,
        data={"n": number, "text": text or f"entry {number}"},
    )
    hashes = {"leaf": leaf_hash(body).hex(), "previous": ""}
    return Row(idx=number, type="alert", agent_id=agent, intent_id=intent, body=body, **hashes, **fields)


@dataclass
class Trail:
    rows: list[Row]
    heads: list[Head]

    def verify(self, *witnessed: str) -> Break | Verified:
        return verify_rows(self.rows, checkpoints=self.heads, key=KEY.verifying(), witnessed=witnessed)


def chained(rows: list[Row]) -> list[Row]:
    """The rows with index and link as a sequencer would give them."""
    link, out = GENESIS, []
    for number, row in enumerate(rows):
        out.append(row._replace(idx=number, previous=link.hex()))
        link = chain_hash(link, bytes.fromhex(row.leaf))
    return out


def signed(
    rows: list[Row], sizes: tuple[int, ...] = SIGNED, key: SigningKey = KEY, origin: str = "vienna/test"
) -> list[Head]:
    tree, link, heads = Tree(), GENESIS, []
    for row in rows:
        leaf = bytes.fromhex(row.leaf)
        tree.append(leaf)
        link = chain_hash(link, leaf)
        if tree.size in sizes:
            at = f"2026-01-05T11:00:{tree.size:02}.000Z"
            note = checkpoint_note(origin, tree.size, tree.root(), at, key)
            heads.append(Head(tree.size, tree.root().hex(), link.hex(), at, note))
    return heads


def trail(count: int = COUNT, text: Callable[[int], str] = lambda _: "") -> Trail:
    rows = chained([_row(number, text(number)) for number in range(count)])
    return Trail(rows, signed(rows, (*SIGNED, count)))


def broken(found: Break | Verified) -> tuple[Fault, int, str | None]:
    assert isinstance(found, Break), found
    assert found.through >= found.index
    return found.fault, found.index, found.id


def test_an_untouched_trail_holds() -> None:
    found = trail().verify()
    assert isinstance(found, Verified)
    assert (found.count, found.size, found.checkpoints, found.at) == (16, 16, 4, "2026-01-05T11:00:16.000Z")


def test_an_empty_trail_holds() -> None:
    assert isinstance(Trail([], []).verify(), Verified)


def test_a_trail_holds_against_every_checkpoint_that_was_kept() -> None:
    t = trail()
    assert isinstance(t.verify(*(head.note for head in t.heads)), Verified)


def test_a_checkpoint_kept_of_any_size_tells_this_history_from_another() -> None:
    """Each alone and all of them in either order; one of nothing at all says nothing of what came after."""
    t, every = trail(), tuple(range(1, COUNT + 1))
    nothing = checkpoint_note("vienna/test", 0, Tree().root(), "2026", KEY)
    ours = [nothing, nothing, *(head.note for head in signed(t.rows, every))]
    for notes in (*([note] for note in ours), ours, ours[::-1]):
        assert isinstance(t.verify(*notes), Verified)
    other = signed(chained([_row(0, "another past"), *t.rows[1:]]), every)
    for head in other:
        last = head.size - 1
        for notes, since in (([head.note], 0), ([head.note, *ours], last), ([*ours, head.note], last)):
            found = t.verify(*notes)
            assert broken(found) == (Fault.FORKED, since, f"aud-{since}")
            assert isinstance(found, Break)
            assert found.through == last
    undated = checkpoint_note("vienna/test", 3, bytes.fromhex(other[2].root), "", KEY)
    text = "a checkpoint names another history of these entries"
    assert t.verify(undated) == Break(Fault.FORKED, 0, "aud-0", text, 2)


@pytest.mark.parametrize("number", range(COUNT))
def test_a_fork_begins_after_what_was_kept_of_both_histories(number: int) -> None:
    """Its own checkpoints do not narrow it: whoever went on signed after each entry."""
    old, every = trail(), tuple(range(1, COUNT + 1))
    rows = chained([*old.rows[:number], *(_row(n, "another future") for n in range(number, COUNT))])
    fork = Trail(rows, signed(rows, every))
    assert isinstance(fork.verify(), Verified)
    for kept in (SIGNED, SIGNED[::-1], every):
        notes = {head.size: head.note for head in signed(old.rows, kept)}
        since = max((size for size in kept if size <= number), default=0)
        found = fork.verify(*(notes[size] for size in kept))
        assert broken(found) == (Fault.FORKED, since, f"aud-{since}")
        assert isinstance(found, Break)
        assert found.through == min(size for size in kept if size > number) - 1


def test_two_signed_checkpoints_of_one_size_that_differ_break_it() -> None:
    t = trail()
    other = signed(chained([_row(0, "another past"), *t.rows[1:]]))
    t.heads.insert(1, other[0])
    text = "these entries are not those that were signed at 2026-01-05T11:00:03.000Z"
    assert t.verify() == Break(Fault.REBUILT, 3, None, text, 3)


@pytest.mark.parametrize("number", range(COUNT))
def test_an_edited_body(number: int) -> None:
    t = trail()
    row = t.rows[number]
    t.rows[number] = row._replace(body=row.body.replace(b"entry", b"Entry"))
    assert broken(t.verify()) == (Fault.EDITED_BODY, number, f"aud-{number}")


@pytest.mark.parametrize("number", range(COUNT))
@pytest.mark.parametrize("body", [None, 7, "text"])
def test_a_body_that_is_no_bytes(number: int, body: Any) -> None:
    t = trail()
    t.rows[number] = t.rows[number]._replace(body=body)
    assert broken(t.verify()) == (Fault.EDITED_BODY, number, f"aud-{number}")
    t.rows[number] = t.rows[number]._replace(idx=number + 1)
    assert isinstance(t.verify(), Break)


@pytest.mark.parametrize("number", range(COUNT - 1))
def test_an_edited_leaf(number: int) -> None:
    t = trail()
    t.rows[number] = t.rows[number]._replace(leaf="00" * 32)
    assert broken(t.verify()) == (Fault.EDITED_LEAF, number, f"aud-{number}")


@pytest.mark.parametrize("number", range(COUNT - 1))
def test_a_body_edited_together_with_its_leaf(number: int) -> None:
    t = trail()
    t.rows[number] = _row(number, "rewritten")._replace(previous=t.rows[number].previous)
    assert broken(t.verify()) == (Fault.EDITED_BODY, number, f"aud-{number}")


def test_the_last_body_edited_together_with_its_leaf() -> None:
    t = trail()
    t.rows[-1] = _row(15, "rewritten")._replace(previous=t.rows[-1].previous)
    fault, index, _ = broken(t.verify())
    assert (fault, index) == (Fault.REBUILT, 10)


@pytest.mark.parametrize("number", range(COUNT - 1))
def test_an_edited_link(number: int) -> None:
    t = trail()
    t.rows[number] = t.rows[number]._replace(previous="11" * 32)
    assert broken(t.verify()) == (Fault.EDITED_LINK, number, f"aud-{number}")


@pytest.mark.parametrize("column", ["id", "tenant", "type", "at", "agent_id", "intent_id"])
def test_an_edited_column_that_contradicts_the_body(column: str) -> None:
    t = trail()
    t.rows[5] = t.rows[5]._replace(**{column: "other"})
    found = t.verify()
    assert broken(found)[:2] == (Fault.EDITED_COLUMNS, 5)
    assert isinstance(found, Break)
    assert column in found.detail


@pytest.mark.parametrize("number", range(COUNT - 1))
def test_a_deleted_entry(number: int) -> None:
    t = trail()
    del t.rows[number]
    assert broken(t.verify()) == (Fault.DELETED, number, None)


@pytest.mark.parametrize("number", range(COUNT - 1))
@pytest.mark.parametrize("many", [1, 2])
def test_deleted_entries_with_the_rest_renumbered(number: int, many: int) -> None:
    t = trail()
    del t.rows[number : number + many]
    t.rows = [row._replace(idx=place) for place, row in enumerate(t.rows)]
    fault, index, _ = broken(t.verify())
    expected = Fault.DELETED if len(t.rows) > number else Fault.CUT
    assert (fault, index) == (expected, number)


@pytest.mark.parametrize("number", range(COUNT))
@pytest.mark.parametrize("link", ["right", "wrong"])
def test_an_inserted_entry(number: int, link: str) -> None:
    t = trail()
    new = _row(99)._replace(previous=t.rows[number].previous if link == "right" else "22" * 32)
    t.rows = [row._replace(idx=at) for at, row in enumerate([*t.rows[:number], new, *t.rows[number:]])]
    assert broken(t.verify()) == (Fault.INSERTED, number, "aud-99")


def test_an_entry_added_after_the_last() -> None:
    t = trail()
    t.rows = chained([*t.rows, _row(99)])
    assert broken(t.verify()) == (Fault.UNSIGNED, 16, "aud-99")


def test_an_index_taken_twice() -> None:
    t = trail()
    t.rows.insert(5, _row(99)._replace(idx=4))
    assert broken(t.verify()) == (Fault.INSERTED, 5, "aud-99")


@pytest.mark.parametrize(("one", "other"), [(0, 1), (3, 4), (2, 9), (0, 15), (14, 15)])
def test_swapped_entries(one: int, other: int) -> None:
    t = trail()
    a, b = t.rows[one], t.rows[other]
    t.rows[one], t.rows[other] = b._replace(idx=one), a._replace(idx=other)
    assert broken(t.verify()) == (Fault.REORDERED, one, f"aud-{other}")


@pytest.mark.parametrize(("one", "other"), [(0, 1), (3, 4), (2, 9), (0, 15)])
def test_swapped_contents(one: int, other: int) -> None:
    """Everything but index and link changes places."""
    t = trail()
    a, b = t.rows[one], t.rows[other]
    t.rows[one] = b._replace(idx=one, previous=a.previous)
    t.rows[other] = a._replace(idx=other, previous=b.previous)
    assert broken(t.verify()) == (Fault.EDITED_BODY, one, f"aud-{other}")


def test_a_rotated_stretch() -> None:
    t = trail()
    t.rows[4:9] = [row._replace(idx=4 + at) for at, row in enumerate([*t.rows[5:9], t.rows[4]])]
    assert broken(t.verify()) == (Fault.REORDERED, 4, "aud-5")


@pytest.mark.parametrize("left", range(COUNT))
def test_a_cut_tail(left: int) -> None:
    t = trail()
    del t.rows[left:]
    assert broken(t.verify()) == (Fault.CUT, left, None)


@pytest.mark.parametrize("left", [0, *SIGNED[:-1]])
def test_a_tail_cut_together_with_its_checkpoints_is_found_by_one_kept_elsewhere(left: int) -> None:
    t = trail()
    kept = t.heads[-1].note
    t.rows, t.heads = t.rows[:left], [head for head in t.heads if head.size <= left]
    assert isinstance(t.verify(), Verified)
    assert broken(t.verify(kept)) == (Fault.RESTORED, left, None)


def test_a_restored_backup_that_went_on_is_a_fork() -> None:
    old = trail()
    kept = old.heads[-1].note
    rows = chained([*old.rows[:10], *(_row(number, "another future") for number in range(10, 20))])
    restored = Trail(rows, [*old.heads[:3], *signed(rows, (18, 20))])
    assert isinstance(restored.verify(), Verified)
    assert broken(restored.verify(kept)) == (Fault.FORKED, 0, "aud-0")
    assert broken(restored.verify(old.heads[2].note, kept)) == (Fault.FORKED, 10, "aud-10")


@pytest.mark.parametrize("number", range(COUNT))
def test_a_rebuilt_chain(number: int) -> None:
    """The rows after an edit are linked anew; only the signatures still tell."""
    t = trail()
    before = max((size for size in SIGNED if size <= number), default=0)
    t.rows = chained([*t.rows[:number], _row(number, "rewritten"), *t.rows[number + 1 :]])
    found = t.verify()
    assert broken(found) == (Fault.REBUILT, before, f"aud-{before}")
    assert isinstance(found, Break)
    assert found.index <= number <= found.through


def test_a_chain_rebuilt_with_checkpoints_by_another_key() -> None:
    t = trail()
    t.rows = chained([*t.rows[:5], _row(5, "rewritten"), *t.rows[6:]])
    t.heads = signed(t.rows, key=THIEF)
    assert broken(t.verify())[0] is Fault.CHECKPOINT


def test_a_chain_rebuilt_without_checkpoints() -> None:
    t = trail()
    t.rows, t.heads = chained([*t.rows[:5], _row(5, "rewritten"), *t.rows[6:]]), []
    assert broken(t.verify()) == (Fault.UNSIGNED, 0, "aud-0")


@pytest.mark.parametrize("column", ["size", "root", "head", "at", "note"])
@pytest.mark.parametrize("number", range(len(SIGNED)))
def test_an_edited_checkpoint(number: int, column: str) -> None:
    t = trail()
    value: Any = t.heads[number].size + 1 if column == "size" else "00" * 32
    t.heads[number] = t.heads[number]._replace(**{column: value})
    # a checkpoint said to be of one entry more is held there, and the last one beyond the end
    late = column == "size"
    fault = Fault.CUT if late and number == len(SIGNED) - 1 else Fault.CHECKPOINT
    assert broken(t.verify())[:2] == (fault, SIGNED[number] - 1 + late)


@pytest.mark.parametrize("note", [None, 7, b"", b"note"], ids=repr)
def test_a_note_that_is_no_text(note: Any) -> None:
    t = trail()
    t.heads[1] = t.heads[1]._replace(note=note)
    assert broken(t.verify()) == (Fault.CHECKPOINT, 6, "aud-6")


def test_what_follows_an_edited_checkpoint_is_not_read() -> None:
    t = trail()
    t.heads[1] = t.heads[1]._replace(note="x")
    t.rows[7] = t.rows[7]._replace(previous="11" * 32)
    assert broken(t.verify()) == (Fault.CHECKPOINT, 6, "aud-6")


def test_a_checkpoint_of_nothing_is_held_against_nothing() -> None:
    at = "2026-01-05T11:00:00.000Z"
    root = Tree().root()
    head = Head(0, root.hex(), GENESIS.hex(), at, checkpoint_note("vienna/test", 0, root, at, KEY))
    assert Trail([], [head]).verify() == Verified(0, 0, root.hex(), 1, at)
    stolen = head._replace(note=checkpoint_note("vienna/test", 0, root, at, THIEF))
    for wrong in (stolen, head._replace(head="00"), head._replace(at="")):
        assert broken(Trail([], [wrong]).verify()) == (Fault.CHECKPOINT, 0, None)


def test_a_checkpoint_of_another_log_among_ours() -> None:
    t = trail()
    t.heads[1] = signed(t.rows, (7,), origin="vienna/other")[0]
    assert broken(t.verify())[:2] == (Fault.CHECKPOINT, 6)


@pytest.mark.parametrize("size", SIGNED)
def test_a_kept_checkpoint_of_another_log_names_another_history(size: int) -> None:
    t = trail()
    other = signed(t.rows, (size,), origin="vienna/other")[0].note
    assert broken(t.verify(other)) == (Fault.FORKED, 0, "aud-0")


def test_a_kept_checkpoint_that_is_not_ours_is_said_to_be_none() -> None:
    t = trail()
    assert broken(t.verify(signed(t.rows, key=THIEF)[0].note))[0] is Fault.CHECKPOINT
    assert broken(t.verify("no note at all"))[0] is Fault.CHECKPOINT


def _edit(number: int, **columns: Any) -> Callable[[Trail], None]:
    def edit(t: Trail) -> None:
        t.rows[number] = t.rows[number]._replace(**columns)

    return edit


def _head(number: int, **columns: Any) -> Callable[[Trail], None]:
    def edit(t: Trail) -> None:
        t.heads[number] = t.heads[number]._replace(**columns)

    return edit


def _arrange(*order: int, renumber: bool = True) -> Callable[[Trail], None]:
    """The rows of these numbers in this order; 99 is one that was never recorded."""

    def arrange(t: Trail) -> None:
        new = _row(99)._replace(previous="22" * 32)
        rows = [new if number == 99 else t.rows[number] for number in order]
        t.rows = [row._replace(idx=at) for at, row in enumerate(rows)] if renumber else rows

    return arrange


def _rewrite(number: int) -> Callable[[Trail], None]:
    def rewrite(t: Trail) -> None:
        t.rows[number] = _row(number, "rewritten")._replace(previous=t.rows[number].previous)

    return rewrite


def _rebuild(t: Trail) -> None:
    t.rows = chained([*t.rows[:5], _row(5, "rewritten"), *t.rows[6:]])


def _lone(t: Trail) -> None:
    t.rows, t.heads = [t.rows[0]._replace(previous="11" * 32)], []


ALL = tuple(range(COUNT))


@pytest.mark.parametrize(
    ("manipulate", "index", "id", "through", "detail"),
    [
        (
            _arrange(*ALL[:5], *ALL[8:], renumber=False),
            5,
            None,
            7,
            "entry 5 is missing; the next one there is 8 (aud-8)",
        ),
        (
            _arrange(*ALL[:5], *ALL[8:]),
            5,
            None,
            7,
            "3 of 16 signed entries are gone, the first from before aud-8",
        ),
        (_arrange(*ALL[:12]), 12, None, 15, "the trail ends after 12 entries, a stored checkpoint covers 16"),
        (_edit(5, idx=4), 5, "aud-5", 5, "its index 4 was already taken"),
        (_edit(5, at="x", id="y"), 5, "y", 5, "its columns contradict its body: id, at"),
        (_edit(5, leaf="00" * 32), 5, "aud-5", 5, "its leaf was edited; its body is what was recorded"),
        (
            _edit(5, body=b"{}"),
            5,
            "aud-5",
            5,
            "its body is not what was recorded: it does not hash to its leaf",
        ),
        (_edit(5, previous="11" * 32), 5, "aud-5", 5, "its link to the entry before was edited"),
        (_lone, 0, "aud-0", 0, "the first entry does not begin the chain"),
        (
            _arrange(0, 1, 9, *ALL[3:9], 2, *ALL[10:]),
            2,
            "aud-9",
            9,
            "the entry that belongs here is aud-2, now at 9",
        ),
        (_arrange(*ALL[:5], 99, *ALL[5:]), 5, "aud-99", 5, "it was inserted before aud-5"),
        (
            _rewrite(5),
            5,
            "aud-5",
            5,
            "it was rewritten together with its leaf: entry 6 (aud-6) continues another one",
        ),
        (_rebuild, 3, "aud-3", 6, "these entries are not those that were signed at 2026-01-05T11:00:07.000Z"),
        (_head(1, size=8), 7, "aud-7", 7, "the checkpoint of size 8 says something else than its columns"),
        (
            _head(1, root="00" * 32),
            6,
            "aud-6",
            6,
            "the checkpoint of size 7 says something else than its columns",
        ),
        (_head(1, at="x"), 6, "aud-6", 6, "the checkpoint of size 7 says something else than its columns"),
        (_head(1, head="00" * 32), 6, "aud-6", 6, "the checkpoint of size 7 has another head"),
        (_head(1, note="x"), 6, "aud-6", 6, "the checkpoint of size 7 is not signed by this log's key"),
    ],
)
def test_what_is_said_of_a_break(
    manipulate: Callable[[Trail], None], index: int, id: str | None, through: int, detail: str
) -> None:
    t = trail()
    manipulate(t)
    found = t.verify()
    assert isinstance(found, Break)
    assert (found.index, found.id, found.through, found.detail) == (index, id, through, detail)


def test_what_is_said_of_an_entry_that_continues_what_was_before_it() -> None:
    t = trail()
    new = _row(99)._replace(previous=t.rows[5].previous)
    t.rows = [row._replace(idx=at) for at, row in enumerate([*t.rows[:5], new, *t.rows[5:]])]
    text = "entry 6 (aud-5) continues what was before it: it was inserted"
    assert t.verify() == Break(Fault.INSERTED, 5, "aud-99", text, 5)


def test_a_lone_entry_that_does_not_begin_the_chain() -> None:
    t = trail()
    _lone(t)
    assert broken(t.verify()) == (Fault.EDITED_LINK, 0, "aud-0")


def test_of_several_entries_that_would_follow_the_first_is_named() -> None:
    t = trail()
    new, double = (_row(n)._replace(previous=link) for n, link in ((99, "22" * 32), (98, t.rows[5].previous)))
    t.rows = [row._replace(idx=at) for at, row in enumerate([*t.rows[:5], new, *t.rows[5:], double])]
    assert t.verify() == Break(Fault.INSERTED, 5, "aud-99", "it was inserted before aud-5", 5)


@pytest.mark.parametrize("size", SIGNED[:-1])
def test_an_entry_that_is_no_bytes_says_by_its_link_what_stood_before_it(size: int) -> None:
    t = trail()
    t.rows[size - 1] = _row(size - 1, "rewritten")._replace(previous=t.rows[size - 1].previous)
    t.rows[size] = t.rows[size]._replace(body=None)  # type: ignore[arg-type]
    assert broken(t.verify()) == (Fault.EDITED_BODY, size - 1, f"aud-{size - 1}")


def test_what_is_said_where_only_a_kept_checkpoint_tells() -> None:
    t = trail()
    kept = t.heads[-1].note
    t.rows, t.heads = t.rows[:10], t.heads[:3]
    when = "2026-01-05T11:00:16.000Z"
    text = f"the trail ends after 10 entries; 16 were signed at {when}: restored or cut"
    assert t.verify(kept) == Break(Fault.RESTORED, 10, None, text, 15)
    t.rows = chained([*t.rows, *(_row(number, "another future") for number in range(10, 20))])
    t.heads += signed(t.rows, (18, 20))
    text = f"a checkpoint signed at {when} names another history of these entries"
    assert t.verify(kept) == Break(Fault.FORKED, 0, "aud-0", text, 15)
    text = "the checkpoint given was not signed by this log's key"
    assert t.verify("no note") == Break(Fault.CHECKPOINT, 0, None, text, 0)


def test_an_untouched_trail_tells_its_last_root() -> None:
    t = trail()
    assert t.verify() == Verified(16, 16, t.heads[-1].root, 4, t.heads[-1].at)
    assert Trail([], []).verify() == Verified(0, 0, Tree().root().hex(), 0, "")


@given(st.data())
def test_any_single_byte_edit_is_found(data: st.DataObject) -> None:
    t = trail()
    in_rows = data.draw(st.booleans())
    table: list[Any] = t.rows if in_rows else t.heads
    at = data.draw(st.integers(0, len(table) - 1))
    column = data.draw(st.sampled_from(table[at]._fields))
    value = getattr(table[at], column)
    if isinstance(value, str):
        place = data.draw(st.integers(0, max(len(value) - 1, 0)))
        edited: Any = value[:place] + data.draw(st.characters()) + value[place + 1 :]
    elif isinstance(value, bytes):
        place = data.draw(st.integers(0, len(value) - 1))
        edited = value[:place] + data.draw(st.binary(min_size=1, max_size=1)) + value[place + 1 :]
    else:
        edited = data.draw(st.integers(0, 20) | st.none() | st.text(max_size=3))
    assume(edited != value)
    table[at] = table[at]._replace(**{column: edited})
    assert isinstance(t.verify(), Break)


@given(st.permutations(range(COUNT)))
def test_any_other_order_is_found(order: list[int]) -> None:
    t = trail()
    rows = [t.rows[number] for number in order]
    for renumbered in (rows, [row._replace(idx=at) for at, row in enumerate(rows)], chained(rows)):
        found = Trail(list(renumbered), t.heads).verify()
        assert isinstance(found, Verified) == (order == list(range(COUNT)))


@given(st.sets(st.integers(0, COUNT - 1), min_size=1))
def test_any_missing_entries_are_found(missing: set[int]) -> None:
    t = trail()
    rows = [row for row in t.rows if row.idx not in missing]
    for left in (rows, [row._replace(idx=at) for at, row in enumerate(rows)], chained(rows)):
        assert isinstance(Trail(list(left), t.heads).verify(), Break)


@given(
    st.lists(
        st.tuples(*[st.none() | st.integers() | st.text(max_size=8) | st.binary(max_size=8)] * 10), max_size=3
    )
)
def test_whatever_the_columns_hold_gives_an_answer(rows: list[tuple[Any, ...]]) -> None:
    t = trail(3)
    verify_rows([*t.rows, *map(Row._make, rows)], checkpoints=t.heads, key=KEY.verifying())
    verify_rows(map(Row._make, rows), checkpoints=[Head._make(row[:5]) for row in rows], key=KEY.verifying())
