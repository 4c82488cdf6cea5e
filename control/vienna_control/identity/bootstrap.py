"""The first ones of a fresh installation, in dev and test only: an admin, a join token, and what ``bootstrap`` names.

1. The first admin and the join token are written to files of mode 0600 before the database knows them: whoever
   could read them could read the database as well.
2. ``bootstrap`` is brought about at every start, and changes nothing when nothing changed.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from pydantic import SecretStr
from sqlalchemy import insert, select, update

from vienna_control import rows
from vienna_control.config import AgentSeed, BootstrapConfig, OperatorSeed
from vienna_control.fleet import registry
from vienna_control.identity import Identity, operators
from vienna_control.identity.join_tokens import ANY_AGENT
from vienna_control.ports import Hasher, StartError
from vienna_control.store import Store, Tx
from vienna_control.store.tables import settings

ADMIN_FILE = "admin.json"
JOIN_FILE = "sidecar.join"
FIRST_ADMIN = "admin@localhost"

_ACTOR = "system"


@dataclass(frozen=True, slots=True)
class FirstAdmin:
    """Where the first admin's secrets are, and the secrets when they were made just now."""

    file: Path
    made: dict[str, str] | None


def write_secret(file: Path, data: bytes) -> None:
    """Put a file there, whole or not at all, with mode 0600."""
    temporary = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(file)


async def first_admin(
    store: Store, identity: Identity, data_dir: Path, *, tenant: str, url: str
) -> FirstAdmin | None:
    """Make an admin when there is no operator at all; keep the file's ``url`` current. None: there is no file."""
    file = data_dir / ADMIN_FILE
    if await store.read(operators.count):
        return _refresh_url(file, url)
    made = {
        "url": url,
        "email": FIRST_ADMIN,
        "password": secrets.token_urlsafe(18),
        "api_key": identity.credentials.fresh("operator"),
        "totp_secret": identity.totp.fresh_secret(),
    }
    hashed = await asyncio.to_thread(identity.passwords.hash, made["password"])
    write_secret(file, orjson.dumps(made, option=orjson.OPT_INDENT_2) + b"\n")

    def unit(tx: Tx) -> None:
        admin = operators.enter(
            tx, tenant=tenant, email=FIRST_ADMIN, role="admin", groups=(), password=hashed, actor=_ACTOR
        )
        identity.totp.enrol(tx, admin, made["totp_secret"])
        identity.credentials.issue(tx, "operator", admin, tenant=tenant, actor=_ACTOR, key=made["api_key"])

    await store.write(unit)
    return FirstAdmin(file, made)


def _refresh_url(file: Path, url: str) -> FirstAdmin | None:
    try:
        kept = orjson.loads(file.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return None
    if kept.get("url") != url:
        write_secret(file, orjson.dumps({**kept, "url": url}, option=orjson.OPT_INDENT_2) + b"\n")
    return FirstAdmin(file, None)


async def join_token(store: Store, identity: Identity, data_dir: Path, *, tenant: str) -> Path:
    """A file with a join token that is good for any agent."""
    file = data_dir / JOIN_FILE
    try:
        kept = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        kept = ""
    is_known = await store.read(lambda conn: identity.credentials.known(conn, kept)) if kept else False
    if is_known:
        return file
    token = identity.credentials.fresh("join")
    write_secret(file, token.encode() + b"\n")

    def unit(tx: Tx) -> None:
        identity.credentials.issue(tx, "join", ANY_AGENT, tenant=tenant, actor=_ACTOR, key=token)

    await store.write(unit)
    return file


async def seed(
    store: Store, identity: Identity, hasher: Hasher, wanted: BootstrapConfig, *, max_agents: int
) -> None:
    """Bring about what ``bootstrap`` names. Raises ``StartError`` for what cannot be."""
    mark = hasher.keyed_hash(b"bootstrap\0" + orjson.dumps(_revealed(wanted), option=orjson.OPT_SORT_KEYS))
    done = await store.read(
        lambda conn: conn.scalar(select(settings.c.value).where(settings.c.name == "bootstrap"))
    )
    if rows.load(done) == mark:
        return
    hashes = {
        one.email: await asyncio.to_thread(identity.passwords.hash, one.password.get_secret_value())
        for one in wanted.operators
        if one.password is not None
    }

    def unit(tx: Tx) -> None:
        for one in wanted.operators:
            _seed_operator(tx, identity, one, wanted.tenant, hashes.get(one.email))
        for agent in wanted.agents:
            _seed_agent(tx, identity, agent, wanted.tenant, max_agents)
        if done is None:
            tx.conn.execute(insert(settings), {"name": "bootstrap", "value": rows.dump(mark)})
        else:
            tx.conn.execute(
                update(settings).where(settings.c.name == "bootstrap").values(value=rows.dump(mark))
            )

    await store.write(unit)


def _seed_operator(tx: Tx, identity: Identity, one: OperatorSeed, tenant: str, hashed: str | None) -> None:
    operator = operators.enter(
        tx, tenant=tenant, email=one.email, role=one.role, groups=one.groups, password=hashed, actor=_ACTOR
    )
    if one.totp_secret is not None:
        identity.totp.enrol(tx, operator, one.totp_secret.get_secret_value())
    if one.api_key is not None:
        _give_key(
            tx,
            identity,
            one.api_key,
            f"operator {one.email}",
            lambda key: identity.credentials.issue(
                tx, "operator", operator, tenant=tenant, actor=_ACTOR, key=key
            ),
            operator,
        )


def _seed_agent(tx: Tx, identity: Identity, one: AgentSeed, tenant: str, max_agents: int) -> None:
    agent = registry.find(tx.conn, tenant, one.name)
    if agent is None:
        wanted = registry.Agent(
            id="", tenant=tenant, name=one.name, trust=one.trust_score, allowed_actions=one.allowed_actions
        )
        try:
            agent = registry.register(tx, wanted, actor=_ACTOR, most=max_agents)
        except registry.FullError as error:
            raise StartError(f"bootstrap.agents: {error}") from None
    elif agent.allowed_actions != one.allowed_actions:
        agent = registry.amend(tx, agent, {"allowed_actions": list(one.allowed_actions)}, actor=_ACTOR)
    if one.api_key is not None:
        agent_id = agent.id
        _give_key(
            tx,
            identity,
            one.api_key,
            f"agent {one.name}",
            lambda key: identity.credentials.issue(
                tx, "agent", agent_id, tenant=tenant, actor=_ACTOR, key=key
            ),
            agent_id,
        )


def _give_key(
    tx: Tx, identity: Identity, given: SecretStr, who: str, issue: Callable[[str], str], principal_id: str
) -> None:
    key = given.get_secret_value()
    holder = identity.credentials.find(tx.conn, key, now=tx.now)
    if holder is None and not identity.credentials.known(tx.conn, key):
        issue(key)
    elif holder is None or holder.principal_id != principal_id:
        raise StartError(
            f"bootstrap: the api_key of {who} was revoked or belongs to somebody else; give another"
        )


def _revealed(wanted: BootstrapConfig) -> Any:
    """The seeds with their secrets in plain text, to be hashed and nothing else."""

    def reveal(value: Any) -> Any:
        if isinstance(value, SecretStr):
            return value.get_secret_value()
        if isinstance(value, dict):
            return {key: reveal(item) for key, item in value.items()}
        return [reveal(item) for item in value] if isinstance(value, list | tuple) else value

    return reveal(wanted.model_dump())
