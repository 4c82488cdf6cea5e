"""What the gate rests on: seen at the start, looked at as long as it runs; in doubt it is shut, and ends."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from harness.doors import Hatch, Unguarded
from harness.vienna import until
from vienna_proxy.transport.embed import REQUIRED

TESTS = Path(__file__).parents[2]

# One value that opens something, for each option that must not have it.
OPENING = {
    "allow_hosts": ["nowhere"],
    "connection_strategy": "eager",
    "http2": True,
    "ignore_hosts": [".*"],
    "keep_host_header": True,
    "rawtcp": True,
    "ssl_insecure": True,
    "stream_large_bodies": "1",
    "body_size_limit": "1m",
    "tcp_hosts": [".*"],
    "udp_hosts": [".*"],
    "upstream_cert": True,
    "validate_inbound_headers": False,
    "websocket": True,
    "confdir": "/tmp",  # only named
}

STAYS = ("the process goes on", "it opens again afterwards")

type Opened = tuple[Any, Hatch]


@pytest.fixture
def opened(own_gate: Callable[..., Any]) -> Iterator[Callable[..., Opened]]:
    """Start a gate with a hatch that looks at itself every so many seconds."""
    with tempfile.TemporaryDirectory(prefix="hatch-") as folder:

        def start(*, canary_seconds: float, **settings: Any) -> Opened:
            place = Path(folder) / "hatch"
            told = {"socket": str(place), "names": {}, "landing": 1, "canary_seconds": canary_seconds}
            path = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
            environ = {"VIENNA_TEST_HATCH": json.dumps(told), "PYTHONPATH": path}
            return own_gate(module="harness.unguarded", environ=environ, **settings), Hatch(place)

        yield start


def _ended(gate: Any) -> str:
    until("the gate to end", lambda: not gate.process.running)
    assert gate.process.child.returncode == 1
    return str(gate.log())


ORDER = b"GET /v1/orders/O-1 HTTP/1.1\r\nHost: payments.example\r\n\r\n"


@pytest.mark.parametrize("option", OPENING)
def test_an_option_that_is_changed_shuts_the_gate_at_once(unguarded: Unguarded, option: str) -> None:
    """No later than the next request, on a connection that was open before. The process is kept alive to see that."""
    unguarded.hatch()
    unguarded.reset()
    with unguarded.inside() as tunnel:
        unguarded.hatch(given=STAYS, options={option: OPENING[option]})
        assert unguarded.ask(tunnel, ORDER).startswith(b"HTTP/1.1 500 ")
    unguarded.hatch()
    with unguarded.inside() as tunnel:
        assert unguarded.ask(tunnel, ORDER).startswith(b"HTTP/1.1 200 ")
    assert len(unguarded.upstream.received) == 1


def test_a_gate_with_a_changed_option_ends(opened: Any, upstream: Any) -> None:
    gate, hatch = opened(canary_seconds=3600)
    hatch(options={"rawtcp": True})
    assert "not set up as it must be: option rawtcp" in _ended(gate)


def test_every_option_that_must_stand_is_tried() -> None:
    """But those whose other values need a file or another process."""
    others = {"add_upstream_certs_to_client_chain", "certs", "client_certs", "http3", "mode", "onboarding"}
    others |= {"proxy_debug", "request_client_cert", "scripts", "store_streamed_bodies"}
    assert set(REQUIRED) - others == set(OPENING) - {"confdir"}


def test_what_is_changed_in_silence_is_seen_soon(opened: Any) -> None:
    """An addon that came in tells nobody; it is looked for."""
    gate, hatch = opened(canary_seconds=0.3)
    hatch("an addon of somebody else")
    assert "not set up as it must be" in _ended(gate)


def test_a_canary_that_is_not_refused_ends_the_gate(opened: Any, control: Any, upstream: Any) -> None:
    gate, hatch = opened(canary_seconds=0.3)
    hatch("names are judged")
    assert "the canary was not refused" in _ended(gate)


def test_the_folder_of_the_keys_is_private_and_not_the_agents(gate: Any) -> None:
    folders = list(Path("/dev/shm").glob(f"vienna-gate-{gate.process.ready['pid']}-*"))
    for folder in folders or [gate.folder / "state"]:
        assert folder.stat().st_mode & 0o777 == 0o700
        assert folder.stat().st_uid == os.getuid()


def test_the_mitmproxy_is_the_one_that_was_looked_at() -> None:
    """12.3.0 and 12.3.1 have options that trust a CA whose key is public."""
    assert version("mitmproxy") == "12.2.3"
    ours = Path(__file__).parents[3]
    assert '"mitmproxy>=12.2.3,<12.3"' in (ours / "pyproject.toml").read_text()
    for file in (ours / "proxy").rglob("*.py"):
        assert "pretty_host" not in file.read_text(), file


def test_a_key_log_stops_the_start(own_gate: Any, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="SSLKEYLOGFILE is set"):
        own_gate(environ={"MITMPROXY_SSLKEYLOGFILE": str(tmp_path / "keys")})
