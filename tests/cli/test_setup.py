"""A production installation from nothing, with the commands that the guide names: admin, join token, gate, a person."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest

from vienna_cli.main import main

SECRET = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a6978"
PASSWORD = "a slow green tram to Vienna"
PROD = {
    "VIENNA_ENV": "prod",
    "VIENNA_SECRET_KEY": SECRET,
    "VIENNA_PUBLIC_URL": "https://vienna.example.com",
    "VIENNA_LOG_LEVEL": "warning",
}

pytestmark = pytest.mark.journey


@contextmanager
def started(cli: Any, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """A process that is ready, with the line that it said so in; ended in order."""
    child = subprocess.Popen(
        [sys.executable, "-m", "vienna_cli", *arguments, "--listen", "127.0.0.1:0", "--json"],
        cwd=cli.folder,
        env={**cli.environ, **PROD},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stdout
        line = child.stdout.readline()
        assert line, child.stderr and child.stderr.read()
        yield child, json.loads(line)
    finally:
        child.terminate()
        child.communicate(timeout=60)


def test_from_nothing_to_a_gate(
    cli: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder: Path = cli.folder
    (folder / "password").write_text(PASSWORD + "\n")
    monkeypatch.chdir(folder)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    for name in [name for name in os.environ if name.startswith("VIENNA_")]:
        monkeypatch.delenv(name)

    said: list[str] = []

    def run(*arguments: str, code: int = 0, key: str = "") -> str:
        """What a command says, run here: starting a process for each is most of what it costs. ``said``: around it."""
        monkeypatch.setenv("VIENNA_API_KEY", key)
        monkeypatch.setattr("sys.argv", ["vienna", *arguments, "--url", url])
        with pytest.raises(SystemExit) as end:
            main()
        out, err = capsys.readouterr()
        assert (end.value.code or 0) == code, f"{arguments}: {end.value.code}\n{out}{err}"
        assert PASSWORD not in out + err
        said.append(err)
        return out if code == 0 else err

    def code(later: int = 0) -> str:
        return pyotp.TOTP(secret).at(datetime.now(UTC) + timedelta(seconds=30 * later))

    with started(cli, "control", "--data-dir", "data") as (child, ready):
        url, token_file = ready["control"], Path(ready["setup_token"])
        assert (token_file, token_file.stat().st_mode & 0o777) == (folder / "data" / "setup.token", 0o600)
        made = run(
            *("setup", "--token-file", str(token_file)),
            *("--email", "root@example.com", "--password-file", "password", "-o", "json"),
        )
        assert json.loads(made)["role"] == "admin"
        assert "in a browser: https://vienna.example.com/console/setup\n" in said[-1]
        again = ("setup", "--token-file", str(token_file), "--email", "eve@example.com")
        run(*again, "--password-file", "password", code=3)

        login = ("login", "--email", "root@example.com", "--password-file", "password", "-q")
        key = run(*login).strip()
        assert "second factor" in run("join-tokens", "create", "ledger-bot", code=3, key=key)
        offer = run("mfa", "totp", "--password-file", "password", "-o", "json", key=key)
        secret = json.loads(offer)["secret"]
        assert len(run("mfa", "totp", "--confirm", code(), key=key).split()) == 10
        run(*login, code=3)
        key = run(*login, "--otp", code(1)).strip()

        changed = run("settings", "ls", "--changed", "-o", "json", key=key)
        held = {one["name"]: (one["value"], one["where"]) for one in json.loads(changed)}
        assert held["VIENNA_SECRET_KEY"] == ("set", "VIENNA_SECRET_KEY")
        assert held["control.data_dir"] == (str(folder / "data"), "--data-dir")
        assert SECRET not in changed
        assert "VIENNA_MAX_AGENTS" in run("settings", "ls", key=key)
        assert "VIENNA_MAX_AGENTS" not in held

        join = run("join-tokens", "create", "ledger-bot", "-q", key=key)
        (folder / "join").write_text(join)
        gate = (
            "proxy",
            "--control",
            url,
            "--agent",
            "ledger-bot",
            "--key-file",
            "join",
            "--state-dir",
            "gate",
        )
        with started(cli, *gate) as (_, gate_ready):
            assert gate_ready["proxy"].startswith("http://127.0.0.1:")
        (token,) = json.loads(run("join-tokens", "ls", "-o", "json", key=key))
        assert (token["agent"], token["used"], token["uses"]) == ("ledger-bot", 1, 1)

        invited = ("operators", "add", "nora@example.com", "--role", "approver", "--group", "finance")
        (folder / "invitation").write_text(run(*invited, "-q", key=key))
        run("operators", "accept", "--token-file", "invitation", "--password-file", "password")
        nora = run("login", "--email", "nora@example.com", "--password-file", "password", "-q").strip()
        assert "you are: approver" in run("operators", "ls", code=3, key=nora)
        changed = run("operators", "change", "nora@example.com", "--role", "viewer", "-o", "json", key=key)
        assert json.loads(changed)["role"] == "viewer"
        run("api-keys", "ls", code=3, key=nora)  # it ended with what she could do
        own = json.loads(run("api-keys", "add", "ci", "--scope", "read", "-o", "json", key=key))
        new = json.loads(run("api-keys", "rotate", own["key_id"], "--overlap", "0", "-o", "json", key=key))
        assert run("api-keys", "revoke", new["key_id"], "-q", key=key).strip() == new["key_id"]
        assert "yes" in run("mfa", "show", key=key)
        assert "finance" in run("operators", "show", "nora@example.com", key=key)
        assert run("operators", "reset", "nora@example.com", "--yes", "-q", key=key).startswith("vos_inv_k1_")
        run("operators", "disable", "nora@example.com", "--yes", key=key)
        run("login", "--email", "nora@example.com", "--password-file", "password", code=3)
        child.terminate()
        _, errors = child.communicate(timeout=60)
    logged = [json.loads(line) for line in errors.splitlines() if "setup_needed" in line]
    assert [line["token_file"] for line in logged] == [str(token_file)]
    for planted in (PASSWORD, key, nora, join.strip(), secret):
        assert planted not in errors
    assert "root@example.com" not in errors
