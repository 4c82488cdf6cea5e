"""What Slack signed: held against the signing secret and the clock, and taken once.

https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

from __future__ import annotations

import hashlib
import hmac
from collections import OrderedDict
from datetime import datetime

WINDOW_SECONDS = 300
_MOST = 10_000


def fresh(timestamp: str, now: datetime) -> bool:
    """Whether an instant in seconds since the epoch is within five minutes of ours."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return False
    return abs(now.timestamp() - int(timestamp)) <= WINDOW_SECONDS


def holds(body: bytes, *, timestamp: str, signature: str, secret: str) -> bool:
    """Whether ``signature`` (``v0=<hex>``) is of this body and instant."""
    expected = hmac.digest(secret.encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256).hex()
    return hmac.compare_digest(f"v0={expected}".encode(), signature.encode())


class Replays:
    """Signatures that were taken, as long as they could be shown again."""

    def __init__(self) -> None:
        self._taken: OrderedDict[str, float] = OrderedDict()

    def take(self, signature: str, *, now: datetime) -> bool:
        """Whether it is shown for the first time. So many within the window that they cannot all be kept: no."""
        at = now.timestamp()
        while self._taken and next(iter(self._taken.values())) < at - 2 * WINDOW_SECONDS:
            self._taken.popitem(last=False)
        if signature in self._taken or len(self._taken) >= _MOST:
            return False
        self._taken[signature] = at
        return True
