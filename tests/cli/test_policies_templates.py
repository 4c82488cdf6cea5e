"""``policies templates``: listed, shown, copied; what was copied holds."""

import json

import pytest

from vienna_kernel import shipped

NAMES = ["devops", "financial_services", "general", "healthcare", "legal"]


def test_each_is_listed_with_its_rules_and_cases(cli):
    rows = json.loads(cli("policies", "templates", "ls", "-o", "json").stdout)
    assert [row["id"] for row in rows] == NAMES
    assert all(5 <= row["rules"] <= 8 < row["cases"] for row in rows)
    assert cli("policies", "templates", "ls", "-q").stdout.split() == NAMES


def test_one_is_shown_as_it_is(cli):
    shown = cli("policies", "templates", "show", "legal")
    assert shown.stdout == (shipped.root() / "templates" / "legal.yaml").read_text()
    assert json.loads(cli("policies", "templates", "show", "legal", "-o", "json").stdout)["id"] == "legal"


def test_one_that_is_not_there_names_the_nearest(cli):
    done = cli("policies", "templates", "show", "leagl")
    assert done.returncode == 2
    assert "there is no template 'leagl'; did you mean 'legal'?" in done.stderr


def test_what_is_copied_is_in_force_and_its_cases_pass(cli):
    copied = cli("policies", "templates", "copy", "devops")
    assert copied.returncode == 0, copied.stderr
    assert copied.stdout.split()[1:] == ["policies/devops.yaml", "policies/devops_cases.yaml"]
    assert cli("policies", "check", "--strict").returncode == 0
    tested = cli("policies", "test")
    assert tested.returncode == 0, tested.stderr
    again = cli("policies", "templates", "copy", "devops")
    assert again.returncode == 1
    assert "policies/devops.yaml, policies/devops_cases.yaml lies there already" in again.stderr


def test_a_copy_that_was_changed_is_noticed_by_its_cases(cli, tmp_path):
    cli("policies", "templates", "copy", "financial_services", "mine")
    file = tmp_path / "mine" / "financial_services.yaml"
    file.write_text(file.read_text().replace("> 10000 USD", "> 20000 USD"))
    tested = cli("policies", "test", "mine/financial_services.yaml")
    assert tested.returncode == 1
    assert "rule: expected wires-over-10000, got wires" in tested.stdout


@pytest.mark.parametrize("verb", [("check", "--strict"), ("test",)])
def test_the_shipped_ones_hold_where_they_lie(cli, verb):
    places = [str(shipped.root() / "templates" / f"{name}.yaml") for name in NAMES]
    done = cli("policies", verb[0], *places, *verb[1:])
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
