"""``vienna integrations``: as operators use it against a running control plane."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.vienna import Vienna


@pytest.mark.journey
def test_a_channel_is_added_tried_looked_at_and_removed(cli: Any, vienna: Vienna, tmp_path: Path) -> None:
    def run(*arguments: str, code: int = 0) -> Any:
        done = cli.by(vienna, "dora")("integrations", *arguments, "-o", "json")
        assert done.returncode == code, f"{arguments}: {done.stdout}{done.stderr}"
        return json.loads(done.stdout) if code == 0 else done.stderr

    address = tmp_path / "address"
    address.write_text("https://localhost/canary\n")
    given = ("webhook", "ours", "--event", "alert", "--tier", "T2", "--secret")
    assert "expected KEY=FILE" in run("add", *given, str(address), code=2)
    assert "expected 'mon-fri" in run("add", *given, f"url={address}", "--hours", "8-18", code=2)
    when = ("--hours", "mon-wed,sun 08:00-18:00", "--day", "09:00-17:00", "--zone", "Europe/Vienna")
    made = run("add", *given, f"url={address}", *when)
    assert made["secret"].startswith("whsec_")
    (listed,) = run("ls")
    assert (listed["config"], listed["routing"]["tiers"]) == ({"url_host": "localhost"}, ["T2"])
    assert made["secret"] not in str(listed)
    routing = listed["routing"]
    assert routing["hours"] == {"days": ["mon", "tue", "wed", "sun"], "from": "08:00", "to": "18:00"}
    assert (len(routing["day"]["days"]), routing["day"]["from"], routing["zone"]) == (
        7,
        "09:00",
        "Europe/Vienna",
    )
    one = made["integration_id"]
    assert "not taken" in run("test", one, code=1)
    assert run("deliveries", one) == []
    assert "no delivery" in run("redeliver", one, "dlv-none", code=1)
    assert "--yes" in run("remove", one, code=2)
    assert run("remove", one, "--yes")["removed"] is True
