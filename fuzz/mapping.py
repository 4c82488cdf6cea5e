"""Any request against the shipped mappings: its meaning, a read that is needed first, or a refusal.

Inputs are as those of ``call``; the seeds are the requests of the mappings' own cases.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fuzz import law
from fuzz.call import as_request
from vienna_kernel.call.request import Call, RawRequest, canonicalise, canonicalise_head
from vienna_kernel.decode.coding import CODINGS
from vienna_kernel.document import Document, parse
from vienna_kernel.errors import MalformedError
from vienna_kernel.intent import Intent
from vienna_kernel.mapping.cases import parse_request
from vienna_kernel.mapping.reading import Mapped, MappingSet, NeedsPreflight
from vienna_kernel.shipped import CASES, root
from vienna_kernel.verdict import Refused

_MOST_SEEDS_OF_A_FILE = 12
_FACTS = {
    "amount": 2000,
    "currency": "eur",
    "status": "x",
    "spec": {"replicas": 1},
    "metadata": {"name": "x"},
}


def _pages(*, cases: bool) -> Iterator[Document]:
    for path in sorted((root() / "mappings").rglob("*.yaml")):
        if path.stem.endswith(CASES) == cases:
            yield parse(path.read_bytes(), name=path.name)


def _wire(raw: RawRequest) -> bytes:
    name, port = raw.connect or ("-", 0)
    road = f"{raw.scheme} {name}:{port} {raw.sni or '-'}\n".encode()
    lines = b"".join(b"%b: %b\r\n" % line for line in raw.headers)
    return road + b"%b %b HTTP/1.1\r\n%b\r\n%b" % (raw.method, raw.target, lines, raw.body)


def _seeds() -> Iterator[bytes]:
    for page in _pages(cases=True):
        for case in page.data.get("cases", [])[:_MOST_SEEDS_OF_A_FILE]:
            try:
                yield _wire(parse_request(case["request"]))
            except (MalformedError, KeyError):
                continue


MAPPINGS = MappingSet.compile(list(_pages(cases=False)))
SEEDS = tuple(_seeds())


def _called(raw: RawRequest) -> Call | None:
    head = canonicalise_head(raw, codings=CODINGS)
    if isinstance(head, Refused):
        return None
    found = canonicalise(raw, codings=MAPPINGS.codings(head))
    return found if isinstance(found, Call) else None


def one_input(data: bytes) -> None:
    call = _called(as_request(data))
    if call is None:
        return
    found: Any = MAPPINGS.map(call)
    law(found == MAPPINGS.map(call), "one request has one meaning")
    if isinstance(found, NeedsPreflight):
        law(found.path.startswith("/"), "a preflight stays on the origin")
        found = MAPPINGS.map(call, preflight=_FACTS)
    if isinstance(found, Refused):
        law(bool(found.detail), "a refusal says why")
        return
    law(isinstance(found, Mapped) and bool(found.intents), "a meaning has an intent")
    for intent in found.intents:
        law(Intent.from_json(intent.to_json()) == intent, "an intent travels whole")
        law(intent.summary.isprintable(), "what people read is printable")
        law(bool(intent.digest()), "a meaning has a digest")
