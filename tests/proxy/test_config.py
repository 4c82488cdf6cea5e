"""Settings: one section, nothing unknown, nothing silently ignored."""

from __future__ import annotations

from pathlib import Path

import pytest

from vienna_proxy.config import GateConfig, load
from vienna_proxy.ports import StartError


def read(folder: Path, text: str, *, env: str = "test", **flags: object) -> GateConfig:
    file = folder / "vienna.yaml"
    file.write_text(text)
    return load(file=file, environ={"VIENNA_ENV": env}, flags=flags).gate


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("gate: {agnet: x}", ["vienna.yaml:1:8", "unknown key 'agnet'", "did you mean 'agent'"]),
        ("gate: {upstream: {idle_seconds: 0}}", ["vienna.yaml:1:19", "greater than 0"]),
        ("gate: {upstream: {connect_seconds: 301}}", ["less than or equal to 300"]),
        ("gate: {upstream: {timeout: 5}}", ["unknown key 'timeout'"]),
        ("gates: {}", ["vienna.yaml:1:1", "unknown key 'gates'", "did you mean 'gate'"]),
        ("gate: {mode: socks5}", ["vienna.yaml:1:8 mode", "expected regular, transparent or reverse:"]),
        ("gate: {mode: 'reverse:ftp://x'}", ["expected reverse:https://host"]),
        ("gate: {mode: 'reverse:https://u@x'}", ["expected host:port"]),
        ("gate: {mode: 'reverse:https://x/v1'}", ["expected host or host:port behind https://"]),
        ("gate: {mode: [regular, transparent]}", ["two modes listen at the same address"]),
        ("gate: {mode: []}", ["expected at least one mode"]),
        ("gate: {upstream_proxy: 'https://u:tOpSeCrEt@p:1'}", ["expected http://host:port"]),
        ("gate: {upstream_proxy: 'http://u:tOpSeCrEt@p'}", ["expected http://host:port"]),
        ("gate: {upstream_proxy: [tOpSeCrEt]}", ["upstream_proxy"]),
        ("gate: {upstream_proxy: 'http://p:1', resolve: {a.example: '127.0.0.1:1'}}", ["no effect behind"]),
        ("gate: {listen: 8888}", ["vienna.yaml:1:8"]),
        ("gate: {listen: nowhere}", ["expected host:port"]),
        ("gate: {control: ftp://x}", ["expected http://host:port"]),
        ("gate: {private_networks: [10.0.0.1/8]}", ["host bits set"]),
        ("gate: {private_networks: [db.internal]}", ["expected host:port"]),
        ("gate: {resolve: {a.example: b.example}}", ["expected host:port"]),
        ("gate: {hold: {max_seconds: 0}}", ["greater than 0"]),
        ("gate: {hold: {heartbeat: sometimes}}", ["'auto' or 'off'"]),
        ("gate: {enforcement: maybe}", ["observe"]),
        ("gate: [", ["not YAML"]),
        ("[]", ["expected the sections"]),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, says: list[str]) -> None:
    with pytest.raises(StartError) as caught:
        read(tmp_path, text)
    assert all(part in str(caught.value) for part in says), caught.value
    assert "\n" not in str(caught.value)
    assert "tOpSeCrEt" not in str(caught.value)


def test_an_empty_file_is_the_defaults(tmp_path: Path) -> None:
    config = read(tmp_path, "")
    assert (config.listen, config.control, config.agent) == (
        "127.0.0.1:8888",
        "http://127.0.0.1:8080",
        "default-agent",
    )
    assert (config.hold.max_seconds, config.body.inspect_max_bytes) == (600, 10 * 1024 * 1024)


def test_it_is_known_what_was_said_and_what_is_a_default(tmp_path: Path) -> None:
    assert "local_t0" not in read(tmp_path, "").model_fields_set
    assert "local_t0" in read(tmp_path, "gate: {local_t0: true}").model_fields_set


def test_flags_win_and_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    config = read(tmp_path, "control: {x: 1}\ngate: {key_file: k, listen: '0.0.0.0:1'}", listen="127.0.0.1:2")
    assert config.listen == "127.0.0.1:2"
    assert config.key_file == tmp_path / "k"


def test_modes_and_the_company_proxy(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        "gate: {mode: [regular, 'reverse:https://api.example@127.0.0.1:1', 'transparent@[::1]:2'],"
        " upstream_proxy: 'http://us%40er:tOp%3ASeCrEt@proxy.corp:3128/'}",
    )
    assert [mode.spec for mode in config.modes] == [
        "regular",
        "reverse:tls://api.example:443@127.0.0.1:1",
        "transparent@::1:2",
    ]
    assert [str(mode) for mode in config.modes] == ["regular", "reverse:https://api.example", "transparent"]
    assert config.hop is not None
    assert (config.hop.host, config.hop.port, config.hop.url) == (
        "proxy.corp",
        3128,
        "http://proxy.corp:3128",
    )
    assert config.hop.headers == {"Proxy-Authorization": "Basic dXNAZXI6dE9wOlNlQ3JFdA=="}
    assert "SeCrEt" not in repr(config) + repr(config.hop) + str(config.model_dump())
    assert "dXNAZXI6" not in repr(config.hop)


def test_a_bad_flag_is_named(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="--listen: "):
        read(tmp_path, "", listen="x")


def test_resolve_is_for_development(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"gate\.resolve is for dev and test only"):
        read(tmp_path, "gate: {resolve: {a.example: '127.0.0.1:1'}}", env="prod")


def test_off_is_a_word_or_a_no(tmp_path: Path) -> None:
    for text in ("off", "false"):
        assert read(tmp_path, f"gate: {{hold: {{heartbeat: {text}}}}}").hold.heartbeat == "off"


@pytest.mark.parametrize(("name", "value"), [("VIENNA_ENV", "production"), ("VIENNA_LOG_LEVEL", "loud")])
def test_a_bad_environment_is_named(name: str, value: str) -> None:
    with pytest.raises(StartError, match=name):
        load(file=None, environ={name: value}, flags={})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"cannot read .*nowhere\.yaml"):
        load(file=tmp_path / "nowhere.yaml", environ={}, flags={})
