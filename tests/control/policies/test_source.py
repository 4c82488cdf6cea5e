"""Where rules come from: the folder, the templates, and what people always say."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gate_end import Gate
from people import People
from planes import Control
from vienna_control.clock import FixedClock
from vienna_control.policies import files, templates

type Ask = Callable[..., Awaitable[tuple[int, Any]]]

API = "https://payments.example/v1"


def test_a_document_is_named_as_its_folder_has_it(tmp_path: Path) -> None:
    for name, told in (
        (str(tmp_path / "team" / "rules.yaml"), "team/rules.yaml"),
        (str(tmp_path), tmp_path.name),
        ("/of/before/rules.yaml", "rules.yaml"),
        ("../rules.yaml", "rules.yaml"),
        ("api", "api"),
    ):
        assert files.inside([Path("nowhere"), tmp_path], name) == told


RULES = """\
apiVersion: vienna/v1
kind: Rules
id: mine
timezone: Europe/Vienna
rules:
  - {id: reads, priority: 1, when: action.effect == 'read', then: {action: allow}}
  - {id: tickets, priority: 5, when: action == 'create_ticket', then: {action: require_approval}}
"""
RULE = {
    "id": "mine",
    "priority": 3,
    "expression": "action == 'create_ticket' AND rate > 1.5",
    "action": {"type": "deny"},
}


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, Any]:
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "mine.yaml").write_text(RULES)
    return {"control": {"listen": "127.0.0.1:0", "data_dir": tmp_path / "data", "policies": [folder]}}


async def test_the_source_tells_files_what_is_newer_and_what_hides_what(
    control: Control, ask: Ask, tmp_path: Path
) -> None:
    status, told = await ask("GET", "/policies/source", key="audrey")
    assert (status, told["changed_on_disk"], told["problem"], told["drift"]["rules"]) == (
        200,
        False,
        None,
        [],
    )
    mine = next(one for one in told["files"] if one["id"] == "mine")
    assert (mine["kind"], mine["rules"], mine["digest"][:7]) == ("Rules", 2, "sha256:")
    await ask("POST", "/policies", RULE)
    (tmp_path / "policies" / "mine.yaml").write_text(RULES.replace("priority: 1,", "priority: one,"))
    _, told = await ask("GET", "/policies/source")
    assert (told["changed_on_disk"], told["drift"]["rules"]) == (True, ["mine"])
    assert [(one["rule_id"], one["code"]) for one in told["drift"]["shadowing"]] == [
        ("mine", "never_decides")
    ]
    assert not await control.app.policies.refresh()
    _, told = await ask("GET", "/policies/source")
    assert (told["changed_on_disk"], "mine.yaml:6" in told["problem"]) == (True, True)
    assert "reads" in [one.id for one in control.app.policies.current.rules.rules]


async def test_what_was_kept_by_api_is_folded_back_into_the_folder(
    control: Control, ask: Ask, tmp_path: Path
) -> None:
    await ask("POST", "/policies", RULE)
    _, told = await ask("GET", "/policies/export", key="victor")
    (file,) = told["files"]
    (tmp_path / "policies" / file["name"]).write_text(file["text"])
    assert await control.app.policies.refresh() or not control.app.policies.problem
    _, rule = await ask("GET", "/policies/mine")
    assert rule["source"].endswith("kept-by-api.yaml")
    assert (await ask("GET", "/policies/source"))[1]["drift"]["folded_back"] == ["mine"]
    assert (await ask("DELETE", "/policies/mine"))[0] == 200
    assert (await ask("GET", "/policies/mine"))[1]["read_only"] is True
    assert (await ask("GET", "/policies/source"))[1]["drift"]["rules"] == []


@pytest.mark.parametrize("name", sorted(templates.every()))
async def test_a_template_is_taken_over_as_it_was_tried(control: Control, ask: Ask, name: str) -> None:
    status, told = await ask("POST", f"/policies/templates/{name}/import", {"prefix": "t-", "shadow": True})
    assert (status, len(told["imported"])) == (201, len(templates.every()[name].rules)), told
    rules = {one.id: one for one in control.app.policies.current.rules.rules}
    page = templates.every()[name].page.data
    assert {str(rules[each].tz) for each in told["imported"]} == {page["timezone"]}
    assert all(rules[each].shape.shadow for each in told["imported"])


async def test_importing_is_all_or_nothing_and_twice_is_a_conflict(control: Control, ask: Ask) -> None:
    _, listed = await ask("GET", "/policies/templates", key="victor")
    assert [one["id"] for one in listed["templates"]] == sorted(templates.every())
    assert all(5 <= len(one["rules"]) <= 8 and one["cases"] for one in listed["templates"])
    ids = [rule["id"] for rule in listed["templates"][0]["rules"]]
    name = listed["templates"][0]["id"]
    assert (await ask("POST", f"/policies/templates/{name}/import", {"rules": ids[2:3]}))[0] == 201
    before = control.app.policies.current
    status, error = await ask("POST", f"/policies/templates/{name}/import")
    assert (status, error["code"]) == (409, "conflict")
    assert [one["message"] for one in error["details"]] == [f"there is a rule {ids[2]!r} already"]
    assert control.app.policies.current is before
    assert (await ask("POST", f"/policies/templates/{name}/import", {"rules": ["none"]}))[0] == 422
    assert (await ask("POST", "/policies/templates/none/import"))[0] == 404


async def test_a_template_whose_cases_come_out_otherwise_here_is_not_taken_over(
    control: Control, ask: Ask, tmp_path: Path
) -> None:
    text = (Path(__file__).parents[3] / "policies" / "tiers.yaml").read_text()
    (tmp_path / "policies" / "tiers.yaml").write_text(text.replace("T2: 60", "T2: 31"))
    await control.app.policies.refresh()
    status, error = await ask("POST", "/policies/templates/financial_services/import")
    assert (status, error.get("code")) == (422, "validation_failed"), error
    assert error["details"]
    assert (await ask("GET", "/policies?source=api"))[1]["total"] == 0


async def decided(bot: Gate, people: People, clock: FixedClock, times: int, *, yes: bool) -> None:
    """So many tickets, three of them alike, each decided by carol or alice."""
    for number in range(times):
        who = "carol" if number % 2 else "alice"
        body = {"subject": f"parcel {number % 3}", "body": f"it is number {number}"}
        held = await bot.consult("POST", f"{API}/tickets", body, wait=False)
        decide = (
            people.approve(who, held.approval_id, otp=None) if yes else people.deny(who, held.approval_id)
        )
        assert (await decide)[0] == 200
        if yes:
            await bot.consult("POST", f"{API}/tickets", body, wait=False)  # redeems it
        clock.advance(timedelta(hours=8))


async def test_what_people_always_allow_is_suggested_and_only_that(
    ask: Ask, people: People, bot: Gate, clock: FixedClock
) -> None:
    await decided(bot, people, clock, 19, yes=True)
    assert (await ask("GET", "/policies/suggestions"))[1]["suggestions"] == []
    await decided(bot, people, clock, 1, yes=True)
    _, told = await ask("GET", "/policies/suggestions", key="victor")
    (one,) = told["suggestions"]
    assert (one["says"], one["approved"], one["people"], one["agent"]) == ("always yes", 20, 2, "billing-bot")
    assert one["backtest"]["changes"] == [{"from": "pending_approval T1", "to": "allowed T0", "count": 20}]
    assert (await ask("GET", "/policies?source=api"))[1]["total"] == 0  # nothing is applied by itself
    status, tried = await ask("POST", "/standing/preview", {"standing": one["standing"]["body"]})
    assert status == 200, tried
    assert (await ask("POST", one["rule"]["path"], one["rule"]["body"]))[0] == 201
    no = {
        **RULE,
        "priority": 7,
        "expression": "action == 'create_ticket' AND parameters.subject == 'parcel 2'",
    }
    assert (await ask("POST", "/policies", no))[
        0
    ] == 201  # what people let go, no rule that denies gives way to
    verdicts = [
        (
            await bot.consult("POST", f"{API}/tickets", {"subject": subject, "body": "late"}, wait=False)
        ).verdict
        for subject in ("parcel 1", "everything else", "parcel 2")
    ]
    assert verdicts == ["granted", "held", "refused"]
    clock.advance(timedelta(days=20))
    assert (await ask("GET", "/policies/suggestions"))[1]["suggestions"] == []


async def test_one_no_is_no_always_yes_and_only_noes_are_a_denial(
    ask: Ask, people: People, bot: Gate, clock: FixedClock
) -> None:
    await decided(bot, people, clock, 5, yes=False)
    _, told = await ask("GET", "/policies/suggestions")
    (one,) = told["suggestions"]
    assert (one["says"], one["denied"], one["standing"]) == ("always no", 5, None)
    assert one["rule"]["body"]["action"]["type"] == "deny"
    assert one["backtest"]["changes"] == [{"from": "pending_approval T1", "to": "denied", "count": 5}]
    clock.advance(timedelta(hours=8))
    await decided(bot, people, clock, 20, yes=True)
    assert (await ask("GET", "/policies/suggestions"))[1]["suggestions"] == []
