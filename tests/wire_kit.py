"""What an official client put on the wire, read as the product reads it. Each API's test stands on this.

    from harness.standin import Answer, Standin
    from wire_kit import expect, expect_each, expect_refused, read, rejoined, through, verified

    def test_a_refund_is_asked_for() -> None:
        answers = [
            Answer("GET", "/v1/charges/{id}", body={"id": "ch_1", "amount": 2000, "currency": "eur"}),
            Answer("POST", "/v1/refunds", body={"id": "re_1", "amount": 500, "status": "succeeded"}),
        ]
        with Standin("api.stripe.com", answers) as standin, through(standin):
            stripe.Refund.create(charge="ch_1", amount=500)
        found = expect(standin.last, action="create_refund", tier="T2", target="stripe:charge/ch_1",
                       parameters={"amount": "5.00", "currency": "EUR"}, summary="Refund 5.00 EUR of charge ch_1")
        assert verified(standin.last).result is Result.MATCH

Roads to the stand-in, best first (``harness/standin.py`` says more):
 1. ``through(standin)``: the environment of this process (or ``env={**os.environ, **standin.environment}`` for
    kubectl, git, npm, twine) names the stand-in as HTTPS proxy and its root as trusted: the client calls the API's
    own host, nothing is configured in it. Tried with boto3, openai, anthropic, slack_sdk, twilio, sendgrid, PyGithub,
    postgrest, curl, git. Stripe carries its own roots (``stripe.ca_bundle_path = standin.ca``); kubernetes takes
    ``Configuration.ssl_ca_cert`` and ``.proxy = standin.plain_url``; clickhouse-connect ``ca_cert``, ``https_proxy``.
 2. the client's base URL = ``standin.url`` (TLS) or ``standin.plain_url``: ``Host`` is written anew, nothing else. For
    Google's client: ``build(..., client_options={"api_endpoint": standin.url})`` inside ``through(standin)``.
Several hosts: ``Standin(["*.amazonaws.com", "sts.amazonaws.com"], answers)``; rows tell hosts apart by
``when=lambda asked: asked.host == ...``. A row's body may be a function of the request (``asked.json``, ``.form``,
``.query``, ``.vars``, ``.path``, ``.header(name)``). ``standin.calls`` are the exchanges, ``standin.last`` is the last.

Retries: ``standin.fail_next(503)`` before the call, then ``rejoined(*standin.calls)``: one fingerprint for all tries.
Whatever ``expect`` names must be so; what it leaves out is not looked at. Parameters compare as text where one side is
text (``"5.00"`` is ``Decimal("5.00")``); ``...`` as a value asks only that the parameter is there, ``None`` that it is
absent or null. All shipped mappings are loaded, as in the product; ``mappings=only("stripe")`` while others are broken.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from harness.standin import Answer, Exchange, Standin
from vienna_kernel.call.request import Call, RawRequest, canonicalise, canonicalise_head
from vienna_kernel.decode import json
from vienna_kernel.decode.coding import CODINGS
from vienna_kernel.document import Document, parse
from vienna_kernel.intent import Intent
from vienna_kernel.mapping.reading import Mapped, MappingSet, NeedsPreflight
from vienna_kernel.shipped import CASES, root
from vienna_kernel.value import Value, plain_decimal
from vienna_kernel.verdict import Reason, Refused
from vienna_kernel.verification import ResponseView, Verification, verify

_MOST_PREFLIGHTS = 3


@cache
def only(*names: str) -> MappingSet:
    """The shipped mappings of these files (``stripe`` for ``stripe.yaml``); without names all of them."""
    paths = sorted((root() / "mappings").rglob("*.yaml"))
    chosen = [path for path in paths if not path.stem.endswith(CASES) and (not names or path.stem in names)]
    pages = [parse(path.read_bytes(), name=path.name) for path in chosen]
    return MappingSet.compile([page for page in pages if _is_mapping(page)])


def _is_mapping(page: Document) -> bool:
    return isinstance(page.data, dict) and page.data.get("kind") == "Mapping"


@contextmanager
def through(standin: Standin) -> Iterator[None]:
    """Clients made inside take the stand-in for their proxy and trust its root."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in standin.environment.items():
            environment.setenv(name, value)
        yield


def raw(exchange: Exchange) -> RawRequest:
    """The request as the gate would have had it."""
    asked = exchange.asked
    return RawRequest(
        scheme=asked.scheme,
        connect=asked.connect,
        sni=asked.sni,
        method=asked.method,
        target=asked.target,
        http_version=asked.version,
        headers=asked.headers,
        body=asked.body,
    )


def canonical(exchange: Exchange, mappings: MappingSet | None = None) -> Call | Refused:
    """The canonical call, its body free of the codings that the mappings have undone."""
    head = canonicalise_head(raw(exchange), codings=CODINGS)
    if isinstance(head, Refused):
        return head
    return canonicalise(raw(exchange), codings=(mappings or only()).codings(head))


def called(exchange: Exchange, mappings: MappingSet | None = None) -> Call:
    """The canonical call. Errors: ``AssertionError`` where the kernel does not take what the client sent."""
    found = canonical(exchange, mappings)
    assert isinstance(found, Call), f"{exchange.asked}: {found}"
    return found


def judged(
    exchange: Exchange, mappings: MappingSet | None = None, *, preflight: Value = None
) -> Mapped | Refused:
    """What the call means; reads that are needed first are made at the stand-in itself."""
    mappings = mappings or only()
    call = called(exchange, mappings)
    found = mappings.map(call, preflight=preflight)
    for _ in range(_MOST_PREFLIGHTS):
        if not isinstance(found, NeedsPreflight):
            return found
        answer = exchange.standin.preflight(exchange, found.method, found.path)
        assert 200 <= answer.status < 300, f"preflight {found.path}: {answer.status}"
        found = mappings.map(call, preflight=json.loads(answer.body))
    raise AssertionError(f"{exchange.asked}: still needs {found}")


def read(exchange: Exchange, mappings: MappingSet | None = None, *, preflight: Value = None) -> Mapped:
    """What the call means. Errors: ``AssertionError`` where it is refused."""
    found = judged(exchange, mappings, preflight=preflight)
    assert isinstance(found, Mapped), f"{exchange.asked}: {found}"
    return found


def expect_refused(
    exchange: Exchange, reason: Reason | str, mappings: MappingSet | None = None, *, detail: str = ""
) -> Refused:
    """The call is refused for that reason, by the kernel or by a mapping."""
    found = canonical(exchange, mappings)
    refused = found if isinstance(found, Refused) else judged(exchange, mappings)
    assert isinstance(refused, Refused), f"{exchange.asked}: {[intent.action for intent in refused.intents]}"
    assert refused.reason == Reason(reason), refused
    assert detail in refused.detail, refused
    return refused


def verified(
    exchange: Exchange, mappings: MappingSet | None = None, *, answer: Answer | None = None
) -> Verification:
    """The judgement of the answer that was given, or of another one (``Answer("", "", 200, {...})``)."""
    mapped = read(exchange, mappings)
    told = (answer or exchange.answer).settle(exchange.asked)
    kinds = [text for name, text in told.headers.items() if name.lower() == "content-type"]
    view = ResponseView(
        status=told.status,
        content_type=kinds[0].partition(";")[0].strip().lower() if kinds else None,
        body=told.body,
        digest=f"sha-256=:{base64.b64encode(hashlib.sha256(told.body).digest()).decode()}:",
        size=len(told.body),
        headers=tuple((name.lower(), value) for name, value in told.headers.items()),
    )
    return _verify(mapped, view)


def _verify(mapped: Mapped, view: ResponseView) -> Verification:
    """The one place that knows how the kernel wants to be asked."""
    return verify(mapped.promises, view)


def expect(
    exchange: Exchange, mappings: MappingSet | None = None, *, unknown: Sequence[str] = (), **facts: Any
) -> Mapped:
    """The call is mapped to exactly one intent, of which these facts hold.

    Args:
        unknown: Undeclared parameters that are flagged; none unless said.
        facts: ``action``, ``target``, ``tier``, ``effect``, ``reversibility``, ``parameters``, ``undetermined``,
            ``redacted``, ``blast_radius``, ``cost`` (``(amount, currency)``), ``summary``.
    """
    return expect_each(exchange, [facts], mappings, unknown=unknown)


def expect_each(
    exchange: Exchange,
    rows: Sequence[Mapping[str, Any]],
    mappings: MappingSet | None = None,
    *,
    unknown: Sequence[str] = (),
) -> Mapped:
    """The call is mapped to as many intents as there are rows, in that order."""
    found = read(exchange, mappings)
    assert found.mapped, f"{exchange.asked}: no mapping reads it"
    actions = [intent.action for intent in found.intents]
    assert len(actions) == len(rows), f"{exchange.asked}: {actions}"
    problems = [
        line for row, intent in zip(rows, found.intents, strict=True) for line in _differences(row, intent)
    ]
    assert not problems, "\n".join([str(exchange.asked), *problems])
    assert list(found.unknown) == list(unknown), f"{exchange.asked}: undeclared {found.unknown}"
    return found


def _facts(intent: Intent) -> dict[str, Any]:
    return {
        "action": intent.action,
        "target": intent.target,
        "tier": intent.default_tier.value,
        "effect": intent.effect.value,
        "reversibility": intent.reversibility.value,
        "undetermined": sorted(intent.undetermined),
        "redacted": sorted(intent.redacted),
        "blast_radius": intent.blast_radius,
        "cost": (intent.cost.amount, intent.cost.currency) if intent.cost else None,
        "summary": intent.summary,
    }


def _differences(row: Mapping[str, Any], intent: Intent) -> list[str]:
    facts = _facts(intent)
    assert set(row) <= {*facts, "parameters"}, f"no such fact: {set(row) - set(facts)}"
    told = [(name, row[name], facts[name]) for name in row if name != "parameters"]
    told += [
        (f"parameters.{name}", value, intent.parameters.get(name))
        for name, value in row.get("parameters", {}).items()
    ]
    return [
        f"{intent.action}: {name}: expected {expected!r}, got {actual!r}"
        for name, expected, actual in told
        if not _alike(expected, actual)
    ]


def _alike(expected: Any, actual: Any) -> bool:
    if expected is ...:
        return actual is not None
    if isinstance(expected, str) and isinstance(actual, Decimal):
        return expected in (str(actual), plain_decimal(actual))
    if isinstance(expected, list | tuple) and isinstance(actual, list | tuple):
        return len(expected) == len(actual) and all(map(_alike, expected, actual))
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        return expected.keys() == actual.keys() and all(
            _alike(expected[key], actual[key]) for key in expected
        )
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    return bool(expected == actual)


def rejoined(*exchanges: Exchange, mappings: MappingSet | None = None) -> str:
    """The one fingerprint of all tries of one call. Errors: ``AssertionError`` where a retry is another call."""
    assert len(exchanges) > 1, "the client did not try again"
    found = {read(exchange, mappings).fingerprint for exchange in exchanges}
    assert len(found) == 1, f"a retry is another call: {[str(one.asked) for one in exchanges]}"
    return found.pop()
