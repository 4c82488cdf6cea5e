"""The read of what became of a request: which one it is. What its answer is worth: ``settle``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vienna_kernel.decode.pointer import Found
from vienna_kernel.intent import Intent
from vienna_kernel.value import Value
from vienna_kernel.verification.same import same
from vienna_kernel.verification.spec import VerifySpec


@dataclass(frozen=True, slots=True)
class Lookup:
    """A read on the same origin, with the agent's own credentials.

    Attributes:
        part: Place of the promise it belongs to, from 0.
        path: Path and query.
        delay_seconds: Between the answer and the read.
        before_answer: The agent waits for it.
    """

    part: int
    method: str
    path: str
    delay_seconds: int = 0
    before_answer: bool = False


def agreed(intents: Sequence[Intent]) -> dict[str, Value]:
    """Approved parameters that may stand in a path: on which all intents agree, and that may be shown."""
    values: dict[str, Value] = {}
    torn: set[str] = set()
    for intent in intents:
        for name, value in intent.parameters.items():
            if name in intent.redacted or (name in values and not same(values[name], value)):
                torn.add(name)
            values[name] = value
    return {name: value for name, value in values.items() if name not in torn}


def readback_call(
    spec: VerifySpec | None, intents: Sequence[Intent], answer: Found, *, part: int = 0
) -> Lookup | None:
    """The read that a spec asks for; None when it asks for none, or its path cannot be filled.

    ``answer``: the part's own answer, decoded.
    """
    if spec is None or spec.readback is None:
        return None
    row = spec.readback
    path = row.path.fill(agreed(intents), answer)
    return None if path is None else Lookup(part, row.method, path, row.delay_seconds, row.before_answer)
