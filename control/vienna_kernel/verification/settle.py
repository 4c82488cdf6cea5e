"""What a read-back changes in a verification.

| first          | reads the same | reads otherwise | lacks it, or is gone | does not tell  |
|----------------|----------------|-----------------|----------------------|----------------|
| `match`        | `match`        | `drift`         | `ambiguous`          | `match`        |
| `unverifiable` | `match`        | `drift`         | `ambiguous`          | `unverifiable` |
| `ambiguous`    | `ambiguous`    | `drift`         | `ambiguous`          | `ambiguous`    |
| `failed`       | `failed`       | `failed`        | `failed`             | `failed`       |
| `drift`        | `drift`        | `drift`         | `drift`              | `drift`        |

An answer that says that it acted is completed by what stands there now. One that may not have acted is not: what
stands there may have stood there before. Where nothing happened, nothing is to be read. What does not tell leaves the
first result, and a note.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from vienna_kernel.verification.answer import ResponseView, decode, of_part
from vienna_kernel.verification.part import judge
from vienna_kernel.verification.readback import Lookup
from vienna_kernel.verification.result import Check, Result, Verification, overall
from vienna_kernel.verification.spec import Promise

_GONE = frozenset({404, 410})


@dataclass(frozen=True, slots=True)
class Reread:
    """A read-back, judged. ``result``: ``match``, ``drift``, ``ambiguous``, or ``unverifiable``: it does not tell."""

    result: Result
    checks: tuple[Check, ...] = ()
    note: str = ""


def verify_readback(promise: Promise, response: ResponseView | None) -> Reread:
    """Hold the answer of a read-back against what was approved. ``response`` None: none came. Total."""
    readback = promise.spec.readback if promise.spec is not None else None
    if readback is None or response is None:
        return Reread(Result.UNVERIFIABLE, (), "The read-back was not answered.")
    of_write = Promise(promise.intents, readback.spec)
    whole, textual = decode(response, readback.spec.body)
    judged = judge(of_write, response, of_part(of_write, response, whole, textual=textual))
    named = judged.result is Result.MATCH  # such as 404 of what was deleted
    if named or (200 <= response.status < 300 and judged.result in (Result.AMBIGUOUS, Result.DRIFT)):
        return Reread(judged.result, judged.checks)
    if response.status in _GONE:
        return Reread(Result.AMBIGUOUS, judged.checks)
    return Reread(Result.UNVERIFIABLE, (), f"The read-back, answered {response.status}, does not tell.")


def settled(first: Verification, lookup: Lookup, reread: Reread) -> Verification:
    """The verification with what a read-back of one part told."""
    finding = first.findings[lookup.part]
    findings = (
        *first.findings[: lookup.part],
        replace(finding, result=_table(finding.result, reread.result)),
        *first.findings[lookup.part + 1 :],
    )
    part = lookup.part + 1 if len(findings) > 1 else 0
    checks = [replace(check, name=f"readback {check.name}", part=part) for check in reread.checks]
    return replace(
        first,
        result=overall(findings, first.bounds),
        checks=(*first.checks, *checks),
        findings=findings,
        lookups=tuple(other for other in first.lookups if other != lookup),
        notes=(*first.notes, reread.note) if reread.note else first.notes,
    )


def _table(first: Result, reread: Result) -> Result:
    if first in (Result.FAILED, Result.DRIFT) or reread is Result.UNVERIFIABLE:
        return first
    if reread is Result.MATCH and first is Result.UNVERIFIABLE:
        return Result.MATCH
    return reread if reread is not Result.MATCH else first
