"""What we execute ourselves, in mode direct. This version has ``noop``, for trials; each returns its outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vienna_control.intake.ask import Ask
from vienna_kernel.value import plain
from vienna_kernel.verification import Result


@dataclass(frozen=True, slots=True)
class Done:
    """What a handler did.

    Attributes:
        result: How it compares with what was approved.
        data: What the caller gets to see.
    """

    result: Result
    data: dict[str, Any] = field(default_factory=dict)


type Handler = Callable[[Ask], Done]


def _noop(ask: Ask) -> Done:
    return Done(
        Result.MATCH,
        {"noop": True, "action": ask.action, "parameters": plain(ask.intents[0].parameters)},
    )


HANDLERS: Mapping[str, Handler] = {"noop": _noop}
"""By name, as an action type names it."""
