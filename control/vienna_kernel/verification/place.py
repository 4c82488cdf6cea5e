"""Where a row looks, in the answer and among the approved, and how that is shown."""

from __future__ import annotations

from collections.abc import Sequence

from vienna_kernel.decode.pointer import MISSING, Found
from vienna_kernel.intent import HIDDEN, Intent
from vienna_kernel.value import Value
from vienna_kernel.verification.answer import Answer
from vienna_kernel.verification.spec import Among, AtMost, Equal


def is_empty(found: Found) -> bool:
    """Whether nothing is said there: missing, null, false, zero or without content."""
    return found is MISSING or not found


def name_of(pointers: Sequence[str], header: str | None) -> str:
    return f"header {header.lower()}" if header is not None else (pointers[0] or "body") if pointers else ""


def stands(pointers: Sequence[str], header: str | None, answer: Answer) -> list[Found]:
    """What stands at the first place that leads anywhere; ``[MISSING]`` when none does."""
    if header is not None:
        return answer.header(header)
    for text in pointers:
        found = answer.at(text)
        if any(value is not MISSING for value in found) or not found:
            return found
    return [MISSING]


def is_text(row: Equal | Among | AtMost, answer: Answer) -> bool:
    return row.header is not None or answer.textual


def one(values: Sequence[Found]) -> Value:
    """What came, as one value to show."""
    told = [None if value is MISSING else value for value in values]
    return told[0] if len(told) == 1 else told


def approved_values(name: str, intents: Sequence[Intent]) -> list[tuple[Value, Intent]]:
    return [(intent.parameters[name], intent) for intent in intents if name in intent.parameters]


def showable(name: str, intents: Sequence[Intent], value: Value) -> Value:
    hidden = any(name in intent.redacted for intent in intents)
    return HIDDEN if hidden and value is not None else value
