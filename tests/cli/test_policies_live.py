"""``vienna policies`` and ``mappings`` against a running control plane."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from gate_end import gate
from planes import Control, key_of, running
from vienna_cli.main import tree
from vienna_cli.output import Code, Failure
from vienna_cli.policies_load import bars
from vienna_cli.terminal import Terminal
from vienna_client import ViennaClient, ViennaError

type Run = Callable[..., Awaitable[tuple[str, Code]]]

RULES = """apiVersion: vienna/v1
kind: Rules
id: mine
timezone: Europe/Vienna
rules:
  - {id: no-tickets, priority: 900, when: action == 'create_ticket', then: {action: deny, reason: none}}
"""


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """The control plane runs in this process: what it logs is not what a command prints."""
    with capture_logs():
        yield


@pytest.fixture
async def control(tmp_path: Path) -> AsyncIterator[Control]:
    async with running(tmp_path / "data") as started:
        yield started


@pytest.fixture
def run(control: Control, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """What a command printed, and how it ended."""
    monkeypatch.chdir(tmp_path)
    apps = {noun: tree(noun) for noun in ("policies", "mappings")}
    clients = {
        who: ViennaClient(control.url, api_key=key_of(who), use_proxy=False) for who in ("oscar", "ada")
    }

    def work(words: tuple[str, ...], who: str) -> tuple[str, Code]:
        monkeypatch.setattr(Terminal, "client", clients[who])
        result = CliRunner().invoke(apps[words[0]], list(words))
        if isinstance(result.exception, ViennaError):
            return str(result.exception), Code.ERROR
        code = result.exception.code if isinstance(result.exception, Failure) else Code(result.exit_code)
        return result.output, code

    async def called(*words: str, who: str = "oscar") -> tuple[str, Code]:
        return await asyncio.to_thread(work, words, who)

    yield called
    for client in clients.values():
        client.close()


def test_a_bar_for_each_hour_of_the_day() -> None:
    hours = [
        {"at": "2026-03-02T10:00:00.000Z", "before": 4, "after": 1},
        {"at": "2026-03-03T10:00:00.000Z", "before": 4, "after": 1},
        {"at": "2026-03-03T17:00:00.000Z", "before": 0, "after": 4},
    ]
    ten, five = bars(hours)
    assert (ten.count("█"), ten.count("░"), ten.endswith("2 (today 8)")) == (10, 30, True)
    assert (five.count("█"), five.count("░")) == (20, 0)
    assert list(bars([])) == []


async def test_files_are_held_against_traffic_then_applied_and_exported(
    control: Control, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(RULES)
    async with gate(control) as bot:
        await bot.consult("POST", "https://payments.example/v1/tickets", {"subject": "s"}, wait=False)
    text, code = await run("policies", "backtest", str(file), "--add")
    assert code is Code.OK, text
    assert "1 × pending_approval T1 → denied" in text
    assert "newly denied: create_ticket (1)" in text
    assert (await run("policies", "backtest", "--remove", "no-such"))[1] is not Code.OK
    text, _ = await run("policies", "diff", str(file), "-o", "json")
    assert {"rule": "no-tickets", "state": "new"}.items() <= json.loads(text)[0].items()
    assert (await run("policies", "apply", str(file), "--yes"))[1] is Code.OK
    text, _ = await run("policies", "ls", "--never-fired", "-o", "json")
    assert next(row for row in json.loads(text) if row["id"] == "no-tickets")["timezone"] == "Europe/Vienna"
    text, _ = await run("policies", "diff", str(file), "-o", "json")
    assert "no-tickets" not in [row["rule"] for row in json.loads(text)]
    assert (await run("policies", "export", str(tmp_path / "out")))[1] is Code.OK
    assert "no-tickets" in (tmp_path / "out" / "kept-by-api.yaml").read_text()
    assert (await run("policies", "export", str(tmp_path / "out")))[1] is Code.ERROR
    assert "no file: rules no-tickets" in (await run("policies", "source"))[0]


async def test_a_change_waits_for_somebody_else(control: Control, run: Run, tmp_path: Path) -> None:
    section = control.app.config.control.model_copy(update={"policy_two_person": True})
    control.app.config = control.app.config.model_copy(update={"control": section})
    (tmp_path / "mine.yaml").write_text(RULES)
    text, code = await run("policies", "apply", "mine.yaml", "--yes", "-o", "json")
    assert code is Code.PENDING, text
    listed, _ = await run("policies", "changes", "ls", "-o", "json")
    change = json.loads(listed)[0]["id"]
    assert "0 decisions change" in (await run("policies", "changes", "show", change))[0]
    assert (await run("policies", "changes", "approve", change))[1] is not Code.OK
    assert (await run("policies", "changes", "approve", change, who="ada"))[1] is Code.OK
    text, _ = await run("policies", "versions", "no-tickets", "-o", "json")
    assert json.loads(text)[0]["what"] == "created"
    text, code = await run("policies", "templates", "import", "general", "--prefix", "g-")
    assert code is Code.PENDING


MAPPING = """apiVersion: vienna/v1
kind: Mapping
id: desk
version: "1"
hosts: [desk.example]
protocol: rest
actions:
  - action: close_desk
    match: {methods: [POST], path: /close}
    target: "desk:all"
    effect: write
    default_tier: T1
"""


async def test_mappings_are_kept_and_taken_out_of_use(run: Run, tmp_path: Path) -> None:
    (tmp_path / "desk.yaml").write_text(MAPPING)
    text, code = await run("mappings", "apply", "desk.yaml")
    assert code is Code.OK, text
    text, _ = await run("mappings", "ls", "-o", "json")
    (desk,) = [row for row in json.loads(text) if row["id"] == "desk"]
    assert (desk["source"], desk["stored_version"]) == ("api", 1)
    assert (await run("mappings", "remove", "desk", "--yes"))[1] is Code.OK
