"""Budgets as an agent lives through them: spent until refused, given back by what failed, kept through a crash."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from harness import laws
from harness.upstream import Answer, Upstream
from harness.vienna import Vienna, until

pytestmark = pytest.mark.journey

REFUNDS = "https://payments.example/v1/refunds"
MESSAGES = "https://api.anthropic.com/v1/messages"
EUROS = {"name": "euros", "window": "1d", "max": 1000, "currency": "EUR", "over": "parameters.amount"}
TOKENS = {
    "name": "tokens",
    "window": "1d",
    "max": 100,
    "over": "parameters.tokens",
    "settle_on": ["/usage/total_tokens", "/usage/input_tokens + /usage/output_tokens"],
}


def within(vienna: Vienna, action: str, budget: dict[str, Any]) -> None:
    """From now on the action goes at once, within this budget."""
    vienna.post(
        "/policies",
        id=f"{action}-within",
        priority=1000,
        expression=f"action == '{action}'",
        action={"type": "allow", "risk_tier_override": "T0", "may_lower": True},
        limits={"budget": budget},
    )


def figures(vienna: Vienna, name: str = "euros") -> tuple[str, str, str]:
    """Spent, reserved and left."""
    (row,) = vienna.get("/budgets", name=name)["budgets"]
    return row["spent"], row["reserved"], row["remaining"]


def refund(vienna: Vienna, amount: str) -> httpx.Response:
    body = {"order": "ORD-1", "amount": amount, "currency": "EUR"}
    return vienna.call("POST", REFUNDS, json=body)


def test_an_agent_spends_its_budget_until_it_is_refused_and_a_failure_gives_it_back(
    vienna: Vienna, upstream: Upstream
) -> None:
    within(vienna, "create_refund", EUROS)
    assert refund(vienna, "400.00").status_code == 200
    assert figures(vienna) == ("400", "0", "600")

    upstream.answer("POST", "/v1/refunds", Answer.json({"error": "card closed"}, 402), times=1)
    assert refund(vienna, "500.00").status_code == 402
    assert figures(vienna) == ("400", "0", "600")

    assert refund(vienna, "500.00").status_code == 200
    refused = refund(vienna, "100.01")
    assert (refused.status_code, refused.headers["vienna-reason"]) == (429, "budget_exceeded")
    assert refused.headers["x-should-retry"] == "false"
    assert "100.00 EUR of 1,000.00 EUR in 1d left" in refused.json()["detail"]
    assert refund(vienna, "100.00").status_code == 200
    assert figures(vienna) == ("1000", "0", "0")
    assert [r.json["amount"] for r in upstream.to("POST", "/v1/refunds")] == [
        "400.00",
        "500.00",
        "500.00",
        "100.00",
    ]
    laws.check(vienna)


def test_a_crash_forgets_nothing(vienna: Vienna, upstream: Upstream) -> None:
    within(vienna, "create_refund", EUROS)
    assert refund(vienna, "900.00").status_code == 200
    vienna.control.kill()
    vienna.start_control()

    def refused() -> httpx.Response | None:
        answer = refund(vienna, "200.00")
        return answer if answer.status_code != 503 else None

    answer = until("the control plane to be back", refused)
    assert (answer.status_code, answer.headers["vienna-reason"]) == (429, "budget_exceeded")
    assert figures(vienna) == ("900", "0", "100")
    assert len(upstream.to("POST", "/v1/refunds")) == 1
    laws.check(vienna)


def test_twenty_at_once_never_get_more_than_there_is(vienna: Vienna, upstream: Upstream) -> None:
    within(vienna, "create_refund", EUROS)
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda _: refund(vienna, "300.00"), range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [429] * 17
    assert len(upstream.to("POST", "/v1/refunds")) == 3
    assert figures(vienna) == ("900", "0", "100")
    laws.check(vienna)


def ask(vienna: Vienna, tokens: int | None, **more: Any) -> httpx.Response:
    body = {"model": "claude-opus-5", "messages": [{"role": "user", "content": "hello"}], **more}
    return vienna.call("POST", MESSAGES, json=body if tokens is None else {**body, "max_tokens": tokens})


def test_tokens_are_reserved_as_asked_for_and_settled_on_what_was_used(
    vienna: Vienna, upstream: Upstream
) -> None:
    within(vienna, "llm_completion", TOKENS)
    for spent in ("5", "10", "15"):
        assert ask(vienna, 60).status_code == 200
        assert figures(vienna, "tokens")[:2] == (spent, "0")
    refused = ask(vienna, 86)
    assert (refused.status_code, refused.headers["vienna-reason"]) == (429, "budget_exceeded")

    assert ask(vienna, None).status_code == 429  # nobody can tell how much it would use

    assert ask(vienna, 60, stream=True).status_code == 200  # read as it passes
    until("the stream's end", lambda: figures(vienna, "tokens") == ("20", "0", "80"))
    assert len(upstream.to("POST", "/v1/messages")) == 4
    laws.check(vienna)
