"""Integrations over HTTP: what is set up, by whom, and that no secret is ever shown."""

from __future__ import annotations

from typing import Any

import pytest
from yarl import URL

from people import People
from planes import Control
from vienna_control.console.screens.integrations import fields
from vienna_control.notify.kinds import KINDS

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NASTY = "<img src=x onerror=alert(1)>"


async def read(control: Control, path: str = "", *, who: str = "oscar", **query: str) -> str:
    """The page, which is there."""
    url = URL(f"/console/integrations{path}").with_query(query)
    status, page, _ = await control.ask("GET", str(url), key=who)
    assert status == 200, page
    return str(page.decode())


async def added(people: People, **more: Any) -> str:
    body = {
        "name": "Tickets",
        "type": "webhook",
        "secrets": {"url": "https://1.1.1.1/hidden-path", "secret": SECRET},
        "events": ["alert"],
        "enabled": False,
        **more,
    }
    status, told = await people.ask("oscar", "POST", "/integrations", body)
    assert status == 201, told
    return str(told["data"]["integration_id"])


async def test_nothing_is_set_up_yet(control: Control) -> None:
    page = await read(control)
    assert "No channel yet" in page
    for name in ("slack", "teams", "email", "webhook", "pagerduty"):
        assert f"/console/integrations/new?type={name}" in page


@pytest.mark.parametrize("who", ["alice", "victor", "audrey"])
async def test_who_may_set_none_up_is_told_so(control: Control, who: str) -> None:
    page = await read(control, who=who)
    assert "Channels are set up by operators" in page
    assert "new?type=" not in page


async def test_a_channel_is_shown_without_its_secrets(control: Control, people: People) -> None:
    one = await added(people, name=f"Tickets {NASTY}", routing={"tiers": ["T2"], "agents": ["billing-*"]})
    for page in (await read(control), await read(control, f"/{one}")):
        assert "Tickets &lt;img" in page
        assert SECRET not in page
        assert "hidden-path" not in page
        assert "billing-*" in page
    page = await read(control, f"/{one}")
    assert "secret, url" in page
    assert f'data-api="PATCH /integrations/{one}"' in page
    assert f'data-api="POST /integrations/{one}/test"' in page
    assert f'data-api="DELETE /integrations/{one}"' in page
    assert "Nothing was delivered" in page


@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if not kind.personal])
async def test_a_form_has_every_field_of_its_type(control: Control, kind: str) -> None:
    page = await read(control, "/new", type=kind)
    for part, model in (("config", KINDS[kind].config), ("secrets", KINDS[kind].secrets)):
        for name in model.model_fields:
            assert f'name="{part}.{name}"' in page


async def test_there_is_no_form_of_a_type_that_is_none(control: Control) -> None:
    _, _, response = await control.ask("GET", "/console/integrations/new?type=pigeon", key="oscar")
    assert response.status == 404


def test_fields_are_what_the_schema_says() -> None:
    told = {
        one["name"]: one
        for one in fields(KINDS["email"].config.model_json_schema(), {"to": ["a@b.c", "d@e.f"]})
    }
    assert told["detail"]["kind"] == "choice"
    assert told["detail"]["given"] == "action"
    assert (told["port"]["kind"], told["port"]["given"]) == ("number", "587")
    assert (told["to"]["kind"], told["to"]["given"], told["to"]["required"]) == ("list", "a@b.c\nd@e.f", True)
    (secret,) = fields(KINDS["email"].secrets.model_json_schema(), {})
    assert (secret["kind"], secret["given"], secret["required"]) == ("text", "", False)


async def test_people_say_who_they_are_in_slack(control: Control, people: People) -> None:
    await people.ask("alice", "POST", "/integrations/slack/users", {"user_id": "U012AB3CD"})
    assert "U012AB3CD" in await read(control, who="alice")
    assert "alice@example.com" in await read(control, who="ada")


@pytest.mark.parametrize("part", ["span#state", "div#delivered"])
async def test_what_became_of_deliveries_renews_itself(control: Control, people: People, part: str) -> None:
    one = await added(people)
    headers = {"HX-Request": "true", "HX-Target": part}
    _, told, _ = await control.ask("GET", f"/console/integrations/{one}", key="oscar", headers=headers)
    tag, _, name = part.partition("#")
    assert told.decode().lstrip().startswith(f'<{tag} id="{name}"')
    assert SECRET not in told.decode()
