"""Which bundle is in force, and how the next one takes its place.

1. Everything is compiled first; what does not compile changes nothing, and the old bundle stays, with the reason said.
2. A change is entered into the trail in the unit of work that makes it, and is in force once that is durable.
3. Files are looked at once a second; a rule by API is in force when its request is answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, select

from vienna_control import rows
from vienna_control.fleet.alerts import raise_alert
from vienna_control.policies import files, stored
from vienna_control.policies.bundle import Bundle, compile_bundle
from vienna_control.policies.types import registered
from vienna_control.ports import StartError, UnavailableError
from vienna_control.store import Store, Tx
from vienna_control.store.tables import settings
from vienna_kernel.document import DocumentError
from vienna_kernel.errors import MalformedError
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.policy.ruleset import Default

log = structlog.get_logger("vienna.policies")

_EVERY_SECONDS = 1.0
_SETTING = "bundle"


@dataclass(frozen=True, slots=True)
class _Swap:
    """What brings a new bundle: the sources it was compiled from."""

    sources: files.Sources
    actor: str
    what: str


class Policies:
    """The current bundle of this process.

    Attributes:
        problem: Why the files as they lie there now are not in force; empty when they are.
    """

    def __init__(
        self, store: Store, places: Sequence[Path], *, default: Default, tenant: str, strict: bool
    ) -> None:
        self._store = store
        self._strict = strict
        self._places = tuple(places)
        self._default: Default = default
        self._tenant = tenant
        self._stamp: object = None
        self._sources: files.Sources | None = None
        self._bundle: Bundle | None = None
        self.problem = ""

    @classmethod
    async def open(
        cls,
        store: Store,
        places: Sequence[Path] | None,
        *,
        default: Default = "deny",
        tenant: str = "default",
        strict: bool = False,
    ) -> Policies:
        """Load for the first time. Raises ``StartError`` naming file, line, column and field of each complaint.

        ``strict``: no mapping without cases, now and at every change.
        """
        opened = cls(store, places or files.default_places(), default=default, tenant=tenant, strict=strict)
        try:
            await opened._load()
        except MalformedError as error:
            raise StartError("; ".join(told(error))) from None
        return opened

    @property
    def current(self) -> Bundle:
        """The bundle in force."""
        assert self._bundle is not None  # noqa: S101  # ``open`` is the only way here
        return self._bundle

    async def run(self) -> None:
        """Look for changed files until cancelled."""
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            try:
                await self.refresh()
            except UnavailableError as error:
                log.warning("policies.unavailable", port=error.port, why=error.why)

    async def refresh(self) -> bool:
        """Load the files if they changed; returns whether another bundle is in force now.

        Files that do not load leave the old bundle in force, and ``problem`` says why.
        """
        try:
            if await asyncio.to_thread(files.stamp, self._places) == self._stamp:
                return False
            return await self._load()
        except MalformedError as error:
            await self._refused("; ".join(told(error)))
            return False

    async def _load(self) -> bool:
        self._stamp = await asyncio.to_thread(files.stamp, self._places)
        sources = await asyncio.to_thread(files.read, self._places, strict=self._strict)
        before = self._bundle.digest if self._bundle else None
        await self._write(_Swap(sources, "system", "files"), lambda tx: None)
        self.problem = ""
        return self.current.digest != before

    async def change[T](self, unit: Callable[[Tx], T], *, actor: str, what: str) -> T:
        """Run a unit that changes stored rules or action types, and put the result in force.

        Raises ``MalformedError`` or ``DocumentError`` when the whole does not compile: then nothing is changed.
        """
        assert self._sources is not None  # noqa: S101  # ``open`` is the only way here
        return await self._write(_Swap(self._sources, actor, what), unit)

    async def _write[T](self, swap: _Swap, unit: Callable[[Tx], T]) -> T:
        def both(tx: Tx) -> tuple[T, Bundle]:
            result = unit(tx)
            return result, self._compile(tx, swap)

        result, bundle = await self._store.write(both)
        self._adopt(bundle, swap)
        return result

    def _adopt(self, bundle: Bundle, swap: _Swap) -> None:
        """Put a bundle in force, then say so: whoever hears it finds the new one."""
        before = self._bundle
        # Two changes may come back in either order; the later version holds both.
        if before is not None and bundle.version < before.version:
            return
        self._bundle, self._sources = bundle, swap.sources
        if before is not None and bundle.version > before.version:
            told = {"version": bundle.version, "by": swap.what}
            self._store.bus.publish("policy_changed", told, tenant=self._tenant)
            self._store.bus.publish("_bundle", {"agent_id": None}, tenant=self._tenant)

    def _compile(self, tx: Tx, swap: _Swap) -> Bundle:
        bundle = compile_bundle(
            swap.sources,
            stored_rules=stored.in_force(tx.conn),
            registered=registered(tx.conn),
            default=self._default,
        )
        was = known(tx.conn)
        now = {
            "policy": bundle.policy_digest,
            "mapping": bundle.mapping_digest,
            "digest": bundle.digest,
        }
        if was is not None and all(was[name] == value for name, value in now.items()):
            return replace(bundle, version=was["version"])
        version = (was["version"] if was else 0) + 1
        self._enter(tx, swap, was, {**now, "version": version}, bundle)
        return replace(bundle, version=version)

    def _enter(
        self, tx: Tx, swap: _Swap, was: dict[str, Any] | None, now: dict[str, Any], bundle: Bundle
    ) -> None:
        if was is None:
            rows.add(tx.conn, settings, name=_SETTING, value=rows.dump(now))
        else:
            tx.conn.execute(settings.update().where(settings.c.name == _SETTING).values(value=rows.dump(now)))
        for name, kind in (("policy", EntryType.POLICY_CHANGED), ("mapping", EntryType.MAPPING_CHANGED)):
            before = was[name] if was else None
            if before != now[name]:
                tx.record(
                    kind,
                    tenant=self._tenant,
                    actor=swap.actor,
                    data={
                        "before": before,
                        "after": now[name],
                        "version": now["version"],
                        "by": swap.what,
                        "rules": bundle.rules.count,
                        "default": bundle.rules.default,
                    },
                )

    async def _refused(self, why: str) -> None:
        if why == self.problem:
            return
        self.problem = why
        log.error("policies.refused", why=why)
        await self._store.write(
            lambda tx: raise_alert(
                tx,
                tenant=self._tenant,
                severity="warning",
                kind="policy_refused",
                text=f"the changed policy files are not in force: {why}"[:2000],
            )
        )


def known(conn: Connection) -> dict[str, Any] | None:
    """Version and digests of the bundle that was last in force."""
    row = rows.first(conn, select(settings.c.value).where(settings.c.name == _SETTING))
    return rows.load(row["value"]) if row else None


def told(error: MalformedError) -> list[str]:
    """Every complaint of an error, each with its place."""
    return [str(each) for each in error.errors] if isinstance(error, DocumentError) else [str(error)]
