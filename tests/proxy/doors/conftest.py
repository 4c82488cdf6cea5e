"""A gate as it is shipped and one with a hatch, both with the same world around them."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from harness import apis
from harness.doors import Hatch, Scene, Unguarded
from harness.tap import Tap
from harness.upstream import Upstream

TESTS = Path(__file__).parents[2]
MAPPINGS = ("toy_payments.yaml", "github.yaml", "github_graphql.yaml", "openai.yaml")

# What names resolve to; who answers at an address beyond this machine is the landing.
NAMES = {
    "loopback.example": ["127.0.0.2"],
    "localhost": ["127.0.0.2"],
    "a.localhost": ["127.0.0.2"],
    "unspecified.example": ["0.0.0.0"],  # a name that resolves to it
    "private.example": ["10.0.0.1"],
    "cgnat.example": ["100.64.0.1"],
    "link-local.example": ["169.254.1.1"],
    "multicast.example": ["224.0.0.1"],
    "metadata.example": ["169.254.169.254"],
    "listed.example": ["169.254.169.254"],
    "metadata.google.internal": ["169.254.169.254"],
    "loopback6.example": ["::1"],
    "local6.example": ["fd00::1"],
    "mapped4.example": ["::ffff:10.0.0.1"],
    "compatible.example": ["::10.0.0.1"],
    "nat64.example": ["64:ff9b::a00:1"],
    "6to4.example": ["2002:a00:1::1"],
    "teredo.example": ["2001:0:a00:1::1"],
    "isatap.example": ["2606:4700::5efe:a00:1"],
    "both.example": ["93.184.216.34", "127.0.0.2"],
    "this.example": ["127.0.0.1"],
    "public.example": ["93.184.216.34"],
}


@pytest.fixture(scope="session")
def stand_ins() -> Iterator[tuple[Tap, Tap]]:
    """A plain server at any host's port 80, and whoever is at addresses that are not this machine's."""
    with Tap("127.0.0.1") as tap, Tap("127.0.0.2", "::1") as landing:
        yield tap, landing


@pytest.fixture(scope="session")
def stage(worlds: Callable[..., Any], stand_ins: tuple[Tap, Tap]) -> Iterator[tuple[Scene, Unguarded]]:
    tap, landing = stand_ins
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="doors-")))
        control, upstream, gates = stack.enter_context(
            worlds(folder, mappings=MAPPINGS, hosts=[*apis.HOSTS, "tap.example"])
        )
        shared = (control, upstream, tap, landing)
        settings = _settings(upstream, tap, control.port)
        told = {
            "socket": str(folder / "hatch"),
            "names": NAMES,
            "landing": landing.port,
            "canary_seconds": 3600,
        }
        environ = {
            "VIENNA_TEST_HATCH": json.dumps(told),
            "PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")]),
        }
        shipped = gates(folder / "shipped", **settings)
        opened = gates(folder / "opened", module="harness.unguarded", environ=environ, **settings)
        yield Scene(shipped, *shared), Unguarded(opened, *shared, hatch=Hatch(folder / "hatch"))


def _settings(upstream: Upstream, tap: Tap, control_port: int) -> dict[str, Any]:
    plain = {f"{host}:80": tap.address for host in upstream.hosts}
    return {
        "resolve": {
            **upstream.resolve,
            **plain,
            "control.example": f"127.0.0.1:{control_port}",
            "closed.example": tap.address,
            "other-certificate.example": upstream.address,
        },
        "passthrough": ["closed.example"],
        "private_networks": ["listed.example:80"],
        "body": {"inspect_max_bytes": 65536},
        "upstream": {"connect_seconds": 1.0, "first_byte_seconds": 1.0, "idle_seconds": 1.0},
        "hold": {"max_seconds": 5.0},
    }


@pytest.fixture
def scene(stage: tuple[Scene, Unguarded]) -> Scene:
    """The gate as it is shipped."""
    stage[0].reset()
    return stage[0]


@pytest.fixture
def unguarded(stage: tuple[Scene, Unguarded]) -> Unguarded:
    """The gate with a hatch, all guards in their places."""
    return stage[1]
