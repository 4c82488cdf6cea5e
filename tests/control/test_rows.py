"""Rows: defaults are kept, faults keep their type, and a failed statement takes back only its own unit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import bindparam, select
from sqlalchemy.exc import IntegrityError

from vienna_control import rows
from vienna_control.store import Store, Tx
from vienna_control.store.tables import agents, alerts, settings

SEVERITY = rows.Prepared(select(alerts.c.severity, alerts.c.text).where(alerts.c.id == bindparam("id")))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = Store.open(f"sqlite:///{tmp_path / 'v.db'}")
    yield opened
    await opened.close()


def alert(**more: Any) -> dict[str, Any]:
    return {"id": "alr-1", "tenant": "t", "severity": "info", "kind": "k", "text": "x", "at": "now", **more}


async def test_a_row_is_found_changed_and_its_absence_is_none(store: Store) -> None:
    def unit(tx: Tx) -> tuple[Any, int, int]:
        rows.add(tx.conn, alerts, **alert())
        found = SEVERITY.first(tx.conn, id="alr-1")
        changed = rows.change(tx.conn, alerts, "alr-1", severity="critical", text="y")
        return found, changed, rows.change(tx.conn, alerts, "alr-2", severity="critical")

    found, changed, none = await store.write(unit)
    assert (found, changed, none) == ({"severity": "info", "text": "x"}, 1, 0)
    seen = await store.read(
        lambda conn: (SEVERITY.scalar(conn, id="alr-1"), SEVERITY.first(conn, id="alr-2"))
    )
    assert seen == ("critical", None)


async def test_rows_of_one_key_of_several_columns_are_changed_and_all_are_read(store: Store) -> None:
    def unit(tx: Tx) -> tuple[int, int, list[Any]]:
        for n in range(3):
            rows.add(tx.conn, alerts, **alert(id=f"alr-{n}", kind="k" if n else "other"))
        changed = rows.change_by(tx.conn, alerts, {"tenant": "t", "kind": "k"}, severity="critical")
        none = rows.change_by(tx.conn, alerts, {"tenant": "u", "kind": "k"}, severity="warning")
        by_kind = select(alerts.c.id, alerts.c.severity).where(alerts.c.kind == bindparam("kind"))
        return changed, none, rows.Prepared(by_kind).every(tx.conn, kind="k")

    changed, none, found = await store.write(unit)
    assert (changed, none) == (2, 0)
    assert found == [{"id": "alr-1", "severity": "critical"}, {"id": "alr-2", "severity": "critical"}]


async def test_a_second_row_of_one_key_is_an_integrity_error_and_takes_back_its_unit(store: Store) -> None:
    await store.write(lambda tx: rows.add(tx.conn, alerts, **alert()))

    def twice(tx: Tx) -> None:
        rows.add(tx.conn, settings, name="s", value="1")
        rows.add(tx.conn, alerts, **alert())

    with pytest.raises(IntegrityError):
        await store.write(twice)
    left = await store.read(lambda conn: conn.scalar(select(settings.c.value).where(settings.c.name == "s")))
    assert left is None


async def test_columns_that_are_left_out_get_their_default(store: Store) -> None:

    def unit(tx: Tx) -> Any:
        rows.add(
            tx.conn,
            agents,
            id="agt-1",
            tenant="t",
            name="a",
            status="active",
            trust=50.0,
            enforcement="enforce",
            allowed_actions="[]",
            details="{}",
            created_at=tx.at,
        )
        return rows.first(tx.conn, select(agents.c.type, agents.c.description))

    row = await store.write(unit)
    assert dict(row) == {"type": "autonomous", "description": ""}


def test_json_columns_hold_sorted_compact_text_and_exact_decimals() -> None:

    assert rows.dump({"b": Decimal("1.50"), "a": [1]}) == '{"a":[1],"b":"1.50"}'
    assert rows.load(None) is None
    with pytest.raises(TypeError):
        rows.dump({"x": object()})
