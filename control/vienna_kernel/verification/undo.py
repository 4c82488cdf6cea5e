"""The request that undoes what a call did: offered to people, never made by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vienna_kernel.decode.pointer import Found
from vienna_kernel.intent import Intent
from vienna_kernel.verification.readback import agreed
from vienna_kernel.verification.spec import VerifySpec


@dataclass(frozen=True, slots=True)
class Undo:
    """One request on the same origin. ``path``: path and query."""

    action: str
    method: str
    path: str

    def to_json(self) -> dict[str, str]:
        return {"action": self.action, "method": self.method, "path": self.path}


def compensation(spec: VerifySpec | None, intents: Sequence[Intent], answer: Found) -> Undo | None:
    """What a spec names as the undoing; None when it names nothing, or its path cannot be filled.

    ``answer``: the part's own answer, decoded.
    """
    if spec is None or spec.compensate is None:
        return None
    path = spec.compensate.path.fill(agreed(intents), answer)
    return None if path is None else Undo(spec.compensate.action, spec.compensate.method, path)
