"""The doctor's page: what is worst first, what to do beside it, and the same as text."""

from __future__ import annotations

from planes import Control
from vienna_control.console.screens.doctor import MENDED


async def test_what_does_not_work_stands_first_and_everything_is_told(control: Control) -> None:
    headers = {"Accept": "application/json"}
    _, told, _ = await control.ask("GET", "/console/doctor", key="ada", headers=headers)
    _, answer, _ = await control.ask("GET", "/api/v1/doctor", key="ada")
    checks = told["data"]["checks"]
    order = ["fail", "warn", "ok"]
    assert [one["status"] for one in checks] == sorted((one["status"] for one in checks), key=order.index)
    assert {one["name"] for one in checks} == {one["name"] for one in answer["data"]["checks"]}
    for one in checks:
        assert f"{one['name']}: {one['detail']}" in told["data"]["text"]


async def test_what_to_do_stands_beside_it(control: Control) -> None:
    status, page, _ = await control.ask("GET", "/console/doctor", key="ada")
    assert status == 200
    assert b"vienna integrations add" in page  # there is no channel


async def test_each_check_leads_to_where_it_is_mended(control: Control) -> None:
    _, answer, _ = await control.ask("GET", "/api/v1/doctor", key="ada")
    names = {one["name"] for one in answer["data"]["checks"]}
    assert names - set(MENDED) == {"clock", "store", "disk", "background"}
    assert set(MENDED) <= names
    for address, _ in MENDED.values():
        assert (await control.ask("GET", address, key="ada"))[0] == 200, address
    _, page, _ = await control.ask("GET", "/console/doctor", key="ada")
    assert b'<a href="/console/integrations">Integrations</a></p>' in page


async def test_it_is_for_admins(control: Control) -> None:
    for who in ("alice", "oscar", "audrey", "victor"):
        assert (await control.ask("GET", "/console/doctor", key=who))[0] == 403


async def test_a_part_of_it_is_looked_at_again(control: Control) -> None:
    headers = {"HX-Request": "true", "HX-Target": "div#checks"}
    status, part, _ = await control.ask("GET", "/console/doctor", key="ada", headers=headers)
    assert status == 200
    assert part.strip().startswith(b'<div id="checks"')
