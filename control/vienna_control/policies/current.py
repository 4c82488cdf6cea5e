"""Which bundle is in force, and how the next one takes its place.

1. The files are common to all tenants; what is kept by API holds for its tenant only. A tenant that keeps something has
   a bundle of its own; all others share the one of the files (``COMMON``).
2. Everything is compiled first; what does not compile changes nothing, and the old bundle stays, with the reason said.
   Files that do not go together with what the first tenant keeps, whose they are, are not in force for anybody. With
   what another tenant keeps: for all but it, which stays at its old bundle, or has none of its own and nothing goes.
3. A change is entered into the trail in the unit of work that makes it, and is in force once that is durable.
4. Files are looked at once a second; what changes by API is in force when its request is answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection

from vienna_control.approvals import groups
from vienna_control.fleet.alerts import raise_alert
from vienna_control.invariant import there
from vienna_control.policies import files, versions
from vienna_control.policies.bundle import Bundle, compile_bundle
from vienna_control.policies.hits import Hits
from vienna_control.policies.proposals import expire
from vienna_control.policies.stored import NOTHING, Contents, Step, keepers
from vienna_control.ports import StartError, UnavailableError
from vienna_control.store import Store, Tx
from vienna_kernel.document import DocumentError
from vienna_kernel.errors import MalformedError
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.policy.ruleset import Default

log = structlog.get_logger("vienna.policies")

COMMON = ""
"""Stands for every tenant that keeps nothing by API."""

_EVERY_SECONDS = 1.0
_SWEEP_EVERY = 10


@dataclass(frozen=True, slots=True)
class _Swap:
    """What brings new bundles.

    Attributes:
        sources: Newly read; None: those that were read last.
        tenant: Whose bundle changes; None: everybody's.
    """

    sources: files.Sources | None
    tenant: str | None
    actor: str
    what: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """When the files in force were read, and that there is nothing newer."""

    at: str
    stamp: object


class Policies:
    """The bundles of this process.

    Attributes:
        problem: Why the files as they lie there now are not in force; empty when they are.
        places: Where files are read.
        default: What follows where no rule holds and no document says.
        strict: No mapping without cases.
        loaded: When the files in force were read.
        hits: How often rules held, counted in memory and written down now and then.
    """

    def __init__(
        self, store: Store, places: Sequence[Path], *, default: Default, tenant: str, strict: bool
    ) -> None:
        self._store = store
        self.strict = strict
        self.places = tuple(places)
        self.default: Default = default
        self._tenant = tenant
        self._stamp: object = None
        self._sources: files.Sources | None = None
        self._bundles: dict[str, Bundle] = {}
        self.loaded = Loaded("", None)
        self.problem = ""
        self.hits = Hits()

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

    def of(self, tenant: str) -> Bundle:
        """The bundle in force for a tenant."""
        return self._bundles.get(tenant) or self._bundles[COMMON]

    @property
    def current(self) -> Bundle:
        """The bundle in force for the tenant of a fresh installation."""
        return self.of(self._tenant)

    @property
    def sources(self) -> files.Sources:
        """The files in force, parsed."""
        return there(self._sources, "open is the only way here")

    async def run(self) -> None:
        """Look for changed files, write hits down and let proposals expire, until cancelled."""
        turn = 0
        while True:
            await self._store.clock.sleep(_EVERY_SECONDS)
            turn += 1
            try:
                await self.refresh()
                if turn % _SWEEP_EVERY == 0:
                    await self._store.write(self._sweep)
            except UnavailableError as error:
                log.warning("policies.unavailable", port=error.port, why=error.why)

    def _sweep(self, tx: Tx) -> None:
        self.hits.flush(tx)
        expire(tx)

    async def refresh(self) -> bool:
        """Load the files if they changed; returns whether another bundle is in force now.

        Files that do not load leave the old bundle in force, and ``problem`` says why.
        """
        try:
            if await asyncio.to_thread(files.stamp, self.places) == self._stamp:
                return False
            return await self._load()
        except MalformedError as error:
            await self._refused("; ".join(told(error)))
            return False

    async def _load(self) -> bool:
        self._stamp = stamp = await asyncio.to_thread(files.stamp, self.places)
        sources = await asyncio.to_thread(files.read, self.places, strict=self.strict)
        before = self.current.digest if self._bundles else None
        at = await self._write(_Swap(sources, None, "system", "files"), lambda tx: tx.at)
        self.loaded = Loaded(at, stamp)
        self.problem = ""
        return self.current.digest != before

    async def change[T](self, unit: Callable[[Tx], T], *, tenant: str, actor: str, what: str) -> T:
        """Run a unit that changes what a tenant keeps by API, and put the result in force.

        Raises ``MalformedError`` or ``DocumentError`` when the whole does not compile: then nothing is changed.
        """
        return await self._write(_Swap(None, tenant, actor, what), unit)

    def candidate(self, conn: Connection, tenant: str, steps: Iterable[Step]) -> Bundle:
        """A tenant's bundle as it would be with these steps; nothing is written. Raises as ``change``."""
        contents = Contents.of(conn, tenant).after(steps)
        return compile_bundle(self.sources, contents=contents, default=self.default)

    async def _write[T](self, swap: _Swap, unit: Callable[[Tx], T]) -> T:
        def both(tx: Tx) -> tuple[T, Mapping[str, Bundle]]:
            result = unit(tx)
            return result, self._compile(tx, swap)

        result, bundles = await self._store.write(both)
        self._adopt(bundles, swap)
        return result

    def _adopt(self, bundles: Mapping[str, Bundle], swap: _Swap) -> None:
        """Put bundles in force, then say so: whoever hears it finds the new ones."""
        before = self._bundles
        # Two changes may come back in either order; the later version holds both.
        newer = {
            tenant: bundle
            for tenant, bundle in bundles.items()
            if tenant not in before or bundle.version >= before[tenant].version
        }
        self._bundles = {**before, **newer}
        others = [
            (tenant, bundle)
            for tenant, bundle in newer.items()
            if tenant not in before or bundle.version > before[tenant].version
        ]
        if not before:
            return
        for tenant, bundle in others:
            told = {"version": bundle.version, "by": swap.what}
            self._store.bus.publish("policy_changed", told, tenant=tenant or self._tenant)
        if others:
            self._store.bus.publish("_bundle", {"agent_id": None}, tenant=swap.tenant or self._tenant)

    def _compile(self, tx: Tx, swap: _Swap) -> dict[str, Bundle]:
        """In the writer thread: whoever comes later sees the sources that were read last."""
        sources = swap.sources or self.sources
        if swap.sources is not None:
            groups.adopt(tx, sources.groups, tenant=self._tenant, actor=swap.actor)
        tenants = [swap.tenant] if swap.tenant is not None else [COMMON, *keepers(tx.conn)]
        contents = {one: Contents.of(tx.conn, one) if one else NOTHING for one in tenants}
        bundles = {one: self._bundle(tx, swap, sources, one, kept) for one, kept in contents.items()}
        numbered = self._number(tx, swap, bundles)
        self._sources = sources
        return numbered

    def _bundle(self, tx: Tx, swap: _Swap, sources: files.Sources, tenant: str, kept: Contents) -> Bundle:
        try:
            return compile_bundle(sources, contents=kept, default=self.default)
        except MalformedError as error:
            if swap.tenant is not None or tenant in (COMMON, self._tenant):
                raise
            why = "; ".join(told(error))[:1500]
        log.error("policies.left_behind", tenant=tenant, why=why)
        text = f"the new policy files do not go together with what is kept by API, and are not in force here: {why}"
        raise_alert(tx, tenant=tenant, severity="critical", kind="policy_refused", text=text)
        if (before := self._bundles.get(tenant)) is not None:
            return before
        return compile_bundle(replace(sources, rules=()), contents=NOTHING, default="deny")

    def _number(self, tx: Tx, swap: _Swap, bundles: Mapping[str, Bundle]) -> dict[str, Bundle]:
        """The bundles with their versions: one count for all, so that a tenant's only ever grows."""
        was = versions.last(tx.conn)
        last, of = was["version"], dict(was["tenants"])
        numbered = {}
        for tenant, bundle in bundles.items():
            now = {"policy": bundle.policy_digest, "mapping": bundle.mapping_digest, "digest": bundle.digest}
            before = of.get(tenant)
            if before is None or any(before[name] != value for name, value in now.items()):
                last += 1
                of[tenant] = {**now, "version": last}
            numbered[tenant] = replace(bundle, version=of[tenant]["version"])
            if of[tenant] is not before and (tenant or self._tenant not in bundles):
                self._enter(
                    tx, swap, tenant or self._tenant, before or was["tenants"].get(COMMON), numbered[tenant]
                )
        if last > was["version"]:
            versions.remember(tx, {"version": last, "tenants": of})
        return numbered

    def _enter(self, tx: Tx, swap: _Swap, tenant: str, was: Mapping[str, Any] | None, bundle: Bundle) -> None:
        own = {"policy": bundle.policy_digest, "mapping": bundle.mapping_digest}
        for name, kind in (("policy", EntryType.POLICY_CHANGED), ("mapping", EntryType.MAPPING_CHANGED)):
            before = was[name] if was else None
            if before != own[name]:
                data = {
                    "before": before,
                    "after": own[name],
                    "version": bundle.version,
                    "by": swap.what,
                    "rules": bundle.rules.count,
                    "default": bundle.rules.default,
                }
                tx.record(kind, tenant=tenant, actor=swap.actor, data=data)

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


def told(error: MalformedError) -> list[str]:
    """Every complaint of an error, each with its place."""
    return [str(each) for each in error.errors] if isinstance(error, DocumentError) else [str(error)]
