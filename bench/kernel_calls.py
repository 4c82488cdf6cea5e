"""Calls: canonical form, meaning with 50 mapping files loaded, fingerprint, bodies, verification of the answer."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.measure import Task
from vienna_kernel.call.request import Call, RawRequest, canonicalise, canonicalise_head
from vienna_kernel.decode import form
from vienna_kernel.decode import json as strict
from vienna_kernel.decode.coding import CODINGS
from vienna_kernel.decode.content import Content
from vienna_kernel.document import Document, parse
from vienna_kernel.mapping.cases import parse_request
from vienna_kernel.mapping.fingerprint import Volatile, fingerprint
from vienna_kernel.mapping.reading import Mapped, MappingSet
from vienna_kernel.shipped import CASES, root
from vienna_kernel.value import canonical
from vienna_kernel.verification import ResponseView, verify

FILES = 50
HEAVY = {"sql-http", "graphql"}

REFUND = RawRequest(
    scheme="https",
    connect=("api.stripe.com", 443),
    sni="api.stripe.com",
    method=b"POST",
    target=b"/v1/refunds",
    http_version=b"HTTP/1.1",
    headers=(
        (b"Host", b"api.stripe.com"),
        (b"User-Agent", b"Stripe/v1 PythonBindings/15.2.0"),
        (b"Authorization", b"Bearer sk_test_4eC39HqLyjWDarjtT1zdp7dc"),
        (b"Stripe-Version", b"2026-06-30.dahlia"),
        (
            b"X-Stripe-Client-User-Agent",
            b'{"bindings_version":"15.2.0","lang":"python","publisher":"stripe"}',
        ),
        (b"Idempotency-Key", b"5f6a1d2e-7b8c-4d9e-a0f1-2b3c4d5e6f70"),
        (b"Content-Type", b"application/x-www-form-urlencoded"),
        (b"Accept", b"*/*"),
        (b"Accept-Encoding", b"gzip, deflate"),
        (b"Connection", b"keep-alive"),
        (b"Content-Length", b"70"),
    ),
    body=b"charge=ch_1&amount=500&reason=duplicate&metadata[order]=ORD-1&expand[0]=charge",
)
REFUND = RawRequest(
    **{
        **{name: getattr(REFUND, name) for name in RawRequest.__dataclass_fields__},
        "headers": (*REFUND.headers[:-1], (b"Content-Length", str(len(REFUND.body)).encode())),
    }
)
CHARGE: Any = {"amount": 2000, "currency": "eur", "customer": "cus_1", "amount_refunded": 0}
ANSWER = {
    "id": "re_1",
    "object": "refund",
    "amount": 500,
    "charge": "ch_1",
    "currency": "eur",
    "status": "succeeded",
}


@dataclass(frozen=True)
class Sample:
    """A request of a shipped mapping's cases that is mapped."""

    action: str
    call: Call
    preflight: Any


def _pages() -> list[tuple[Path, Document]]:
    paths = sorted((root() / "mappings").rglob("*.yaml"))
    chosen = [path for path in paths if not path.stem.endswith(CASES)]
    return [(path, parse(path.read_bytes(), name=path.name)) for path in chosen]


def fifty() -> tuple[MappingSet, list[tuple[Path, Document]]]:
    """The shipped mappings, and as many copies of them under hosts of their own as make fifty files."""
    shipped = _pages()
    documents = [page for _, page in shipped]
    at = 0
    while len(documents) < FILES:
        path = shipped[at % len(shipped)][0]
        text = path.read_text()
        text = re.sub(r"(?m)^hosts:[^\n]*(?:\n[ ]+[^\n]*)*", f"hosts: [copy{at}.example]", text, count=1)
        text = re.sub(r"(?m)^id: .*$", f"id: copy{at}", text, count=1)
        documents.append(parse(text, name=f"copy{at}.yaml"))
        at += 1
    return MappingSet.compile(documents), shipped


def _called(raw: RawRequest, mappings: MappingSet) -> Call | None:
    head = canonicalise_head(raw, codings=CODINGS)
    found = canonicalise(raw, codings=mappings.codings(head)) if isinstance(head, Call) else head
    return found if isinstance(found, Call) else None


def _sample(path: Path, mappings: MappingSet) -> Sample | None:
    """The first case of a mapping that changes something, else the first that is mapped."""
    cases = path.with_name(f"{path.stem}{CASES}.yaml")
    page = parse(cases.read_bytes() if cases.exists() else b"cases: []", name=cases.name)
    found: list[Sample] = []
    for case in page.data["cases"]:
        if not case.get("expect"):
            continue
        call = _called(parse_request(case["request"]), mappings)
        facts = case.get("preflight")
        mapped = mappings.map(call, preflight=facts) if call else None
        if isinstance(mapped, Mapped) and mapped.mapped:
            sample = Sample(mapped.intents[0].action, call, facts)
            if mapped.intents[0].effect != "read":
                return sample
            found.append(sample)
    return found[0] if found else None


def _mapping_tasks(mappings: MappingSet, shipped: list[tuple[Path, Document]]) -> Iterator[Task]:
    """One call for each protocol that a shipped mapping reads; those that need a parser of a language stand apart."""
    seen: set[str] = set()
    for path, page in shipped:
        protocol = page.data["protocol"]
        if protocol in seen or path.stem == "toy_payments":
            continue
        sample = _sample(path, mappings)
        if sample is None:
            continue
        seen.add(protocol)
        yield Task(
            group="heavy mapping" if protocol in HEAVY else "mapping",
            name=f"map {protocol}: {path.stem} {sample.action}",
            do=lambda sample=sample: mappings.map(sample.call, preflight=sample.preflight),
        )


def _head(raw: RawRequest) -> bytes:
    lines = b"".join(b"%b: %b\r\n" % line for line in raw.headers)
    return b"%b %b HTTP/1.1\r\n%b\r\n%b" % (raw.method, raw.target, lines, raw.body)


def _by_h11(data: bytes) -> object:
    import h11

    connection = h11.Connection(h11.SERVER)
    connection.receive_data(data)
    connection.next_event()
    return connection.next_event()


def _answered(mapped: Mapped) -> ResponseView:
    body = json.dumps(ANSWER).encode()
    told = base64.b64encode(hashlib.sha256(body).digest()).decode()
    return ResponseView(
        status=200, content_type="application/json", body=body, digest=f"sha-256=:{told}:", size=len(body)
    )


def tasks() -> Iterator[Task]:
    mappings, shipped = fifty()
    call = canonicalise(REFUND)
    mapped = mappings.map(call, preflight=CHARGE) if isinstance(call, Call) else call
    if not isinstance(call, Call) or not isinstance(mapped, Mapped) or not mapped.mapped:
        raise AssertionError(f"the refund is to be mapped: {mapped}")
    pairs = form.loads(call.body)
    content = Content("form", form.nest(pairs), pairs)
    view, wire = _answered(mapped), _head(REFUND)
    small = json.dumps({"id": "x" * 20, "items": [{"n": i, "price": "1.50"} for i in range(20)]}).encode()
    large = json.dumps({"text": "lorem ipsum " * 8000, "n": list(range(500))}).encode()
    yield Task(group="call", name="canonicalise a form POST of 11 lines", do=lambda: canonicalise(REFUND))
    yield Task(group="naive", name="h11 reads the same request", do=lambda: _by_h11(wire))
    yield from _mapping_tasks(mappings, shipped)
    yield Task(group="call", name="fingerprint", do=lambda: fingerprint(call, content, [], Volatile()))
    yield Task(group="call", name="digest of an intent", do=mapped.intents[0].digest)
    yield Task(group="body", name="JSON, 1 kB", do=lambda: strict.loads(small))
    yield Task(group="yardstick", name="json.loads, 1 kB", do=lambda: json.loads(small))
    yield Task(group="body", name="JSON, 100 kB", do=lambda: strict.loads(large))
    yield Task(group="body", name="form, 5 fields nested", do=lambda: form.nest(form.loads(call.body)))
    yield Task(group="call", name="canonical bytes, 1 kB", do=lambda: canonical(strict.loads(small)))
    yield Task(group="call", name="verify an answer", do=lambda: verify(mapped.promises, view))
