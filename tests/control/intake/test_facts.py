"""What is known of an agent beside the call it makes."""

from __future__ import annotations

from datetime import timedelta

from planes import Control
from vienna_control.clock import FixedClock
from vienna_control.fleet import registry, trust
from vienna_control.intake.facts import _incidents
from vienna_control.store import Tx


async def test_the_record_is_trust_lost_within_a_day_by_what_the_agent_did(
    control: Control, clock: FixedClock
) -> None:
    store = control.app.store

    def found(tx: Tx) -> registry.Agent:
        return registry.register(
            tx, registry.Agent(id="agt-x", tenant="default", name="x"), actor="system", most=99
        )

    agent = await store.write(found)
    assert await store.write(lambda tx: _incidents(tx, agent)) == 0

    async def moved(to: float, actor: str = "system") -> None:
        def unit(tx: Tx) -> None:
            now = registry.by_id(tx.conn, agent.id)
            assert now is not None
            trust.move(tx, now, to, reason="r", actor=actor)

        await store.write(unit)

    await moved(49)
    await moved(52)  # earned
    await moved(10, actor="op-1")  # an operator's word is no act of the agent's
    assert await store.write(lambda tx: _incidents(tx, agent)) == 1
    clock.advance(timedelta(hours=20))
    for step in range(12):
        await moved(9 - step * 0.5)
    assert await store.write(lambda tx: _incidents(tx, agent)) == 10
    clock.advance(timedelta(hours=5))
    assert await store.write(lambda tx: _incidents(tx, agent)) == 10
    clock.advance(timedelta(hours=20))
    assert await store.write(lambda tx: _incidents(tx, agent)) == 0
