"""``python -m vienna_proxy``: the gate as a process.

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
from pathlib import Path

import vienna_proxy.bare  # noqa: F401  # before anything of mitmproxy
from vienna_proxy import config, logs
from vienna_proxy.compose import MakeJudge, Sidecar
from vienna_proxy.judge.decide import Judge
from vienna_proxy.ports import StartError, UnavailableError
from vienna_proxy.transport.addresses import GuardedLoop
from vienna_proxy.transport.embed import mitmproxy_loop


def main(arguments: list[str] | None = None, *, make_judge: MakeJudge = Judge, lenient_only: str = "") -> int:
    """Run until told to stop; the exit code. ``lenient_only``: what this is, where prod must not start it."""
    options = _options(sys.argv[1:] if arguments is None else arguments)
    flags = {
        "listen": options.listen,
        "control": options.control,
        "key_file": options.key_file.absolute() if options.key_file else None,
        "state_dir": options.state_dir.absolute() if options.state_dir else None,
        "agent": options.agent,
    }
    try:
        settings = config.load(file=options.config, environ=os.environ, flags=flags)
        if lenient_only and not settings.lenient:
            raise StartError(f"{lenient_only} is for VIENNA_ENV=dev or test only")
        logs.configure(settings.log_level)
        gc.disable()  # what a start makes stays; looking through it again and again is in vain
        with asyncio.Runner(loop_factory=GuardedLoop) as runner:
            return runner.run(_run(settings, make_judge, as_json=options.json))
    except (StartError, UnavailableError) as error:
        _say(str(error))
        return 1
    finally:
        gc.enable()


def _say(text: str) -> None:
    print(f"vienna proxy: {' '.join(text.split())}", file=sys.stderr, flush=True)


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="vienna proxy", description="The gate: one agent's calls, under warrants."
    )
    parser.add_argument("-c", "--config", type=Path, metavar="FILE", help="vienna.yaml")
    parser.add_argument("--listen", metavar="H:P", help="host:port; port 0 takes a free one")
    parser.add_argument("--control", metavar="URL", help="the control plane")
    parser.add_argument("--key-file", type=Path, metavar="FILE", help="file with the join token")
    parser.add_argument("--state-dir", type=Path, metavar="DIR", help="spool and root certificate")
    parser.add_argument("--agent", metavar="NAME", help="the agent this gate speaks for")
    parser.add_argument("--json", action="store_true", help="one line of JSON when ready")
    return parser.parse_args(arguments)


async def _run(settings: config.Settings, make_judge: MakeJudge, *, as_json: bool) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    with mitmproxy_loop():
        sidecar = Sidecar(settings, make_judge=make_judge)
        stopped = loop.create_task(_until(stop))
        try:
            starting = loop.create_task(sidecar.start(_say))
            await asyncio.wait([starting, stopped], return_when=asyncio.FIRST_COMPLETED)
            if not starting.done():
                starting.cancel()
                return 0
            gc.freeze()
            gc.enable()
            _announce({**starting.result(), "pid": os.getpid()}, settings, as_json=as_json)
            failing = loop.create_task(_text(sidecar.failed))
            await asyncio.wait([failing, stopped], return_when=asyncio.FIRST_COMPLETED)
            if failing.done():
                _say(failing.result())
                return 1
            return 0
        finally:
            await sidecar.close()


async def _until(stop: asyncio.Event) -> None:
    await stop.wait()


async def _text(failed: asyncio.Future[str]) -> str:
    return await failed


def _announce(ready: dict[str, object], settings: config.Settings, *, as_json: bool) -> None:
    if settings.gate.local_t0 and "local_t0" in settings.gate.model_fields_set:
        _say("this version asks the control plane about every call; gate.local_t0 has no effect yet")
    if as_json:
        print(json.dumps(ready), flush=True)
    else:
        print(
            f"vienna gate ready at {ready['proxy']} for agent {settings.gate.agent} (CA {ready['ca']})",
            flush=True,
        )


if __name__ == "__main__":
    sys.exit(main())
