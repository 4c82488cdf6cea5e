"""The bundle in force: swapped as one, or kept with the reason said."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select

from planes import Control, running, seeds
from vienna_control import rows
from vienna_control.clock import FixedClock
from vienna_control.policies import Policies
from vienna_control.policies.stored import Step, apply
from vienna_control.ports import StartError
from vienna_control.store import Store
from vienna_control.store.tables import entries

RULES = """\
apiVersion: vienna/v1
kind: Rules
id: mine
default: deny
rules:
  - id: reads
    priority: 1
    when: action.effect == 'read'
    then: {action: allow}
"""


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = Store.open(f"sqlite:///{tmp_path / 'v.db'}")
    yield opened
    await opened.close()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "mine.yaml").write_text(RULES)
    return folder


async def types(store: Store) -> list[str]:
    query = select(entries.c.type).order_by(entries.c.arrival)
    return [row["type"] for row in await store.read(lambda conn: rows.every(conn, query))]


async def test_own_rules_stand_on_the_shipped_tiers_and_mappings(store: Store, place: Path) -> None:
    bundle = (await Policies.open(store, [place])).current
    assert [rule.id for rule in bundle.rules.rules] == ["reads"]
    assert "create_refund" in bundle.action_types
    assert bundle.version == 1
    assert await types(store) == ["policy_changed", "mapping_changed"]


async def test_a_start_with_the_same_files_changes_nothing(store: Store, place: Path) -> None:
    first = (await Policies.open(store, [place])).current
    again = (await Policies.open(store, [place])).current
    assert (again.version, again.digest) == (first.version, first.digest)
    assert len(await types(store)) == 2


async def test_a_changed_file_is_in_force_after_the_next_look(store: Store, place: Path) -> None:
    policies = await Policies.open(store, [place])
    (place / "mine.yaml").write_text(RULES.replace("priority: 1", "priority: 20"))
    assert await policies.refresh()
    assert policies.current.rules.rules[0].priority == 20
    assert policies.current.version == 2


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("    when: action ~~ 'x'\n", "mine.yaml:8"),
        (
            "    when: [{field: parameters.amount, operator: greater, value: 1}]\n",
            "mine.yaml:8",
        ),
        ("    whem: action == 'x'\n", "unknown key 'whem'; did you mean 'when'?"),
        ("    when: [{field: action, operator: gt, value: ten}]\n", "mine.yaml:8"),
    ],
)
async def test_a_broken_file_stops_the_start_and_names_the_place(
    store: Store, place: Path, broken: str, said: str
) -> None:
    text = RULES.replace("    when: action.effect == 'read'\n", broken)
    (place / "mine.yaml").write_text(text)
    with pytest.raises(StartError) as caught:
        await Policies.open(store, [place])
    assert said in str(caught.value)


async def test_a_broken_change_leaves_the_old_bundle_and_says_why(store: Store, place: Path) -> None:
    policies = await Policies.open(store, [place])
    before = policies.current
    (place / "mine.yaml").write_text(
        RULES + "  - id: reads\n    when: action == 'x'\n    then: {action: deny}\n"
    )
    assert not await policies.refresh()
    assert policies.current is before
    assert "reads" in policies.problem
    assert (await types(store))[-1] == "alert"
    assert not await policies.refresh()
    assert (await types(store)).count("alert") == 1
    (place / "mine.yaml").write_text(RULES.replace("priority: 1", "priority: 3"))
    assert await policies.refresh()
    assert policies.problem == ""


async def test_a_file_that_disappears_is_told_and_changes_nothing(store: Store, place: Path) -> None:
    policies = await Policies.open(store, [place / "mine.yaml"])
    (place / "mine.yaml").unlink()
    assert not await policies.refresh()
    assert "no such file" in policies.problem
    assert policies.current.rules.count == 1


async def test_cases_templates_and_hidden_files_are_no_policy(store: Store, place: Path) -> None:
    (place / "mine_cases.yaml").write_text("cases: [not, looked, at]\n")
    (place / "templates").mkdir()
    (place / "templates" / "x.yaml").write_text("kind: Nonsense\n")
    (place / ".hidden.yaml").write_text("kind: Nonsense\n")
    assert (await Policies.open(store, [place])).current.rules.count == 1


async def test_a_document_of_no_known_kind_is_an_error(store: Store, place: Path) -> None:
    (place / "odd.yaml").write_text("kind: Nonsense\n")
    with pytest.raises(StartError, match="Nonsense"):
        await Policies.open(store, [place])


async def test_rules_by_api_outlive_a_restart_and_a_change_of_files(
    tmp_path: Path, place: Path, clock: FixedClock
) -> None:
    data = tmp_path / "data"
    settings = {"bootstrap": seeds(), "clock": clock}
    rule = {"id": "mine-too", "expression": "action == 'create_ticket'", "action": {"type": "deny"}}
    async with running(data, **settings) as first:
        status, _, _ = await first.ask(
            "POST", "/api/v1/policies", key="vos_test_k1_oscar_0123456789abcdef", body=rule
        )
        assert status == 201
        version = first.app.policies.current.version
    async with running(data, **settings) as second:
        assert "mine-too" in [one.id for one in second.app.policies.current.rules.rules]
        assert second.app.policies.current.version == version


async def test_what_another_tenant_keeps_stops_the_files_for_nobody_else(store: Store, place: Path) -> None:
    """It might name its rule, or its action type, as a file will."""
    policies = await Policies.open(store, [place])
    content = {"id": "later", "priority": 9, "when": "action == 'x'", "then": {"action": "deny"}}
    step = Step(kind="rule", id="later", content=content, base=0, what="created")
    await policies.change(
        lambda tx: apply(tx, "acme", [step], actor="a"), tenant="acme", actor="a", what="api"
    )
    more = "  - {id: later, priority: 5, when: action == 'y', then: {action: deny}}\n"
    (place / "mine.yaml").write_text(RULES + more)
    assert await policies.refresh()
    assert [rule.id for rule in policies.current.rules.rules] == ["later", "reads"]
    assert [rule.priority for rule in policies.of("acme").rules.rules if rule.id == "later"] == [9]
    again = await Policies.open(
        store, [place]
    )  # nothing of its own is in force any more, and so nothing goes
    assert (again.of("acme").rules.rules, again.of("acme").rules.default) == ((), "deny")
    assert [rule.id for rule in again.current.rules.rules] == ["later", "reads"]
    gone = Step(kind="rule", id="later", content=None, base=1, what="deleted")
    await again.change(lambda tx: apply(tx, "acme", [gone], actor="a"), tenant="acme", actor="a", what="api")
    assert again.of("acme").digest == again.current.digest


async def test_two_changes_at_once_are_both_in_force(control: Control) -> None:
    import asyncio

    async def create(number: int) -> int:
        rule = {"id": f"r{number}", "expression": f"action == 'a{number}'", "action": {"type": "deny"}}
        status, _, _ = await control.ask("POST", "/api/v1/policies", key="operator", body=rule)
        return status

    assert await asyncio.gather(*(create(number) for number in range(12))) == [201] * 12
    ids = {one.id for one in control.app.policies.current.rules.rules}
    assert {f"r{number}" for number in range(12)} <= ids


MAPPING = """\
apiVersion: vienna/v1
kind: Mapping
id: shop
version: v1
hosts: [shop.example]
protocol: rest
actions:
  - action: look
    match: {methods: [GET], path: /look}
    target: shop
    effect: read
    default_tier: T0
"""
MAPPING_CASE = 'cases: [{name: a look, request: "GET https://shop.example/look", expect: [{action: look}]}]\n'


async def test_in_strict_mode_a_mapping_without_cases_stops_the_start(store: Store, place: Path) -> None:
    (place / "shop.yaml").write_text(MAPPING)
    assert "look" in (await Policies.open(store, [place])).current.action_types
    with pytest.raises(StartError) as caught:
        await Policies.open(store, [place], strict=True)
    assert "shop.yaml:8:5 actions[0].action: the action 'look' has no case" in str(caught.value)
    assert "VIENNA_STRICT_MAPPINGS" in str(caught.value)


async def test_in_strict_mode_a_case_that_goes_leaves_the_old_bundle(store: Store, place: Path) -> None:
    (place / "shop.yaml").write_text(MAPPING)
    (place / "shop_cases.yaml").write_text(MAPPING_CASE)
    policies = await Policies.open(store, [place], strict=True)
    (place / "shop_cases.yaml").write_text(MAPPING_CASE.replace("{action: look}", "{action: http.get}"))
    assert not await policies.refresh()
    assert "'look' has no case" in policies.problem
    (place / "shop_cases.yaml").write_text(MAPPING_CASE)
    assert not await policies.refresh()  # the same bundle as before, without a problem
    assert policies.problem == ""


async def test_the_shipped_mappings_hold_in_strict_mode(store: Store) -> None:
    assert (await Policies.open(store, None, strict=True)).current.action_types
