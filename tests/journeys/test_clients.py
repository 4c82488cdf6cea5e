"""Real clients, unmodified and in processes of their own, through the gate."""

from __future__ import annotations

import pytest

from harness import clients, laws
from harness.upstream import Upstream
from harness.vienna import Vienna

pytestmark = pytest.mark.journey


@pytest.mark.parametrize("name", clients.REFUNDING)
def test_a_client_waits_for_consent_and_gets_its_answer(
    name: str, vienna: Vienna, upstream: Upstream
) -> None:
    client = clients.start(name, vienna)
    (approval,) = vienna.pending()
    vienna.approve(approval, "alice", "bob")
    answer = client.result()

    assert answer["status"] == 200, answer
    assert answer["body"]["status"] == "succeeded"
    assert len(upstream.to("POST", "*/refunds")) == 1
    laws.check(vienna, secrets=["sk_test_secret"])


@pytest.mark.parametrize("name", clients.REFUNDING)
def test_a_client_shows_the_reason_of_a_denial(name: str, vienna: Vienna, upstream: Upstream) -> None:
    client = clients.start(name, vienna)
    (approval,) = vienna.pending()
    vienna.deny(approval, "alice", "wrong customer")
    answer = client.result()

    assert answer["status"] == 403, answer
    assert "wrong customer" in str(answer)
    assert upstream.to("POST") == []
    refunds = [intent for intent in vienna.intents() if intent["method"] == "POST"]
    assert len(refunds) == 1  # no client asked again by itself


@pytest.mark.parametrize("name", clients.THINKING)
def test_an_agent_can_think(name: str, vienna: Vienna, upstream: Upstream) -> None:
    answer = clients.start(name, vienna).result()

    assert answer["body"] == {"text": "Hello there", "streamed": "Hello there"}
    assert len(upstream.received) == 2
    laws.check(vienna, secrets=["sk-secret"])
