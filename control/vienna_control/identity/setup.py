"""The first admin of an installation outside dev and test.

1. While there is no operator, every start makes a setup token and writes it to ``data_dir/setup.token`` (0600), or
   takes the one that ``VIENNA_SETUP_TOKEN_FILE`` names; the database has its keyed hash.
2. Whoever can read that file can make the first admin, once. From then on no token does anything, whatever comes
   later: operators are never deleted.
"""

from __future__ import annotations

import contextlib
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from vienna_control.identity import Identity, operators
from vienna_control.identity.bootstrap import write_secret
from vienna_control.ports import StartError
from vienna_control.store import Store, Tx
from vienna_kernel.ledger.trail import EntryType

FILE = "setup.token"
NOBODY = "setup"
"""Whom the token is for, as its row says."""
_LEAST_CHARACTERS = 32
_MOST_CHARACTERS = 256


async def prepare(
    store: Store, identity: Identity, data_dir: Path, given: Path | None, *, tenant: str
) -> Path | None:
    """The file that holds the token; None, and no file, once there is an operator. Raises ``StartError``."""
    file = data_dir / FILE
    if await store.read(operators.count):
        with contextlib.suppress(OSError):
            file.unlink(missing_ok=True)
        return None
    token = identity.credentials.fresh("setup") if given is None else _read(given)
    if given is None:
        write_secret(file, token.encode() + b"\n")

    def unit(tx: Tx) -> None:
        known = identity.credentials.find(tx.conn, token, now=tx.now)
        if known is not None and known.kind == "setup":
            return
        if identity.credentials.known(tx.conn, token):
            raise StartError("VIENNA_SETUP_TOKEN_FILE holds a key that was used here before: give another")
        identity.credentials.revoke_kind_of(tx, "setup", NOBODY)
        identity.credentials.issue(tx, "setup", NOBODY, tenant=tenant, actor="system", key=token)

    await store.write(unit)
    return given or file


def _read(file: Path) -> str:
    try:
        token = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise StartError(f"cannot read VIENNA_SETUP_TOKEN_FILE {file}: {type(error).__name__}") from None
    if not _LEAST_CHARACTERS <= len(token) <= _MOST_CHARACTERS:
        raise StartError(
            f"VIENNA_SETUP_TOKEN_FILE {file} must hold {_LEAST_CHARACTERS} to {_MOST_CHARACTERS} characters; make them "
            "with 'openssl rand -hex 32'"
        )
    return token


def opens(conn: Connection, identity: Identity, token: str, *, now: datetime) -> str | None:
    """The tenant of the installation that this token still sets up; None when it does not."""
    found = identity.credentials.find(conn, token, now=now)
    if found is None or found.kind != "setup" or operators.count(conn):
        return None
    return found.tenant


def complete(tx: Tx, identity: Identity, token: str, *, email: str, name: str, hashed: str) -> str | None:
    """Make the first admin and end every setup token; the admin's id. None: the token does nothing (any more)."""
    tenant = opens(tx.conn, identity, token, now=tx.now)
    if tenant is None:
        return None
    identity.credentials.revoke_kind_of(tx, "setup", NOBODY)
    admin = operators.create(
        tx, operators.Entered(tenant=tenant, email=email, name=name, role="admin"), actor="system"
    )
    operators.set_hash(tx, admin.id, hashed)
    tx.record(
        EntryType.CONFIG_CHANGED,
        tenant=tenant,
        actor=f"operator:{admin.id}",
        data={"what": "setup", "operator": admin.id},
    )
    return admin.id
