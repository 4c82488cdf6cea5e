"""The books: bounded however long the history, found by index, and the same as the kernel's own arithmetic."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from planes import NOW
from vienna_control import rows
from vienna_control.budgets import books, ending
from vienna_control.clock import FixedClock
from vienna_control.store import Store, Tx
from vienna_control.store.tables import agents, intents, warrants
from vienna_kernel.budget.account import SLOTS, Account
from vienna_kernel.budget.claim import Claim
from vienna_kernel.budget.definition import Budget
from vienna_kernel.budget.settlement import Ended
from vienna_kernel.verification import Result

CALLS = Budget.model_validate({"name": "calls", "window": "1h", "max": 1000, "over": "count"})
OTHER = Budget.model_validate({"name": "other", "window": "1d", "max": 10, "over": "count", "per": "tenant"})
MATCH = Ended(result=Result.MATCH, status=200)


@pytest.fixture
async def store(tmp_path: Path, clock: FixedClock) -> AsyncIterator[Store]:
    opened = Store.open(f"sqlite:///{tmp_path / 'v.db'}", clock=clock)
    await opened.write(_agent)
    yield opened
    await opened.close()


def _agent(tx: Tx) -> None:
    rows.add(
        tx.conn,
        agents,
        id="agt-1",
        tenant="default",
        name="a",
        status="active",
        trust=50.0,
        enforcement="enforce",
        allowed_actions="[]",
        details="{}",
        created_at=tx.at,
    )


def issue(tx: Tx, n: int) -> str:
    """A warrant and its intent, as far as the books mind."""
    rows.add(
        tx.conn,
        intents,
        id=f"int-{n}",
        tenant="default",
        agent_id="agt-1",
        source="s",
        action="a",
        target="t",
        status="approved",
        grade="intercepted",
        tier="T0",
        meaning="[]",
        created_at=tx.at,
        updated_at=tx.at,
    )
    rows.add(
        tx.conn,
        warrants,
        id=f"wrt-{n}",
        tenant="default",
        intent_id=f"int-{n}",
        agent_id="agt-1",
        status="issued",
        tier="T0",
        token="x",
        kid="k",
        issued_at=tx.at,
        expires_at=tx.at,
    )
    return f"wrt-{n}"


def claims(amount: Any = 1, *budgets: Budget) -> list[Claim]:
    known = None if amount is None else Decimal(amount)
    return [Claim(budget=budget, key="agt-1", amount=known, account=None) for budget in budgets or (CALLS,)]


def reserve(tx: Tx, n: int, wanted: list[Claim]) -> str:
    warrant_id = issue(tx, n)
    books.reserve(tx, wanted, tenant="default", warrant_id=warrant_id, intent_id=f"int-{n}")
    return warrant_id


def read(tx: Tx, budget: Budget = CALLS, own: str | None = None, tenant: str = "default") -> Account:
    return books.of(tx.conn, tenant, tx.now, own=own)(budget, "agt-1")


async def test_an_account_that_nobody_booked_on_is_untouched(store: Store) -> None:
    account = await store.write(read)
    assert (account.spent, account.reserved, account.remaining) == (0, 0, 1000)


async def test_a_warrant_reserves_on_each_account_once(store: Store) -> None:
    def unit(tx: Tx) -> list[Account]:
        warrant_id = reserve(tx, 1, claims("2.5", CALLS, OTHER))
        books.reserve(tx, claims(5), tenant="default", warrant_id=warrant_id, intent_id="int-1")
        reserve(tx, 2, claims(None))
        return [read(tx), read(tx, OTHER), read(tx, own="int-1"), read(tx, tenant="elsewhere")]

    found = await store.write(unit)
    assert [account.reserved for account in found] == [Decimal("2.5"), Decimal("2.5"), 0, 0]


async def test_a_reservation_ends_once(store: Store) -> None:
    def unit(tx: Tx) -> list[Any]:
        used, freed = reserve(tx, 1, claims(2)), reserve(tx, 2, claims(3))
        told = [
            ending.with_outcome(tx, used, MATCH),
            ending.with_outcome(tx, used, MATCH),
            ending.unused(tx, used),
            ending.unused(tx, freed),
            ending.unused(tx, freed),
        ]
        account = read(tx)
        return [[[row["state"] for row in rows] for rows in told], account.spent, account.reserved]

    assert await store.write(unit) == [[["settled"], [], [], ["released"], []], 2, 0]


async def test_what_is_kept_is_corrected_where_it_was_dated(store: Store, clock: FixedClock) -> None:
    lost = Ended(result=Result.AMBIGUOUS, lost=True)
    await store.write(lambda tx: ending.with_outcome(tx, reserve(tx, 1, claims(5)), lost))
    clock.advance(timedelta(minutes=30))
    await store.write(lambda tx: ending.with_outcome(tx, reserve(tx, 2, claims(1)), MATCH))
    assert (await store.write(read)).spent == 6
    failed = Ended(result=Result.FAILED, status=402)
    await store.write(lambda tx: ending.with_outcome(tx, "wrt-1", failed))
    assert (await store.write(read)).spent == 1
    clock.advance(timedelta(minutes=31))
    assert (await store.write(read)).spent == 1
    clock.advance(timedelta(minutes=30))
    assert (await store.write(read)).spent == 0


async def test_no_history_makes_a_window_longer_to_read(store: Store, clock: FixedClock) -> None:
    for hour in range(3):

        def unit(tx: Tx, hour: int = hour) -> int:
            for n in range(200):
                tx.now = NOW + timedelta(hours=hour, seconds=18 * n)
                ending.with_outcome(tx, reserve(tx, 1000 * hour + n, claims(1)), MATCH)
            return len(read(tx).slots)

        assert await store.write(unit) <= SLOTS + 1
    clock.advance(timedelta(hours=3))
    account = await store.write(read)
    assert account.spent == 200


@pytest.mark.parametrize(
    "query",
    [
        "select ends, spent from budget_slots where account_id = 'a' and ends > 'b'",
        "select 1 from budget_reservations where warrant_id = 'a' and (state = 'reserved' or state = 'kept')",
        "select 1 from budget_reservations where intent_id = 'a' and state = 'reserved'",
        "select 1 from budget_accounts where tenant = 'a' and name = 'b'",
    ],
)
async def test_everything_is_found_by_an_index(store: Store, query: str) -> None:
    plan = await store.read(lambda conn: conn.execute(text(f"explain query plan {query}")).all())
    assert ["SEARCH" in row[-1] for row in plan] == [True]


def test_accounts_have_names_of_their_own() -> None:
    same = books.account_id("default", CALLS, "agt-1")
    assert books.account_id("default", CALLS.model_copy(update={"max": 5, "window": 60}), "agt-1") == same
    others = {
        books.account_id("default", CALLS, "agt-2"),
        books.account_id("other", CALLS, "agt-1"),
        books.account_id("default", OTHER, "agt-1"),
    }
    assert len(others - {same}) == 3
