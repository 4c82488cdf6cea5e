"""How a control plane was set up, asked over HTTP: who may, what is told, and that no secret is."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
import yaml
from pydantic import SecretStr

from planes import NOW, ONE_OF_EACH, PASSWORD, TOTP_SECRET, Control, key_of, running, seeds
from vienna_control import config
from vienna_control.clock import FixedClock, iso
from vienna_control.store import schema
from vienna_control.version import VERSION

pytestmark = pytest.mark.asyncio(loop_scope="module")

URL = "/api/v1/settings"
PAGE = "/console/settings/installation"
CANARY = "CANARY0123456789abcdefghijklmnop"
FILE = {
    "control": {
        "listen": "127.0.0.1:0",
        "data_dir": "data",
        "notify": {
            "private_networks": ["10.1.0.0/16"],
            "slack_api": f"https://{CANARY}:{CANARY}@slack.example/api",
            "pagerduty_api": f"https://{CANARY}@pager.example",
        },
    },
    "bootstrap": seeds(),
}
ENVIRON = {
    "VIENNA_ENV": "test",
    "VIENNA_SECRET_KEY": CANARY,
    "VIENNA_SESSION_TTL": "3600",
    "VIENNA_CORS_ORIGIN": f"https://{CANARY}@app.example?{CANARY}",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"http://{CANARY}:{CANARY}@127.0.0.1:9/v1/traces?key={CANARY}#{CANARY}",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def control(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Control]:
    """One for the module, whose tests leave it as it is: with a secret in every place that takes one.

    Its settings are read as a process reads them; what this version refuses besides is put in afterwards.
    """
    file = tmp_path_factory.mktemp("settings") / "vienna.yaml"
    file.write_text(yaml.safe_dump(FILE))
    read = config.load(file=file, environ=ENVIRON)
    stores = {name: SecretStr(f"x://{CANARY}@db") for name in ("database", "redis")}
    given = read.model_copy(update={"control": read.control.model_copy(update=stores)}).model_dump()
    async with running(read.control.data_dir, clock=FixedClock(NOW), **given) as started:
        yield started


async def told(control: Control) -> dict[str, Any]:
    status, answer, _ = await control.ask("GET", URL, key="ada")
    assert status == 200, answer
    found: dict[str, Any] = answer["data"]
    return found


async def test_no_secret_is_told_anywhere(control: Control, capfd: pytest.CaptureFixture[str]) -> None:
    answers = json.dumps(await told(control))
    _, page, _ = await control.ask("GET", PAGE, key="ada")
    _, data, _ = await control.ask("GET", PAGE, key="ada", headers={"Accept": "application/json"})
    shown = answers + page.decode() + json.dumps(data)
    logged = "".join(capfd.readouterr())
    assert "slack.example/api" in shown
    assert PAGE in logged or "/console/" in logged
    for secret in (CANARY, PASSWORD, TOTP_SECRET, *map(key_of, (*ONE_OF_EACH, "agent"))):
        assert secret not in shown
        assert secret not in logged


async def test_what_holds_is_told_with_its_source(control: Control) -> None:
    by_name = {one["name"]: one for one in (await told(control))["settings"]}
    slack, session = by_name["control.notify.slack_api"], by_name["VIENNA_SESSION_TTL"]
    assert (slack["value"], slack["source"]) == ("https://slack.example/api", "file")
    assert (slack["where"].endswith("vienna.yaml"), slack["default"]) == (True, False)
    assert (session["value"], session["unit"], session["where"]) == (3600, "seconds", "VIENNA_SESSION_TTL")
    assert by_name["control.public_url"]["value"] == control.url
    assert by_name["control.policies"]["value"] == [str(one) for one in control.app.policies.places]
    secret = by_name["VIENNA_SECRET_KEY"]
    assert (secret["value"], secret["secret"]) == ("set", True)
    assert (by_name["control.database"]["value"], by_name["bootstrap.operators"]["value"]) == ("set", 8)


async def test_what_prod_refuses_is_told_with_what_to_do(control: Control) -> None:
    advice = {one["name"]: one["advice"] for one in (await told(control))["settings"] if one["advice"]}
    refused = {name for name, one in advice.items() if one["refused"]}
    assert refused == {"VIENNA_ENV", "bootstrap.operators", "control.public_url"}
    assert advice["bootstrap.operators"]["fix"] == "remove the section"


async def test_what_it_runs_on_is_told(control: Control) -> None:
    running_on = (await told(control))["running"]
    assert (running_on["version"], running_on["env"], running_on["started_at"]) == (VERSION, "test", iso(NOW))
    path = control.app.config.control.data_dir / "vienna.db"
    database = {"kind": "sqlite", "path": str(path), "schema_version": schema.HEAD}
    assert running_on["database"] == database
    keys = {one["purpose"]: one for one in running_on["signing_keys"]}
    assert {"warrant", "log", "bundle"} <= set(keys)
    assert (keys["warrant"]["algorithm"], keys["warrant"]["state"]) == ("Ed25519", "signs")
    assert set(keys["warrant"]) == {"id", "purpose", "algorithm", "made_at", "state"}
    bundle = control.app.policies.current
    policy = running_on["policy"]
    assert (policy["digest"], policy["rules"]) == (bundle.digest, bundle.rules.count)
    assert policy["mappings"] == len(bundle.texts) <= len(policy["files"])
    guard = running_on["guard"]
    assert (guard["private_networks"], "169.254.169.254" in guard["never"]) == (["10.1.0.0/16"], True)


async def test_the_page_has_first_what_to_look_at_then_what_was_changed(control: Control) -> None:
    _, answer, _ = await control.ask("GET", PAGE, key="audrey", headers={"Accept": "application/json"})
    shown = answer["data"]["told"]
    looks = [one["advice"] is not None for one in shown["changed"]]
    assert looks == sorted(looks, reverse=True)
    every = {one["name"]: one for one in (await told(control))["settings"]}
    rest = [one["name"] for group in shown["rest"].values() for one in group]
    assert sorted([*rest, *(one["name"] for one in shown["changed"])]) == sorted(every)
    assert all(every[name]["default"] for name in rest)
    _, page, _ = await control.ask("GET", PAGE, key="audrey")
    text = page.decode()
    assert str(control.app.config.config_file) in text
    assert "takes effect at a restart" in text
    assert "remove the section" in text
    assert text.index("VIENNA_SESSION_TTL") < text.index("VIENNA_WARRANT_TTL")


async def test_it_is_for_admins_and_auditors(control: Control) -> None:
    for role in ONE_OF_EACH:
        may = role in ("admin", "auditor")
        for path in (URL, PAGE):
            assert (await control.ask("GET", path, key=role))[0] == (200 if may else 403), (path, role)
        _, page, _ = await control.ask("GET", "/console/settings", key=role)
        assert (PAGE in page.decode()) is may


async def test_it_is_not_for_other_tenants(control: Control) -> None:
    body = {"name": "north", "admin_email": "nora@north.example"}
    _, made, _ = await control.ask("POST", "/api/v1/tenants", key="ada", body=body)
    chosen = {"token": made["data"]["token"], "password": "a slow green tram to the north"}
    assert (await control.ask("POST", "/api/v1/auth/invitation", body=chosen))[0] == 200
    login = {"username": "nora@north.example", "password": chosen["password"]}
    _, entered, _ = await control.ask("POST", "/api/v1/auth/login", body=login)
    control.http.cookie_jar.clear()
    key = entered["data"]["apiKey"]
    for path in (URL, PAGE):
        status, answer, _ = await control.ask("GET", path, key=key)
        assert status == 403
        assert "vienna.db" not in str(answer)
