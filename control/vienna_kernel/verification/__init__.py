"""An answer held against what was approved.

Read in this order: spec (what is promised), path, answer (what came, as values), events, same, check (one comparison),
failure (a success that says it did nothing), part (one part of a request), result (how several become one), judge (the
one question asked), readback and undo (the requests that follow), settle (what a read-back changes).
"""

from __future__ import annotations

from vienna_kernel.verification.answer import ResponseView
from vienna_kernel.verification.judge import verify
from vienna_kernel.verification.readback import Lookup, readback_call
from vienna_kernel.verification.result import Check, Finding, Result, Verification
from vienna_kernel.verification.settle import Reread, settled, verify_readback
from vienna_kernel.verification.spec import (
    Among,
    AtMost,
    Compensate,
    Equal,
    Promise,
    Readback,
    VerifySpec,
    Within,
)
from vienna_kernel.verification.undo import Undo, compensation

__all__ = [
    "Among",
    "AtMost",
    "Check",
    "Compensate",
    "Equal",
    "Finding",
    "Lookup",
    "Promise",
    "Readback",
    "Reread",
    "ResponseView",
    "Result",
    "Undo",
    "Verification",
    "VerifySpec",
    "Within",
    "compensation",
    "readback_call",
    "settled",
    "verify",
    "verify_readback",
]
