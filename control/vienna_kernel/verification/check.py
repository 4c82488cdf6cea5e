"""Comparisons of one part's answer with what was approved; each row of a spec becomes one check, or none.

1. Comparison is typed: amounts in minor units are read with the approved currency, codes without regard to case,
   addresses with their domain in lower case, and a number is not its digits in a string.
2. What is not there does not tell: ``ambiguous``. What is there and is something else is ``drift``, and so is what
   cannot be read as the type it must have.
3. Of several places every one must agree. Of several intents in one part any one's value may stand there.
4. Redacted values are compared and not shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vienna_kernel.decode.pointer import MISSING, Found
from vienna_kernel.errors import MalformedError
from vienna_kernel.intent import Intent
from vienna_kernel.money import currency_code, to_major
from vienna_kernel.parameter import ParamType, read
from vienna_kernel.value import Value
from vienna_kernel.verification.answer import Answer
from vienna_kernel.verification.place import (
    approved_values,
    is_empty,
    is_text,
    name_of,
    one,
    showable,
    stands,
)
from vienna_kernel.verification.result import Check, Result
from vienna_kernel.verification.same import Approved, same
from vienna_kernel.verification.spec import Among, Equal, VerifySpec
from vienna_kernel.verification.surplus import at_most, within

_SETS = frozenset({ParamType.EMAIL_LIST})
_UNTOLD = Result.AMBIGUOUS


def compare(spec: VerifySpec, intents: Sequence[Intent], answer: Answer) -> list[Check]:
    """Every comparison that a spec asks for and that something was approved for."""
    checks: list[Check | None] = [_equal(row, intents, answer) for row in spec.equal]
    checks += [_among(row, answer) for row in spec.among]
    checks += [_absent(text, answer) for text in spec.absent]
    checks += [at_most(row, intents, answer) for row in spec.at_most]
    checks += [within(row, intents, answer) for row in spec.within]
    return [check for check in checks if check is not None]


def says_failed(rows: Iterable[Among], answer: Answer) -> Check | None:
    """The first row where the answer says that nothing was done."""
    for row in rows:
        for found in stands(row.pointers, row.header, answer):
            if found is not MISSING and _spelled(found, row, answer):
                return Check(name_of(row.pointers, row.header), "not failed", found, Result.FAILED)
    return None


def _verdict(checks: Iterable[bool | None]) -> Result:
    """Of single comparisons: held, did not, or (None) did not tell."""
    results = {
        Result.AMBIGUOUS if held is None else Result.MATCH if held else Result.DRIFT for held in checks
    }
    return next((r for r in (Result.DRIFT, Result.AMBIGUOUS) if r in results), Result.MATCH)


def _currency(name: str, intent: Intent) -> str | None:
    holder = intent.money.get(name, "")
    code = intent.parameters.get(holder)
    return code if isinstance(code, str) else holder if currency_code(holder) == holder else None


def _equal(row: Equal, intents: Sequence[Intent], answer: Answer) -> Check | None:
    approved = approved_values(row.param, intents)
    if not approved:
        return None
    found = stands(row.pointers, row.header, answer)
    text = is_text(row, answer)
    result = _verdict(_equals(value, row, approved, text=text) for value in found) if found else _UNTOLD
    expected = one([value for value, _ in approved])
    return Check(
        row.param,
        showable(row.param, intents, expected),
        showable(row.param, intents, one([_told(value, row, approved[0][1], text=text) for value in found])),
        result,
    )


def _equals(found: Found, row: Equal, approved: Sequence[tuple[Value, Intent]], *, text: bool) -> bool | None:
    if found is MISSING or found is None:
        return None
    held: list[bool | None] = []
    for expected, intent in approved:
        if row.kind is ParamType.MINOR_UNITS and _currency(row.param, intent) is None:
            held.append(None)
            continue
        actual = _typed(found, row, intent, text=text)
        held.append(actual is not MISSING and _agree(expected, actual, row.kind))
    return True if True in held else None if None in held else False


def _agree(expected: Value, actual: Value, kind: ParamType) -> bool:
    if kind in _SETS and isinstance(expected, Sequence) and isinstance(actual, Sequence):
        return all(item in Approved(actual) for item in expected) and all(
            item in Approved(expected) for item in actual
        )
    return same(expected, actual)


def _typed(found: Value, row: Equal, intent: Intent, *, text: bool) -> Found:
    """What the answer has, as the type it is compared in; ``MISSING`` when it cannot be read as that."""
    try:
        value = read(row.kind, found, text=text)
    except MalformedError:
        return MISSING
    if row.kind is ParamType.MINOR_UNITS and isinstance(value, int):
        return to_major(value, _currency(row.param, intent) or "")
    return value


def _told(found: Found, row: Equal, intent: Intent, *, text: bool) -> Found:
    """What is shown of it: as the type it is compared in, else as it came."""
    if found is MISSING or found is None:
        return None
    if row.kind is ParamType.MINOR_UNITS and _currency(row.param, intent) is None:
        return found
    actual = _typed(found, row, intent, text=text)
    return found if actual is MISSING else actual


def _among(row: Among, answer: Answer) -> Check:
    found = stands(row.pointers, row.header, answer)
    null = None in row.values
    held = [
        None if value is MISSING or (value is None and not null) else _spelled(value, row, answer)
        for value in found
    ]
    result = _verdict(held) if found else _UNTOLD
    return Check(name_of(row.pointers, row.header), list(row.values), one(found), result)


def _spelled(found: Value, row: Among, answer: Answer) -> bool:
    """Whether a value is one of the row's; where all is text, as it is spelled there."""
    if not is_text(row, answer):
        return any(same(found, value) for value in row.values)
    for value in row.values:
        kind = ParamType.BOOL if isinstance(value, bool) else ParamType.DECIMAL
        if isinstance(value, str):
            if found == value:
                return True
            continue
        try:
            if same(read(kind, found, text=True), value):
                return True
        except MalformedError:
            continue
    return False


def _absent(text: str, answer: Answer) -> Check:
    found = [value for value in answer.at(text) if not is_empty(value)]
    if answer.own is MISSING:
        return Check(text, "nothing", None, _UNTOLD)
    return Check(text, "nothing", one(found) if found else None, Result.AMBIGUOUS if found else Result.MATCH)
