"""The composition root: everything is made here, once, and handed down; nothing else reaches for a global."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from vienna_control.api import all_routes
from vienna_control.api.openapi import describe
from vienna_control.approvals.calendars import Calendars
from vienna_control.approvals.expiry import Expiry
from vienna_control.audit import Sequencer
from vienna_control.authority import Authority
from vienna_control.clock import Clock
from vienna_control.config import Settings
from vienna_control.doctor.lookout import Lookout
from vienna_control.events import Bus
from vienna_control.execution.sweep import Sweep
from vienna_control.folder import DataFolder
from vienna_control.identity import Identity
from vienna_control.kubernetes import TokenReview
from vienna_control.notify.notifier import Notifier, notifier
from vienna_control.passkeys import Passkeys
from vienna_control.pipeline import Pipeline
from vienna_control.policies import Policies
from vienna_control.policies.backtests import Backtests
from vienna_control.policies.files import default_places
from vienna_control.ports import Background, UnavailableError
from vienna_control.reports.worker import Reports
from vienna_control.sidecars import Hub
from vienna_control.sidecars.heartbeats import Silence
from vienna_control.store import Store
from vienna_control.telemetry.metrics import Metrics
from vienna_control.telemetry.moment import look, open_approvals
from vienna_control.telemetry.traces import Traces
from vienna_kernel.keyring import Algorithm

log = structlog.get_logger("vienna.control")

_WARRANTS = {"ed25519": Algorithm.ED25519, "hmac-sha256": Algorithm.HS256}


@dataclass(slots=True)
class App:
    """The parts of one control plane.

    Attributes:
        config: Every setting; frozen.
        base_url: Where people reach it: ``public_url``, else the address it listens on.
        background: Work beside requests, begun at start and ended at stop.
        openapi: Makes the API's own description, at the first call: it is a tenth of the start.
        stopping: Set when the process is told to end: long polls and streams let go.
        failed_tasks: Names of background work that ended by itself.
    """

    config: Settings
    base_url: str
    clock: Clock
    bus: Bus
    store: Store
    authority: Authority
    identity: Identity
    passkeys: Passkeys
    sequencer: Sequencer
    policies: Policies
    backtests: Backtests
    reports: Reports
    pipeline: Pipeline
    hub: Hub
    tokens: TokenReview
    metrics: Metrics
    traces: Traces
    notify: Notifier
    background: tuple[Background, ...] = ()
    openapi: Callable[[], dict[str, Any]] = dict
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    failed_tasks: list[str] = field(default_factory=list)

    async def close(self) -> None:
        """Give what was committed last its place in the trail, then close the store."""
        try:
            await self.sequencer.flush()
        except UnavailableError as error:
            log.error("control.not_sequenced", why=error.why)
        await self.store.close()
        await asyncio.to_thread(self.traces.close)


async def compose(
    settings: Settings, folder: DataFolder, *, base_url: str, clock: Clock | None = None
) -> App:
    """Open the store, the keys and the policy, and put the parts together; nothing runs yet.

    Raises ``StartError`` or ``MalformedError`` (a policy bundle that does not hold) with one sentence for a person.
    """
    clock = clock or Clock()
    bus = Bus()
    store = Store.open(folder.database_url, clock=clock, bus=bus)
    try:
        return await _compose(settings, folder, base_url, store, clock)
    except BaseException:
        await store.close()
        raise


async def _compose(settings: Settings, folder: DataFolder, base_url: str, store: Store, clock: Clock) -> App:
    authority = await Authority.open(
        store,
        folder.secret(settings),
        issuer=settings.control.public_url,
        clock=clock,
        warrants=_WARRANTS[settings.warrant_algorithm],
    )
    if authority.symmetric:
        log.warning(
            "warrants.symmetric", algorithm=settings.warrant_algorithm, why="every verifier can forge"
        )
    policies = await Policies.open(
        store,
        policy_places(settings),
        default=settings.control.default_action,
        strict=settings.strict,
    )
    backtests = Backtests(store)
    sequencer = await Sequencer.open(store, authority, folder.path)
    reports = Reports(store, authority, sequencer, clock, folder.path / "checkpoints")
    identity = Identity(authority, clock, session_seconds=settings.session_seconds)
    await store.read(identity.recall)
    pipeline = Pipeline(authority, policies, settings, clock)
    metrics, traces = Metrics(clock), Traces(settings.traces_url)
    metrics.counted.recall(await store.read(open_approvals))
    store.watch(metrics.committed)
    notify = notifier(
        settings,
        store,
        clock,
        authority,
        authority.push,
        base_url=settings.control.public_url or base_url,
        count=metrics.delivered,
    )
    hub = Hub(store, authority, policies, pipeline, metrics, traces)
    app = App(
        config=settings,
        base_url=base_url,
        clock=clock,
        bus=store.bus,
        store=store,
        authority=authority,
        identity=identity,
        passkeys=Passkeys(authority, base_url=settings.control.public_url or base_url),
        sequencer=sequencer,
        policies=policies,
        backtests=backtests,
        reports=reports,
        pipeline=pipeline,
        hub=hub,
        tokens=TokenReview(settings.control.enrolment),
        metrics=metrics,
        traces=traces,
        notify=notify,
        background=(
            sequencer,
            policies,
            backtests,
            reports,
            Expiry(store, clock),
            Calendars(store, clock),
            Sweep(store, clock, pipeline.merits, hub.away),
            hub,
            Silence(store, clock),
            Lookout(store, clock, policies.of),
            notify.sender,
        ),
        openapi=functools.cache(lambda: describe(all_routes())),
    )
    metrics.look = lambda: look(app)
    return app


def policy_places(settings: Settings) -> tuple[Path, ...]:
    """Where policies are read: as configured, else ``policies/`` beside the file, else the shipped ones."""
    if settings.control.policies is not None:
        return settings.control.policies
    if settings.config_file is not None:
        beside = settings.config_file.resolve().parent / "policies"
        if beside.is_dir():
            return (beside,)
    return default_places()
