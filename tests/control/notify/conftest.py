"""Fixtures of channels: a server that keeps what came, and a control plane that may reach it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from people import People
from receivers import Receiver, receiver

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
async def service() -> AsyncIterator[Receiver]:
    async with receiver() as started:
        yield started


@pytest.fixture
def settings(tmp_path: Path, service: Receiver) -> dict[str, Any]:
    notify = {
        "private_networks": ["127.0.0.0/8"],
        "push_networks": ["127.0.0.0/8"],
        "slack_api": f"{service.url}/api",
        "pagerduty_api": service.url,
    }
    return {"control": {"listen": "127.0.0.1:0", "data_dir": tmp_path / "data", "notify": notify}}


@pytest.fixture
def add(people: People) -> Any:
    """Add a channel as an admin; its id."""

    async def adding(type_: str, *, who: str = "ada", **more: Any) -> str:
        body = {"name": f"our {type_}", "type": type_, "events": ["approval_required"], **more}
        status, answer = await people.ask(who, "POST", "/integrations", body)
        assert status == 201, answer
        return str(answer["data"]["integration_id"])

    return adding


@pytest.fixture
def add_webhook(add: Any, service: Receiver) -> Any:
    async def adding(path: str = "/hook", **more: Any) -> str:
        return str(await add("webhook", secrets={"url": service.url + path, "secret": SECRET}, **more))

    return adding
