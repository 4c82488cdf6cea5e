"""``python -m vienna_control``: the control plane as a process.

Exit codes: 0 ended in order, 1 could not start or go on (one line on standard error says why), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from vienna_control import config, logs, serve
from vienna_control.app import App, compose
from vienna_control.folder import DataFolder
from vienna_control.identity import bootstrap, setup
from vienna_control.ports import StartError, UnavailableError
from vienna_kernel.errors import MalformedError

log = structlog.get_logger("vienna.control")

type Prepare = Callable[[App], Awaitable[None]]


async def _as_it_is(_: App) -> None:
    """Change nothing."""


def main(arguments: list[str] | None = None, *, prepare: Prepare = _as_it_is, lenient_only: str = "") -> int:
    """Run until told to stop; the exit code.

    ``prepare``: what is done to the app before it accepts anything. ``lenient_only``: what this is, where prod must
    not start it.
    """
    options = _options(sys.argv[1:] if arguments is None else arguments)
    try:
        settings = config.load(
            file=options.config, environ=os.environ, listen=options.listen, data_dir=options.data_dir
        )
        if lenient_only and not settings.lenient:
            raise StartError(f"{lenient_only} is for VIENNA_ENV=dev or test only")
        logs.configure(settings.log_level)
        gc.disable()  # what a start makes stays; looking through it again and again is in vain
        return asyncio.run(_run(settings, prepare, as_json=options.json))
    except (StartError, MalformedError, UnavailableError, OSError) as error:
        print(f"vienna control: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    finally:
        gc.enable()


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="vienna control", description="The control plane: decides and keeps."
    )
    parser.add_argument("-c", "--config", type=Path, metavar="FILE", help="vienna.yaml")
    parser.add_argument("--listen", metavar="H:P", help="host:port (port 0: a free one) or unix:///path")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="database, generated keys, CA")
    parser.add_argument("--json", action="store_true", help="one line of JSON when ready")
    return parser.parse_args(arguments)


async def _run(settings: config.Settings, prepare: Prepare, *, as_json: bool) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    listener = serve.bind(settings.control.listen)
    url = serve.url_of(listener, tls=settings.control.tls.cert is not None)
    try:
        folder = DataFolder(settings.control.data_dir)
        app = await compose(settings, folder, base_url=serve.base_url(settings, listener))
    except BaseException:
        listener.close()
        raise
    try:
        first = await _first_ones(app, folder, url)
        await prepare(app)
    except BaseException:
        await app.close()
        raise
    server = serve.Server(app, listener)
    await server.start()
    gc.freeze()
    gc.enable()
    where = {"control": url, "metrics": server.admin_url}
    _announce(app, folder, where, first, as_json=as_json)
    code = await server.watch(stop)
    await server.stop()
    folder.close()
    return code


@dataclass(frozen=True, slots=True)
class _FirstOnes:
    """What a fresh installation needs: in dev and test made already, elsewhere the token that makes an admin."""

    join_token: Path | None = None
    admin: bootstrap.FirstAdmin | None = None
    setup_token: Path | None = None


async def _first_ones(app: App, folder: DataFolder, url: str) -> _FirstOnes:
    settings = app.config
    wanted = settings.bootstrap or config.BootstrapConfig()
    if not settings.lenient:
        given = settings.setup_token_file
        token = await setup.prepare(app.store, app.identity, folder.path, given, tenant=wanted.tenant)
        if token is not None:
            log.warning("control.setup_needed", token_file=str(token), command="vienna setup")
        return _FirstOnes(setup_token=token)
    admin = await bootstrap.first_admin(app.store, app.identity, folder.path, tenant=wanted.tenant, url=url)
    await bootstrap.seed(app.store, app.identity, app.authority, wanted, max_agents=settings.max_agents)
    join = await bootstrap.join_token(app.store, app.identity, folder.path, tenant=wanted.tenant)
    return _FirstOnes(join_token=join, admin=admin)


def _announce(
    app: App, folder: DataFolder, where: dict[str, str | None], first: _FirstOnes, *, as_json: bool
) -> None:
    admin = first.admin
    if as_json:
        line = {
            "ready": True,
            **where,
            "data_dir": str(folder.path),
            "pid": os.getpid(),
            "root_ca": str(folder.publish_root(app.authority.root_ca_pem)),
            "join_token": str(first.join_token) if first.join_token else None,
            "admin": str(admin.file) if admin else None,
            "setup_token": str(first.setup_token) if first.setup_token else None,
        }
        print(json.dumps(line), flush=True)
        return
    folder.publish_root(app.authority.root_ca_pem)
    print(f"vienna control plane ready at {where['control']} (data in {folder.path})", flush=True)
    if admin and admin.made:
        # Shown once, to the person who started it; a script finds the same in the file.
        print(
            f"first admin: {admin.made['email']}  password: {admin.made['password']}  (kept in {admin.file})",
            file=sys.stderr,
        )


if __name__ == "__main__":
    sys.exit(main())
