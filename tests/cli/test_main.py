"""The command tree as a newcomer meets it, and how things end."""

import json

import pytest

from vienna_cli.main import COMMANDS, outcome
from vienna_cli.output import Code, Failure
from vienna_cli.test import arguments, checkout, suite, workers
from vienna_client import ViennaError

VERBS = {
    "approvals": {"ls", "show", "approve", "deny", "claim", "release", "comment", "watch"},
    "groups": {"ls", "duty"},
    "delegate": {"add", "ls", "remove"},
    "break-glass": {"open", "review", "ls"},
    "standing": {"ls", "show", "create", "preview", "revoke"},
    "agents": {"ls", "show", "promote", "suspend", "resume"},
    "sidecars": {"ls", "show", "revoke"},
    "traffic": {"tail", "show"},
    "warrants": {"show", "verify"},
    "audit": {"tail", "verify"},
    "policies": {
        *("check", "test", "schema", "budgets", "templates", "backtest", "suggestions", "source", "export"),
        *("ls", "show", "versions", "diff", "rollback", "promote", "apply", "changes"),
    },
    "mappings": {"check", "test", "schema", "import-openapi", "learn", "coverage", "ls", "apply", "remove"},
}


def listed(text):
    """Names in the ``Commands:`` part of a help page."""
    return {
        line.split()[0]
        for line in text.split("Commands:")[1].splitlines()
        if line.startswith("  ") and line[2] != " "
    }


def test_help_lists_every_command_and_nothing_else(cli):
    done = cli("--help")
    assert done.returncode == 0
    assert listed(done.stdout) == set(COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_each_command_explains_itself(cli, name):
    if name == "test":
        return  # what follows it is pytest's
    done = cli(name, "--help")
    assert done.returncode == 0, done.stderr
    assert "usage:" in done.stdout.lower()
    if name in VERBS:
        assert listed(done.stdout) == VERBS[name]


def test_the_version(cli):
    assert cli("--version").stdout.startswith("vienna ")


@pytest.mark.parametrize(
    "wrong",
    [
        ["nonsense"],
        ["approvals", "nonsense"],
        ["approvals", "show"],
        ["up", "--nonsense"],
        ["audit", "tail", "-n", "0"],
    ],
    ids=" ".join,
)
def test_wrong_use_is_2(cli, wrong):
    assert cli(*wrong).returncode == 2


def test_without_an_installation_it_says_where_a_key_would_be(cli):
    done = cli("approvals", "ls")
    assert done.returncode == 2
    assert "VIENNA_API_KEY" in done.stderr


def test_nobody_there_is_6_and_says_how_to_start_one(cli):
    cli.environ |= {"VIENNA_API_KEY": "k" * 20, "VIENNA_URL": "http://127.0.0.1:1"}
    done = cli("traffic", "tail")
    assert done.returncode == 6
    assert "vienna up" in done.stderr


@pytest.mark.parametrize(
    ("code", "status", "ends"),
    [
        ("unauthenticated", 401, Code.DENIED),
        ("forbidden", 403, Code.DENIED),
        ("mfa_required", 401, Code.DENIED),
        ("not_found", 404, Code.ERROR),
        ("already_decided", 409, Code.ERROR),
        ("unavailable", 503, Code.ERROR),
    ],
)
def test_errors_of_the_control_plane(code, status, ends):
    assert outcome(ViennaError(code, "so it is", status=status)) == ("so it is", ends)


def test_a_validation_error_names_each_field():
    details = [{"field": "/amount", "message": "expected a number"}]
    text, _ = outcome(ViennaError("validation_failed", "no", status=422, details=details))
    assert text == "no\n  /amount: expected a number"


def test_a_suite_with_a_name_runs_by_its_name_only():
    assert suite(["-x"]) == ["--ignore=tests/clients", "-x"]
    assert suite(["--clients", "-x"]) == ["tests/clients", "-x"]
    assert suite(["tests/clients/test_clients.py"]) == ["tests/clients/test_clients.py"]
    assert (checkout("tests") / "tests" / "clients").is_dir()


def test_the_suite_runs_on_all_cores_unless_told_otherwise():
    by_module = ["--dist", "loadfile", "--no-loadscope-reorder"]
    assert arguments(["-q"], parallel=True) == ["-n", str(workers()), *by_module, "-q"]
    one_by_one = ["--dist", "load", "--maxschedchunk", "1"]
    assert arguments(suite(["--clients"]), parallel=True) == [
        "-n",
        str(workers()),
        *one_by_one,
        "tests/clients",
    ]
    assert arguments(["-q"], parallel=False) == ["-q"]
    assert arguments(["-n", "2"], parallel=True) == ["-n", "2"]
    assert arguments(["-n0"], parallel=True) == ["-n0"]
    assert arguments(["--pdb"], parallel=True) == ["--pdb"]
    assert (checkout("tests") / "tests" / "cli").is_dir()


def test_test_hands_its_arguments_to_pytest(cli):
    done = cli("test", "--collect-only", "-q", "-n0", "tests/sdk/test_events.py")
    assert done.returncode == 0, done.stderr
    assert "test_fields_comments_and_several_data_lines" in done.stdout


def test_the_output_is_json_when_asked_for(cli):
    done = cli("mappings", "check", "-o", "json")
    assert isinstance(json.loads(done.stdout), list)


@pytest.mark.parametrize("named", [[], ["gate"], ["kernel"]])
def test_bench_hands_its_arguments_on(cli, named):
    done = cli("bench", *named, "--help")
    assert done.returncode == 0, done.stderr
    assert f"vienna bench {named[0] if named else 'gate'}" in done.stdout
    assert {"--rounds", "--json"} <= set(done.stdout.replace(",", " ").split())
    assert named or "kernel " in done.stdout  # the others are told where none is named


def test_bench_knows_what_there_is(cli):
    done = cli("bench", "kernal")
    assert done.returncode == Code.USAGE
    assert "'kernal'; there are gate, console, kernel, rollout, phone, start" in done.stderr


def test_what_a_checkout_alone_has_is_told_as_such():
    with pytest.raises(Failure, match="nowhere/ is in the repository only") as caught:
        checkout("nowhere")
    assert caught.value.code is Code.USAGE
