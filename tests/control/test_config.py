"""Settings: precedence, errors with their place, and what prod refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from vienna_control import config
from vienna_control.ports import StartError

STRONG = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a6978"
PUBLIC = "https://vienna.example.com"


def load(tmp_path: Path, text: str | None = None, *, env: str = "dev", **environ: str) -> config.Settings:
    file = None
    if text is not None:
        file = tmp_path / "vienna.yaml"
        file.write_text(text)
    return config.load(file=file, environ={"VIENNA_ENV": env, **environ})


def refused(tmp_path: Path, text: str | None = None, *, env: str = "dev", **environ: str) -> str:
    with pytest.raises(StartError) as caught:
        load(tmp_path, text, env=env, **environ)
    return str(caught.value)


def test_defaults_need_no_file(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert settings.control.listen == "127.0.0.1:8080"
    assert settings.control.data_dir == Path.cwd() / "vienna-data"
    assert settings.control.default_action == "deny"
    assert settings.session_seconds == 28800
    assert settings.warrant_seconds == 300
    assert settings.max_agents == 100


@pytest.mark.parametrize(
    ("env", "said", "strict"),
    [
        ("prod", {}, True),
        ("staging", {}, True),
        ("test", {}, False),
        ("dev", {}, False),
        ("dev", {"VIENNA_STRICT_MAPPINGS": "true"}, True),
        ("prod", {"VIENNA_STRICT_MAPPINGS": "false"}, False),
    ],
)
def test_untried_mappings_are_for_dev_and_test(
    tmp_path: Path, env: str, said: dict[str, str], *, strict: bool
) -> None:
    safe = {"VIENNA_SECRET_KEY": STRONG, "VIENNA_PUBLIC_URL": PUBLIC}
    assert load(tmp_path, env=env, **safe, **said).strict is strict


def test_prod_is_what_one_gets_without_asking() -> None:
    with pytest.raises(StartError, match="VIENNA_ENV is prod"):
        config.load(file=None, environ={})


def test_flag_beats_environment_beats_file_beats_default(tmp_path: Path) -> None:
    text = "control: {listen: '127.0.0.1:1001', data_dir: ./here}\n"
    file = tmp_path / "vienna.yaml"
    file.write_text(text)
    dev = {"VIENNA_ENV": "dev"}
    by_file = config.load(file=file, environ=dev)
    assert (by_file.control.listen, by_file.control.data_dir) == ("127.0.0.1:1001", tmp_path / "here")
    environ = {**dev, "VIENNA_CONTROL_LISTEN": "127.0.0.1:1002", "VIENNA_DATA_DIR": "/tmp/there"}
    by_environment = config.load(file=file, environ=environ)
    assert (by_environment.control.listen, by_environment.control.data_dir) == (
        "127.0.0.1:1002",
        Path("/tmp/there"),
    )
    assert config.load(file=file, environ={**environ, "PORT": "1003"}).control.listen == "127.0.0.1:1003"
    by_flag = config.load(
        file=file, environ={**environ, "PORT": "1003"}, listen="[::1]:1004", data_dir=Path("/tmp/x")
    )
    assert (by_flag.control.listen, by_flag.control.data_dir) == ("[::1]:1004", Path("/tmp/x"))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "control:\n  lisen: 127.0.0.1:1\n",
            "vienna.yaml:2:3 control.lisen: unknown key 'lisen'; did you mean 'listen'?",
        ),
        ("contrl: {}\n", "vienna.yaml:1:1 contrl: unknown key 'contrl'; did you mean 'control'?"),
        ("control:\n  default_action: maybe\n", "vienna.yaml:2:3 control.default_action"),
        ("control:\n  listen: nowhere\n", "expected host:port"),
        ("control:\n  listen: 127.0.0.1:99999\n", "expected host:port"),
        ("control:\n  listen: a\n  listen: b\n", "vienna.yaml:3:3: the key 'listen' stands here twice"),
        ("control: [\n", "not YAML"),
        ("- control\n", "expected the sections"),
        ("control:\n  public_url: vienna.example.com\n", "expected a URL"),
        ("control:\n  public_url: 'https://user:pass@vienna.example.com'\n", "expected a URL"),
        ("bootstrap:\n  operators: [{email: alice}]\n", "bootstrap.operators[0].email: expected an e-mail"),
        (
            "bootstrap:\n  operators:\n    - {email: a@b, role: boss}\n",
            "vienna.yaml:3:20 bootstrap.operators[0].role",
        ),
        ("bootstrap:\n  agents: [{name: 'a b'}]\n", "bootstrap.agents[0].name"),
        ("bootstrap:\n  agents: [{name: a}, {name: a}]\n", "stands here twice"),
        ("bootstrap:\n  agents: [{name: a, trust_score: 101}]\n", "trust_score"),
        ("bootstrap:\n  agents: [{name: a, api_key: short}]\n", "at least 16 characters"),
        ("bootstrap:\n  operators: [{email: a@b, totp_secret: '1890'}]\n", "base32"),
    ],
)
def test_a_file_that_does_not_hold_is_told_at_its_place(tmp_path: Path, text: str, complaint: str) -> None:
    assert complaint in refused(tmp_path, text)


def test_the_gates_section_is_the_gates(tmp_path: Path) -> None:
    assert load(tmp_path, "gate: {whatever: 1}\ncontrol:\n").control.listen == "127.0.0.1:8080"


def test_secrets_do_not_show(tmp_path: Path) -> None:
    text = "bootstrap:\n  operators: [{email: a@b, password: hunter2-hunter2, api_key: [hunter2]}]\n"
    settings = load(tmp_path, text.replace("[hunter2]", "hunter2-hunter2-hunter2"), VIENNA_SECRET_KEY=STRONG)
    assert "hunter2" not in repr(settings)
    assert STRONG not in repr(settings)


@pytest.mark.parametrize(
    ("environ", "complaint"),
    [
        ({"POSTGRES_URL": "postgresql://x/y"}, "PostgreSQL is not supported yet in this version"),
        ({"REDIS_URL": "redis://x"}, "Redis is not supported yet in this version"),
        ({"VIENNA_ENV": "production"}, "VIENNA_ENV"),
        ({"VIENNA_MAX_AGENTS": "many"}, "VIENNA_MAX_AGENTS"),
        ({"VIENNA_SESSION_TTL": "1"}, "VIENNA_SESSION_TTL"),
        ({"VIENNA_LOG_LEVEL": "loud"}, "VIENNA_LOG_LEVEL"),
        ({"PORT": "http"}, "VIENNA_CONTROL_LISTEN"),
        ({"VIENNA_SECRET_KEY_FILE": "/nowhere/at/all"}, "VIENNA_SECRET_KEY_FILE"),
        ({"VIENNA_SETUP_TOKEN_FILE": "/run/setup"}, "VIENNA_SETUP_TOKEN_FILE"),
    ],
)
def test_an_environment_that_does_not_hold_names_the_variable(
    tmp_path: Path, environ: dict[str, str], complaint: str
) -> None:
    with pytest.raises(StartError) as caught:
        config.load(file=None, environ={"VIENNA_ENV": "dev", **environ})
    assert complaint in str(caught.value) or ("PORT" in environ and "host:port" in str(caught.value))


def test_a_file_with_a_database_we_cannot_use_is_not_ignored(tmp_path: Path) -> None:
    assert "not supported yet" in refused(tmp_path, "control: {database: 'postgresql://u:secret@h/d'}\n")
    assert "secret" not in refused(tmp_path, "control: {database: 'postgresql://u:secret@h/d'}\n")


@pytest.mark.parametrize("env", ["prod", "staging"])
@pytest.mark.parametrize(
    ("environ", "complaint"),
    [
        ({}, "openssl rand -hex 32"),
        ({"VIENNA_SECRET_KEY": "short"}, "too weak"),
        ({"VIENNA_SECRET_KEY": "changeme" * 5}, "too weak"),
        ({"VIENNA_SECRET_KEY": STRONG, "VIENNA_SIMULATION": "true"}, "VIENNA_SIMULATION"),
        ({"VIENNA_SECRET_KEY": STRONG, "VIENNA_CORS_ORIGIN": "*"}, "VIENNA_CORS_ORIGIN"),
        ({"VIENNA_SECRET_KEY": STRONG, "VIENNA_WARRANT_ALGORITHM": "hmac-sha256"}, "could forge one"),
        ({"VIENNA_SECRET_KEY": STRONG}, "VIENNA_PUBLIC_URL"),
        ({"VIENNA_SECRET_KEY": STRONG, "VIENNA_PUBLIC_URL": "http://vienna.example.com"}, "not an https URL"),
    ],
)
def test_unsafe_settings_stop_the_start(
    tmp_path: Path, env: str, environ: dict[str, str], complaint: str
) -> None:
    assert complaint in refused(tmp_path, env=env, **environ)


def test_hmac_warrants_are_taken_where_they_are_allowed_by_name(tmp_path: Path) -> None:
    hmac = {"VIENNA_WARRANT_ALGORITHM": "hmac-sha256"}
    strong = {"VIENNA_SECRET_KEY": STRONG, "VIENNA_PUBLIC_URL": PUBLIC}
    assert load(tmp_path, env="prod", **strong).warrant_algorithm == "ed25519"
    allowed = load(tmp_path, env="prod", **strong, **hmac, VIENNA_ALLOW_HMAC_WARRANTS="true")
    assert allowed.warrant_algorithm == "hmac-sha256"
    assert load(tmp_path, env="dev", **hmac).warrant_algorithm == "hmac-sha256"
    for word in ("HS256", "none", "hmac"):
        assert "VIENNA_WARRANT_ALGORITHM" in refused(tmp_path, VIENNA_WARRANT_ALGORITHM=word)


def test_bootstrap_is_refused_in_prod(tmp_path: Path) -> None:
    complaint = refused(tmp_path, "bootstrap: {tenant: default}\n", env="prod", VIENNA_SECRET_KEY=STRONG)
    assert "dev and test only" in complaint


def test_a_strong_secret_starts_prod_from_variable_or_file(tmp_path: Path) -> None:
    assert load(tmp_path, env="prod", VIENNA_SECRET_KEY=STRONG, VIENNA_PUBLIC_URL=PUBLIC).secret
    file = tmp_path / "secret"
    file.write_text(STRONG + "\n")
    settings = load(tmp_path, env="prod", VIENNA_SECRET_KEY_FILE=str(file), VIENNA_PUBLIC_URL=PUBLIC)
    assert settings.secret is not None
    assert settings.secret.get_secret_value() == STRONG


def test_every_setting_is_documented() -> None:
    for model in (config.ControlConfig, config.Settings):
        for name in model.model_fields:
            assert f"{name}:" in (model.__doc__ or ""), f"{model.__name__}.{name}"


@pytest.mark.parametrize(("env", "two"), [("prod", True), ("staging", True), ("test", False), ("dev", False)])
def test_a_change_of_policy_takes_two_people_where_it_counts(tmp_path: Path, env: str, *, two: bool) -> None:
    safe = {"VIENNA_SECRET_KEY": STRONG, "VIENNA_PUBLIC_URL": PUBLIC}
    assert load(tmp_path, env=env, **safe).two_person_policy is two
