"""One resolution, two cuts of it, every file by its hash, and no word about where it comes from."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PIN = re.compile(r"^([a-z0-9-]+)==(\S+)((?: ; [^\\]+)?) \\$", re.MULTILINE)

# Below these, known holes are open (docs/decisions/0001-one-lock-without-a-host.md).
FLOORS = {"aiohttp": "3.14.3", "cryptography": "46.0.7", "h11": "0.16", "hpack": "4.2.0"}
# Needed though nothing here imports them: a floor for what others import; time zones, read as data; and the client of
# the state that replicas will share, a package the system is to be built on.
NOT_IMPORTED = {"h11", "hpack", "tzdata", "redis"}


def text(file: str) -> str:
    return (ROOT / file).read_text(encoding="utf-8")


def pins(file: str) -> dict[str, tuple[str, str]]:
    return {found[1]: (found[2], found[3].strip()) for found in PIN.finditer(text(file))}


RUNTIME, DEV = pins("requirements.lock"), pins("requirements-dev.lock")
PROJECT = tomllib.loads(text("pyproject.toml"))
CLIENT = tomllib.loads(text("proxy/vienna_client/pyproject.toml"))


def test_the_runtime_lock_is_a_cut_of_the_other() -> None:
    assert RUNTIME
    assert {name: DEV.get(name) for name in RUNTIME} == RUNTIME


@pytest.mark.parametrize("file", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_names_no_host_and_pins_every_line_by_hash(file: str) -> None:
    assert "://" not in text(file)
    assert "index-url" not in text(file)
    lines = [line for line in text(file).splitlines() if not line.startswith("#")]
    loose = [line for line in lines if not PIN.match(line) and not line.startswith("    --hash=sha256:")]
    assert loose == []


def test_the_locks_hold_what_the_project_asks_for() -> None:
    asked = PROJECT["project"]["dependencies"] + CLIENT["project"]["dependencies"]
    groups = PROJECT["dependency-groups"]
    for lines, lock in ((asked + groups["build"], RUNTIME), (groups["dev"], DEV)):
        for requirement in map(Requirement, lines):
            name = canonicalize_name(requirement.name)
            if name != "vienna-client":
                assert requirement.specifier.contains(lock[name][0], prereleases=True), requirement


@pytest.mark.parametrize("name", FLOORS)
def test_a_floor_holds(name: str) -> None:
    assert Version(RUNTIME[name][0]) >= Version(FLOORS[name])


def test_every_dependency_is_used() -> None:
    sources = "\n".join(
        path.read_text() for folder in ("control", "proxy") for path in (ROOT / folder).rglob("*.py")
    )
    imported = set(re.findall(r"^\s*(?:from|import)\s+(\w+)", sources, re.MULTILINE))
    module_of = {
        "argon2-cffi": "argon2",
        "google-re2": "re2",
        "graphql-core": "graphql",
        "opentelemetry-exporter-otlp-proto-http": "opentelemetry",
        "opentelemetry-sdk": "opentelemetry",
        "pyyaml": "yaml",
        "vienna-client": "vienna_client",
    }
    names = [canonicalize_name(Requirement(line).name) for line in PROJECT["project"]["dependencies"]]
    idle = [
        n for n in names if n not in NOT_IMPORTED and module_of.get(n, n.replace("-", "_")) not in imported
    ]
    assert idle == []
