"""A control plane for a test: real database, real keys, a real socket, in the test's own event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from aiohttp import web_app

from harness.starts import place_database
from vienna_control import config, serve
from vienna_control.app import App, compose
from vienna_control.clock import Clock
from vienna_control.folder import DataFolder
from vienna_control.identity import bootstrap
from vienna_control.store import sqlite

NOW = datetime(2026, 3, 2, 10, 0, 0, tzinfo=UTC)

PEOPLE = {
    "ada": ("admin", ()),
    "alice": ("approver", ("finance",)),
    "bob": ("approver", ("finance",)),
    "carol": ("approver", ("devops",)),
    "xenia": ("approver", ("finance", "executive")),
    "oscar": ("operator", ()),
    "audrey": ("auditor", ()),
    "victor": ("viewer", ()),
}
"""The operators of a test, by name: role and groups."""
ONE_OF_EACH = {
    "admin": "ada",
    "approver": "alice",
    "operator": "oscar",
    "auditor": "audrey",
    "viewer": "victor",
}
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PASSWORD = "correct horse battery staple"


def key_of(who: str) -> str:
    """API key of a seeded operator, by name or by role; ``agent`` is the seeded agent's."""
    return f"vos_test_k1_{ONE_OF_EACH.get(who, who)}_0123456789abcdef"


AGENT_KEY = key_of("agent")


def seeds(**agent: Any) -> dict[str, Any]:
    """``bootstrap`` with these people and the agent billing-bot."""
    return {
        "operators": [
            {
                "email": f"{name}@example.com",
                # each costs a tenth of a second
                **({"password": PASSWORD} if name in ("ada", "alice") else {}),
                "role": role,
                "groups": list(groups),
                "api_key": key_of(name),
                "totp_secret": TOTP_SECRET,
            }
            for name, (role, groups) in PEOPLE.items()
        ],
        "agents": [{"name": "billing-bot", "api_key": AGENT_KEY, **agent}],
    }


@dataclass
class Control:
    """A running control plane, and how to talk to it."""

    app: App
    url: str
    folder: DataFolder
    http: aiohttp.ClientSession
    admin: str | None = None

    async def ask(
        self, method: str, path: str, *, key: str | None = None, body: Any = None, **kwargs: Any
    ) -> tuple[int, Any, aiohttp.ClientResponse]:
        """Status, envelope and response; ``key`` is a name, a role or a whole key."""
        headers = dict(kwargs.pop("headers", {}))
        if key is not None:
            headers["Authorization"] = (
                f"Bearer {key_of(key) if key in (*PEOPLE, *ONE_OF_EACH, 'agent') else key}"
            )
        data = None
        if body is not None:
            data, headers["Content-Type"] = (
                orjson.dumps(body),
                headers.get("Content-Type", "application/json"),
            )
        async with self.http.request(
            method, self.url + path, data=data, headers=headers, **kwargs
        ) as response:
            text = await response.read()
            is_json = response.content_type == "application/json"
            return response.status, orjson.loads(text) if is_json else text, response


@asynccontextmanager
async def running(data_dir: Path, *, clock: Clock | None = None, **settings: Any) -> AsyncIterator[Control]:
    """Start, yield, stop in order."""
    known = config.Settings.model_validate(
        {
            "control": {"listen": "127.0.0.1:0", "data_dir": data_dir},
            "bootstrap": seeds(),
            "env": "test",
            "secret": "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
            **settings,
        }
    )
    listener = serve.bind(known.control.listen)
    url = serve.url_of(listener, tls=known.control.tls.cert is not None)
    folder = DataFolder(known.control.data_dir)
    place_database(sqlite.path_of(folder.database_url))
    app = await compose(known, folder, base_url=url, clock=clock)
    if known.lenient and known.bootstrap is not None:
        await bootstrap.seed(
            app.store, app.identity, app.authority, known.bootstrap, max_agents=known.max_agents
        )
        await bootstrap.join_token(app.store, app.identity, folder.path, tenant="default")
    server = serve.Server(app, listener)
    await server.start()
    jar = aiohttp.CookieJar(unsafe=True)
    try:
        async with aiohttp.ClientSession(cookie_jar=jar) as http:
            yield Control(app, url, folder, http, server.admin_url)
    finally:
        await server.stop()
        folder.close()
        # It keeps the last thousand handlers of the process, each with the whole of its control plane.
        web_app._cached_build_middleware.cache_clear()
