"""Results of a verification, and how several become one.

1. ``match``: all that the mapping names agrees. A read that was answered is a match: it changes nothing, so there is
   nothing else to hold it against.
2. ``unverifiable``: nothing was promised about this answer, or it was streamed past us, or it only says that the
   request was accepted.
3. ``failed``: it refused or broke before acting, so nothing happened as asked.
4. ``ambiguous``: it may or may not have acted, or contradicts itself: a 5xx or a timeout on a write, a success that
   the mapping does not expect, an answer that lacks what it must have, an error beside a result.
5. ``drift``: the upstream says it did something else.

A match has no check that says failed, ambiguous or drift.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from vienna_kernel.value import Value, pack
from vienna_kernel.verification.readback import Lookup
from vienna_kernel.verification.undo import Undo

_MAX_TEXT = 200
_MAX_ITEMS = 20


class Result(StrEnum):
    """From the best to the worst."""

    MATCH = "match"
    UNVERIFIABLE = "unverifiable"
    FAILED = "failed"
    AMBIGUOUS = "ambiguous"
    DRIFT = "drift"


_ORDER = {result: place for place, result in enumerate(Result)}


def worst(results: Sequence[Result]) -> Result:
    """The worst of several; ``match`` of none."""
    return max(results, key=_ORDER.__getitem__, default=Result.MATCH)


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison.

    Attributes:
        expected: What was approved or promised.
        actual: What came, None when nothing did.
        result: What it says by itself; ``match``: it held.
        part: Number of the part of the request, from 1; 0: of all of it.
    """

    name: str
    expected: Value
    actual: Value
    result: Result
    part: int = 0

    @property
    def held(self) -> bool:
        return self.result is Result.MATCH

    def to_json(self) -> dict[str, Any]:
        told = {
            "name": self.name,
            "expected": pack(shown(self.expected)),
            "actual": pack(shown(self.actual)),
            "held": self.held,
            "result": self.result.value,
        }
        return {**told, "part": self.part} if self.part else told


def shown(value: Value) -> Value:
    """A value as a check tells it: bounded, whatever the upstream sent."""
    if isinstance(value, str):
        return value if len(value) <= _MAX_TEXT else value[:_MAX_TEXT] + "…"
    if value is None or isinstance(value, (bool, int, Decimal)):
        return value
    if isinstance(value, Mapping):
        return f"an object of {len(value)}"
    rows: list[Value] = [item if _is_leaf(item) else "…" for item in value[:_MAX_ITEMS]]
    return [*map(shown, rows), *([f"… {len(value) - _MAX_ITEMS} more"] if len(value) > _MAX_ITEMS else [])]


def _is_leaf(value: Value) -> bool:
    return value is None or isinstance(value, (str, bool, int, Decimal))


@dataclass(frozen=True, slots=True)
class Finding:
    """What one part of a request came to.

    Attributes:
        reading: The part changes nothing.
    """

    result: Result
    reading: bool


def together(findings: Sequence[Finding]) -> Result:
    """The result of all parts: the worst, but what failed beside a change that was made is ``ambiguous``.

    | beside a ``failed`` part        | together      |
    |---------------------------------|---------------|
    | only ``failed``                 | ``failed``    |
    | reads that match                | ``failed``    |
    | a change that matches, or may   | ``ambiguous`` |
    | ``ambiguous`` / ``drift``       | the same      |
    """
    found = worst([finding.result for finding in findings])
    changed = any(
        not finding.reading and finding.result in (Result.MATCH, Result.UNVERIFIABLE) for finding in findings
    )
    return Result.AMBIGUOUS if found is Result.FAILED and changed else found


@dataclass(frozen=True, slots=True)
class Verification:
    """The judgement of an answer.

    Attributes:
        extracted: Answer fields that the mapping allows to be kept, by pointer; where the request has several parts,
            with the number of the part in front: ``2/id``.
        findings: What each part came to, in their order.
        bounds: What the warrant's own limits say.
        lookups: Reads that the mapping asks for now.
        undo: Requests that would undo what was done.
        notes: What could not be found out, in sentences for operators.
    """

    result: Result
    checks: tuple[Check, ...]
    extracted: Mapping[str, Value]
    findings: tuple[Finding, ...] = ()
    bounds: Result = Result.MATCH
    lookups: tuple[Lookup, ...] = ()
    undo: tuple[Undo, ...] = ()
    notes: tuple[str, ...] = ()


def overall(findings: Sequence[Finding], bounds: Result) -> Result:
    """The result of all parts and of the warrant's limits."""
    return worst([together(findings), bounds])
