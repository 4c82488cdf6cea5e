"""``policies`` and ``mappings``: files checked and tested without a control plane."""

import json

import pytest

RULES = """apiVersion: vienna/v1
kind: Rules
id: mine
rules:
  - id: ceiling
    name: No refund over 100
    priority: 10
    when:
      - {field: action, operator: equals, value: create_refund}
      - {field: parameters.amount, operator: gt, value: 100, currency: EUR}
    then: {action: deny, reason: too much}
"""
CASES = """cases:
  - name: a refund of 500 is too much
    given: {action: create_refund, parameters: {amount: 500, currency: EUR, order: O}}
    expect: {decision: denied, rule: ceiling}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "mine.yaml").write_text(RULES)
    (tmp_path / "policies" / "mine_cases.yaml").write_text(CASES)
    return tmp_path / "policies"


def test_the_folder_beside_is_checked_and_its_cases_pass(cli, folder):
    checked = cli("policies", "check")
    assert checked.returncode == 0, checked.stderr
    tested = cli("policies", "test")
    assert tested.returncode == 0, tested.stderr
    assert "1 cases passed" in tested.stderr


def test_a_case_that_fails_is_named_with_its_place(cli, folder):
    (folder / "mine_cases.yaml").write_text(CASES.replace("decision: denied", "decision: allowed"))
    done = cli("policies", "test", "-o", "json")
    assert done.returncode == 1
    row = json.loads(done.stdout)[0]
    assert row["where"].startswith("policies/mine_cases.yaml:2:")
    assert not row["passed"]
    assert row["differences"] == ["decision: expected allowed, got denied"]


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("operator: gt", "operator: larger", "policies/mine.yaml:10:"),
        ("value: 100,", "value: lots,", "policies/mine.yaml:10:"),
        ("priority: 10", "prioritee: 10", "did you mean 'priority'"),
        (
            "kind: Rules",
            "kind: Rulez",
            "policies/mine.yaml:2:1 kind: expected a kind of Rules, Tiers, Mapping",
        ),
        ("rules:", "rules: [", "not YAML"),
    ],
)
def test_an_error_names_file_line_and_what_was_expected(cli, folder, before, after, says):
    (folder / "mine.yaml").write_text(RULES.replace(before, after))
    done = cli("policies", "check")
    assert done.returncode == 1
    assert says in done.stderr


def test_a_warning_says_where_why_and_what_to_do(cli, folder):
    loose = RULES + "  - {id: first, priority: 20, when: action == 'create_refund', then: {action: allow}}\n"
    (folder / "mine.yaml").write_text(loose)
    (only,) = json.loads(cli("policies", "check", "-o", "json").stdout)
    assert only["where"].startswith("policies/mine.yaml:5:5 rules[0]")
    assert (only["rule_id"], only["code"]) == ("ceiling", "never_denies")
    assert "first (allow, priority 20) has decided before" in only["why"]
    assert only["fix"] == "give it a priority above 20, or remove it"


def test_a_rule_that_is_over_is_told(cli, folder):
    (folder / "mine.yaml").write_text(RULES + "    valid_until: 2020-01-01T00:00:00Z\n")
    (only,) = json.loads(cli("policies", "check", "-o", "json").stdout)
    assert only["code"] == "over"


def test_a_warning_fails_only_when_strict(cli, folder):
    (folder / "mine.yaml").write_text(RULES.replace("id: mine\n", "id: mine\ndefault: allow\n"))
    assert cli("policies", "check").returncode == 0
    strict = cli("policies", "check", "--strict")
    assert strict.returncode == 1
    assert "default is allow" in strict.stdout


def test_the_schema_is_one(cli):
    schema = json.loads(cli("policies", "schema").stdout)
    assert schema["title"] == "Rules"
    assert "Condition" in schema["$defs"]


def test_no_cases_at_all_is_not_a_pass(cli, folder):
    (folder / "mine_cases.yaml").unlink()
    done = cli("policies", "test")
    assert done.returncode == 2
    assert "found no cases" in done.stderr


def test_a_file_that_is_not_there(cli):
    done = cli("policies", "check", "nowhere.yaml")
    assert done.returncode == 2
    assert "cannot read nowhere.yaml" in done.stderr


def test_the_shipped_files_hold(cli):
    for noun in ("policies", "mappings"):
        for verb in ("check", "test"):
            done = cli(noun, verb)
            assert done.returncode == 0, f"{noun} {verb}: {done.stdout}{done.stderr}"


def test_mappings_check_lists_what_they_declare(cli):
    rows = json.loads(cli("mappings", "check", "-o", "json").stdout)
    refund = next(row for row in rows if row["action"] == "create_refund")
    assert refund["tier"] == "T2"
    assert "amount" in refund["parameters"]


def test_a_mapping_with_two_readings_is_an_error_with_its_place(cli, folder):
    (folder / "m.yaml").write_text(
        "apiVersion: vienna/v1\nkind: Mapping\nid: m\nversion: '1'\nhosts: [a.example]\nprotocol: rest\n"
        "actions:\n  - action: x\n    match: {methods: [GET], path: /a}\n    effect: nonsense\n"
    )
    done = cli("mappings", "check")
    assert done.returncode == 1
    assert "policies/m.yaml:" in done.stderr
