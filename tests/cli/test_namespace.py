"""A namespace whose only way out is the gate: tried from inside, with a loopback stand-in for the world."""

import os
import shutil
import socket
import subprocess
import sys
import threading

import pytest

from harness.pod import as_user
from vienna_cli.namespace import INSIDE_PORT, IsolationError, enter, reachable_sockets

DIRECT = "import socket; socket.create_connection(('127.0.0.1', {port}), timeout=2)"
THROUGH = (
    "import socket; s = socket.create_connection(('127.0.0.1', {inside}), timeout=60); s.sendall(b'ping');"
    "s.shutdown(socket.SHUT_WR); assert s.recv(9) == b'pong'"
)
ENTER = (
    "import os, sys; from vienna_cli.namespace import enter;"
    "process, relay = enter(sys.argv[2:], os.environ, ('127.0.0.1', int(sys.argv[1])));"
    "status = process.wait(60); relay.close(); sys.exit(status)"
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
        return process.wait(60)
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
    code = "import socket; s = socket.create_connection(('127.0.0.1', {inside}), timeout=60); assert s.recv(1) == b''"
    assert inside(code.format(inside=INSIDE_PORT), ("127.0.0.1", 1)) == 0


@where_possible
def test_the_exit_code_is_the_commands_own(world):
    assert inside("raise SystemExit(42)", world) == 42


@where_possible
def test_no_address_of_this_machine_is_reached(world):
    """Its others than the loopback one are as far away; and so is what is named, not placed, among Unix sockets."""
    everywhere = socket.create_server(("0.0.0.0", 0))
    own = own_address()
    reach = f"import socket; socket.create_connection(({own!r}, {everywhere.getsockname()[1]}), timeout=2)"
    name = f"vienna-test-{os.getpid()}"
    abstract = f"import socket; socket.socket(socket.AF_UNIX).connect('\\0{name}')"
    with everywhere, socket.socket(socket.AF_UNIX) as server:
        server.bind(f"\0{name}")
        server.listen()
        for code in (reach, abstract):
            assert subprocess.run([sys.executable, "-I", "-c", code]).returncode == 0, (
                "outside it can be reached"
            )
            assert inside(code, world) != 0


def own_address():
    """An address of this machine that others know; the loopback one where there is none. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        try:
            any_socket.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return any_socket.getsockname()[0]


@where_possible
def test_those_outside_cannot_be_looked_into(world):
    """Their environment would tell what the agent was not given, and their descriptors lead out."""
    outside = subprocess.Popen(["sleep", "60"])
    code = f"import os; os.listdir('/proc/{outside.pid}/fd'); open('/proc/{outside.pid}/environ').read()"
    try:
        assert subprocess.run([sys.executable, "-I", "-c", code]).returncode == 0, "outside they can"
        assert inside(code, world) != 0
    finally:
        outside.kill()
        outside.wait()


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None, reason="takes root to be somebody else"
)
@where_possible
def test_it_takes_no_root(world):
    """As an unprivileged user: out of reach as well, and through the relay all the same."""
    ask = 'exec 3<>/dev/tcp/127.0.0.1/{}; printf ping >&3; IFS= read -r -t 60 -n 4 said <&3; test "$said" = pong'
    user = as_user(65534, "dac_read_search")  # our Python may lie where nobody may go
    told = []
    for port in (world[1], INSIDE_PORT):
        command = [*user, sys.executable, "-c", ENTER, str(world[1]), "bash", "-c", ask.format(port)]
        told.append(subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=100))
    direct, through = told
    assert direct.returncode != 0, "the world is out of reach"
    assert (through.returncode, through.stderr) == (0, ""), "the gate is not"


def test_sockets_that_lead_around_are_named(tmp_path):
    path = tmp_path / "agent.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        assert str(path) in reachable_sockets({"SSH_AUTH_SOCK": str(path)})
        assert str(path) not in reachable_sockets({}), "nobody listens there"
        server.listen()
        assert str(path) in reachable_sockets({}), "whoever listens is found, named or not"
    assert str(tmp_path / "gone") not in reachable_sockets({"SSH_AUTH_SOCK": str(tmp_path / "gone")})
