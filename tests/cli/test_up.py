"""``up`` and ``run`` with real processes: ready lines, agents behind the gate, what happens when something dies."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.journey

FREE = "control: {listen: '127.0.0.1:0'}\ngate: {listen: '127.0.0.1:0', agent: bot}\n"


@dataclass
class Up:
    """A running ``vienna up --json``."""

    process: subprocess.Popen[str]
    ready: dict[str, Any]

    def children(self) -> dict[str, int]:
        """Pid by module, of its two processes."""
        listed = subprocess.run(
            ["ps", "-o", "pid=,args=", "--ppid", str(self.process.pid)],
            capture_output=True,
            text=True,
            check=True,
        )
        rows = [line.split() for line in listed.stdout.splitlines()]
        return {row[row.index("-m") + 1]: int(row[0]) for row in rows if "-m" in row}


def start(cli: Any) -> Up:
    process = subprocess.Popen(
        [sys.executable, "-m", "vienna_cli", "up", "--json"],
        cwd=cli.folder,
        env=cli.environ,
        stdout=subprocess.PIPE,
        stderr=(cli.folder / "up.log").open("w"),
        text=True,
    )
    assert process.stdout
    line = process.stdout.readline()
    assert line, (cli.folder / "up.log").read_text()
    return Up(process, json.loads(line))


@contextmanager
def running(cli: Any) -> Iterator[Up]:
    (cli.folder / "vienna.yaml").write_text(FREE)
    one = start(cli)
    try:
        yield one
    finally:
        if one.process.poll() is None:
            one.process.terminate()
        one.process.wait(60)
        assert one.process.stdout
        one.process.stdout.close()


@pytest.fixture
def up(cli: Any) -> Iterator[Up]:
    with running(cli) as one:
        yield one


@pytest.fixture(scope="module")
def shared(
    tmp_path_factory: pytest.TempPathFactory, command: Callable[[Path], Any]
) -> Iterator[tuple[Any, Up]]:
    """One that several tests only use, and the command in its folder."""
    cli = command(tmp_path_factory.mktemp("shared"))
    with running(cli) as one:
        yield cli, one


def test_ready_attached_to_and_stopped(cli: Any, up: Up) -> None:
    data = Path(up.ready["data_dir"])
    assert up.ready["ready"] is True
    assert up.ready["pid"] == up.process.pid
    assert Path(up.ready["ca"]).read_text().startswith("-----BEGIN CERTIFICATE-----")
    assert stat.S_IMODE((data / "run.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(data.stat().st_mode) == 0o700

    second = cli("up")
    assert second.returncode == 1
    assert "already running" in second.stderr

    agents = cli("agents", "ls", "-o", "json")
    assert agents.returncode == 0, agents.stderr
    assert [row["name"] for row in json.loads(agents.stdout)] == ["bot"]

    said = cli("run", "--", "curl", "-sS", "https://vienna.internal/")
    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith("This is the gate")
    assert "mode: cooperative (clients may bypass)" in said.stderr
    quiet = cli("run", "-q", "--", "sh", "-c", "echo $VIENNA_AGENT_ID $NO_PROXY; exit 42")
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (42, "bot\n", "")

    found = {row["probe"]: row for row in json.loads(cli("doctor", "-o", "json").stdout)}
    probes = ("python", "control plane", "ready", "warrants", "clock", "key", "gate", "canary")
    told = ("control plane: disk", "control plane: trail", "control plane: gates", "control plane: agents")
    for probe in (*probes, *told, "curl trusts the CA"):
        assert found[probe]["state"] == "ok", found[probe]
    assert found["isolation"]["state"] in ("ok", "skipped")
    assert all(row["do"] for row in found.values() if row["state"] == "failed")

    up.process.send_signal(signal.SIGTERM)
    assert up.process.wait(60) == 0
    assert not (data / "run.json").exists()
    gone = cli("agents", "ls", "--url", up.ready["control"])
    assert gone.returncode == 2, (
        "the first admin's key is not sent to an address that is not the installation's"
    )
    key = json.loads((data / "admin.json").read_text())["api_key"]
    cli.environ["VIENNA_API_KEY"] = key
    assert cli("agents", "ls", "--url", up.ready["control"]).returncode == 6


@pytest.mark.parametrize("module", ["vienna_control", "vienna_proxy"])
def test_when_one_dies_the_other_is_stopped(cli: Any, up: Up, module: str) -> None:
    children = up.children()
    assert set(children) == {"vienna_control", "vienna_proxy"}
    os.kill(children[module], signal.SIGKILL)
    assert up.process.wait(60) == 1
    for pid in children.values():
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    name = {"vienna_control": "control plane", "vienna_proxy": "gate"}[module]
    assert f"the {name} ended with -9" in (cli.folder / "up.log").read_text()


def test_run_starts_a_pair_of_its_own_and_takes_it_down(cli: Any) -> None:
    (cli.folder / "vienna.yaml").write_text(FREE)
    done = cli(
        "run", "--", "sh", "-c", "cat vienna-data/run.json; curl -sS http://vienna.internal/ca.pem; exit 5"
    )
    assert done.returncode == 5, done.stderr
    state, _, pem = done.stdout.partition("\n")
    assert pem.startswith("-----BEGIN CERTIFICATE-----")
    assert not (cli.folder / "vienna-data" / "run.json").exists()
    port = int(json.loads(state)["proxy"].rpartition(":")[2])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=2)


def test_isolated_the_gate_is_the_only_way_out(shared: tuple[Any, Up]) -> None:
    cli, up = shared
    port = int(up.ready["control"].rpartition(":")[2])
    reach = f"import socket; socket.create_connection(('127.0.0.1', {port}), timeout=2)"
    assert cli("run", "-q", "--", sys.executable, "-c", reach).returncode == 0, (
        "cooperative: it can be bypassed"
    )
    inside = cli("run", "--isolate", "--", sys.executable, "-c", reach)
    through = cli("run", "--isolate", "--", "curl", "-sS", "https://vienna.internal/")
    if "not possible here" in inside.stderr:
        assert inside.returncode == through.returncode == 1
        assert through.stdout == ""
        return
    assert inside.returncode == 1
    assert "ConnectionRefusedError" in inside.stderr
    assert "mode: isolated (kernel-enforced)" in through.stderr
    assert through.stdout.startswith("This is the gate")


def test_asked_for_isolation_that_is_impossible_nothing_runs(shared: tuple[Any, Up]) -> None:
    """In a user namespace that allows no further one, which any user can make."""
    cli, _ = shared
    wrapped = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
    command = ["-m", "vienna_cli", "run", "--isolate", "--", "touch", str(cli.folder / "it-ran")]
    done = subprocess.run(
        ["unshare", "-Ur", "sh", "-c", wrapped, "sh", sys.executable, *command],
        cwd=cli.folder,
        env=cli.environ,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert not (cli.folder / "it-ran").exists()
    assert "--isolate is not possible here" in done.stderr or "unshare" in done.stderr


def test_a_command_that_is_not_there(shared: tuple[Any, Up]) -> None:
    cli, _ = shared
    for mode in ([], ["--isolate"]):
        done = cli("run", *mode, "--", "no-such-program")
        assert done.returncode == 2
        assert "cannot run no-such-program" in done.stderr


def test_sigterm_goes_on_to_the_agent(shared: tuple[Any, Up]) -> None:
    cli, _ = shared
    code = (
        "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(9));"
        "print('up', flush=True); signal.pause()"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "vienna_cli", "run", "-q", "--", sys.executable, "-c", code],
        cwd=cli.folder,
        env=cli.environ,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "up\n"
    process.terminate()
    assert process.wait(60) == 9
    process.stdout.close()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "control: {listn: '127.0.0.1:0'}\n",
            "vienna.yaml:1:11 control.listn: unknown key 'listn'; did you mean 'listen'?",
        ),
        ("gate: {listen: nonsense}\ncontrol: {listen: '127.0.0.1:0'}\n", "vienna.yaml:1:"),
        ("controll: {}\n", "did you mean 'control'?"),
    ],
)
def test_a_bad_file_stops_the_start_with_its_place(cli: Any, text: str, says: str) -> None:
    (cli.folder / "vienna.yaml").write_text(text)
    done = cli("up")
    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_in_use(cli: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (cli.folder / "vienna.yaml").write_text(f"control: {{listen: '127.0.0.1:{port}'}}\n")
        done = cli("up")
    assert done.returncode == 1
    assert "the control plane did not start" in done.stderr
    assert str(port) in done.stderr


def test_control_and_proxy_hand_their_options_on(cli: Any) -> None:
    """They become the process: prod refuses without a secret, in its own words."""
    done = cli("control", "--json", "--data-dir", "d", "--listen", "127.0.0.1:0")
    assert done.returncode != 0
    assert "VIENNA_SECRET_KEY is missing" in done.stderr
    assert cli("proxy", "--listen", "nonsense").returncode != 0
