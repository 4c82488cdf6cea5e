"""An answer held against what was approved: every part against its own, then all of them together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from vienna_kernel.decode.pointer import MISSING, Found
from vienna_kernel.value import Value
from vienna_kernel.verification.answer import Answer, ResponseView, decode, of_part
from vienna_kernel.verification.part import Judged, judge, kept, size_of
from vienna_kernel.verification.place import stands
from vienna_kernel.verification.readback import Lookup, readback_call
from vienna_kernel.verification.result import Check, Finding, Result, Verification, overall, worst
from vienna_kernel.verification.spec import BodyForm, Promise
from vienna_kernel.verification.undo import Undo, compensation
from vienna_kernel.warrant.response import MAX_BODY_BYTES, MAX_ITEMS, exceeded

_LOOKED_UP = frozenset({Result.MATCH, Result.UNVERIFIABLE, Result.AMBIGUOUS})
_UNFILLED = (
    "The read-back was not made: what its path names is not in the answer, or is not one plain segment."
)


def verify(
    promises: Sequence[Promise], response: ResponseView, *, limits: Mapping[str, int] | None = None
) -> Verification:
    """Hold an answer against what was approved. Total: any bytes give a judgement.

    Args:
        promises: One for each part of the request.
        limits: ``response_limits`` of the warrant (``warrant.response``).
    """
    promises = promises or (Promise((), None),)
    parts = _parts(promises, response, counting=MAX_ITEMS in (limits or {}))
    bounds = _limits(limits or {}, promises, parts, response)
    findings = tuple(
        Finding(part.result, promise.reading) for promise, part in zip(promises, parts, strict=True)
    )
    limited = worst([check.result for check in bounds])
    lookups, notes = _lookups(promises, parts)
    return Verification(
        result=overall(findings, limited),
        checks=(*_checks(parts), *bounds),
        extracted=_extracted(promises, parts),
        findings=findings,
        bounds=limited,
        lookups=lookups,
        undo=_undo(promises, parts),
        notes=notes,
    )


def _parts(promises: Sequence[Promise], response: ResponseView, *, counting: bool) -> list[Judged]:
    read: dict[BodyForm | None, tuple[Found, bool]] = {}
    parts = []
    for promise in promises:
        whole: Found = MISSING
        textual = False
        if promise.reads_body or counting:
            form = promise.spec.body if promise.spec is not None else None
            if form not in read:
                read[form] = decode(response, form)
            whole, textual = read[form]
        parts.append(judge(promise, response, of_part(promise, response, whole, textual=textual)))
    return parts


def _limits(
    limits: Mapping[str, int], promises: Sequence[Promise], parts: Sequence[Judged], response: ResponseView
) -> list[Check]:
    """A check of each limit; one that cannot be counted is not known to be kept."""
    if not limits:
        return []
    counts = [_items(promise, part.answer) for promise, part in zip(promises, parts, strict=True)]
    known = [count for count in counts if count is not None]
    items = sum(known) if len(known) == len(counts) else None
    size = size_of(response)
    wrong = {row.name: row for row in exceeded(limits, body_bytes=size, items=items)}
    checks = []
    for name, most in sorted(limits.items()):
        result = Result.MATCH
        found = {MAX_BODY_BYTES: size, MAX_ITEMS: items}.get(name)
        if name in wrong:
            result = Result.AMBIGUOUS if wrong[name].found is None else Result.DRIFT
        checks.append(Check(f"response_limits {name}", most, found, result))
    return checks


def _items(promise: Promise, answer: Answer) -> int | None:
    """How many items a part's answer has: of the lists that the mapping counts, or that it is itself."""
    rows = promise.spec.at_most if promise.spec is not None else ()
    found = [value for row in rows for value in stands(row.pointers, row.header, answer)]
    lists = [value for value in found if isinstance(value, list)]
    if lists:
        return sum(map(len, lists))
    return len(answer.own) if isinstance(answer.own, list) else None


def _checks(parts: Sequence[Judged]) -> list[Check]:
    if len(parts) == 1:
        return list(parts[0].checks)
    return [replace(check, part=n) for n, part in enumerate(parts, 1) for check in part.checks]


def _extracted(promises: Sequence[Promise], parts: Sequence[Judged]) -> dict[str, Value]:
    rows: dict[str, Value] = {}
    for n, (promise, part) in enumerate(zip(promises, parts, strict=True), 1):
        number = str(n) if len(parts) > 1 else ""
        rows |= {number + text: value for text, value in kept(promise.spec, part.answer).items()}
    return rows


def _lookups(
    promises: Sequence[Promise], parts: Sequence[Judged]
) -> tuple[tuple[Lookup, ...], tuple[str, ...]]:
    lookups: list[Lookup] = []
    notes: list[str] = []
    for i, (promise, part) in enumerate(zip(promises, parts, strict=True)):
        if promise.spec is None or promise.spec.readback is None or part.result not in _LOOKED_UP:
            continue
        found = readback_call(promise.spec, promise.intents, part.answer.own, part=i)
        if found is None:
            notes.append(_UNFILLED)
        else:
            lookups.append(found)
    return tuple(lookups), tuple(dict.fromkeys(notes))


def _undo(promises: Sequence[Promise], parts: Sequence[Judged]) -> tuple[Undo, ...]:
    rows = (
        compensation(promise.spec, promise.intents, part.answer.own)
        for promise, part in zip(promises, parts, strict=True)
        if part.result is not Result.FAILED
    )
    return tuple(row for row in rows if row is not None)
