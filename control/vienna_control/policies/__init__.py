"""The policy in force: files and what is kept by API, compiled together, swapped as one, for each tenant.

Read in this order: ``files`` (what lies on disk), ``stored`` (what is kept by API, with ``types`` and ``mapping``),
``bundle`` (one compiled policy), ``current`` (which bundle is in force), ``writing`` and ``proposals`` (how a change
comes to be), ``rejudge``, ``candidates``, ``backtest``, ``backtests`` (another policy on recorded traffic), ``hits``,
``trial`` (dry runs), ``source``, ``templates``, ``suggestions``, ``importing`` (where rules and mappings come from).
"""

from vienna_control.policies.bundle import Bundle
from vienna_control.policies.current import Policies

__all__ = ["Bundle", "Policies"]
