"""How this control plane was set up: its settings as they hold, and what it runs on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel
from sqlalchemy import Connection

from vienna_control.api.answers import Instant
from vienna_control.api.route import Context, Who, route
from vienna_control.api.tenants import of_the_installation
from vienna_control.clock import iso
from vienna_control.disclosure import Disclosed, bare_url, disclosed
from vienna_control.doctor import installation
from vienna_control.folder import DATABASE
from vienna_control.store import schema
from vienna_control.unsafe import unsafe
from vienna_control.version import VERSION
from vienna_kernel.addresses import METADATA
from vienna_kernel.keyring import VerifyingKey

if TYPE_CHECKING:
    from vienna_control.app import App

_JUDGED = {
    "public URL": "control.public_url",
    "warrant key": "VIENNA_WARRANT_ALGORITHM",
    "policy files": "control.policies",
    "disk": "control.data_dir",
}
"""Checks of the doctor that are about a setting."""


class AdviceData(BaseModel):
    """What is wrong with a setting, and what to do. ``refused``: ``prod`` and ``staging`` do not start so."""

    refused: bool
    detail: str
    fix: str


class SettingData(Disclosed):
    """A setting. ``advice``: None where nothing is wrong with it."""

    advice: AdviceData | None


class DatabaseData(BaseModel):
    """``schema_version``: revision of its tables."""

    kind: Literal["sqlite"]
    path: str
    schema_version: str | None


class SigningKeyData(BaseModel):
    """``state``: a retired key still verifies what it signed, a revoked one nothing."""

    id: str
    purpose: str
    algorithm: str
    made_at: Instant | None
    state: Literal["signs", "retired", "revoked"]


class LoadedPolicyData(BaseModel):
    """``digest``: of the bundle. ``problem``: why the files as they lie there now are not in force; empty: they are."""

    digest: str
    version: int
    loaded_at: str
    rules: int
    mappings: int
    places: list[str]
    files: list[str]
    problem: str


class GuardData(BaseModel):
    """Beside public addresses: the networks that channels may connect to, those of push services, and what is never."""

    private_networks: list[str]
    push_networks: list[str]
    never: list[str]


class RunningData(BaseModel):
    """``file``: the vienna.yaml that was read; None: there is none. ``base_url``: where people are led to."""

    version: str
    env: str
    started_at: Instant
    base_url: str
    file: str | None
    database: DatabaseData
    signing_keys: list[SigningKeyData]
    policy: LoadedPolicyData
    guard: GuardData


class SettingsData(BaseModel):
    """Attributes: ``settings``: by group. Each is read at the start: what is changed holds from the next one on."""

    at: Instant
    running: RunningData
    settings: list[SettingData]


@route(
    "GET",
    "/settings",
    who=Who.AUDITOR,
    writes=None,
    data=SettingsData,
    summary="How this control plane was set up, without a secret",
)
async def settings(ctx: Context) -> SettingsData:
    """For admins and auditors of the first tenant, as ``/tenants`` is: paths, networks and the rules for other tenants'
    gates are the installation's, and what one tenant learns of them it learns of all others.
    """
    of_the_installation(ctx)
    app = ctx.app
    revision, stored = await app.store.read(_look)
    advice = _advice(app, stored)
    holds = {"control.policies": app.policies.places, "control.public_url": app.base_url}
    return SettingsData(
        at=iso(app.clock.now()),
        running=_running(app, ctx.principal.tenant, revision),
        settings=[
            SettingData(**dict(one), advice=advice.get(one.name))
            for one in disclosed(app.config, holds=holds)
        ],
    )


def _look(conn: Connection) -> tuple[str | None, installation.Stored]:
    return schema.revision(conn), installation.look(conn)


def _advice(app: App, stored: installation.Stored) -> dict[str, AdviceData]:
    """By setting, in the words of the doctor and of the start that refuses."""
    found = {
        _JUDGED[one.name]: AdviceData(refused=False, detail=one.detail, fix=one.fix)
        for one in installation.checks(app, stored)
        if one.status != "ok" and one.name in _JUDGED
    }
    refused = {one.name: AdviceData(refused=True, detail=one.what, fix=one.do) for one in unsafe(app.config)}
    return found | refused


def _running(app: App, tenant: str, revision: str | None) -> RunningData:
    control, file = app.config.control, app.config.config_file
    database = DatabaseData(kind="sqlite", path=str(control.data_dir / DATABASE), schema_version=revision)
    return RunningData(
        version=VERSION,
        env=app.config.env,
        started_at=iso(app.clock.start),
        base_url=bare_url(app.base_url),
        file=None if file is None else str(file.resolve()),
        database=database,
        signing_keys=list(map(_key, app.authority.keyring().keys())),
        policy=_policy(app, tenant),
        guard=GuardData(
            private_networks=list(control.notify.private_networks),
            push_networks=list(control.notify.push_networks),
            never=sorted(map(str, METADATA)),
        ),
    )


def _key(one: VerifyingKey) -> SigningKeyData:
    return SigningKeyData(
        id=one.kid,
        purpose=one.purpose.value if one.purpose else "",
        algorithm=one.algorithm.value,
        made_at=iso(one.added_at) if one.added_at else None,
        state="revoked" if one.revoked_at else "retired" if one.retired_at else "signs",
    )


def _policy(app: App, tenant: str) -> LoadedPolicyData:
    bundle, loaded = app.policies.of(tenant), app.policies.loaded
    return LoadedPolicyData(
        digest=bundle.digest,
        version=bundle.version,
        loaded_at=loaded.at,
        rules=bundle.rules.count,
        mappings=len(bundle.texts),
        places=[str(place) for place in app.policies.places],
        files=sorted(_files(app)),
        problem=app.policies.problem,
    )


def _files(app: App) -> Iterator[str]:
    sources = app.policies.sources
    for document in (*sources.rules, sources.tiers, *sources.mappings):
        yield document.name
