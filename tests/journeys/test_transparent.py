"""Transparent mode in network namespaces: an unmodified agent is governed, and there is no way round the gate.

Each way out is tried with a real socket, under the rules and without them: what does not get out under them does get
out when they are taken away, so the rules are what keeps it in.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from harness import laws
from harness.pod import AGENT_UID, ECHO_OPEN, GATE_UID, POD, WORLD, WORLD_6, Pod, Relay, missing
from harness.vienna import Vienna, until
from harness.world import UpstreamInTheWorld, World

pytestmark = pytest.mark.journey

ORDER = "https://payments.example/v1/orders/O-1"
WAYS = [
    pytest.param("tcp", WORLD, 22, id="SSH, whose server speaks first"),
    pytest.param("tcp", WORLD, 443, id="TCP that is neither TLS nor HTTP, to 443"),
    pytest.param("tcp", WORLD, 5432, id="TCP to an odd port"),
    pytest.param("tcp", WORLD, 15001, id="TCP to the gate's own port elsewhere"),
    pytest.param("tcp", WORLD, 53, id="DNS over TCP"),
    pytest.param("tcp", WORLD, 853, id="DNS over TLS"),
    pytest.param("tcp", WORLD_6, 443, id="TCP over IPv6"),
    pytest.param("tcp", f"::ffff:{WORLD}", 5432, id="TCP over IPv4 in the clothes of IPv6"),
    pytest.param("udp", WORLD, 53, id="DNS to outside"),
    pytest.param("udp", WORLD_6, 53, id="DNS over IPv6"),
    pytest.param("udp", WORLD, 443, id="QUIC"),
    pytest.param("udp", WORLD_6, 443, id="QUIC over IPv6"),
    pytest.param("udp", WORLD, 4000, id="UDP"),
    pytest.param("icmp", WORLD, 0, id="ping"),
    pytest.param("icmp", WORLD_6, 0, id="ping over IPv6"),
]


@dataclass
class Place:
    """A pod, the world around it, and a Vienna whose gate is in the pod."""

    pod: Pod
    world: World
    upstream: UpstreamInTheWorld
    vienna: Vienna

    def curl(self, *arguments: str, uid: int = AGENT_UID) -> subprocess.CompletedProcess[str]:
        """The agent's curl: no proxy variable, only a CA to trust."""
        env = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
        command = ["curl", "-sS", "--max-time", "50", "--cacert", self.vienna.ca, *arguments]
        return self.pod.attempt(command, uid=uid, env=env)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One pod for the module; whoever takes its rules away brings them back."""
    if (why := missing()) is not None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"no network namespaces here: {why}")
    folder = tmp_path_factory.mktemp("pod")
    with ExitStack() as stack:
        pod = stack.enter_context(Pod())
        world = stack.enter_context(World(pod))
        upstream = stack.enter_context(UpstreamInTheWorld(folder, pod))
        there = {"payments.example": upstream.address, "payments.example:8443": upstream.address}
        vienna = Vienna(folder, upstream, gate={"mode": "transparent@127.0.0.1:15001", "resolve": there})
        relay = stack.enter_context(Relay(folder / "control", lambda: _address(vienna.url)))
        stack.push(vienna)
        vienna.start_control()
        (folder / "gate").mkdir()
        os.chown(folder / "gate", GATE_UID, GATE_UID)
        vienna.gate.within = pod.inside(GATE_UID, "dac_override")
        given = ["--control", f"unix://{relay.path}", "--key-file", vienna.control.ready["join_token"]]
        vienna.gate.arguments += given
        pod.redirect("apply", "--inbound", "8000")  # as an init container: before anything of the pod runs
        vienna.start_gate()
        yield Place(pod, world, upstream, vienna)


@pytest.fixture(autouse=True)
def quiet(place: Place) -> None:
    """Nothing was heard yet."""
    place.world.heard.clear()
    place.upstream.received.clear()


@pytest.fixture
def unbound(place: Place) -> Iterator[None]:
    """The rules are away for a test."""
    place.pod.redirect("remove")
    yield
    place.pod.redirect("apply", "--inbound", "8000")


def _address(url: str) -> tuple[str, int]:
    host, _, port = url.removeprefix("http://").rpartition(":")
    return host, int(port)


# What an agent that knows nothing of all this can do.


def test_curl_without_a_proxy_passes_under_a_warrant(place: Place) -> None:
    done = place.curl("-i", ORDER)
    assert done.returncode == 0, done
    assert done.stdout.startswith("HTTP/1.1 200 "), done.stdout
    assert "vienna-warrant-id: " in done.stdout.lower()
    assert [(one.sni, one.header("host")) for one in place.upstream.received] == [("payments.example",) * 2]
    assert place.world.heard == []  # its name was asked for nowhere outside
    laws.check(place.vienna)


def test_the_port_that_was_dialled_is_the_calls(place: Place) -> None:
    assert place.curl(ORDER.replace(".example", ".example:8443")).returncode == 0
    assert [one.header("host") for one in place.upstream.received] == ["payments.example:8443"]
    other = place.curl("-i", "-H", "Host: payments.example:8443", ORDER)
    assert "vienna-reason: target_mismatch" in other.stdout.lower(), other


def test_a_refund_waits_for_consent(place: Place) -> None:
    body = json.dumps({"order": "ORD-12345", "amount": "5000.00", "currency": "EUR"})
    command = [
        "curl",
        "-sS",
        "--max-time",
        "60",
        "--cacert",
        place.vienna.ca,
        "-H",
        "Content-Type: application/json",
    ]
    agent = subprocess.Popen(
        [
            *place.pod.inside(AGENT_UID, "dac_read_search"),
            *command,
            "-d",
            body,
            "https://payments.example/v1/refunds",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    (approval,) = place.vienna.pending()
    assert place.upstream.to("POST") == []
    place.vienna.approve(approval, "alice", "bob")
    said, _ = agent.communicate(timeout=60)
    assert json.loads(said)["status"] == "succeeded"
    assert len(place.upstream.to("POST", "*/refunds")) == 1


def test_the_address_that_was_dialled_counts_for_nothing(place: Place) -> None:
    """A name in SNI, another machine's address under it: the call goes to the name."""
    done = place.curl("--resolve", f"payments.example:443:{WORLD}", ORDER)
    assert json.loads(done.stdout)["id"] == "O-1"
    assert len(place.upstream.received) == 1
    assert place.world.heard == []


def test_the_gate_is_asked_by_its_name(place: Place) -> None:
    done = place.curl("http://vienna.internal/")
    assert "gate between you and the network" in done.stdout


@pytest.mark.parametrize(
    "url", [f"http://{WORLD}/", f"https://{WORLD}/", f"http://{POD}/", "http://metadata.google.internal/"]
)
def test_addresses_and_metadata_are_refused(place: Place, url: str) -> None:
    done = place.curl("-k", "-i", url)
    assert "vienna-reason: address_refused" in done.stdout.lower(), done
    assert place.world.heard == []


def test_the_agent_talks_to_itself(place: Place) -> None:
    """Its own servers on the loopback interface are its own affair."""
    with _server(place, "127.0.0.1", 9000):
        done = place.curl("http://127.0.0.1:9000/")
        assert done.stdout == "mine"


def test_the_agent_is_called_where_that_was_said(place: Place) -> None:
    for port, answers in ((8000, True), (8001, False)):
        with _server(place, POD, port):
            command = [
                "ip",
                "netns",
                "exec",
                place.pod.world,
                "curl",
                "-sS",
                "--max-time",
                "30" if answers else "2",
                f"http://{POD}:{port}/",
            ]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert (done.stdout == "mine") is answers, done


# What an agent that wants to get round it cannot do.


@pytest.mark.parametrize(("way", "host", "port"), WAYS)
def test_there_is_no_other_way(place: Place, way: str, host: str, port: int) -> None:
    said = place.pod.try_out(way, host, port)
    assert said != "out"
    assert place.world.heard == []


@pytest.mark.parametrize(("way", "host", "port"), WAYS)
def test_there_is_one_without_the_rules(place: Place, unbound: None, way: str, host: str, port: int) -> None:
    assert place.pod.gets_out(way, host, port)
    assert place.world.heard == ([] if way == "icmp" else [(way, port)])


@pytest.mark.parametrize("uid", [0, 4242])
@pytest.mark.parametrize(("way", "port"), [("tcp", 5432), ("udp", 4000), ("udp", 53)])
def test_no_other_user_is_free(place: Place, uid: int, way: str, port: int) -> None:
    assert place.pod.try_out(way, WORLD, port, uid=uid) != "out"
    assert place.world.heard == []


@pytest.mark.parametrize("host", [WORLD, WORLD_6])
@pytest.mark.parametrize(("way", "port"), [("tcp", 5432), ("udp", 4000), ("udp", 53)])
def test_only_the_gates_user_is_free(place: Place, way: str, host: str, port: int) -> None:
    assert place.pod.gets_out(way, host, port, uid=GATE_UID)
    assert place.world.heard == [(way, port)]


def test_what_the_gate_has_sent_arrives_though_it_has_closed(place: Place) -> None:
    """Then its packets belong to no user any more."""
    place.world.discarded = 0
    place.pod.pour(1_000_000, uid=GATE_UID)
    until("a million bytes", lambda: place.world.discarded == 1_000_000)


@pytest.mark.parametrize(("way", "port"), [("tcp", 5432), ("udp", 4000), ("udp", 53)])
def test_the_ports_of_a_connection_of_the_gate_are_not_taken_over(place: Place, way: str, port: int) -> None:
    assert place.pod.gets_out(way, WORLD, port, uid=GATE_UID, source=40_000 + port)
    assert place.pod.try_out(way, WORLD, port, source=40_000 + port) != "out"
    assert place.world.heard == [(way, port)]


def test_not_even_the_first_packet_goes_by_a_connection_of_the_gate(place: Place) -> None:
    """One that only the world still has: the kernel takes a new opening of it for a part of it."""
    pod, port = place.pod, ECHO_OPEN
    pod.run(["sh", "-c", "echo 1 > /proc/sys/net/ipv4/tcp_fin_timeout"])
    assert pod.syns(port) == 0
    assert pod.gets_out("tcp", WORLD, port, uid=GATE_UID, source=45_000)
    until("the gate's end to be gone", lambda: not pod.run(["ss", "-Hant", "sport", "=", ":45000"]).stdout)
    assert pod.syns(port) == 1
    assert pod.try_out("tcp", WORLD, port, source=45_000) != "out"
    assert pod.syns(port) == 1


def test_the_port_at_which_it_is_called_is_no_way_out(place: Place) -> None:
    for way, host, port in (("tcp", WORLD, 5432), ("tcp", WORLD_6, 5432), ("udp", WORLD, 4000)):
        assert place.pod.try_out(way, host, port, source=8000) != "out"
    assert place.world.heard == []


def test_a_dead_gate_is_no_way_out(place: Place) -> None:
    place.vienna.gate.kill()
    try:
        done = place.curl("--resolve", f"payments.example:443:{WORLD}", ORDER)
        assert done.returncode == 7, done  # refused, at once
        assert place.curl(ORDER).returncode == 6  # no name either
        for way, port in (("tcp", 5432), ("tcp", 443), ("udp", 53), ("udp", 443)):
            assert place.pod.try_out(way, WORLD, port) != "out"
        assert place.upstream.received == []
        assert place.world.heard == []
    finally:
        place.vienna.start_gate()
    assert place.curl(ORDER).returncode == 0


def test_a_call_that_ran_before_the_rules_does_not_go_on(place: Place, unbound: None) -> None:
    script = (
        "import socket, sys; s = socket.create_connection((sys.argv[1], 5432), 30);"
        "s.send(b'one'); print(s.recv(9), flush=True); sys.stdin.readline(); s.settimeout(3);"
        "s.send(b'two'); print(s.recv(9), flush=True)"
    )
    agent = subprocess.Popen(
        [*place.pod.inside(AGENT_UID, "dac_read_search"), sys.executable, "-c", script, WORLD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert agent.stdout is not None
    assert agent.stdout.readline().strip() == "b'out'"
    place.pod.redirect("apply")
    said, wrong = agent.communicate("go\n", timeout=30)
    assert "out" not in said, said
    assert "Error" in wrong
    assert place.world.heard == [("tcp", 5432)]


class _server:
    """A web server of the agent's, that says ``mine``."""

    def __init__(self, place: Place, host: str, port: int) -> None:
        script = (
            "import http.server, sys\n"
            "class One(http.server.BaseHTTPRequestHandler):\n"
            "    def do_GET(self):\n"
            "        self.send_response(200); self.end_headers(); self.wfile.write(b'mine')\n"
            "http.server.HTTPServer((sys.argv[1], int(sys.argv[2])), One).serve_forever()\n"
        )
        start = place.pod.inside(AGENT_UID, "dac_read_search")
        self._child: Any = subprocess.Popen(
            [*start, sys.executable, "-c", script, host, str(port)], stderr=subprocess.DEVNULL
        )
        self._listens = lambda: f":{port} " in place.pod.run(["ss", "-Hltn", "sport", "=", f":{port}"]).stdout

    def __enter__(self) -> None:
        until("the agent's server", self._listens)

    def __exit__(self, *_: object) -> None:
        self._child.kill()
        self._child.wait()
