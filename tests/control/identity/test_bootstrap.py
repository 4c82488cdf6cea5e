"""The first ones: made once, kept current, and what cannot be is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from planes import Control, key_of, running, seeds
from vienna_control.config import BootstrapConfig
from vienna_control.identity import bootstrap
from vienna_control.ports import StartError


async def seed(control: Control, wanted: dict[str, Any], *, max_agents: int = 100) -> None:
    app = control.app
    read = BootstrapConfig.model_validate(wanted)
    await bootstrap.seed(app.store, app.identity, app.authority, read, max_agents=max_agents)


async def entries(control: Control) -> int:
    answer = (await control.ask("GET", "/api/v1/audit?limit=1", key="auditor"))[1]
    total: int = answer["data"]["total"]
    return total


async def test_the_same_again_changes_nothing(control: Control) -> None:
    before = await entries(control)
    await seed(control, seeds())
    assert await entries(control) == before


async def test_what_changed_in_the_file_is_brought_about(control: Control) -> None:
    changed = seeds()
    changed["operators"][1] |= {"role": "operator", "groups": ["devops"]}
    changed["agents"][0]["allowed_actions"] = ["get_order"]
    changed["agents"].append(
        {"name": "second-bot", "api_key": "vos_agent_k1_second_0123456789", "trust_score": 30}
    )
    await seed(control, changed)
    me = (await control.ask("GET", "/api/v1/operators/me", key="approver"))[1]["data"]
    assert (me["role"], me["groups"]) == ("operator", ["devops"])
    rows = await control.app.store.read(
        lambda conn: conn.exec_driver_sql(
            "SELECT name, trust, allowed_actions FROM agents ORDER BY name"
        ).all()
    )
    assert [tuple(row) for row in rows] == [
        ("billing-bot", 50.0, '["get_order"]'),
        ("second-bot", 30.0, '["*"]'),
    ]


async def test_a_key_of_somebody_else_is_refused_and_nothing_is_kept(control: Control) -> None:
    wanted = {
        "operators": [{"email": "new@example.com", "role": "admin", "api_key": key_of("viewer")}],
    }
    with pytest.raises(StartError, match=r"new@example.com was revoked or belongs to somebody else"):
        await seed(control, wanted)
    data = (await control.ask("GET", "/api/v1/operators", key="admin"))[1]["data"]
    assert "new@example.com" not in {one["email"] for one in data["operators"]}


async def test_the_registry_is_bounded(control: Control) -> None:
    with pytest.raises(StartError, match="VIENNA_MAX_AGENTS"):
        await seed(control, {"agents": [{"name": f"bot-{n}"} for n in range(3)]}, max_agents=2)


async def test_no_admin_is_made_where_operators_are(control: Control) -> None:
    app = control.app
    made = await bootstrap.first_admin(
        app.store, app.identity, control.folder.path, tenant="default", url="http://x"
    )
    assert made is None
    assert not (control.folder.path / "admin.json").exists()


async def test_a_join_token_that_the_database_does_not_know_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "sidecar.join").write_text("vos_join_k1_of_another_database\n")
    async with running(tmp_path / "data") as control:
        token = (tmp_path / "data" / "sidecar.join").read_text().strip()
        assert token != "vos_join_k1_of_another_database"
        known = await control.app.store.read(lambda conn: control.app.identity.credentials.known(conn, token))
        assert known


def test_a_secret_file_is_whole_or_absent(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    bootstrap.write_secret(file, b"one")
    bootstrap.write_secret(file, b"two")
    assert file.read_bytes() == b"two"
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]
