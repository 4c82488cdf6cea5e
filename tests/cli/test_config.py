"""Which installation is meant, and as whom it is spoken to."""

import json
import os

import pytest

from vienna_cli.config import Access, Installation
from vienna_cli.output import Code, Failure


@pytest.fixture(autouse=True)
def _here(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def write(folder, text):
    file = folder / "vienna.yaml"
    file.write_text(text)
    return file


def admin(folder, key="vos_live_k1_admin"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "admin.json").write_text(json.dumps({"api_key": key}))


def test_defaults_without_a_file(tmp_path):
    found = Installation.find(None, {})
    assert found == Installation(
        None, tmp_path / "vienna-data", "http://127.0.0.1:8080", "default-agent", None
    )


def test_a_file_here_is_taken_and_its_paths_are_relative_to_it(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "policies").mkdir()
    file = write(tmp_path / "sub", "control: {listen: '127.0.0.1:9', data_dir: d}\ngate: {agent: bot}\n")
    found = Installation.find(file, {})
    assert found.data_dir == tmp_path / "sub" / "d"
    assert (found.control, found.agent) == ("http://127.0.0.1:9", "bot")
    assert found.policies == (tmp_path / "sub" / "policies",)
    write(tmp_path, "gate: {agent: here}\n")
    assert Installation.find(None, {}).agent == "here"


def test_the_environment_is_stronger_than_the_file(tmp_path):
    file = write(tmp_path, "control: {listen: '127.0.0.1:9', data_dir: d, policies: [p]}\n")
    environ = {
        "VIENNA_DATA_DIR": "/elsewhere",
        "VIENNA_CONTROL_LISTEN": "unix:///run/v",
        "VIENNA_POLICIES": "/a:/b",
    }
    found = Installation.find(file, environ)
    assert (str(found.data_dir), found.control) == ("/elsewhere", "unix:///run/v")
    assert [str(place) for place in found.policies] == ["/a", "/b"]
    assert Installation.find(file, {}).policies == (tmp_path / "p",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("control: [1]\n", "vienna.yaml:1:1 control: expected an object"),
        ("control: {listen: 7}\n", "vienna.yaml:1:11 control.listen: expected text, got 7"),
        ("a: 1\na: 2\n", "vienna.yaml:2:1"),
        ("- 1\n", "expected the sections control, gate, bootstrap"),
    ],
)
def test_a_bad_file_is_told_with_its_place(tmp_path, text, says):
    with pytest.raises(Failure) as caught:
        Installation.find(write(tmp_path, text), {})
    assert says in caught.value.message


def test_flag_then_environment_then_the_running_up_then_the_file(tmp_path):
    installation = Installation.find(None, {})
    key = {"VIENNA_API_KEY": "k"}
    assert Access.find(installation, "http://flag/", {**key, "VIENNA_URL": "http://env"}).url == "http://flag"
    assert Access.find(installation, None, {**key, "VIENNA_URL": "http://env"}).url == "http://env"
    assert Access.find(installation, None, key).url == "http://127.0.0.1:8080"
    installation.data_dir.mkdir()
    state = {"pid": os.getpid(), "control": "http://127.0.0.1:4321"}
    (installation.data_dir / "run.json").write_text(json.dumps(state))
    assert Access.find(installation, None, key).url == "http://127.0.0.1:4321"


def test_what_a_dead_up_left_behind_does_not_count(tmp_path):
    installation = Installation.find(None, {})
    installation.data_dir.mkdir()
    (installation.data_dir / "run.json").write_text(json.dumps({"pid": 2**22 + 1, "control": "http://x"}))
    assert installation.state() is None


def test_the_first_admins_key_goes_to_its_own_installation_only():
    installation = Installation.find(None, {})
    admin(installation.data_dir)
    assert Access.find(installation, None, {}).api_key == "vos_live_k1_admin"
    assert Access.find(installation, None, {"VIENNA_API_KEY": "mine"}).api_key == "mine"
    with pytest.raises(Failure, match="no key for http://elsewhere") as caught:
        Access.find(installation, "http://elsewhere", {})
    assert caught.value.code is Code.USAGE
