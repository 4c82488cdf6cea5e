"""What an outcome makes of a reservation.

1. Nobody can tell what happened, or it is not what was approved: all of it is kept, and more where more is known.
2. A failure that a gate has seen, before anything was done: released. An agent's own word releases nothing: else it
   would refill its budget by reporting failures.
3. A success: settled at what the answer says it used (``settle_on``), else at what was reserved, which is then what
   was verified.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from vienna_kernel.budget.amount import number, total
from vienna_kernel.budget.definition import added
from vienna_kernel.budget.entry import Event
from vienna_kernel.decode import pointer
from vienna_kernel.decode.pointer import Pointer
from vienna_kernel.errors import MalformedError
from vienna_kernel.value import unpack
from vienna_kernel.verification import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a call ended, as far as a budget minds.

    Attributes:
        status: HTTP status of the answer, if one came.
        lost: It left, and no answer that can be read came back.
        witnessed: A gate, or a handler of ours, has seen it; False: an agent says so.
        checks: ``verification.Check`` rows as JSON data.
        extracted: Fields of the answer by pointer, packed.
    """

    result: Result
    status: int | None = None
    lost: bool = False
    witnessed: bool = True
    checks: Sequence[Mapping[str, Any]] = ()
    extracted: Mapping[str, Any] = field(default_factory=dict)


def settle(
    reserved: Decimal, ended: Ended, *, parameter: str | None = None, settle_on: Sequence[str] = ()
) -> tuple[Event, Decimal]:
    """How the reservation ends, and how much was used. ``parameter``: which one is counted, if one is."""
    used = _answered(ended, settle_on)
    if ended.witnessed and not ended.lost:
        # a read that promised nothing matches whatever it is answered; one that was refused used nothing
        refused = ended.result is Result.MATCH and used is None and (ended.status or 0) >= 400
        if ended.result is Result.FAILED or refused:
            return Event.RELEASE, reserved
        if ended.result is Result.MATCH:
            return Event.SETTLE, reserved if used is None else used
    checked = None if parameter is None else _checked(ended, parameter)
    told = [amount for amount in (used, checked) if amount is not None]
    return Event.KEEP, max([reserved, *told])


def _answered(ended: Ended, settle_on: Sequence[str]) -> Decimal | None:
    """What the answer says was used: the first alternative all of whose parts are there."""
    for alternative in settle_on:
        parts = [_at(steps, ended.extracted) for steps in added(alternative)]
        known = [part for part in parts if part is not None]
        if len(known) == len(parts):
            return total(*known)
    return None


def _checked(ended: Ended, parameter: str) -> Decimal | None:
    """The largest value that a check of the counted parameter has found, in the answer or when it was read back."""
    names = (parameter, f"readback {parameter}")
    found = [_number(row.get("actual")) for row in ended.checks if row.get("name") in names]
    return max((amount for amount in found if amount is not None), default=None)


def _at(steps: Pointer, extracted: Mapping[str, Any]) -> Decimal | None:
    """The number at a pointer into the answer, through whichever kept field it lies in."""
    for text, data in extracted.items():
        kept = _kept(text)
        if kept is not None and steps[: len(kept)] == kept:
            amount = _number(pointer.find(data, steps[len(kept) :]))
            if amount is not None:
                return amount
    return None


def _kept(text: str) -> Pointer | None:
    try:
        return pointer.parse(text)
    except MalformedError:  # what an agent reports has names of its own
        return None


def _number(data: Any) -> Decimal | None:
    """A packed number; whatever else was sent is none."""
    if isinstance(data, Mapping) and all(isinstance(part, str) for part in data.values()):
        try:
            data = unpack(data)
        except ValueError:
            return None
    return number(data)
