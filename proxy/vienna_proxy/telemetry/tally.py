"""What the gate counted since it started, for its heartbeats: each call once, where its line is written."""

from __future__ import annotations

from vienna_kernel.heartbeat import Counts
from vienna_kernel.verdict import Reason
from vienna_proxy.telemetry.account import Account, Ending

_BYPASS = frozenset(
    {
        Reason.ADDRESS_REFUSED,
        Reason.TARGET_MISMATCH,
        Reason.AMBIGUOUS_REQUEST,
        Reason.METHOD_OVERRIDE,
        Reason.UNSUPPORTED_PROTOCOL,
        Reason.WARRANT_KEY_UNKNOWN,
        Reason.WARRANT_ALGORITHM,
        Reason.WARRANT_SIGNATURE,
        Reason.WARRANT_ISSUER,
        Reason.WARRANT_CHAIN,
        Reason.WARRANT_HOLDER,
        Reason.WARRANT_SCOPE,
    }
)
"""What no client does that means well."""
_NO = frozenset({"denied", "expired"})
_WAITED = frozenset({"pending", "expired"})


class Tally:
    """Sums that never go back.

    Attributes:
        counts: Of now.
    """

    def __init__(self) -> None:
        self.counts = Counts()

    def count(self, account: Account, ending: Ending) -> None:
        """One call is over."""
        mapped, refused = account.mapped, ending.decision in _NO
        now = self.counts
        self.counts = Counts(
            seen=now.seen + 1,
            mapped=now.mapped + (mapped is not None and mapped.mapped),
            unmapped=now.unmapped + (mapped is not None and not mapped.mapped),
            held=now.held + (account.held_seconds > 0 or ending.decision in _WAITED),
            refused=now.refused + refused,
            bypass=now.bypass + (refused and ending.reason in _BYPASS),
        )
