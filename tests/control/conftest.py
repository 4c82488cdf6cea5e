"""Fixtures of the control plane's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from gate_end import Gate, gate
from harness.starts import HASHER, QUICK_HASHER
from people import People
from planes import NOW, Control, running
from routes_watched import watched
from vienna_control.clock import FixedClock


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HASHER, QUICK_HASHER)


@pytest.fixture(autouse=True)
def patient_backtests(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are answered when they are done, and not "later" on a machine that is busy."""
    monkeypatch.setattr("vienna_control.api.policy_backtests._PATIENCE_SECONDS", 60.0)


@pytest.fixture(autouse=True)
def what_routes_write(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever a test has a route do: what is entered into the trail is what the route declares."""
    watch = watched(monkeypatch)
    yield
    assert not watch.complaints, sorted(set(watch.complaints))


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def settings() -> dict[str, Any]:
    """Of the control plane of a test: a module that wants others says so."""
    return {}


@pytest.fixture
async def control(tmp_path: Path, clock: FixedClock, settings: dict[str, Any]) -> AsyncIterator[Control]:
    """A control plane in env ``test``, with its people and one agent, on a clock that stands still."""
    async with running(tmp_path / "data", clock=clock, **settings) as started:
        yield started


@pytest.fixture
def people(control: Control) -> People:
    """Its operators at their keyboards."""
    return People(control)


@pytest.fixture
async def bot(control: Control) -> AsyncIterator[Gate]:
    """The agent's gate, enrolled and connected."""
    async with gate(control) as connected:
        yield connected
