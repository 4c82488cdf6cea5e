"""The gate as a process: one clear line when it cannot start, refusal when it is broken, an orderly end."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.upstream import Upstream
from proxy.telemetry.conftest import until_sample
from vienna_kernel import wire


def run(
    *arguments: str, cwd: Path, module: str = "vienna_proxy", **environ: str
) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "VIENNA_ENV": "test", **environ}
    command = [sys.executable, "-m", module, "--json", *arguments]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=100, check=False)


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 1, done
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.stderr.strip().splitlines()[-1]


def test_no_token(tmp_path: Path) -> None:
    assert "no join token" in last_line(run(cwd=tmp_path))
    assert "cannot read the join token" in last_line(run("--key-file", "nowhere", cwd=tmp_path))
    (tmp_path / "empty").write_text("\n")
    assert "is empty" in last_line(run("--key-file", "empty", cwd=tmp_path))


def test_no_ca(tmp_path: Path) -> None:
    (tmp_path / "vienna.yaml").write_text("gate: {upstream_ca: vienna.yaml}")
    assert "holds no PEM certificate" in last_line(run("-c", "vienna.yaml", cwd=tmp_path))


def test_nobody_at_the_control_plane(tmp_path: Path) -> None:
    (tmp_path / "join").write_text("t")
    began = time.monotonic()
    done = run("--key-file", "join", "--control", "http://127.0.0.1:1", cwd=tmp_path)
    assert "the control plane does not answer" in last_line(done)
    assert "waiting for the control plane" in done.stderr
    assert time.monotonic() - began > 9


def test_a_port_in_use(tmp_path: Path, control, own_gate) -> None:
    (tmp_path / "join").write_text("t")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        line = last_line(
            run("--key-file", "join", "--control", control.url, "--listen", address, cwd=tmp_path)
        )
    why = "Address already in use; choose another with --listen, gate.listen or gate.mode"
    assert line == f"vienna proxy: cannot listen on {address}: {why}"


def test_an_enforcement_that_the_control_plane_did_not_sign(tmp_path: Path, control, own_gate) -> None:
    less = own_gate(enforcement="observe")
    assert "vienna agents promote billing-bot --to observe" in less.log()
    assert "gate.enforcement" not in own_gate(enforcement="enforce").log()
    control.rung = "observe"
    try:
        assert "gate.enforcement" not in own_gate().log()  # the default asks for nothing
        with pytest.raises(AssertionError, match="promote billing-bot --to enforce_high"):
            own_gate(enforcement="enforce_high")
    finally:
        control.rung = "enforce"


def test_a_bundle_signed_by_somebody_else(tmp_path: Path, control) -> None:
    (tmp_path / "join").write_text("t")
    control.forged_by = control.warrant_key
    try:
        done = run("--key-file", "join", "--control", control.url, cwd=tmp_path)
    finally:
        control.forged_by = None
    assert "bundle is refused" in last_line(done)


def test_the_drill_refuses_everything(own_gate, control, upstream: Upstream) -> None:
    gate = own_gate(module="vienna_proxy.drill")
    answer = gate.call("GET", "https://payments.example/v1/orders/O-1")
    assert (answer.status_code, answer.headers["vienna-reason"]) == (500, "internal_error")
    assert upstream.connections == 0
    assert '"event":"gate.broke"' in gate.log()


def test_the_drill_is_not_for_prod(tmp_path: Path) -> None:
    done = run(cwd=tmp_path, module="vienna_proxy.drill", VIENNA_ENV="prod")
    assert "for VIENNA_ENV=dev or test only" in last_line(done)


def test_an_orderly_end(own_gate, control, upstream: Upstream) -> None:
    gate = own_gate(admin_listen="127.0.0.1:0")
    shm = [
        one for one in Path("/dev/shm").glob("vienna-gate-*") if f"-{gate.process.ready['pid']}-" in one.name
    ]
    control.script = lambda fake, frame: (
        fake.held(frame) if isinstance(frame, wire.Consult) else fake.grants(frame)
    )
    refund = {"order": "O", "amount": "1.00", "currency": "EUR"}
    with gate.client() as client, ThreadPoolExecutor(1) as pool:
        held = pool.submit(client.post, "https://payments.example/v1/refunds", json=refund)
        until_sample(gate, "vienna_gate_held_calls", 1)
        assert gate.process.stop() == 0
        assert held.result(40).headers["vienna-decision"] == "pending"
    assert not any(one.exists() for one in shm)


def test_key_material_is_private(own_gate) -> None:
    gate = own_gate()
    pid = gate.process.ready["pid"]
    folders = list(Path("/dev/shm").glob(f"vienna-gate-{pid}-*"))
    if not folders:
        pytest.skip("no /dev/shm here; the state folder, mode 0700, is used")
    assert folders[0].stat().st_mode & 0o777 == 0o700
    assert (folders[0] / "mitmproxy-ca.pem").stat().st_mode & 0o777 == 0o600
    assert gate.process.ready["ca"].endswith("root-ca.pem")
    assert "PRIVATE" not in Path(gate.process.ready["ca"]).read_text()
