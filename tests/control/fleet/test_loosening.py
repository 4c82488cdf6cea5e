"""What loosens the hold on an agent takes two people where a change of policy does."""

from __future__ import annotations

from typing import Any

import pytest

from people import People
from planes import Control
from vienna_control.fleet.loosening import loosened
from vienna_control.fleet.registry import Agent

PATH = "/fleet/billing-bot"
AGENT = Agent(
    id="agt-1",
    tenant="default",
    name="bot",
    allowed_actions=("create_ticket", "repo.*"),
    details={"environment": "production", "team": "a"},
)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"allowed_actions": ["create_ticket"]}, []),
        ({"allowed_actions": ["repo.read", "repo.read.*"]}, []),
        ({"allowed_actions": ["repository"]}, ["may try more"]),
        ({"allowed_actions": ["repo*"]}, ["may try more"]),
        ({"allowed_actions": ["*"]}, ["may try more"]),
        ({"details": {"environment": "production", "team": "b"}}, []),
        ({"details": {"environment": "staging"}}, ["another environment"]),
        ({"details": {}}, ["another environment"]),
        (
            {"details": {"environment": "production", "owner": "eve@example.com"}},
            ["another owner"],
        ),
        ({"type": "supervised"}, ["another type"]),
        ({"trust": 50.0}, []),
        ({"trust": 20.0}, []),
        ({"trust": 50.1}, ["is trusted more"]),
        ({"description": "x", "enforcement": "enforce"}, []),
    ],
)
def test_what_loosens(changes: dict[str, Any], told: list[str]) -> None:
    assert loosened(AGENT, changes) == told


@pytest.fixture
def two(control: Control) -> None:
    section = control.app.config.control.model_copy(update={"policy_two_person": True})
    control.app.config = control.app.config.model_copy(update={"control": section})


async def changed(people: People, who: str, **body: Any) -> str:
    status, answer = await people.ask(who, "PATCH", PATH, body)
    assert status == 200, answer
    return str(answer["data"]["step"])


@pytest.mark.usefixtures("two")
async def test_two_different_people_within_the_hour_ask_for_the_same(people: People) -> None:
    staging, test = {"environment": "staging"}, {"environment": "test"}
    assert await changed(people, "oscar", metadata=staging) == "second_person_needed"
    assert await changed(people, "oscar", metadata=staging) == "second_person_needed"
    assert await changed(people, "ada", metadata=test) == "second_person_needed"
    assert await changed(people, "oscar", metadata=staging) == "second_person_needed"
    _, answer = await people.ask("victor", "GET", PATH)
    assert answer["data"]["metadata"] == {}
    assert await changed(people, "ada", metadata=staging) == "done"
    _, answer = await people.ask("victor", "GET", PATH)
    assert answer["data"]["metadata"] == staging
    assert await changed(people, "oscar", allowed_actions=["create_ticket"]) == "done"  # less, by one


@pytest.mark.usefixtures("two")
async def test_trust_goes_down_by_one_and_up_by_two(people: People) -> None:
    async def trusted(who: str, score: float) -> tuple[str, float]:
        body = {"trust_score": score, "reason": "seen"}
        _, answer = await people.ask(who, "PUT", f"{PATH}/trust", body)
        return answer["data"]["step"], answer["data"]["new_trust_score"]

    assert await trusted("oscar", 30) == ("done", 30)
    assert await trusted("oscar", 90) == ("second_person_needed", 30)
    assert await trusted("ada", 90) == ("done", 90)


async def test_where_one_person_changes_policy_one_changes_an_agent(people: People) -> None:
    assert await changed(people, "oscar", metadata={"environment": "staging"}) == "done"
