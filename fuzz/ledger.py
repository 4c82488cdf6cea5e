"""Any bytes as a checkpoint, as the columns of a row, as one edit of a signed trail, as a proof.

An edited trail never holds, whatever was written where; nothing that this log did not sign is a checkpoint of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fuzz import law
from vienna_kernel.errors import MalformedError
from vienna_kernel.ledger.breaks import Break, Head, Row, Verified
from vienna_kernel.ledger.checkpoint import checkpoint_note, open_note, read_note
from vienna_kernel.ledger.entry import GENESIS, EntryType, chain_hash, entry_body, leaf_hash
from vienna_kernel.ledger.merkle import Tree, verify_consistency, verify_inclusion
from vienna_kernel.ledger.trail import verify_rows
from vienna_kernel.signing import SigningKey

KEY = SigningKey.generate_from(b"log".ljust(32, b"."))
AT = "2026-01-05T11:00:00.000Z"


def _trail() -> tuple[list[Row], list[Head]]:
    tree, link, rows, heads = Tree(), GENESIS, [], []
    for number in range(5):
        name = f"aud-{number}"
        body = entry_body(
            id=name,
            tenant="t",
            type=EntryType.ALERT,
            at=AT,
            actor="system",
            agent_id=None,
            intent_id="int-1",
            data={"n": number},
        )
        leaf = leaf_hash(body)
        rows.append(Row(number, name, "t", "alert", AT, None, "int-1", body, leaf.hex(), link.hex()))
        link = chain_hash(link, leaf)
        tree.append(leaf)
        if number in (2, 4):
            note = checkpoint_note("vienna/fuzz", tree.size, tree.root(), AT, KEY)
            heads.append(Head(tree.size, tree.root().hex(), link.hex(), AT, note))
    return rows, heads


ROWS, HEADS = _trail()
SEEDS = (
    *(head.note.encode() for head in HEADS),
    b"\x00\x02\x07\x01" + ROWS[2].body,  # the body of the third row, as it is
    b"\x00\x02\x08\x00" + ROWS[2].leaf.encode(),
    b"\x00\x01\x01\x00aud-1",
    b"\x01\x01\x04\x00" + HEADS[1].note.encode(),
    b"\x01\x00\x00\x023",
    bytes(40),
)


def as_note(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    said = open_note(text, KEY.verifying())
    law(said is None or text in [head.note for head in HEADS], "what this log did not sign is none of its")
    try:
        read_note(text)
    except MalformedError:
        law(said is None, "what has no reading was not signed")


def _value(kind: int, data: bytes) -> Any:
    """What these bytes stand for in a column: text, bytes, a number, nothing, or something else altogether."""
    text = data.decode("utf-8", "replace")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 30 else len(data)
    return (text, data, number, None, [text], True)[kind % 6]


def as_edit(data: bytes) -> None:
    if len(data) < 4:
        return
    rows, heads = list(ROWS), list(HEADS)
    table: list[Any] = rows if data[0] % 2 == 0 else heads
    at = data[1] % len(table)
    column = table[at]._fields[data[2] % len(table[at]._fields)]
    old, new = getattr(table[at], column), _value(data[3], data[4:])
    table[at] = table[at]._replace(**{column: new})
    found = verify_rows(rows, checkpoints=heads, key=KEY.verifying())
    # true is the number one, to everybody who reads it
    law(isinstance(found, Verified if old == new else Break), f"an edit of {column} is found")


def _values(data: bytes) -> Iterator[Any]:
    for part in (data.split(b"\n") * 20)[:20]:
        yield _value(part[0] if part else 3, part[1:])


def as_columns(data: bytes) -> None:
    values = list(_values(data))
    row, head = Row._make(values[:10]), Head._make(values[10:15])
    found = verify_rows([*ROWS, row], checkpoints=[*HEADS, head], key=KEY.verifying())
    law(isinstance(found, Break), "a row more is found")
    witnessed = [value for value in values[15:] if isinstance(value, str)]
    verify_rows([row], checkpoints=[head], key=KEY.verifying(), witnessed=witnessed)


def as_proof(data: bytes) -> None:
    first, second = (int.from_bytes(data[at : at + 1], "big", signed=True) for at in (0, 1))
    proof = [data[at : at + 32] for at in range(2, min(len(data), 600), 32)]
    root = bytes(32)
    law(not verify_inclusion(b"\x01" * 32, first, second, proof, root), "no proof by chance")
    held = verify_consistency(first, second, root, b"\x01" * 32, proof)
    law(not held, "no tree extends another by chance")


def one_input(data: bytes) -> None:
    for reading in (as_note, as_edit, as_columns, as_proof):
        reading(data)
