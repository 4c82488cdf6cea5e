"""Work that goes on elsewhere is asked about until it has ended, and not for ever."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from vienna_cli import waiting
from vienna_cli.output import Code, Failure
from vienna_cli.terminal import Terminal


class Desk:
    """A terminal whose control plane answers these, one after another."""

    def __init__(self, answers: Iterator[dict[str, Any]]) -> None:
        self.said: list[str] = []
        self.asked: list[tuple[str, str]] = []
        self.printer = SimpleNamespace(say=self.said.append)
        self.client = SimpleNamespace(request=self._request)
        self._answers = answers

    def _request(self, method: str, path: str) -> dict[str, Any]:
        self.asked.append((method, path))
        return next(self._answers)


def until_ended(desk: Desk, told: dict[str, Any]) -> Any:
    return waiting.until_ended(
        cast(Terminal, desk), "/works/1", told, while_="running", progress=lambda one: f"{one['seen']} seen"
    )


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_POLL_SECONDS", 0.0)


def test_it_is_asked_about_until_it_has_ended_and_told_when_it_goes_on() -> None:
    running = [{"status": "running", "seen": seen} for seen in (1, 1, 2)]
    desk = Desk(iter([*running[1:], {"status": "done"}]))
    assert until_ended(desk, running[0]) == {"status": "done"}
    assert desk.said == ["1 seen", "2 seen"]
    assert desk.asked == [("GET", "/works/1")] * 3


def test_what_has_ended_is_not_asked_about() -> None:
    desk = Desk(iter(()))
    assert until_ended(desk, {"status": "failed"}) == {"status": "failed"}
    assert not desk.said


def test_patience_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_PATIENCE_SECONDS", -1.0)
    with pytest.raises(Failure, match="GET /works/1") as ended:
        until_ended(Desk(iter(())), {"status": "running", "seen": 0})
    assert ended.value.code is Code.PENDING
