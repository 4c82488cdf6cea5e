"""One part of a request held against its own answer.

1. The status: no success, and no success of another kind, is judged by the status alone.
2. What the protocol or the mapping calls a failure is one, whatever else stands there.
3. Then each comparison. The worst of them is the result.
4. A success of another kind than the mapping names is at best ``ambiguous``; a write that was only accepted (202) or
   a status without content, where content was to be compared, at best ``unverifiable``.
"""

from __future__ import annotations

from dataclasses import dataclass

from vienna_kernel.decode import pointer
from vienna_kernel.decode.pointer import MISSING
from vienna_kernel.value import Value, canonical
from vienna_kernel.verification.answer import Answer, ResponseView
from vienna_kernel.verification.check import compare, says_failed
from vienna_kernel.verification.failure import said
from vienna_kernel.verification.result import Check, Result, worst
from vienna_kernel.verification.spec import Promise, VerifySpec

_UNTOLD = frozenset({408})  # RFC 9110 15.5.9: the server gave up waiting; a write may have got through
_ACCEPTED = 202  # RFC 9110 15.3.3: intentionally noncommittal
_CONTENTLESS = frozenset({204, 205, 304})
_MAX_KEPT_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Judged:
    """The judgement of one part.

    Attributes:
        answer: What it was held against.
    """

    result: Result
    checks: tuple[Check, ...]
    answer: Answer


def judge(promise: Promise, response: ResponseView, answer: Answer) -> Judged:
    """Hold one part's answer against its promise. Total."""
    spec = promise.spec
    if spec is None or not spec.demands:
        return _unpromised(promise, response, answer)
    status = _status(spec, response.status, reading=promise.reading)
    if not status.held and not 200 <= response.status < 300:
        return Judged(status.result, (status,), answer)
    bounds = _bounds(spec, response)
    failure = said(promise, answer) or says_failed(spec.failed, answer)
    if failure is not None and failure.result is Result.FAILED:
        drifted = any(not check.held for check in bounds)
        return Judged(Result.DRIFT if drifted else Result.FAILED, (status, *bounds, failure), answer)
    checks = [status, *bounds, *([failure] if failure else []), *_compared(spec, promise, response, answer)]
    if response.status == _ACCEPTED and not promise.reading:
        checks.append(Check("done", "done", "accepted", Result.UNVERIFIABLE))
    return Judged(worst([check.result for check in checks]), tuple(checks), answer)


def kept(spec: VerifySpec | None, answer: Answer) -> dict[str, Value]:
    """Fields that may be stored, by pointer; a large one is left out."""
    if spec is None or answer.own is MISSING:
        return {}
    own = answer.own
    found = {text: pointer.find(own, pointer.parse(text)) for text in spec.keep}
    return {text: value for text, value in found.items() if value is not MISSING and is_small(value)}


def is_small(value: Value) -> bool:
    """Whether a field may be stored as it is."""
    return (
        len(value) <= _MAX_KEPT_BYTES if isinstance(value, str) else len(canonical(value)) <= _MAX_KEPT_BYTES
    )


def _unpromised(promise: Promise, response: ResponseView, answer: Answer) -> Judged:
    status, reading = response.status, promise.reading
    answered = 100 <= status <= 599
    if reading:
        result = Result.MATCH if answered else Result.FAILED
    else:
        result = Result.UNVERIFIABLE if 200 <= status < 400 else by_status(status, reading=False)
    check = Check("status", "an HTTP answer", status, Result.MATCH if answered else result)
    failure = said(promise, answer) if 200 <= status < 300 else None
    if failure is None:
        return Judged(result, (check,), answer)
    return Judged(worst([result, failure.result]), (check, failure), answer)


def by_status(status: int, *, reading: bool) -> Result:
    """The judgement of an answer that is no success, or not the one that was promised."""
    if status >= 500 or status < 200:
        return Result.FAILED if reading else Result.AMBIGUOUS
    if status >= 400:
        return Result.AMBIGUOUS if status in _UNTOLD and not reading else Result.FAILED
    return Result.AMBIGUOUS  # another success; a redirect, which is the agent's next request


def _status(spec: VerifySpec, status: int, *, reading: bool) -> Check:
    success = status in spec.status if spec.status else 200 <= status < 300
    result = Result.MATCH if success else by_status(status, reading=reading)
    return Check("status", list(spec.status) or "2xx", status, result)


def _bounds(spec: VerifySpec, response: ResponseView) -> list[Check]:
    if spec.max_body is None:
        return []
    size = size_of(response)
    return [Check("max_body", spec.max_body, size, Result.DRIFT if size > spec.max_body else Result.MATCH)]


def size_of(response: ResponseView) -> int:
    """Bytes of body, as they passed or out of their content coding, whichever is more."""
    return max(response.size, len(response.body or b""))


def _compared(spec: VerifySpec, promise: Promise, response: ResponseView, answer: Answer) -> list[Check]:
    empty = response.status in _CONTENTLESS and response.status in spec.status and not response.body
    if promise.compares_body and (response.body is None or empty):
        unseen = Check("body", "a body to compare", None, Result.UNVERIFIABLE)
        return [unseen, *compare(_of_headers(spec), promise.intents, answer)]
    checks = compare(spec, promise.intents, answer)
    if promise.compares_body and answer.own is MISSING:
        return [Check("body", "an answer that can be read", None, Result.AMBIGUOUS), *checks]
    return checks


def _of_headers(spec: VerifySpec) -> VerifySpec:
    return VerifySpec(
        equal=tuple(row for row in spec.equal if row.header is not None),
        among=tuple(row for row in spec.among if row.header is not None),
        at_most=tuple(row for row in spec.at_most if row.header is not None),
    )
