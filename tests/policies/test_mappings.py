"""The shipped mappings: their cases, and what the official clients really send."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anthropic
import httpx
import httpx2
import openai
import pytest
import requests
import stripe

from vienna_kernel.call.request import Call, RawRequest, canonicalise
from vienna_kernel.document import Document, parse
from vienna_kernel.mapping.cases import run_cases
from vienna_kernel.mapping.reading import Mapped, MappingSet, NeedsPreflight

FOLDER = Path(__file__).parents[2] / "policies" / "mappings"
MAPPINGS = sorted(path for path in FOLDER.glob("*.yaml") if not path.stem.endswith("_cases"))


def document(path: Path) -> Document:
    return parse(path.read_bytes(), name=path.name)


@functools.cache
def shipped() -> MappingSet:
    return MappingSet.compile([document(path) for path in MAPPINGS])


@pytest.mark.parametrize("path", MAPPINGS, ids=lambda path: path.stem)
def test_cases(path: Path) -> None:
    results = list(run_cases(document(path.with_name(f"{path.stem}_cases.yaml")), shipped()))
    assert results
    assert not {(one.where, one.name): one.problems for one in results if one.problems}


@pytest.mark.parametrize("path", MAPPINGS, ids=lambda path: path.stem)
def test_every_action_has_a_case_and_something_is_refused(path: Path) -> None:
    cases = path.with_name(f"{path.stem}_cases.yaml").read_text()
    for action in document(path).data["actions"]:
        assert re.search(rf"action: {re.escape(action['action'])}\b", cases), action["action"]
    assert "refused: " in cases


def test_the_apis_an_agent_begins_with() -> None:
    assert {path.stem for path in MAPPINGS} >= {
        "toy_payments",
        "stripe",
        "github",
        "anthropic",
        "openai",
        "gemini",
    }
    kinds = shipped().action_types
    assert kinds["llm_completion"].default_tier == "T0"
    assert kinds["llm_completion"].effect == "read"
    assert kinds["create_refund"].default_tier == "T2"
    assert {"get_order", "create_ticket", "create_issue", "comment_issue", "update_issue"} <= set(kinds)


class Wire:
    """What a client puts on the wire, and how Vienna reads it."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def take(self, method: str, url: str, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        parts = urlsplit(url)
        assert parts.hostname
        lines = [(name, value) for name, value in headers if name.lower() != b"host"]
        if body and not any(name.lower() == b"content-length" for name, _ in lines):
            lines.append((b"Content-Length", str(len(body)).encode()))
        found = canonicalise(
            RawRequest(
                scheme=parts.scheme,
                connect=(parts.hostname, 443),
                sni=parts.hostname,
                method=method.encode(),
                target=url.partition(parts.netloc)[2].encode(),
                http_version=b"HTTP/1.1",
                headers=((b"Host", parts.netloc.encode()), *lines),
                body=body,
            )
        )
        assert isinstance(found, Call), found
        self.calls.append(found)

    def client(self, library: Any) -> Any:
        """A client of ``httpx`` (or ``httpx2``, which anthropic speaks) whose wire ends here."""

        def answer(request: Any) -> Any:
            self.take(request.method, str(request.url), request.headers.raw, request.content)
            return library.Response(418, json={"error": {"message": "seen", "type": "seen"}})

        return library.Client(transport=library.MockTransport(answer))

    @property
    def mapped(self) -> Mapped:
        found = shipped().map(self.calls[-1], preflight={"amount": 500, "currency": "eur"})
        assert isinstance(found, Mapped), found
        return found


class StripeWire(stripe.HTTPClient):
    """Stripe's own door for another HTTP library."""

    name = "wire"

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self.wire = wire

    def request(self, method: str, url: str, headers: Any, post_data: Any = None, **_: Any) -> Any:
        body = (post_data or "").encode() if isinstance(post_data, str | None) else post_data
        lines = [(name.encode(), value.encode()) for name, value in headers.items()]
        self.wire.take(method.upper(), url, lines, body)
        return b'{"error": {"message": "seen"}}', 418, {}

    def close(self) -> None:
        pass


def test_the_official_stripe_client() -> None:
    wire = Wire()
    client = stripe.StripeClient("sk_test_1", http_client=StripeWire(wire), max_network_retries=0)
    refund: Any = {
        "charge": "ch_1",
        "amount": 500,
        "reason": "duplicate",
        "metadata": {"order": "ORD-1 ü&"},
        "expand": ["charge", "payment_intent"],
        "reverse_transfer": True,
    }
    with pytest.raises(stripe.StripeError):
        client.v1.refunds.create(refund, {"stripe_account": "acct_1"})
    assert shipped().map(wire.calls[-1]) == NeedsPreflight("GET", "/v1/charges/ch_1")
    (intent,) = wire.mapped.intents
    assert (intent.action, intent.target) == ("create_refund", "stripe:charge/ch_1")
    assert str(intent.parameters["amount"]) == "5.00"
    assert intent.parameters["metadata"] == {"order": "ORD-1 ü&"}
    assert intent.parameters["account"] == "acct_1"
    first = wire.mapped.fingerprint
    with pytest.raises(stripe.StripeError):
        client.v1.refunds.create(refund, {"stripe_account": "acct_1"})
    assert wire.calls[0].header("idempotency-key") != wire.calls[1].header("idempotency-key")
    assert wire.mapped.fingerprint == first  # the identical retry rejoins, whatever key it brings
    for read in (
        lambda: client.v1.refunds.list({"charge": "ch_1", "created": {"gte": 1}, "expand": ["data.charge"]}),
        lambda: client.v1.refunds.retrieve("re_1", {"expand": ["charge"]}),
        lambda: client.v1.charges.retrieve("ch_1"),
        lambda: client.v1.payment_intents.retrieve("pi_1"),
    ):
        with pytest.raises(stripe.StripeError):
            read()
        assert wire.mapped.mapped
        assert wire.mapped.intents[0].effect == "read"


def test_the_official_openai_client() -> None:
    wire = Wire()
    client = openai.OpenAI(api_key="sk-1", max_retries=0, http_client=wire.client(httpx))
    question: Any = [{"role": "user", "content": "secret"}]
    with pytest.raises(openai.APIStatusError):
        client.chat.completions.create(
            model="gpt-6", messages=question, max_tokens=9, temperature=0.5, stream=True
        )
    assert wire.mapped.intents[0].action == "llm_completion"
    assert wire.mapped.intents[0].parameters["tokens"] == 9
    assert wire.mapped.stream
    assert "secret" not in repr(wire.mapped)
    for ask in (
        lambda: client.responses.create(model="gpt-6", input="secret", max_output_tokens=5),
        lambda: client.embeddings.create(model="embed", input=["secret"]),
        lambda: client.models.list(),
        lambda: client.models.retrieve("ft:gpt-6:acme::1"),
    ):
        with pytest.raises(openai.APIStatusError):
            ask()
        assert wire.mapped.mapped
        assert wire.mapped.intents[0].effect == "read"
        assert "secret" not in repr(wire.mapped)


def test_the_official_anthropic_client() -> None:
    wire = Wire()
    client = anthropic.Anthropic(api_key="sk-1", max_retries=0, http_client=wire.client(httpx2))
    question: Any = [{"role": "user", "content": "secret"}]
    for ask in (
        lambda: client.messages.create(model="claude", max_tokens=9, messages=question, system="secret"),
        lambda: client.messages.create(model="claude", max_tokens=9, messages=question, stream=True),
        lambda: client.beta.messages.create(model="claude", max_tokens=9, messages=question),
        lambda: client.messages.count_tokens(model="claude", messages=question),
        lambda: client.models.list(limit=5),
        lambda: client.models.retrieve("claude"),
    ):
        with pytest.raises(anthropic.APIStatusError):
            ask()
        assert wire.mapped.mapped
        assert wire.mapped.intents[0].effect == "read"
        assert "secret" not in repr(wire.mapped)


def test_requests_as_people_write_it() -> None:
    wire = Wire()
    prepared = requests.Request(
        "GET",
        "https://api.github.com/repos/acme/shop/issues",
        params={"labels": "bug,a b", "q": "is:open ü~'(x)", "n": [1, 2]},
    ).prepare()
    wire.take("GET", str(prepared.url), [], b"")
    assert wire.mapped.intents[0].action == "list_issues"
