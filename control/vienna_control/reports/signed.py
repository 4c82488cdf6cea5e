"""What the trail says of a period: the signed tree heads at both ends, and whether all between them holds."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from vienna_control import rows
from vienna_control.audit import verify_store
from vienna_control.reports.content import Asked, Cell, Section
from vienna_control.reports.figures import within
from vienna_control.store.tables import checkpoints, entries
from vienna_kernel.keyring import VerifyingKey
from vienna_kernel.ledger.trail import Break


def trail(
    conn: Connection, asked: Asked, key: VerifyingKey, *, witnessed: Sequence[str] = ()
) -> list[Section]:
    """The last checkpoint before the period, the first that covers all of it, and the verification up to there.

    ``witnessed``: notes that were kept outside the database.
    """
    inside = (entries.c.tenant == asked.tenant, *within(asked, entries.c.at))
    first, last, count = conn.execute(
        select(func.min(entries.c.idx), func.max(entries.c.idx), func.count()).where(*inside)
    ).one()
    pending = conn.scalar(select(func.count()).where(*inside, entries.c.idx.is_(None))) or 0
    told: list[tuple[Cell, ...]] = [
        ("entries", count),
        ("first index", first),
        ("last index", last),
        ("not yet signed", pending),
        ("verification", _verified(conn, key, witnessed, first, last)),
    ]
    start, end = _entries_before(conn, asked.since), _entries_before(conn, asked.until)
    before = select(checkpoints).where(checkpoints.c.size <= start).order_by(checkpoints.c.size.desc())
    after = select(checkpoints).where(checkpoints.c.size >= end).order_by(checkpoints.c.size)
    heads = [
        (name, row["size"], row["root"], row["at"], row["note"])
        for name, query in (("at the start", before), ("at the end", after))
        if (row := rows.first(conn, query.limit(1))) is not None
    ]
    kinds = (
        select(entries.c.type, func.count()).where(*inside).group_by(entries.c.type).order_by(entries.c.type)
    )
    return [
        Section("trail", "The audit trail of the period", ("What", "Value"), told),
        Section(
            "checkpoints",
            "Signed tree heads",
            ("Where", "Entries", "Root", "At", "Signed note"),
            heads,
            "" if len(heads) > 1 else "There is none before the trail's first entry.",
        ),
        Section(
            "entry_types", "Entries by type", ("Type", "Entries"), [tuple(row) for row in conn.execute(kinds)]
        ),
    ]


def _entries_before(conn: Connection, instant: str) -> int:
    """How large the trail was then; it is of all tenants."""
    last: int | None = conn.scalar(select(func.max(entries.c.idx)).where(entries.c.at < instant))
    return 0 if last is None else last + 1


def _verified(
    conn: Connection, key: VerifyingKey, witnessed: Sequence[str], first: int | None, last: int | None
) -> str:
    """One sentence. The whole trail is held against its signatures: a range alone proves nothing."""
    found = verify_store(conn, key, witnessed=witnessed).result
    if not isinstance(found, Break):
        return f"holds: {found.count} entries from the first on, signed {found.at or 'not at all'}"
    where = f"entry {found.index}" + (f" ({found.id})" if found.id else "")
    if first is None or last is None or found.index > last:
        return f"holds in the period; broken after it at {where}: {found.detail}"
    inside = "within" if found.index >= first else "before"
    return f"broken {inside} the period at {where}: {found.detail}"
