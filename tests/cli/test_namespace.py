"""A namespace whose only way out is the gate: tried from inside, with a loopback stand-in for the world."""

import os
import socket
import subprocess
import sys
import threading

import pytest

from vienna_cli.namespace import INSIDE_PORT, IsolationError, enter, reachable_sockets

DIRECT = "import socket; socket.create_connection(('127.0.0.1', {port}), timeout=2)"
THROUGH = (
    "import socket; s = socket.create_connection(('127.0.0.1', {inside}), timeout=5); s.sendall(b'ping');"
    "s.shutdown(socket.SHUT_WR); assert s.recv(9) == b'pong'"
)
ELSEWHERE = (
    "import socket, sys\n"
    "routes = open('/proc/net/route').read().splitlines()[1:]\n"
    "names = [name for _, name in socket.if_nameindex()]\n"
    "sys.exit(0 if names == ['lo'] and not routes else 3)\n"
)


@pytest.fixture
def world():
    """A listener outside that answers ``ping`` with ``pong``."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                if connection.recv(9) == b"ping":
                    connection.sendall(b"pong")

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def inside(code, world):
    process, relay = enter([sys.executable, "-I", "-c", code], os.environ, world)
    try:
        return process.wait(20)
    finally:
        relay.close()


def possible():
    """Whether this kernel lets us; where it does not, only the refusal can be tried."""
    try:
        return inside("", ("127.0.0.1", 1)) == 0
    except IsolationError:
        return False


where_possible = pytest.mark.xfail(
    not possible(), raises=IsolationError, reason="this kernel forbids unprivileged namespaces"
)


@where_possible
def test_the_world_is_out_of_reach(world):
    direct = DIRECT.format(port=world[1])
    assert subprocess.run([sys.executable, "-I", "-c", direct]).returncode == 0, "outside it can be reached"
    assert inside(direct, world) != 0


@where_possible
def test_there_is_no_route_and_no_other_interface(world):
    assert inside(ELSEWHERE, world) == 0


@where_possible
def test_the_gate_is_reached_through_the_relay(world):
    assert inside(THROUGH.format(inside=INSIDE_PORT), world) == 0


@where_possible
def test_a_gate_that_is_gone_closes_the_connection(world):
    code = "import socket; s = socket.create_connection(('127.0.0.1', {inside}), timeout=5); assert s.recv(1) == b''"
    assert inside(code.format(inside=INSIDE_PORT), ("127.0.0.1", 1)) == 0


@where_possible
def test_the_exit_code_is_the_commands_own(world):
    assert inside("raise SystemExit(42)", world) == 42


def test_sockets_that_lead_around_are_named(tmp_path):
    path = tmp_path / "agent.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        assert str(path) in reachable_sockets({"SSH_AUTH_SOCK": str(path)})
    assert str(tmp_path / "gone") not in reachable_sockets({"SSH_AUTH_SOCK": str(tmp_path / "gone")})
