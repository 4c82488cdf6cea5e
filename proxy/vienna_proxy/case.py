"""One call on its way through the gate."""

from __future__ import annotations

from dataclasses import dataclass, field

from vienna_kernel.call.request import Call
from vienna_proxy.evidence.tap import Tap
from vienna_proxy.judge.consult import Grant
from vienna_proxy.telemetry.account import Account
from vienna_proxy.transport.passage import Passage


@dataclass(slots=True, eq=False, kw_only=True)
class Case(Passage):
    """One call on its way through the gate; what the transport sees of it is its ``Passage``."""

    account: Account = field(default_factory=Account)
    call: Call | None = None
    grant: Grant | None = None
    tap: Tap | None = None
