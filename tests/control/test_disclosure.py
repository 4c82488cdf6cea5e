"""What is told of the settings: every field is told or withheld on purpose, no secret is, and sources are right."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from vienna_control import config
from vienna_control.config import BootstrapConfig, ControlConfig, Settings
from vienna_control.disclosure import GROUPS, WITHHELD, Disclosed, bare_url, disclosed
from vienna_control.origins import FIELDS, VARIABLES
from vienna_kernel.settings import TelemetryConfig

STRONG = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a6978"
PROD = {"VIENNA_ENV": "prod", "VIENNA_SECRET_KEY": STRONG, "VIENNA_PUBLIC_URL": "https://vienna.example.com"}
DOCS = Path(__file__).parents[2] / "docs" / "settings.md"
SECTIONS: dict[str, type[BaseModel]] = {
    "control": ControlConfig,
    "bootstrap": BootstrapConfig,
    "telemetry": TelemetryConfig,
}
"""Models whose fields are keys of vienna.yaml."""
ELSEWHERE = {"control", "bootstrap", "traces_url"}
"""Fields of ``Settings`` that hold what a section says."""


def told(settings: Settings) -> dict[str, Disclosed]:
    return {one.name: one for one in disclosed(settings, holds={})}


def load(tmp_path: Path, text: str = "", *, listen: str | None = None, **environ: str) -> Settings:
    file = tmp_path / "vienna.yaml"
    file.write_text(text)
    return config.load(file=file, environ={"VIENNA_ENV": "dev", **environ}, listen=listen)


def names(model: type[BaseModel], prefix: str) -> set[str]:
    found: set[str] = set()
    for field, info in model.model_fields.items():
        kind, name = info.annotation, f"{prefix}{field}"
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found |= names(kind, f"{name}.")
        else:
            found.add(name)
    return found


def test_every_field_is_told_or_withheld_on_purpose() -> None:
    keys = {name for head, model in SECTIONS.items() for name in names(model, f"{head}.")}
    variables = {field: variable for variable, field in FIELDS.items()}
    own = {variables.get(field, field) for field in set(Settings.model_fields) - ELSEWHERE - set(WITHHELD)}
    grouped = [name for group in GROUPS.values() for name in group]
    assert set(grouped) == keys | own
    assert len(grouped) == len(set(grouped))
    assert set(Settings.model_fields) >= set(WITHHELD)


def test_every_setting_is_described_and_documented_by_its_name(tmp_path: Path) -> None:
    found = told(load(tmp_path))
    page = DOCS.read_text()
    assert [name for name, one in found.items() if not one.description] == []
    assert [name for name in found if f"`{name}`" not in page] == []
    assert [one for one in found.values() if "``" in one.description or "\n" in one.description] == []
    assert {name: one.variable for name, one in found.items() if one.key and one.variable} == VARIABLES


def test_who_said_it_is_told(tmp_path: Path) -> None:
    text = "control: {listen: '127.0.0.1:1', policies: [.], notify: {private_networks: [10.0.0.0/8]}}\n"
    settings = load(
        tmp_path, text, listen="127.0.0.1:2", VIENNA_SESSION_TTL="3600", VIENNA_POLICIES=str(tmp_path)
    )
    found = told(settings)
    origin = {name: (one.source, one.where) for name, one in found.items() if one.source != "default"}
    assert origin == {
        "control.listen": ("flag", "--listen"),
        "control.policies": ("environment", "VIENNA_POLICIES"),
        "control.notify.private_networks": ("file", str(tmp_path / "vienna.yaml")),
        "VIENNA_ENV": ("environment", "VIENNA_ENV"),
        "VIENNA_SESSION_TTL": ("environment", "VIENNA_SESSION_TTL"),
    }
    session = found["VIENNA_SESSION_TTL"]
    assert (session.value, session.unit, session.default) == (3600, "seconds", False)
    assert found["control.notify.private_networks"].value == ["10.0.0.0/8"]
    assert (found["control.tls.cert"].value, found["control.tls.cert"].default) == (None, True)


@pytest.mark.parametrize(
    ("environ", "name", "where"),
    [
        ({"PORT": "1003", "VIENNA_CONTROL_LISTEN": "127.0.0.1:1"}, "control.listen", "PORT"),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "control.enrolment.api_server", "KUBERNETES_SERVICE_HOST"),
        ({"OTEL_SDK_DISABLED": "true"}, "telemetry.otlp", "OTEL_SDK_DISABLED"),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"},
            "telemetry.otlp",
            "OTEL_EXPORTER_OTLP_ENDPOINT",
        ),
    ],
)
def test_a_variable_that_decides_is_named(
    tmp_path: Path, environ: dict[str, str], name: str, where: str
) -> None:
    assert told(load(tmp_path, **environ))[name].where == where


def test_the_file_of_the_secret_goes_before_the_secret(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(STRONG)
    one = told(load(tmp_path, VIENNA_SECRET_KEY="x" * 40, VIENNA_SECRET_KEY_FILE=str(tmp_path / "key")))[
        "VIENNA_SECRET_KEY"
    ]
    assert (one.value, one.secret, one.where) == ("set", True, "VIENNA_SECRET_KEY_FILE")


def test_saying_the_default_is_the_default_all_the_same(tmp_path: Path) -> None:
    one = told(load(tmp_path, "control: {default_action: deny}\n"))["control.default_action"]
    assert (one.default, one.source) == (True, "file")


@pytest.mark.parametrize(
    ("environ", "holds"),
    [(PROD, True), ({"VIENNA_ENV": "dev"}, False)],
    ids=["prod", "dev"],
)
def test_where_nobody_said_the_environment_decides(
    tmp_path: Path, environ: dict[str, str], *, holds: bool
) -> None:
    found = told(load(tmp_path, **environ))
    for name in ("control.policy_two_person", "control.break_glass_passkey", "VIENNA_STRICT_MAPPINGS"):
        assert (found[name].value, found[name].default) == (holds, True)
    assert found["VIENNA_SIMULATION"].value is True
    token = str(tmp_path / "vienna-data" / "setup.token") if holds else None
    assert found["VIENNA_SETUP_TOKEN_FILE"].value == token


def test_lists_with_secrets_are_counted_and_no_more(tmp_path: Path) -> None:
    text = "bootstrap:\n  operators: [{email: a@b, password: hunter2-hunter2}]\n  agents: [{name: bot}]\n"
    found = told(load(tmp_path, text))
    assert (found["bootstrap.operators"].value, found["bootstrap.operators"].secret) == (1, True)
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize(
    ("url", "bare"),
    [
        ("https://vienna.example.com", "https://vienna.example.com"),
        ("https://user:s3cret@host:1/path?token=s3cret#s3cret", "https://host:1/path"),
        ("https://s3cret@host", "https://host"),
        ("https://[::1]:4318/v1/traces", "https://[::1]:4318/v1/traces"),
        ("unix:///run/vienna.sock", "unix:///run/vienna.sock"),
        ("https://user:s3/cret@host", "withheld"),
        ("https://user:s3 cret@host", "withheld"),
        ("https://user:s3?cret@host", "withheld"),
        ("https://user:s3#cret@host", "withheld"),
        ("postgresql://u:s3cret@a,u:s3cret@b/d", "postgresql://b/d"),
        ("see https://u:s3cret@host", "withheld"),
    ],
)
def test_a_url_is_told_without_what_may_be_secret(url: str, bare: str) -> None:
    assert bare_url(url) == bare


def test_values_are_plain_data(tmp_path: Path) -> None:
    row = {"namespace": "prod", "service_account": "bot", "agent": "bot"}
    settings = load(
        tmp_path,
        f"control: {{enrolment: {{kubernetes: [{row}], api_server: 'https://10.0.0.1'}}}}\n".replace(
            "'", '"'
        ),
    )
    found: dict[str, Any] = {name: one.value for name, one in told(settings).items()}
    assert found["control.enrolment.kubernetes"] == [{**row, "tenant": "default"}]
    assert found["control.data_dir"] == str(tmp_path / "vienna-data")
    assert re.fullmatch(r"https?://\S+", found["control.notify.slack_api"])
