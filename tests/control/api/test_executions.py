"""Who may tell an outcome: whoever took the warrant's one use, and nobody in its place."""

from __future__ import annotations

from gate_end import gate, request
from planes import Control

ORDER = ("GET", "https://payments.example/v1/orders/ORD-1")


async def test_an_agent_cannot_tell_the_outcome_of_a_call_that_its_gate_sent(control: Control) -> None:
    """Else it would settle the execution before the gate has seen the answer, and drift would not count."""
    async with gate(control) as bot:
        decision = await bot.consult(*ORDER)
        claim = {"warrant_id": decision.warrant_id, "success": True, "status": 200}
        status, answer, _ = await control.ask("POST", "/api/v1/executions", key="agent", body=claim)
        assert (status, answer["error"]["code"]) == (403, "forbidden")
        drifted = await bot.outcome(
            request(*ORDER), decision, 200, result="drift", checks=[{"name": "id", "held": False}]
        )
        assert drifted.id
    _, answer, _ = await control.ask("GET", f"/api/v1/intents/{decision.intent_id}", key="admin")
    assert answer["data"]["verification"]["result"] == "drift", answer["data"]["verification"]
