"""Calendars of groups, fetched in the background: whom to ask never waits for somebody else's server.

1. The last good copy is kept, and read on while its server does not answer; what went wrong is shown beside the group.
2. https to public addresses only, no redirects, no proxy of the environment, ``ical.MOST_BYTES`` and ten seconds.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import structlog
from aiohttp.abc import AbstractResolver, ResolveResult
from sqlalchemy import Connection, delete, select

from vienna_control import rows
from vienna_control.approvals import ical
from vienna_control.clock import Clock, iso
from vienna_control.ports import UnavailableError
from vienna_control.store import Store, Tx
from vienna_control.store.tables import calendars, groups, operators
from vienna_kernel.addresses import carried, is_public

log = structlog.get_logger("vienna.approvals")

EVERY = timedelta(minutes=5)
_LOOK_SECONDS = 5.0
_PATIENCE = aiohttp.ClientTimeout(total=10)


class FetchError(OSError):
    """A calendar could not be fetched, and why, without secrets."""


def public(address: str) -> bool:
    """Whether an address is public unicast, and so is every address that it carries."""
    return all(is_public(one) for one in carried(ipaddress.ip_address(address.partition("%")[0])))


class _Guarded(AbstractResolver):
    """Names to addresses; a name with one address that is refused has none."""

    def __init__(self, allowed: Callable[[str], bool]) -> None:
        self._allowed = allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        infos = await loop.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
        found = [str(row[4][0]) for row in infos]
        if not found or not all(self._allowed(address) for address in found):
            raise FetchError("its address is not public")
        return [
            ResolveResult(
                hostname=host,
                host=str(row[4][0]),
                port=port,
                family=row[0],
                proto=row[2],
                flags=socket.AI_NUMERICHOST,
            )
            for row in infos
        ]

    async def close(self) -> None:
        return None


class Fetcher:
    """Fetches one calendar. ``allowed`` says which addresses may be connected to; ``tls`` whom to trust."""

    def __init__(self, *, allowed: Callable[[str], bool] = public, tls: ssl.SSLContext | None = None) -> None:
        self._allowed = allowed
        self._tls = tls

    async def fetch(self, url: str) -> bytes:
        """The body. Raises ``FetchError``."""
        self._literal(url)
        connector = aiohttp.TCPConnector(
            resolver=_Guarded(self._allowed), ssl=self._tls or ssl.create_default_context(), limit=1
        )
        try:
            async with (
                aiohttp.ClientSession(connector=connector, timeout=_PATIENCE, trust_env=False) as session,
                session.get(url, allow_redirects=False, headers={"Accept": "text/calendar"}) as answer,
            ):
                if answer.status != 200:
                    raise FetchError(f"it answered {answer.status}")
                return await self._body(answer)
        except FetchError:
            raise
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            cause = error.__cause__ or error
            why = str(cause) if isinstance(cause, FetchError) else type(error).__name__
            raise FetchError(why) from None

    def _literal(self, url: str) -> None:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme != "https" or not host:
            raise FetchError("it is not an https address")
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return  # a name: judged once it is resolved
        if not self._allowed(host):
            raise FetchError("its address is not public")

    async def _body(self, answer: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for piece in answer.content.iter_chunked(1 << 14):
            body += piece
            if len(body) > ical.MOST_BYTES:
                raise FetchError(f"it is larger than {ical.MOST_BYTES} bytes")
        return bytes(body)


class Calendars:
    """Background task: the calendars that groups name."""

    def __init__(self, store: Store, clock: Clock, fetcher: Fetcher | None = None) -> None:
        self._store = store
        self._clock = clock
        self._fetcher = fetcher or Fetcher()

    async def run(self) -> None:
        """Look for calendars that are due, until cancelled."""
        while True:
            try:
                await self.refresh()
            except UnavailableError as error:
                log.warning("calendars.unavailable", port=error.port, why=error.why)
            await self._clock.sleep(_LOOK_SECONDS)

    async def refresh(self) -> int:
        """Fetch what is due; returns how many calendars that were."""
        due = await self._store.read(self._due)
        known = await self._store.read(_names) if due else frozenset()
        for tenant, url, kept in due:
            await self._one(tenant, url, kept, known)
        return len(due)

    def _due(self, conn: Connection) -> list[tuple[str, str, str | None]]:
        query = (
            select(groups.c.tenant, groups.c.calendar, calendars.c.text, calendars.c.tried_at)
            .outerjoin(
                calendars, (calendars.c.tenant == groups.c.tenant) & (calendars.c.url == groups.c.calendar)
            )
            .where(groups.c.calendar.is_not(None))
            .distinct()
        )
        before = iso(self._clock.now() - EVERY)
        return [
            (row["tenant"], row["calendar"], row["text"])
            for row in rows.every(conn, query)
            if row["tried_at"] is None or row["tried_at"] <= before
        ]

    async def _one(self, tenant: str, url: str, kept: str | None, known: frozenset[str]) -> None:
        problem, fresh = "", None
        try:
            fresh = await self._fetcher.fetch(url)
            spans = await ical.read(fresh, self._clock.now(), known)
        except (FetchError, ical.UnreadableError) as error:
            problem, fresh = str(error)[:300], None
            log.warning("calendars.not_read", host=urlsplit(url).hostname, why=problem)
            if kept is None:
                await self._store.write(lambda tx: _keep(tx, tenant, url, problem=problem))
                return
            spans = await ical.read(kept.encode(), self._clock.now(), known)
        values: dict[str, Any] = {"spans": rows.dump(spans)}
        if fresh is not None:
            values |= {"text": fresh.decode(), "fetched_at": iso(self._clock.now())}
        await self._store.write(lambda tx: _keep(tx, tenant, url, problem=problem, **values))


def _names(conn: Connection) -> frozenset[str]:
    """Operators as a calendar may name them."""
    return frozenset(name.lower() for name in conn.scalars(select(operators.c.name)) if name)


def _keep(tx: Tx, tenant: str, url: str, **values: Any) -> None:
    key = {"tenant": tenant, "url": url}
    if not rows.change_by(tx.conn, calendars, key, tried_at=tx.at, **values):
        rows.add(tx.conn, calendars, **key, tried_at=tx.at, **values)
    wanted = select(groups.c.calendar).where(
        groups.c.tenant == calendars.c.tenant, groups.c.calendar == calendars.c.url
    )
    tx.conn.execute(delete(calendars).where(~wanted.exists()))
