"""What a gate's heartbeats count."""

from __future__ import annotations

from vienna_kernel.heartbeat import Counts
from vienna_kernel.mapping.reading import Mapped
from vienna_kernel.verdict import Reason
from vienna_proxy.telemetry.account import Account, Ending
from vienna_proxy.telemetry.tally import Tally


def mapped(*, by_a_mapping: bool) -> Mapped:
    return Mapped(
        intents=(), fingerprint="sha256:0", mapped=by_a_mapping, mapping=None, shown_url="http://a.example/"
    )


def test_each_call_is_counted_once_under_what_became_of_it() -> None:
    tally = Tally()
    tally.count(Account(mapped=mapped(by_a_mapping=True)), Ending(decision="granted"))
    tally.count(
        Account(mapped=mapped(by_a_mapping=False)), Ending(decision="denied", reason=Reason.NO_RULE_MATCHED)
    )
    tally.count(Account(held_seconds=3.0), Ending(decision="granted"))
    tally.count(Account(), Ending(decision="pending", reason=Reason.APPROVAL_PENDING))
    tally.count(Account(), Ending(decision="denied", reason=Reason.ADDRESS_REFUSED))
    tally.count(Account(), Ending(decision="denied", reason=Reason.WARRANT_SIGNATURE))
    tally.count(Account(), Ending(decision="none", reason=Reason.TARGET_MISMATCH))
    assert tally.counts == Counts(seen=7, mapped=1, unmapped=1, held=2, refused=3, bypass=2)
