"""Settings: one's own account for everybody, the rest for whom it is; what others wrote shown as text."""

from __future__ import annotations

from typing import Any

import pytest
from yarl import URL

from people import People
from planes import PASSWORD, Control
from vienna_control.console.qr import path_of

OWN = ("", "/devices", "/keys", "/stand-ins", "/groups", "/roster")
ADMINS = ("/people", "/join-tokens", "/tenants")
HOSTILE = "<img src=x onerror=alert(1)>\u202egnp"


async def shown(control: Control, path: str, who: str = "ada") -> str:
    status, page, _ = await control.ask("GET", f"/console{path}", key=who)
    assert status == 200, path
    return str(page.decode())


@pytest.mark.parametrize("path", OWN)
async def test_ones_own_settings_are_everybodys(control: Control, path: str) -> None:
    for who in ("ada", "alice", "victor"):
        page = await shown(control, f"/settings{path}", who)
        assert "/console/settings/people" in page if who == "ada" else "/console/settings/people" not in page


@pytest.mark.parametrize("path", ADMINS)
async def test_people_tokens_and_tenants_are_for_admins(control: Control, path: str) -> None:
    await shown(control, f"/settings{path}")
    status, page, _ = await control.ask("GET", f"/console/settings{path}", key="alice")
    assert (status == 403) or (path == "/tenants" and b"Not yours to see" in page)


async def test_what_people_are_called_is_text(control: Control, people: People) -> None:
    body = {"email": "mallory@example.com", "name": HOSTILE}
    status, made = await people.ask("ada", "POST", "/operators", body)
    assert status == 201
    for path in ("/settings/people", f"/settings/people/{made['data']['operator']['id']}"):
        page = await shown(control, path)
        assert "<img src=x" not in page
        assert "&lt;img src=x" in page
        assert (
            path != "/settings/people" or "\u202e" not in page
        )  # a field holds it as it is, to be sent back


async def test_a_secret_that_was_shown_once_is_on_no_page(control: Control, people: People) -> None:
    _, key = await people.ask("ada", "POST", "/api-keys", {"name": "ci"})
    _, token = await people.ask("ada", "POST", "/join-tokens", {"agent": "ledger-bot"})
    keys, tokens = await shown(control, "/settings/keys"), await shown(control, "/settings/join-tokens")
    assert key["data"]["prefix"] in keys
    assert key["data"]["api_key"] not in keys
    assert token["data"]["prefix"] in tokens
    assert token["data"]["token"] not in tokens


async def test_nobody_is_offered_to_change_themselves(control: Control) -> None:
    _, told, _ = await control.ask("GET", "/api/v1/operators/me", key="ada")
    page = await shown(control, f"/settings/people/{told['data']['id']}")
    assert "This is you" in page
    assert "PATCH /operators" not in page
    assert "DELETE /operators" not in page


async def test_a_group_is_shown_with_who_is_on_duty(control: Control, people: People) -> None:
    duty = [{"days": ["monday"], "from": "08:00", "to": "18:00", "people": ["alice@example.com"]}]
    status, _ = await people.ask("ada", "POST", "/groups", {"name": "finance", "order": 5, "duty": duty})
    assert status == 201
    page = await shown(control, "/settings/groups/finance")
    assert 'name="duty.0.from" type="time" value="08:00"' in page
    assert "PUT /groups/finance" in page
    assert "PUT /groups/finance" not in await shown(control, "/settings/groups/finance", "alice")
    assert "finance" in await shown(control, "/settings/groups")
    assert (await control.ask("GET", "/console/settings/groups/nobody-has-it", key="ada"))[0] == 404


async def test_a_secret_is_drawn_for_an_authenticator_and_nothing_else_is(control: Control) -> None:
    body = {"email": "alice@example.com", "password": PASSWORD}
    _, entered, _ = await control.ask("POST", "/api/v1/auth/login", body=body)
    headers = {"X-CSRF-Token": entered["data"]["csrfToken"], "Accept": "text/html"}

    async def drawn(sent: Any) -> tuple[int, bytes]:
        status, page, _ = await control.ask("POST", "/console/settings/code", body=sent, headers=headers)
        return status, page

    status, page = await drawn({"otpauth_uri": "otpauth://totp/Vienna:a%40b?secret=JBSWY3DP&issuer=Vienna"})
    assert (status, page.count(b"<svg")) == (200, 1)
    assert b"JBSWY3DP" not in page
    for other in (
        {},
        {"otpauth_uri": "https://evil.example"},
        {"otpauth_uri": 1},
        {"otpauth_uri": "otpauth://" + "x" * 2000},
    ):
        assert (await drawn(other))[0] == 422


def test_a_code_has_its_three_corners_and_a_quiet_margin() -> None:
    path, size = path_of("otpauth://totp/x?secret=JBSWY3DPEHPK3PXP")
    side = size - 8
    assert (side - 17) % 4 == 0  # ISO/IEC 18004: 17 modules and four for each version
    for x, y in ((4, 4), (4 + side - 7, 4), (4, 4 + side - 7)):
        assert f"M{x} {y}h7v1h-7z" in path
    assert path_of("otpauth://totp/x?secret=JBSWY3DPEHPK3PXP") == (path, size)


async def test_who_is_sent_to_the_login_by_a_part_of_a_page_comes_back_to_the_page(control: Control) -> None:
    headers = {"HX-Request": "true", "HX-Target": "div#queue"}
    for told, back in (
        ("https://vienna.example/console/traffic?q=a&b=c", "/console/traffic?q=a&b=c"),
        ("https://evil.example/elsewhere", None),
        ("http://[", None),
    ):
        given = {**headers, "HX-Current-URL": told}
        _, _, response = await control.ask("GET", "/console/", headers=given, allow_redirects=False)
        where = URL(response.headers["HX-Redirect"])
        assert (where.path, where.query.get("next")) == ("/console/login", back)
