"""More than was approved: rows, bytes, recipients, things that were touched.

How many there are is compared as a number; who or what they are, item by item.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from vienna_kernel.decode.pointer import MISSING, Found
from vienna_kernel.errors import MalformedError
from vienna_kernel.intent import Intent
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
from vienna_kernel.verification.same import Approved
from vienna_kernel.verification.spec import AtMost, Within

_ITEM_KINDS = {ParamType.EMAIL_LIST: ParamType.EMAIL, ParamType.STRING_LIST: ParamType.STRING}


def at_most(row: AtMost, intents: Sequence[Intent], answer: Answer) -> Check | None:
    """How much: nothing that stands there may count more than was approved."""
    approved: list[Value] = [row.value]
    if row.param is not None:
        approved = [value for value, _ in approved_values(row.param, intents)]
    if not approved:
        return None
    found = stands(row.pointers, row.header, answer)
    told = all(value is not MISSING and value is not None for value in found)
    bounds = [_count(value, text=False) for value in approved]
    counts = [_count(value, text=is_text(row, answer)) for value in found]
    bound = _most(bounds)
    total = _sum(counts)
    if bound is None or not told:
        result = Result.AMBIGUOUS
    else:
        result = Result.MATCH if total is not None and total <= bound else Result.DRIFT
    actual = (one(found) if total is None else total) if told else None
    name = row.param or name_of(row.pointers, row.header)
    return Check(name, showable(name, intents, bound), showable(name, intents, actual), result)


def _count(found: Found, *, text: bool) -> int | Decimal | None:
    """How many: a number that is not negative, or the items of a list; None for anything else."""
    if isinstance(found, list):
        return len(found)
    if isinstance(found, str) and text:
        try:
            return _count(read(ParamType.INT, found, text=True), text=False)
        except MalformedError:
            return None
    if isinstance(found, bool) or not isinstance(found, (int, Decimal)):
        return None
    return found if found >= 0 else None


def _most(bounds: Sequence[int | Decimal | None]) -> int | Decimal | None:
    known = [bound for bound in bounds if bound is not None]
    return max(known) if len(known) == len(bounds) else None


def _sum(counts: Sequence[int | Decimal | None]) -> int | Decimal | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def within(row: Within, intents: Sequence[Intent], answer: Answer) -> Check | None:
    """Recipients, keys, rows: nothing that stands there may be more than was approved."""
    approved = approved_values(row.param, intents)
    allowed = Approved([item for value, _ in approved for item in _items(value)])
    kind = _ITEM_KINDS.get(row.kind, row.kind)
    found = [item for value in answer.at(row.pointer) for item in _items(value)]
    if not approved and all(is_empty(item) for item in found):
        return None
    items = [item for item in found if item is not MISSING and item is not None]
    more = [item for item in items if not _is_allowed(item, allowed, kind, text=answer.textual)]
    untold = len(items) < len(found)
    result = Result.DRIFT if more else Result.AMBIGUOUS if untold else Result.MATCH
    actual: Value = more or (None if untold else items)
    expected = one([value for value, _ in approved]) if approved else None
    name = row.param
    return Check(name, showable(name, intents, expected), showable(name, intents, actual), result)


def _items[T: Found](value: T) -> list[T]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _is_allowed(item: Value, allowed: Approved, kind: ParamType, *, text: bool) -> bool:
    try:
        return read(kind, item, text=text) in allowed
    except MalformedError:
        return False
