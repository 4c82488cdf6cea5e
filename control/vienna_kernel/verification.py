"""An outcome held against what was approved.

1. ``match``: all that the mapping names agrees. A read that was answered is a match: it changes nothing, so there is
   nothing else to hold it against.
2. ``drift``: the upstream says it did something else.
3. ``failed``: it refused or broke before acting, so nothing happened as asked.
4. ``ambiguous``: it may or may not have acted, or contradicts itself: a 5xx or a timeout on a write, a success that
   the mapping does not expect, an answer that lacks what it must have.
5. ``unverifiable``: nothing was promised about this answer, or it was streamed past us.

Comparison is typed: amounts in minor units are read with the approved currency, codes without regard to case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from vienna_kernel.decode import json, pointer
from vienna_kernel.decode.pointer import MISSING, Found
from vienna_kernel.errors import MalformedError
from vienna_kernel.intent import Effect, Intent
from vienna_kernel.money import currency_code, to_major
from vienna_kernel.parameter import ParamType, read
from vienna_kernel.value import Value, pack

_HIDDEN = "[redacted]"
_UNTOLD = frozenset({408})  # RFC 9110 15.5.9: the server gave up waiting; a write may have got through


class Result(StrEnum):
    MATCH = "match"
    DRIFT = "drift"
    UNVERIFIABLE = "unverifiable"
    AMBIGUOUS = "ambiguous"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Equal:
    """What stands at the first of ``pointers`` that leads anywhere must be the approved ``param``.

    Not checked when that was not among the approved.
    """

    pointers: tuple[str, ...]
    param: str
    kind: ParamType = ParamType.STRING


@dataclass(frozen=True, slots=True)
class Among:
    """What stands at ``pointer`` must be one of ``values``."""

    pointer: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class VerifySpec:
    """What a mapping promises about an answer.

    Attributes:
        status: Statuses of success; empty: any 2xx.
        keep: Pointers of answer fields that may be stored.
    """

    status: tuple[int, ...] = ()
    equal: tuple[Equal, ...] = ()
    among: tuple[Among, ...] = ()
    keep: tuple[str, ...] = ()

    @property
    def demands(self) -> bool:
        """Whether anything is promised at all."""
        return bool(self.status or self.equal or self.among)

    @property
    def needs_body(self) -> bool:
        return bool(self.equal or self.among)


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison.

    Attributes:
        expected: What was approved or promised.
        actual: What came, None when nothing did.
    """

    name: str
    expected: Value
    actual: Value
    held: bool

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "expected": pack(self.expected),
            "actual": pack(self.actual),
            "held": self.held,
        }


@dataclass(frozen=True, slots=True)
class Verification:
    """The judgement.

    Attributes:
        extracted: Answer fields that the mapping allows to be kept, by pointer.
    """

    result: Result
    checks: tuple[Check, ...]
    extracted: Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseView:
    """An answer as far as it was seen.

    Attributes:
        body: Decoded of its content coding; None when it was not buffered.
        digest: RFC 9530 ``sha-256=:…:`` of what passed.
        size: Bytes that passed.
    """

    status: int
    content_type: str | None
    body: bytes | None
    digest: str
    size: int


def _is_read(intents: Sequence[Intent]) -> bool:
    return all(intent.effect is Effect.READ for intent in intents)


def _decoded(body: bytes | None) -> Found:
    if body is None:
        return MISSING
    try:
        return json.loads(body)
    except MalformedError:
        return MISSING


def _by_status(response: ResponseView, *, reading: bool) -> Result:
    """The judgement of an answer that is no success."""
    if response.status >= 500 or response.status < 200:
        return Result.FAILED if reading else Result.AMBIGUOUS
    if response.status >= 400:
        return Result.AMBIGUOUS if response.status in _UNTOLD and not reading else Result.FAILED
    return Result.AMBIGUOUS  # a redirect: the agent's next request, and this one's effect is not known


def _approved(name: str, intents: Sequence[Intent]) -> tuple[Found, Intent | None]:
    for intent in intents:
        if name in intent.parameters:
            return intent.parameters[name], intent
    return MISSING, None


def _currency(name: str, intent: Intent) -> str | None:
    holder = intent.money.get(name, "")
    code = intent.parameters.get(holder)
    return code if isinstance(code, str) else holder if currency_code(holder) == holder else None


def _typed(found: Value, equal: Equal, intent: Intent) -> Found:
    """What the answer has, as the type it is compared in; ``MISSING`` when it cannot be read as that."""
    try:
        value = read(equal.kind, found, text=False)
    except MalformedError:
        return MISSING
    if equal.kind is ParamType.MINOR_UNITS and isinstance(value, int):
        return to_major(value, _currency(equal.param, intent) or "")
    return value


def _same(left: Value, right: Value) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return left == right


def _first(pointers: Sequence[str], body: Found) -> Found:
    if body is MISSING:
        return MISSING
    found = (pointer.find(body, pointer.parse(text)) for text in pointers)
    return next((value for value in found if value is not MISSING), MISSING)


def _hold_equal(equal: Equal, body: Found, intents: Sequence[Intent]) -> Check | None:
    expected, intent = _approved(equal.param, intents)
    if intent is None or expected is MISSING:
        return None
    found = _first(equal.pointers, body)
    untold = equal.kind is ParamType.MINOR_UNITS and _currency(equal.param, intent) is None
    if found is MISSING or found is None or untold:
        return Check(equal.param, _shown(expected, equal, intent), None, held=False)
    actual = _typed(found, equal, intent)
    held = actual is not MISSING and _same(expected, actual)
    told = found if actual is MISSING else actual
    return Check(equal.param, _shown(expected, equal, intent), _shown(told, equal, intent), held)


def _shown(value: Value, equal: Equal, intent: Intent) -> Value:
    return _HIDDEN if equal.param in intent.redacted else value


def _hold_among(among: Among, body: Found) -> Check:
    found = _first((among.pointer,), body)
    if found is MISSING:
        return Check(among.pointer, list(among.values), None, held=False)
    return Check(among.pointer, list(among.values), found, any(_same(found, value) for value in among.values))


def _keep(spec: VerifySpec | None, body: Found) -> dict[str, Value]:
    if spec is None or body is MISSING:
        return {}
    at = {text: pointer.find(body, pointer.parse(text)) for text in spec.keep}
    return {text: value for text, value in at.items() if value is not MISSING}


def _without_spec(response: ResponseView, *, reading: bool) -> Result:
    if reading:
        return Result.MATCH if 100 <= response.status <= 599 else Result.FAILED
    if 200 <= response.status < 400:
        return Result.UNVERIFIABLE
    return _by_status(response, reading=reading)


def _is_success(spec: VerifySpec, status: int) -> bool:
    return status in spec.status if spec.status else 200 <= status < 300


def verify(spec: VerifySpec | None, intents: Sequence[Intent], response: ResponseView) -> Verification:
    """Hold an answer against what was approved. Total: any bytes give a judgement."""
    reading = _is_read(intents)
    body = _decoded(response.body) if spec is not None and (spec.needs_body or spec.keep) else MISSING
    kept = _keep(spec, body)
    if spec is None or not spec.demands:
        held = 100 <= response.status <= 599
        answered = Check("status", "an HTTP answer", response.status, held)
        return Verification(_without_spec(response, reading=reading), (answered,), kept)
    success = _is_success(spec, response.status)
    status = Check("status", list(spec.status) or "2xx", response.status, success)
    if not success and not 200 <= response.status < 300:
        return Verification(_by_status(response, reading=reading), (status,), kept)
    if spec.needs_body and response.body is None:
        return Verification(Result.UNVERIFIABLE if success else Result.AMBIGUOUS, (status,), kept)
    checks = [check for equal in spec.equal if (check := _hold_equal(equal, body, intents)) is not None]
    checks += [_hold_among(among, body) for among in spec.among]
    return Verification(_judge(status, checks), (status, *checks), kept)


def _judge(status: Check, checks: Sequence[Check]) -> Result:
    if any(not check.held and check.actual is not None for check in checks):
        return Result.DRIFT
    if not status.held or not all(check.held for check in checks):
        return Result.AMBIGUOUS
    return Result.MATCH
