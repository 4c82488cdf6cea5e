"""Codes: once each, in their time, and not by guessing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest

from planes import NOW
from vienna_control.authority.sealing import Secret
from vienna_control.clock import FixedClock
from vienna_control.identity import operators
from vienna_control.identity.totp import Totp
from vienna_control.ports import UnavailableError
from vienna_control.store import Store

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


class Desk:
    """One operator with a secret, and codes at any distance from now."""

    def __init__(self, store: Store, totp: Totp, clock: FixedClock, operator: str) -> None:
        self.store, self.totp, self.clock, self.operator = store, totp, clock, operator

    def code(self, seconds: int = 0) -> str:
        return pyotp.TOTP(SECRET).at(self.clock.now() + timedelta(seconds=seconds))

    async def check(self, code: str, operator: str | None = None) -> bool:
        return await self.store.write(lambda tx: self.totp.check(tx, operator or self.operator, code))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    clock = FixedClock(NOW)
    store = Store.open(f"sqlite:///{tmp_path}/vienna.db", clock=clock)
    totp = Totp(Secret(b"s" * 32), clock)

    def enter(tx):  # type: ignore[no-untyped-def]
        operator = operators.enter(
            tx, tenant="t", email="a@b", role="approver", groups=(), password=None, actor="system"
        )
        totp.enrol(tx, operator, SECRET)
        return operator

    yield Desk(store, totp, clock, await store.write(enter))
    await store.close()


async def test_a_code_works_once(desk: Desk) -> None:
    code = desk.code()
    assert await desk.check(code)
    assert not await desk.check(code)


async def test_one_step_of_skew_either_way_and_no_more(desk: Desk) -> None:
    for seconds, good in ((-60, False), (60, False), (-30, True), (0, True), (30, True)):
        assert await desk.check(desk.code(seconds)) is good, seconds


async def test_an_earlier_code_than_the_last_used_is_refused(desk: Desk) -> None:
    assert await desk.check(desk.code(30))
    assert not await desk.check(desk.code())


async def test_five_wrong_codes_close_the_door_for_ten_minutes(desk: Desk) -> None:
    for _ in range(5):
        assert not await desk.check("000000")
    assert desk.totp.wait_seconds(desk.operator) > 0
    assert not await desk.check(desk.code())
    desk.clock.advance(timedelta(minutes=10, seconds=1))
    assert desk.totp.wait_seconds(desk.operator) == 0
    assert await desk.check(desk.code())


async def test_a_unit_taken_back_does_not_use_the_code_up(desk: Desk) -> None:
    def fails(tx):  # type: ignore[no-untyped-def]
        assert desk.totp.check(tx, desk.operator, desk.code())
        raise KeyError("later")

    with pytest.raises(KeyError):
        await desk.store.write(fails)
    assert await desk.check(desk.code())


@pytest.mark.parametrize("code", ["", "12", "abcdef", "１２３４５６", "000000\n", "0" * 400])
async def test_what_is_no_code(desk: Desk, code: str) -> None:
    assert not await desk.check(code)


async def test_guessing_at_an_offer_is_counted_too(desk: Desk) -> None:
    secret, _ = await desk.store.write(lambda tx: desk.totp.offer(tx, desk.operator))
    confirm = desk.totp.confirm
    for _ in range(5):
        assert await desk.store.write(lambda tx: confirm(tx, desk.operator, "000000")) is False
    code = pyotp.TOTP(secret).at(desk.clock.now())
    assert await desk.store.write(lambda tx: confirm(tx, desk.operator, code)) is False
    assert not await desk.check(desk.code())


async def test_nobody_and_somebody_without_a_secret(desk: Desk) -> None:
    assert not await desk.check(desk.code(), "op-none")
    plain = await desk.store.write(
        lambda tx: operators.enter(
            tx, tenant="t", email="c@d", role="viewer", groups=(), password=None, actor="system"
        )
    )
    assert not await desk.check(desk.code(), plain)
    assert not await desk.store.read(lambda conn: desk.totp.enrolled(conn, plain))
    assert await desk.store.read(lambda conn: desk.totp.enrolled(conn, desk.operator))


async def test_a_secret_moved_to_another_row_does_not_open(desk: Desk) -> None:
    def move(tx):  # type: ignore[no-untyped-def]
        other = operators.enter(
            tx, tenant="t", email="e@f", role="viewer", groups=(), password=None, actor="system"
        )
        tx.conn.exec_driver_sql(
            "UPDATE operators SET totp = (SELECT totp FROM operators WHERE email = 'a@b')"
        )
        return other

    other = await desk.store.write(move)
    with pytest.raises(UnavailableError):
        await desk.check(desk.code(), other)
