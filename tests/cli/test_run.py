"""``vienna run`` as somebody types it: an agent's own tests against policies, what is said, and what is refused."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.pod import as_user, missing
from harness.upstream import Upstream
from harness.vienna import nobody_listens

pytestmark = pytest.mark.journey

NOBODY = 65534

REFUND = (
    "curl -sS -o /dev/null https://api.stripe.com/v1/refunds -u sk_test_canary: -d charge=ch_1 -d amount="
)
AGENT = f"""
{REFUND}5000
{REFUND}5000000
curl -sS -o /dev/null https://unmapped.example/x?token=canary
curl -sS -o /dev/null http://127.0.0.1:9/
echo the agents own output
exit 7
"""


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    with Upstream(tmp_path_factory.mktemp("upstream")) as one:
        yield one


@pytest.fixture
def project(tmp_path: Path, upstream: Upstream, command: Callable[[Path], Any]) -> Any:
    """``vienna`` in a folder whose vienna.yaml leads to the upstream."""
    gate = {"agent": "bot", "upstream_ca": "ca.pem", "resolve": upstream.resolve, "listen": "127.0.0.1:0"}
    person = {
        "email": "carol@example.com",
        "role": "approver",
        "api_key": "carol-and-at-least-32-characters-of-it",
    }
    settings = {
        "control": {"listen": "127.0.0.1:0"},
        "gate": gate,
        "bootstrap": {"operators": [person]},
    }
    (tmp_path / "ca.pem").write_text(upstream.authority.path.read_text())
    (tmp_path / "vienna.yaml").write_text(yaml.safe_dump(settings))
    (tmp_path / "agent.sh").write_text(AGENT)
    return command(tmp_path)


def rules(folder: Path) -> Path:
    """A folder with one rule that asks a group nobody is in, one that denies, and one for what no mapping reads."""
    page = {
        "apiVersion": "vienna/v1",
        "kind": "Rules",
        "id": "mine",
        "default": "deny",
        "rules": [
            {
                "id": "too-much",
                "priority": 9,
                "when": "action == 'create_refund' AND parameters.amount > 10000 EUR",
                "then": {"action": "deny", "reason": "too much"},
            },
            {
                "id": "refunds",
                "when": "action == 'create_refund'",
                "then": {"action": "require_approval", "approvals": {"count": 2, "groups": ["treasury"]}},
            },
            {"id": "reads", "when": "action.effect == 'read'", "then": {"action": "allow"}},
        ],
    }
    place = folder / "my-policies"
    place.mkdir()
    (place / "rules.yaml").write_text(yaml.safe_dump(page))
    return place


def test_an_agents_own_tests(project: Any, upstream: Upstream) -> None:
    """What would be held goes on, what is denied is denied, and standard output and exit code are the agent's."""
    rules(project.folder)
    before = len(upstream.received)
    done = project("run", "--policy", "my-policies", "--approve-all", "--", "sh", "agent.sh")
    assert (done.returncode, done.stdout) == (7, "the agents own output\n"), done.stderr
    lines = done.stderr.splitlines()
    assert "approve-all: whatever is held is agreed to, by nobody" in lines[0]
    assert lines[1] == "mode: cooperative (clients may bypass)"
    refund = next(
        line for line in lines if line.startswith("POST api.stripe.com/v1/refunds → create_refund amount=50 ")
    )
    assert "T2 approved, 200  (prod: held: 2 of group treasury, each with a second factor)" in refund
    assert any(line.endswith("T2 denied: too-much") for line in lines)
    assert any(line.startswith("GET unmapped.example/x → unmapped  T1 approved, 200") for line in lines)
    assert "GET refused by the gate: address refused" in lines
    assert "  denied: create_refund (too-much)" in lines
    assert "  unmapped: GET unmapped.example" in lines
    assert "canary" not in done.stderr
    written = [one for one in upstream.received[before:] if one.method == "POST"]
    assert [one.body for one in written] == [b"charge=ch_1&amount=5000"]
    assert not (project.folder / "vienna-data").exists(), "nothing of the installation is touched"


def test_as_json_lines_and_isolated(project: Any) -> None:
    """An ssh agent that can be reached from inside is warned of; a key of some installation does no harm."""
    project.environ |= {
        "SSH_AUTH_SOCK": str(project.folder / "agent.sock"),
        "VIENNA_API_KEY": "somebody-elses",
    }
    with socket.socket(socket.AF_UNIX) as agent:
        agent.bind(project.environ["SSH_AUTH_SOCK"])
        agent.listen()
        _as_json_lines_and_isolated(project)


def _as_json_lines_and_isolated(project: Any) -> None:
    done = project("run", "--approve-all", "-o", "jsonl", "--isolate-if-possible", "--", "sh", "agent.sh")
    assert (done.returncode, done.stdout) == (7, "the agents own output\n"), done.stderr
    told = [json.loads(line) for line in done.stderr.splitlines() if not line.startswith("curl")]
    assert [one["event"] for one in told if one["event"] not in ("call", "warning")] == [
        "start",
        "mode",
        "summary",
    ]
    if {"event": "mode", "mode": "isolated"} in told:
        warned = next(one for one in told if one["event"] == "warning")
        assert project.environ["SSH_AUTH_SOCK"] in warned["paths"]
    calls = [one for one in told if one["event"] == "call"]
    refund = next(one for one in calls if one["action"] == "create_refund" and one["http_status"] == 200)
    assert refund["prod"] == "held: 2 of group finance, each with a second factor"
    assert refund["approved_by"] == [f"approve-all-{number}@vienna.internal" for number in (1, 2)]
    assert told[-1]["calls"] == len(calls)
    assert sum(told[-1]["denied"].values()) == 2


def test_quiet_it_says_nothing(project: Any) -> None:
    project.environ["VIENNA_ENV"] = "test"
    done = project("run", "--approve-all", "-q", "--", "sh", "-c", "cat; exit 3", stdin="typed\n")
    assert (done.returncode, done.stdout, done.stderr) == (3, "typed\n", "")


def test_a_held_call_is_told_when_it_waits_and_when_it_is_decided(project: Any) -> None:
    """With an installation of one's own, in which a person decides."""
    script = "curl -sS -o /dev/null https://unmapped.example/y"
    process = subprocess.Popen(
        [sys.executable, "-m", "vienna_cli", "run", "--", "sh", "-c", script],
        cwd=project.folder,
        env=project.environ,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    said = []
    for line in process.stderr:
        said.append(line.rstrip())
        if line.endswith("held: 1 of the approvers\n"):
            break
    waiting = json.loads(project("approvals", "ls", "-o", "json").stdout)
    approved = project("approvals", "approve", waiting[0]["approval_id"])
    assert approved.returncode == 0, approved.stderr
    said += [line.rstrip() for line in process.stderr]
    assert process.wait(60) == 0
    process.stderr.close()
    call = "GET unmapped.example/y → unmapped  T1"
    told = [line for line in said if line.startswith(call)]
    assert told[0] == f"{call} held: 1 of the approvers"
    assert told[-1] == f"{call} approved, 200"
    assert said[-3] == "1 call: 0 passed, 1 held, 0 denied, 1 unmapped"


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None, reason="takes root to be somebody else"
)
@pytest.mark.skipif(missing() is not None, reason="this machine makes no namespaces")
def test_isolated_without_root(project: Any) -> None:
    """As nobody: the gate is reached, and what listens on this machine is not."""
    os.chown(project.folder, NOBODY, NOBODY)
    with socket.create_server(("127.0.0.1", 0)) as world:
        port = world.getsockname()[1]
        script = f"id -u; curl -sS http://vienna.internal/ | head -1; curl -sS --noproxy '*' http://127.0.0.1:{port}/"
        done = subprocess.run(
            [
                *as_user(NOBODY, "dac_read_search"),  # our Python may lie where nobody may go
                *[
                    sys.executable,
                    "-m",
                    "vienna_cli",
                    "run",
                    "--approve-all",
                    "--isolate",
                    "--",
                    "sh",
                    "-c",
                    script,
                ],
            ],
            cwd=project.folder,
            env=project.environ,
            capture_output=True,
            text=True,
            timeout=120,
        )
    if "not possible here" in done.stderr:  # this kernel lets only root
        assert (done.returncode, done.stdout) == (1, "")
        return
    assert "mode: isolated (kernel-enforced)" in done.stderr
    said = done.stdout.splitlines()
    assert said[0] == str(NOBODY), done.stderr
    assert said[1].startswith("This is the gate")
    assert done.returncode == 7, "curl could not connect"


def test_where_isolation_is_impossible_it_is_said_and_the_agent_runs_all_the_same(project: Any) -> None:
    """Where it was not insisted on; ``test_up`` has the other case."""
    wrapped = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
    asked = ["run", "--approve-all", "--isolate-if-possible", "--", "sh", "-c", "echo it ran"]
    done = subprocess.run(
        ["unshare", "-Ur", "sh", "-c", wrapped, "sh", sys.executable, "-m", "vienna_cli", *asked],
        cwd=project.folder,
        env=project.environ,
        capture_output=True,
        text=True,
        timeout=120,
    )
    if done.stderr.startswith("unshare"):
        return  # not even one can be made here
    assert (done.returncode, done.stdout) == (0, "it ran\n"), done.stderr
    lines = done.stderr.splitlines()
    assert lines[1].startswith("warning: no isolation here: no further ones are allowed")
    assert lines[2] == "mode: cooperative (clients may bypass)"


@pytest.mark.parametrize("environment", ["prod", "staging"])
def test_nobody_is_replaced_outside_of_dev_and_test(project: Any, environment: str) -> None:
    project.environ["VIENNA_ENV"] = environment
    done = project("run", "--approve-all", "--", "touch", "it-ran")
    assert done.returncode == 2
    assert f"VIENNA_ENV=dev or test; here it is {environment}" in done.stderr
    assert not (project.folder / "it-ran").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--policy", "."], "give --approve-all too"),
        (["--policy", "nowhere", "--approve-all"], "there is nothing at nowhere"),
    ],
    ids=["alone", "nothing there"],
)
def test_policies_that_cannot_be_tried(project: Any, arguments: list[str], says: str) -> None:
    done = project("run", *arguments, "--", "touch", "it-ran")
    assert done.returncode == 2
    assert says in done.stderr
    assert not (project.folder / "it-ran").exists()


def test_policies_that_do_not_hold_stop_it_with_their_place(project: Any) -> None:
    place = rules(project.folder)
    (place / "rules.yaml").write_text("apiVersion: vienna/v1\nkind: Rules\nid: x\nruls: []\n")
    done = project("run", "--policy", str(place), "--approve-all", "--", "touch", "it-ran")
    assert done.returncode == 1
    assert "rules.yaml:4:" in done.stderr
    assert not (project.folder / "it-ran").exists()


def test_a_gate_that_is_said_to_run_and_does_not_answer(project: Any) -> None:
    """The error says what to do."""
    data = project.folder / "vienna-data"
    data.mkdir()
    with nobody_listens() as port:
        state = {
            "proxy": f"http://127.0.0.1:{port}",
            "ca": "ca.pem",
            "control": "http://127.0.0.1:9",
            "agent": "bot",
            "pid": os.getpid(),
        }
        (data / "run.json").write_text(json.dumps(state))
        done = project("run", "--", "touch", "it-ran")
    assert done.returncode == 6
    assert f"the gate at http://127.0.0.1:{port} does not answer" in done.stderr
    assert "vienna up" in done.stderr
    assert "run --policy DIR --approve-all" in done.stderr
    assert not (project.folder / "it-ran").exists()


def test_what_cannot_be_started_says_what_to_do(project: Any) -> None:
    project.environ["VIENNA_ENV"] = "prod"
    done = project("run", "--", "touch", "it-ran")
    assert done.returncode == 1
    assert "the control plane did not start" in done.stderr
    assert "run --policy DIR --approve-all" in done.stderr


def test_told_to_end_while_it_starts_it_leaves_nothing(project: Any) -> None:
    project.environ["TMPDIR"] = str(project.folder / "tmp")
    (project.folder / "tmp").mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "vienna_cli", "run", "--approve-all", "--", "sleep", "60"],
        cwd=project.folder,
        env=project.environ,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    process.stderr.readline()  # its agent starts about now, or has started
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 128 + signal.SIGTERM
    process.stderr.close()
    assert list((project.folder / "tmp").iterdir()) == []
