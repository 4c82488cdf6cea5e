"""Vienna with life in it: a control plane, three gates, agents that call and wait, people who have decided.

``python -m browser.showcase`` (with ``PYTHONPATH=tests``) starts it, prints where it is and who may log in, and stays;
``make showcase`` is the same. Enter, or SIGHUP, starts the control plane again where it was, with the same data: as
new processes, so that changed code and templates are seen. ``build/showcase.json`` says where it is to whoever takes
screenshots.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import select
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import yaml

from browser import showcase_props as props
from browser.showcase_actors import Actors
from browser.showcase_life import Life
from browser.showcase_office import Office
from browser.showcase_place import ROOT, STATE, Showcase, running
from harness import apis
from harness.upstream import Upstream
from harness.vienna import Process, Vienna, until
from rollout_world import MAPPINGS
from vienna_kernel.shipped import root as shipped

_PATIENCE = 24 * 3600.0


@contextlib.contextmanager
def showcase(*, port: int = 0) -> Iterator[Showcase]:
    """Start it, let it live, and end it. ``port``: of the control plane; 0 takes a free one."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="showcase-")))
        upstream = stack.enter_context(Upstream(folder, hosts=[*apis.HOSTS, *props.HOSTS]))
        sink = stack.enter_context(_sink())
        vienna = Vienna(
            folder,
            upstream,
            control=_control(folder),
            gate={"hold": {"max_seconds": _PATIENCE}},
            everybody=props.people(),
        )
        vienna.control.listen = f"127.0.0.1:{port}"
        stack.enter_context(vienna)
        gates = {
            name: stack.enter_context(_gate(vienna, name, rung))
            for name, rung in ((props.SUPPORT, "observe"), (props.DEVOPS, "enforce_high"))
        }
        callers = {
            Vienna.AGENT: lambda: vienna.agent(seconds=_PATIENCE),
            **{name: gate.agent for name, gate in gates.items()},
        }
        ids: dict[str, str] = {}
        act = Actors(vienna, callers)
        stack.callback(act.end)
        _live(Life(vienna, upstream, act, ids), Office(vienna, sink, ids))
        yield Showcase(url=vienna.url, people=vienna.people, ids=ids, vienna=vienna)


def _live(life: Life, office: Office) -> None:
    """All that happens, in its order; each step with its time."""
    for step in (
        office.rules, life.everyday, life.routine, life.decided, life.refused, life.standing, life.consequences,
        office.policies, office.surroundings, life.waiting, office.reports,
    ):  # fmt: skip
        began = time.monotonic()
        step()
        print(f"  {step.__name__}: {time.monotonic() - began:.1f} s", flush=True)


def _control(folder: Path) -> dict[str, Any]:
    """Its settings: the shipped policies and those of the showcase, and a way to the sink."""
    policies = folder / "policies"
    (policies / "mappings").mkdir(parents=True)
    (policies / "showcase.yaml").write_text(props.RULES)
    for name, text in {**MAPPINGS, "limits": props.LIMITS, "crm": props.CUSTOMERS_MAPPING}.items():
        (policies / "mappings" / f"{name}.yaml").write_text(text)
    return {
        "policies": [str(shipped()), str(policies)],
        "notify": {"private_networks": ["127.0.0.0/8"], "push_networks": ["127.0.0.0/8"]},
        "break_glass": True,
    }


class _Gate(Vienna):
    """A further gate of a running control plane, for an agent of its own: as much of ``Vienna`` as its agent needs."""

    def __init__(self, vienna: Vienna, agent: str, token: Path) -> None:
        folder = vienna.folder / agent
        folder.mkdir()
        settings = yaml.safe_load(vienna.config.read_text())
        settings["gate"]["agent"] = agent
        config = folder / "vienna.yaml"
        config.write_text(yaml.safe_dump({"gate": settings["gate"]}))
        arguments = ["-c", str(config), "--state-dir", str(folder / "gate")]
        arguments += ["--control", vienna.url, "--key-file", str(token)]
        self.gate = Process("vienna_proxy", arguments, env=vienna.env, log=folder / "gate.log")

    def agent(self, *, seconds: float = _PATIENCE) -> httpx.Client:
        return super().agent(seconds=seconds)


@contextlib.contextmanager
def _gate(vienna: Vienna, agent: str, rung: str) -> Iterator[_Gate]:
    """Register the agent, put it on its rung and start its gate."""
    vienna.post(
        "/fleet", name=agent, description=f"Of the team behind {agent}", trust_score=55, enforcement=rung
    )
    token = vienna.folder / f"{agent}.token"
    token.write_text(vienna.post("/join-tokens", agent=agent, name="showcase", uses=5)["token"])
    gate = _Gate(vienna, agent, token)
    gate.gate.start(address="proxy")
    try:
        yield gate
    finally:
        gate.gate.kill()


@contextlib.contextmanager
def _sink() -> Iterator[str]:
    """Where webhooks of the showcase go: it takes everything but what is sent to ``/broken``."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(503 if self.path == "/broken" else 204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def _again(vienna: Vienna) -> None:
    """The control plane once more, from what stands on disk now."""
    vienna.control.stop()
    vienna.control.within = ["env"]  # a process of its own: what is forked has its modules from before
    vienna.start_control()
    until("it to be ready", lambda: httpx.get(f"{vienna.url}/ready", trust_env=False).is_success)


def _stay(found: Showcase) -> None:
    """Until Ctrl-C, or Enter and SIGHUP in between."""
    assert found.vienna
    wanted = threading.Event()
    signal.signal(signal.SIGHUP, lambda *_: wanted.set())
    typed = sys.stdin.isatty()
    while True:
        if typed and select.select([sys.stdin], [], [], 0.5)[0]:
            wanted.set() if sys.stdin.readline() else None
        if wanted.is_set() if typed else wanted.wait(0.5):
            wanted.clear()
            try:
                _again(found.vienna)
                print(f"started again at {found.url}", flush=True)
            except AssertionError as error:
                print(error, flush=True)


def _tell(found: Showcase, began: float) -> None:
    print(f"\n{found.url}/console/    (after {time.monotonic() - began:.0f} s)\n")
    for person in found.people.values():
        groups = ",".join(person.groups)
        print(
            f"  {person.role:9} {person.email:20} {person.password:28} {groups:18} TOTP {person.totp_secret}"
        )
    print(f"\nids: {STATE.relative_to(ROOT)}. Enter or kill -HUP {os.getpid()}: the control plane again.")
    print(
        f"Its log: {found.vienna.control.log if found.vienna else 'elsewhere'}. Ctrl-C: the end.", flush=True
    )


def main() -> int:
    """Hold a showcase up until somebody ends it; 1 when another process does so already."""
    parser = argparse.ArgumentParser(prog="browser.showcase", description="Vienna with life in it")
    parser.add_argument("--port", type=int, default=0, help="of the control plane")
    began, wanted = time.monotonic(), parser.parse_args()
    if there := running():
        print(
            f"one runs already: {there.url}/console/, told in {STATE.relative_to(ROOT)}; kill -HUP starts it again"
        )
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # a shell that starts it in the background hands down none
    with contextlib.suppress(KeyboardInterrupt), showcase(port=wanted.port) as found:
        STATE.parent.mkdir(exist_ok=True)
        STATE.write_text(found.dump())
        STATE.chmod(0o600)
        try:
            _tell(found, began)
            _stay(found)
        finally:
            STATE.unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
