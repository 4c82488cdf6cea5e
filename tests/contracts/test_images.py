"""The Dockerfile and the compose file say what the tree has; they are read here, not built."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())


def stage(name: str) -> str:
    return re.split(rf"^FROM \S+ AS {name}$", DOCKERFILE, flags=re.MULTILINE)[1].split("\nFROM ")[0]


def test_what_is_copied_exists_and_is_let_in() -> None:
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert source in let_in, f"{source} is kept out by .dockerignore"


def test_both_images_run_a_module_of_ours_without_rights() -> None:
    assert re.search(r"^USER 1337:1337$", stage("runtime"), re.MULTILINE)
    for target, module in (("control", "vienna_control"), ("gate", "vienna_proxy")):
        found = re.search(r"^ENTRYPOINT (\[.*\])$", stage(target), re.MULTILINE)
        assert found
        assert json.loads(found[1]) == ["python", "-m", module]
        assert importlib.util.find_spec(f"{module}.__main__")
        assert "USER" not in stage(target)


def test_the_image_of_the_rules_is_root_and_serves_nothing() -> None:
    redirect = stage("redirect")
    assert re.findall(r"^USER (.*)$", redirect, re.MULTILINE) == ["0:0"]
    assert "nftables" in redirect
    found = re.search(r"^ENTRYPOINT (\[.*\])\nCMD (\[.*\])$", redirect, re.MULTILINE)
    assert found
    assert [json.loads(part) for part in found.groups()] == [
        ["python", "-m", "vienna_proxy.redirect"],
        ["apply"],
    ]
    assert importlib.util.find_spec("vienna_proxy.redirect")
    assert "EXPOSE" not in redirect
    assert "nftables" not in stage("gate") + stage("runtime")


def test_the_lock_is_what_is_installed() -> None:
    assert "--require-hashes -r requirements.lock" in stage("build")


def test_compose_builds_the_targets_and_holds_them_down() -> None:
    for name, service in COMPOSE["services"].items():
        assert service["build"]["target"] == name
        assert re.search(rf"^FROM runtime AS {name}$", DOCKERFILE, re.MULTILINE)
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])
