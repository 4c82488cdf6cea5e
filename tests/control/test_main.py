"""The process: one line when ready, one line when it cannot start, and an orderly end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from harness import forks
from planes import key_of, running
from vienna_control import serve

STRONG = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a6978"


def command(*arguments: str) -> list[str]:
    """A start with nothing imported before."""
    return [sys.executable, "-m", "vienna_control", "--listen", "127.0.0.1:0", *arguments]


def environment(**more: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "VIENNA_ENV": "dev", "VIENNA_LOG_LEVEL": "warning", **more}


@contextmanager
def started(data_dir: Path, *arguments: str, **environ: str) -> Iterator[tuple[forks.Forked, dict[str, Any]]]:
    """A control plane that is ready; killed at the end if it still runs."""
    given = ["--listen", "127.0.0.1:0", "--data-dir", str(data_dir), "--json", *arguments]
    with tempfile.TemporaryFile("w+") as wrong:
        child = forks.start("vienna_control", given, env=environment(**environ), stderr=wrong)
        with child.stdout:
            try:
                line = child.stdout.readline()
                assert line, wrong.seek(0) or wrong.read()
                yield child, json.loads(line)
            finally:
                child.kill()
                child.wait(60)


def refused(*arguments: str, code: int = 1, **environ: str) -> str:
    """What a process that must not start says: one line, no traceback."""
    given = ["--listen", "127.0.0.1:0", *arguments]
    done = forks.run("vienna_control", given, env=environment(**environ), folder=Path.cwd(), timeout=60)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    if code == 1:
        assert len(done.stderr.splitlines()) == 1, done.stderr
        assert done.stderr.startswith("vienna control: ")
    return done.stderr


def ask(url: str, key: str | None = None) -> Any:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"} if key else {})
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)


def test_ready_line_files_and_orderly_end(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    arguments = command("--data-dir", str(data_dir), "--json")
    with subprocess.Popen(
        arguments, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout
        ready = json.loads(child.stdout.readline())
        assert ready["ready"] is True
        assert ready["pid"] == child.pid
        assert ready["data_dir"] == str(data_dir)
        health = ask(ready["control"] + "/health")
        assert next(iter(health.items())) == ("status", "ok")
        assert ask(ready["control"] + "/ready")["status"] == "ok"
        assert ask(ready["control"] + "/.well-known/jwks.json")["keys"]
        admin = json.loads(Path(ready["admin"]).read_text())
        assert admin["url"] == ready["control"]
        me = ask(ready["control"] + "/api/v1/operators/me", admin["api_key"])
        assert (me["data"]["role"], me["data"]["email"], me["data"]["mfa"]) == ("admin", admin["email"], True)
        assert Path(ready["join_token"]).read_text().startswith("vos_join_k1_")
        assert "BEGIN CERTIFICATE" in Path(ready["root_ca"]).read_text()
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in data_dir.iterdir()}
        assert modes.pop("root-ca.pem") == 0o644
        assert set(modes.values()) == {0o600}, modes
        assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700
        child.send_signal(signal.SIGTERM)
        out, errors = child.communicate(timeout=60)
        assert child.returncode == 0, errors
        assert admin["password"] not in out + errors


def test_a_second_start_keeps_people_and_keys(tmp_path: Path) -> None:
    with started(tmp_path / "data") as (child, ready):
        first = json.loads(Path(ready["admin"]).read_text())
        join = Path(ready["join_token"]).read_text()
        keys = ask(ready["control"] + "/.well-known/jwks.json")
        child.kill()  # nothing acknowledged is lost
        child.wait()
    with started(tmp_path / "data") as (_, ready):
        second = json.loads(Path(ready["admin"]).read_text())
        assert second == {**first, "url": ready["control"]}
        assert Path(ready["join_token"]).read_text() == join
        assert ask(ready["control"] + "/.well-known/jwks.json") == keys
        assert ask(ready["control"] + "/api/v1/operators/me", first["api_key"])["success"]


def test_people_see_the_first_password_once(tmp_path: Path) -> None:
    arguments = command("--data-dir", str(tmp_path / "data"))
    for shown in (True, False):
        child = subprocess.Popen(
            arguments, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert child.stdout
        assert child.stdout.readline().startswith("vienna control plane ready at http://127.0.0.1:")
        child.terminate()
        _, errors = child.communicate(timeout=60)
        password = json.loads((tmp_path / "data" / "admin.json").read_text())["password"]
        assert (password in errors) is shown


async def test_streams_and_sockets_let_go_when_they_are_told_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An end that waited for them until it breaks them off would take an hour."""
    monkeypatch.setattr(serve, "FINISH_SECONDS", 3600.0)
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {key_of('ada')}"}) as http:
        async with running(tmp_path / "data") as control:
            async with http.get(control.url + "/api/v1/audit/export") as response:
                await response.read()  # leaves an idle kept-alive connection
            events = await http.get(control.url + "/api/v1/events")
            await events.content.readline()
        await events.content.read()


async def test_a_process_with_a_stream_under_way_ends_in_order(tmp_path: Path) -> None:
    with started(tmp_path / "data") as (child, ready):
        key = json.loads(Path(ready["admin"]).read_text())["api_key"]
        async with (
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {key}"}) as http,
            http.get(ready["control"] + "/api/v1/events") as events,
        ):
            await events.content.readline()
            child.terminate()
            assert await asyncio.to_thread(child.wait, 60) == 0
            await events.content.read()  # the stream came to an end, it was not broken off


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("control: {lisen: x}\n", "did you mean 'listen'?"),
        ("control: {policies: [missing/]}\n", "missing"),
        ("control: {database: 'postgresql://x/y'}\n", "not supported yet in this version"),
    ],
)
def test_a_bad_file_is_one_line(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "vienna.yaml"
    file.write_text(text)
    assert says in refused("-c", str(file), "--data-dir", str(tmp_path / "data"))


def test_a_bad_policy_is_named_with_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "own.yaml").write_text(
        "kind: Rules\nrules:\n  - id: r\n    priority: 1\n    when: [{field: action, is_like: x}]\n    action: deny\n"
    )
    (tmp_path / "vienna.yaml").write_text("control: {}\n")
    said = refused("-c", str(tmp_path / "vienna.yaml"), "--data-dir", str(tmp_path / "data"))
    assert "own.yaml:" in said


def test_a_missing_file_and_wrong_usage(tmp_path: Path) -> None:
    assert "cannot read" in refused("-c", str(tmp_path / "none.yaml"))
    refused("--no-such-option", code=2)


def test_a_port_in_use_leaves_no_trace(tmp_path: Path) -> None:
    taken = serve.bind("127.0.0.1:0")
    try:
        address = serve.url_of(taken).removeprefix("http://")
        said = refused("--listen", address, "--data-dir", str(tmp_path / "data"))
        assert f"cannot listen on {address}: Address already in use; choose another" in said
        assert not (tmp_path / "data").exists()
    finally:
        taken.close()


def test_a_data_directory_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "data directory" in refused("--data-dir", str(tmp_path / "file" / "data"))


def test_one_control_plane_for_each_data_directory(tmp_path: Path) -> None:
    with started(tmp_path / "data") as (child, _):
        said = refused("--data-dir", str(tmp_path / "data"))
        assert f"in use by another control plane (pid {child.pid})" in said


def test_another_secret_than_the_databases(tmp_path: Path) -> None:
    with started(tmp_path / "data"):
        pass
    said = refused("--data-dir", str(tmp_path / "data"), VIENNA_SECRET_KEY=STRONG)
    assert "VIENNA_SECRET_KEY is not the secret" in said


def test_prod_needs_its_secret_and_makes_no_admin(tmp_path: Path) -> None:
    assert "openssl rand -hex 32" in refused("--data-dir", str(tmp_path / "data"), VIENNA_ENV="prod")
    prod = {
        "VIENNA_ENV": "prod",
        "VIENNA_SECRET_KEY": STRONG,
        "VIENNA_PUBLIC_URL": "https://vienna.example.com",
    }
    with started(tmp_path / "data", **prod) as (_, ready):
        assert (ready["admin"], ready["join_token"]) == (None, None)
        assert not (tmp_path / "data" / "secret").exists()


def test_a_newer_database_stops_the_start(tmp_path: Path) -> None:
    with started(tmp_path / "data") as (child, _):
        child.terminate()
        child.wait()
    with closing(sqlite3.connect(tmp_path / "data" / "vienna.db", isolation_level=None)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    assert "newer than this version knows" in refused("--data-dir", str(tmp_path / "data"))


async def test_a_unix_socket(tmp_path: Path) -> None:
    socket = tmp_path / "control.sock"
    with started(tmp_path / "data", "--listen", f"unix://{socket}") as (child, ready):
        assert ready["control"] == f"unix://{socket}"
        assert stat.S_IMODE(socket.stat().st_mode) == 0o600
        async with (
            aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(socket))) as http,
            http.get("http://control/health") as response,
        ):
            assert response.status == 200
        child.terminate()
        assert child.wait(60) == 0
        assert not socket.exists()
