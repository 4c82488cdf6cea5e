"""The process, its store, its trail, its keys and its policy: what all tenants have in common."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from sqlalchemy import Connection, func, select

from vienna_control.audit import CheckpointFile
from vienna_control.clock import from_iso
from vienna_control.doctor.check import Check, Status
from vienna_control.ports import UnavailableError
from vienna_control.store.tables import checkpoints, entries, keys
from vienna_kernel.heartbeat import MOST_SKEW_SECONDS
from vienna_kernel.keyring import Purpose

if TYPE_CHECKING:
    from vienna_control.app import App

_LEAST_MIB = 256
_LITTLE_MIB = 2048
_MOST_QUEUED = 256
_LAG = timedelta(seconds=10)
_CA_SOON = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What the tables say.

    Attributes:
        waiting_since: Of the oldest entry without its place in the trail.
        signed_at: Of the newest checkpoint.
        key_at: When the key that signs warrants was made.
    """

    waiting: int
    waiting_since: str | None
    signed: int
    signed_at: str | None
    key_at: str | None


def look(conn: Connection) -> Stored:
    """Read it."""
    waits = entries.c.idx.is_(None)
    newest = select(checkpoints.c.size, checkpoints.c.at).order_by(checkpoints.c.size.desc()).limit(1)
    signed = conn.execute(newest).first()
    key = select(func.max(keys.c.created_at)).where(
        keys.c.purpose == Purpose.WARRANT.value, keys.c.retired_at.is_(None), keys.c.revoked_at.is_(None)
    )
    return Stored(
        waiting=conn.scalar(select(func.count()).select_from(entries).where(waits)) or 0,
        waiting_since=conn.scalar(select(func.min(entries.c.at)).where(waits)),
        signed=signed[0] if signed else 0,
        signed_at=signed[1] if signed else None,
        key_at=conn.scalar(key),
    )


def checks(app: App, stored: Stored) -> Iterator[Check]:
    """Each of them; touches no table."""
    now = app.clock.now()
    yield _clock(now)
    yield _store(app)
    yield _disk(app)
    yield _background(app)
    yield _trail(app, stored, now)
    yield _checkpoints(app, stored)
    yield _warrant_key(app, stored, now)
    yield _ca(app, now)
    yield _policy_files(app)
    yield _public_url(app)


def _clock(now: datetime) -> Check:
    off = abs((datetime.now(UTC) - now).total_seconds())
    if off <= MOST_SKEW_SECONDS:
        return Check("clock", "ok", "as this machine has it")
    fix = "synchronise this machine's clock, then restart: the process goes on from the time of its start"
    return Check("clock", "fail", f"{off:.0f} s apart from this machine's clock", fix)


def _store(app: App) -> Check:
    if why := app.store.broken or app.store.failing:
        return Check("store", "fail", why, "make room, look at the disk, then restart")
    if app.store.queued > _MOST_QUEUED:
        return Check("store", "warn", f"{app.store.queued} units of work wait", "use a faster disk")
    return Check("store", "ok", "writes")


def _disk(app: App) -> Check:
    try:
        free = shutil.disk_usage(app.config.control.data_dir).free // 2**20
    except OSError as error:
        return Check("disk", "fail", f"cannot be looked at: {error.strerror}", "mount the data directory")
    status: Status = "fail" if free < _LEAST_MIB else "warn" if free < _LITTLE_MIB else "ok"
    fix = "" if status == "ok" else "make room: when the disk is full, every call is refused"
    return Check("disk", status, f"{free} MiB free in the data directory", fix)


def _background(app: App) -> Check:
    if app.failed_tasks:
        return Check(
            "background", "fail", f"ended: {', '.join(app.failed_tasks)}", "restart, and see the log"
        )
    return Check("background", "ok", "everything runs")


def _trail(app: App, stored: Stored, now: datetime) -> Check:
    if app.sequencer.broken:
        fix = "vienna audit verify says where; keep the database as evidence"
        return Check("trail", "fail", app.sequencer.broken, fix)
    if stored.waiting_since is not None and now - from_iso(stored.waiting_since) > _LAG:
        text = f"{stored.waiting} entries wait for their place since {stored.waiting_since}"
        return Check("trail", "warn", text, "see the log for audit.not_sequenced")
    return Check("trail", "ok", f"{stored.signed} entries are signed")


def _checkpoints(app: App, stored: Stored) -> Check:
    file = CheckpointFile(app.config.control.data_dir / "checkpoints")
    published = app.sequencer.published  # a moment after the first entries are signed
    try:
        last = file.last()
    except UnavailableError as error:
        return Check("checkpoints", "fail", error.why, f"restore {file.path}")
    if last is None and published:
        text = f"none is kept outside the database, of {stored.signed} signed entries"
        return Check(
            "checkpoints", "fail", text, f"restore {file.path}; without it an old copy is not noticed"
        )
    return Check("checkpoints", "ok", f"the newest is of {stored.signed_at or 'an empty trail'}")


def _warrant_key(app: App, stored: Stored, now: datetime) -> Check:
    if app.authority.symmetric:
        text = "warrants are signed with a shared secret: whoever verifies them can forge them"
        return Check("warrant key", "warn", text, "unset VIENNA_WARRANT_ALGORITHM")
    made = stored.key_at
    if made is None:
        return Check("warrant key", "fail", "there is none", "restart: one is made")
    return Check("warrant key", "ok", f"made {(now - from_iso(made)).days} days ago")


def _ca(app: App, now: datetime) -> Check:
    root = x509.load_pem_x509_certificate(app.authority.root_ca_pem.encode())
    ends = root.not_valid_after_utc
    text = f"the root that agents trust ends at {ends:%Y-%m-%d}"
    if ends - now > _CA_SOON:
        return Check("root CA", "ok", text)
    return Check("root CA", "fail" if ends <= now else "warn", text, "make a new one and distribute it")


def _policy_files(app: App) -> Check:
    if app.policies.problem:
        fix = "correct the files: until then what stood there before is in force"
        return Check("policy files", "fail", f"not taken: {app.policies.problem}", fix)
    return Check("policy files", "ok", "as they stand in the files")


def _public_url(app: App) -> Check:
    url = app.config.control.public_url
    if url is None:
        fix = "set VIENNA_PUBLIC_URL: links, sessions and passkeys go by it"
        return Check("public URL", "warn", f"not set: links lead to {app.base_url}", fix)
    if url.startswith("http://") and not app.config.lenient:
        return Check("public URL", "warn", f"{url} is not encrypted", "put TLS in front, or set control.tls")
    return Check("public URL", "ok", url)
