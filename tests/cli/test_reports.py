"""An auditor at the terminal: a report asked for, read and saved."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from planes import Control, key_of, running
from vienna_cli.main import tree


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """The control plane runs in this process: what it logs is not what a command prints."""
    with capture_logs():
        yield


@pytest.fixture
async def control(tmp_path: Path) -> AsyncIterator[Control]:
    async with running(tmp_path / "data") as started:
        yield started


async def vienna(control: Control, who: str, *arguments: str, code: int = 0) -> str:
    environ = {"VIENNA_URL": control.url, "VIENNA_API_KEY": key_of(who)}
    told = await asyncio.to_thread(CliRunner().invoke, tree("reports"), ["reports", *arguments], env=environ)
    assert told.exit_code == code, (arguments, told.output, told.exception)
    return told.stdout


async def test_a_report_from_asking_to_a_file(control: Control, tmp_path: Path) -> None:
    made = json.loads(await vienna(control, "auditor", "generate", "--type", "detailed", "-o", "json"))
    assert (made["type"], made["status"]) == ("detailed", "ready")
    (listed,) = json.loads(await vienna(control, "auditor", "ls", "-o", "json"))
    assert listed == made
    shown = await vienna(control, "auditor", "show", made["report_id"])
    assert "The audit trail of the period" in shown
    assert "holds: " in shown
    for name, begins in (("r.pdf", b"%PDF-"), ("r.csv", b"report_id,rpt-")):
        await vienna(control, "auditor", "save", made["report_id"], str(tmp_path / name))
        assert (tmp_path / name).read_bytes().startswith(begins)
    await vienna(control, "auditor", "save", made["report_id"], str(tmp_path / "r.pdf"), code=1)
    await vienna(control, "auditor", "save", made["report_id"], str(tmp_path / "r.txt"), code=1)
    await vienna(control, "oscar", "ls", code=1)
