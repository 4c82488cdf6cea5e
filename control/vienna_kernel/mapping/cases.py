"""Cases of a mapping: a raw request and the intents expected of it, a raw answer and its verification.

A request is its start line with the full URL, header lines, an empty line, the body; it walks the same way as one
from the wire. ``UPGRADE`` opens a WebSocket, ``MESSAGE`` is one message over it. Parameters must be all that are
named, no more and no fewer; an amount may be written as text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from vienna_kernel.call.authority import parse_authority
from vienna_kernel.call.handshake import MESSAGE, UPGRADE
from vienna_kernel.call.request import Call, RawRequest, canonicalise, canonicalise_head
from vienna_kernel.decode.base64 import from_base64
from vienna_kernel.decode.coding import CODINGS
from vienna_kernel.document import Document, read
from vienna_kernel.errors import MalformedError
from vienna_kernel.intent import Intent
from vienna_kernel.mapping.case import CaseModel, CaseResult, CasesModel, ExpectModel
from vienna_kernel.mapping.case_answer import verified
from vienna_kernel.mapping.document import MappingModel
from vienna_kernel.mapping.reading import Mapped, MappingSet, NeedsPreflight
from vienna_kernel.value import Value, plain
from vienna_kernel.verdict import Reason, Refused

_HANDSHAKE = (
    (b"Connection", b"Upgrade"),
    (b"Upgrade", b"websocket"),
    (b"Sec-WebSocket-Version", b"13"),
    (b"Sec-WebSocket-Key", b"AAAAAAAAAAAAAAAAAAAAAA=="),
)
_START = re.compile(r"(?P<method>\S+) (?P<scheme>https?)://(?P<authority>[^/?\s]+)(?P<target>\S*)\Z")


def parse_request(text: str, data: bytes | None = None) -> RawRequest:
    """A request as cases write it; ``data`` is its body where text cannot be. Errors: ``MalformedError``."""
    head, _, body = text.partition("\n\n")
    start, *lines = head.rstrip("\n").split("\n")
    found = _START.match(start)
    if not found:
        raise MalformedError("request", f"expected METHOD and a full URL, got {start!r}")
    scheme, authority = found["scheme"], found["authority"]
    place = parse_authority(authority, scheme)
    if isinstance(place, Refused):
        raise MalformedError("request", f"{authority!r}: {place.detail}")
    headers = [("Host", authority)]
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise MalformedError("request", f"not a header line: {line!r}")
        headers.append((name, value.strip()))
    payload = body.removesuffix("\n").encode() if data is None else data
    if payload:
        headers.append(("Content-Length", str(len(payload))))
    return RawRequest(
        scheme=scheme,
        connect=(place.host, place.port),
        sni=place.host if scheme == "https" else None,
        method=found["method"].encode(),
        target=(found["target"] or "/").encode(),
        http_version=b"HTTP/1.1",
        headers=tuple((name.encode(), value.encode()) for name, value in headers),
        body=payload,
    )


def _map(case: CaseModel, call: Call, mappings: MappingSet) -> Mapped | Refused | str:
    answer = mappings.map(call)
    if not isinstance(answer, NeedsPreflight):
        return answer
    if case.preflight is None:
        return f"a preflight {answer.method} {answer.path} is asked for; the case has none"
    if case.preflight.path not in (None, answer.path):
        return f"expected the preflight {case.preflight.path}, got {answer.path}"
    if case.preflight.status != 200:
        return Refused(Reason.PREFLIGHT_FAILED, f"HTTP {case.preflight.status}")
    again = mappings.map(call, preflight=case.preflight.json_)
    return "a preflight is asked for twice" if isinstance(again, NeedsPreflight) else again


def _same(expected: Any, actual: Value) -> bool:
    if isinstance(actual, Decimal):
        try:
            return not isinstance(expected, (bool, dict, list)) and Decimal(str(expected)) == actual
        except InvalidOperation:
            return False
    actual = plain(actual)
    return type(expected) is type(actual) and bool(expected == actual)


def _compare(what: str, expected: Any, actual: Any) -> list[str]:
    return (
        [] if expected is None or expected == actual else [f"{what}: expected {expected!r}, got {actual!r}"]
    )


def _compare_intent(expected: ExpectModel, intent: Intent) -> list[str]:
    found = _compare("action", expected.action, intent.action)
    found += _compare("target", expected.target, intent.target)
    found += _compare("effect", expected.effect, intent.effect)
    found += _compare("tier", expected.tier, intent.default_tier)
    found += _compare("summary", expected.summary, intent.summary)
    if expected.undetermined is not None:
        found += _compare("undetermined", sorted(expected.undetermined), sorted(intent.undetermined))
    return (
        found if expected.parameters is None else found + _compare_all(expected.parameters, intent.parameters)
    )


def _compare_all(expected: Mapping[str, Any], actual: Mapping[str, Value]) -> list[str]:
    found = [f"parameter {name}: not expected" for name in sorted(set(actual) - set(expected))]
    for name, value in expected.items():
        if name not in actual:
            found.append(f"parameter {name}: expected {value!r}, got nothing")
        elif not _same(value, actual[name]):
            found.append(f"parameter {name}: expected {value!r}, got {plain(actual[name])!r}")
    return found


def _compare_mapped(case: CaseModel, mapped: Mapped) -> list[str]:
    if case.refused is not None:
        return [f"expected refused {case.refused.value}, got {', '.join(i.action for i in mapped.intents)}"]
    expected = case.expect or []
    if case.expect is not None and len(expected) != len(mapped.intents):
        return [f"expected {len(expected)} intents, got {len(mapped.intents)}"]
    found = [
        line
        for row, intent in zip(expected, mapped.intents, strict=False)
        for line in _compare_intent(row, intent)
    ]
    found += _compare("unknown", case.unknown, list(mapped.unknown))
    if case.shown is not None:
        found += _compare("shown.url", case.shown.url, mapped.shown_url)
        found += _compare("shown.body", case.shown.body, plain(mapped.shown_body))
    return found + verified(case, mapped)


def _call(case: CaseModel, mappings: MappingSet) -> Call | Refused:
    """The request of a case, canonical; coded bodies are undone where a mapping says so."""
    data = None if case.body_base64 is None else from_base64(case.body_base64.replace("\n", ""), url=False)
    raw = parse_request(case.request, data)
    if raw.method.decode() in (UPGRADE, MESSAGE):
        return _spoken(raw)
    head = canonicalise_head(raw, codings=CODINGS)
    return head if isinstance(head, Refused) else canonicalise(raw, codings=mappings.codings(head))


def _spoken(raw: RawRequest) -> Call | Refused:
    """The opening of a WebSocket, or a message over it."""
    lines = [(name, value) for name, value in raw.headers if not name.lower().startswith(b"content-")]
    opening = canonicalise(replace(raw, method=b"GET", headers=(*lines, *_HANDSHAKE), body=b""))
    if isinstance(opening, Refused) or raw.method.decode() == UPGRADE:
        return opening
    binary = any(value == b"application/octet-stream" for _, value in raw.headers)
    return opening.message(raw.body, binary=binary)


def run_case(case: CaseModel, mappings: MappingSet) -> list[str]:
    """What differs; empty when it passed."""
    if case.expect is None and case.refused is None:
        return ["a case needs expect or refused"]
    try:
        call = _call(case, mappings)
    except MalformedError as error:
        return [str(error)]
    answer = call if isinstance(call, Refused) else _map(case, call, mappings)
    if isinstance(answer, str):
        return [answer]
    if isinstance(answer, Mapped):
        return _compare_mapped(case, answer)
    if case.refused is None:
        return [f"refused {answer.reason.value}: {answer.detail}"]
    return _compare("refused", case.refused.value, answer.reason.value)


def _inline(document: Document) -> Sequence[tuple[CaseModel, str]]:
    """The tests inside a mapping file."""
    rows = []
    for i, action in enumerate(read(MappingModel, document).actions):
        for j, test in enumerate(action.tests):
            expect = ExpectModel(action=test.expect.action, parameters=test.expect.params)
            case = CaseModel(name=f"{action.action} {j + 1}", request=test.request, expect=[expect])
            rows.append((case, document.where(("actions", i, "tests", j))))
    return rows


def run_cases(document: Document, mappings: MappingSet) -> list[CaseResult]:
    """Run a file of cases, or the tests inside a mapping file.

    Errors: ``DocumentError`` when the file is neither.
    """
    if isinstance(document.data, dict) and document.data.get("kind") == "Mapping":
        rows = _inline(document)
    else:
        model = read(CasesModel, document)
        rows = [(case, document.where(("cases", i))) for i, case in enumerate(model.cases)]
    return [CaseResult(case.name, where, tuple(run_case(case, mappings))) for case, where in rows]
