"""The rules as text and as a command; what they keep in is seen in ``tests/journeys/test_transparent.py``."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from harness.pod import missing
from vienna_proxy.redirect import Redirect, main


@pytest.fixture
def unshared() -> list[str]:
    """The start of a command in a network namespace of its own."""
    if (why := missing()) is not None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"no network namespaces here: {why}")
    return ["unshare", "-n"]


def test_what_is_asked_for_stands_in_the_rules(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["print", "--gate-uid", "4711", "--port", "16001", "--inbound", "80", "--inbound", "8080"]) == 0
    )
    said = capsys.readouterr().out
    assert said == Redirect(gate_uid=4711, port=16001, inbound=(80, 8080)).render()
    assert "1337" not in said
    assert "15001" not in said
    assert "tcp sport { 80, 8080 } ct direction reply accept" in said
    assert "sport" not in Redirect().render()


def test_it_is_a_command_of_vienna() -> None:
    command = [sys.executable, "-m", "vienna_cli", "redirect", "print", "--inbound", "80"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == Redirect(inbound=(80,)).render()


@pytest.mark.parametrize(
    "options",
    [
        ["print", "--port", "0"],
        ["print", "--port", "65536"],
        ["print", "--gate-uid", "0"],
        ["print", "--gate-uid", "1337; flush ruleset"],
        ["print", "--inbound", "²"],
        ["print", "--inbound", "-1"],
        ["frobnicate"],
        [],
    ],
)
def test_a_wrong_option_is_no_rule(options: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(options)
    assert caught.value.code == 2


def test_without_nft_it_fails(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert main(["apply"]) == 1
    assert capsys.readouterr().err == "vienna redirect: nft is not installed: the package is nftables\n"


def test_applied_twice_there_is_one_set_and_removed_none(unshared: list[str]) -> None:
    tool = f"{sys.executable} -m vienna_proxy.redirect"
    script = (
        f"{tool} apply --inbound 80 && {tool} apply --inbound 81 && nft list ruleset && {tool} remove"
        f" && echo removed && nft list ruleset; {tool} remove; echo $?"
    )
    done = subprocess.run([*unshared, "sh", "-c", script], capture_output=True, text=True, check=True)
    rules, _, rest = done.stdout.partition("removed")
    assert rules.count("chain ") == 2
    assert "sport 81 " in rules
    assert "sport 80 " not in rules
    assert rest.split() == ["1"]
    assert "vienna redirect: nft refused: " in done.stderr


def test_where_it_may_not_it_fails(unshared: list[str]) -> None:
    """As an init container without the capability: it ends with an error, so the agent never starts."""
    tool = [sys.executable, "-m", "vienna_proxy.redirect", "apply"]
    bound = ["setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin"]
    done = subprocess.run([*unshared, *bound, *tool], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Operation not permitted" in done.stderr
