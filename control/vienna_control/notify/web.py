"""One POST to somebody else's server: guarded, bounded, without redirects, proxies of the environment or cookies."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import aiohttp

from vienna_control.notify.guard import DestinationError, Guard, GuardedResolver
from vienna_control.notify.message import DeliveryError

SECONDS = 10.0
_MOST_BYTES = 64 * 1024
_MOST_AFTER = 3600.0
_AGAIN = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, at most 64 KiB of its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def judge(self) -> None:
        """Raises ``DeliveryError`` unless it is a 2xx."""
        if 200 <= self.status < 300:
            return
        if 300 <= self.status < 400:
            raise DeliveryError(
                f"it answered {self.status}; redirects are not followed", code=self.status, final=True
            )
        final = 400 <= self.status < 500 and self.status not in _AGAIN
        raise DeliveryError(
            f"it answered {self.status}",
            code=self.status,
            final=final,
            after_seconds=retry_after(self.headers.get("Retry-After")),
        )


def retry_after(text: str | None, *, now: datetime | None = None) -> float | None:
    """Seconds of a ``Retry-After`` header, an hour at most; None where it says nothing that can be read."""
    if text is None:
        return None
    if text.strip().isascii() and text.strip().isdigit():
        return min(float(text), _MOST_AFTER)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max(0.0, (at - (now or datetime.now(UTC))).total_seconds()), _MOST_AFTER)


class Web:
    """Posts. ``plain``: http is allowed beside https (dev and test); ``seconds``: for all of one exchange."""

    def __init__(
        self, guard: Guard, *, plain: bool, seconds: float = SECONDS, tls: ssl.SSLContext | None = None
    ) -> None:
        self._guard = guard
        self._plain = plain
        self._patience = aiohttp.ClientTimeout(total=seconds)
        self._tls = tls

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Raises ``DeliveryError``: no connection, no answer in time, a destination that is refused."""
        parts = urlsplit(url)
        if parts.scheme != "https" and not (self._plain and parts.scheme == "http"):
            raise DeliveryError("its address is not https", final=True)
        try:
            self._guard.judge_literal(parts.hostname or "")
            connector = aiohttp.TCPConnector(
                resolver=GuardedResolver(self._guard),
                use_dns_cache=False,
                force_close=True,
                ssl=self._tls or ssl.create_default_context(),
            )
            async with (
                aiohttp.ClientSession(
                    connector=connector,
                    timeout=self._patience,
                    trust_env=False,
                    cookie_jar=aiohttp.DummyCookieJar(),
                    auto_decompress=False,
                ) as session,
                session.post(
                    url,
                    data=body,
                    allow_redirects=False,
                    headers={"User-Agent": "vienna", "Accept-Encoding": "identity", **headers},
                ) as answer,
            ):
                read = await _some(answer)
                return Reply(answer.status, {**answer.headers}, read)
        except (aiohttp.ClientError, OSError, TimeoutError, asyncio.LimitOverrunError, ValueError) as error:
            raise _failed(error) from None


async def _some(answer: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for piece in answer.content.iter_chunked(1 << 14):
        body += piece
        if len(body) >= _MOST_BYTES:
            break
    return bytes(body[:_MOST_BYTES])


def _failed(error: BaseException) -> DeliveryError:
    for cause in (error, error.__cause__, getattr(error, "os_error", None)):
        if isinstance(cause, DestinationError):
            return DeliveryError(str(cause), final=True)
    if isinstance(error, TimeoutError):
        return DeliveryError("no answer in time")
    if isinstance(error, aiohttp.InvalidURL):
        return DeliveryError("its address is not one", final=True)
    return DeliveryError(f"no connection: {type(error).__name__}")
