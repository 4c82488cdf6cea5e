"""One line of the operational log for each call, and what is counted of it: in the same place, so that they agree."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from vienna_proxy.telemetry.account import Account, Ending, row
from vienna_proxy.telemetry.metrics import Metrics
from vienna_proxy.telemetry.tally import Tally
from vienna_proxy.telemetry.traces import NoTraces, Traces

log = structlog.get_logger()


class Lines:
    """Closes accounts.

    Attributes:
        tally: Sums over all of them.
        traces: Where their traces begin.
    """

    def __init__(
        self, metrics: Metrics, rung: Callable[[], str | None], traces: Traces | None = None
    ) -> None:
        """``rung``: how far the agent is enforced, None before that is known."""
        self.tally = Tally()
        self.traces: Traces = traces or NoTraces()
        self._metrics = metrics
        self._rung = rung

    def close(self, account: Account, ending: Ending) -> None:
        """The call is over. The first time counts: an account has one line."""
        if account.closed:
            return
        account.closed = True
        times = account.times(time.monotonic())
        self._metrics.count(account, ending, times)
        self.tally.count(account, ending)
        told = row(account, ending, times, rung=self._rung())
        if account.released_at is not None and account.returned_at is not None:
            account.trace.upstream(account.released_at, account.returned_at)
        account.trace.end(told)
        log.info("call", **told)
