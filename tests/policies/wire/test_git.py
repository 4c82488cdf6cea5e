"""git itself, cloning from and pushing to a real repository that stands in for GitHub."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.standin import Answer, Asked, Exchange, Standin
from vienna_kernel.verification import Result
from wire_kit import expect, expect_each, read, verified

GIT = shutil.which("git")
pytestmark = pytest.mark.skipif(GIT is None, reason="git is not installed")


def backend(root: Path) -> Any:
    """Requests answered by ``git http-backend``."""

    def answer(asked: Asked) -> Answer:
        path, _, query = asked.origin_form.partition("?")
        told = {
            **os.environ,
            "GIT_PROJECT_ROOT": str(root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REMOTE_USER": "bot",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": asked.method.decode(),
            "CONTENT_TYPE": asked.header("content-type") or "",
            "CONTENT_LENGTH": str(len(asked.body)),
            "HTTP_CONTENT_ENCODING": asked.header("content-encoding") or "",
            "GIT_PROTOCOL": asked.header("git-protocol") or "",
        }
        done = subprocess.run(
            ["git", "http-backend"], input=asked.body, env=told, capture_output=True, check=True
        )
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        lines = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        status = int(lines.pop("Status", "200").split(" ")[0])
        return Answer("", "", status, body, lines)

    return answer


@pytest.fixture
def github(tmp_path: Path) -> Iterator[Standin]:
    repo = tmp_path / "hub" / "shop" / "web.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(repo)], check=True)
    subprocess.run(["git", "-C", str(repo), "config", "http.receivepack", "true"], check=True)
    with Standin("github.com", [Answer("*", "*", 200, backend(tmp_path / "hub"))]) as standin:
        yield standin


class Work:
    """A clone that works and pushes."""

    def __init__(self, github: Standin, folder: Path) -> None:
        self.github, self.folder = github, folder
        self.env = {
            **os.environ,
            **github.environment,
            "HOME": str(folder.parent),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
        }
        self.git("clone", "-q", "https://github.com/shop/web.git", str(folder), at=folder.parent)
        for key, value in {
            "user.name": "bot",
            "user.email": "bot@x.example",
            "push.default": "current",
        }.items():
            self.git("config", key, value)

    def git(self, *words: str, at: Path | None = None) -> list[Exchange]:
        before = len(self.github.calls)
        done = subprocess.run(
            ["git", *words],
            cwd=at or self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return list(self.github.calls[before:])

    def commit(self, name: str, text: str = "x") -> None:
        (self.folder / name).write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", name)


@pytest.fixture
def work(github: Standin, tmp_path: Path) -> Work:
    work = Work(github, tmp_path / "clone")
    work.git("checkout", "-q", "-b", "main")
    work.commit("README")
    work.git("push", "-q", "origin", "main")
    return work


def pushed(calls: list[Exchange]) -> Exchange:
    (found,) = [
        call for call in calls if call.asked.path.endswith("git-receive-pack") and len(call.asked.body) > 4
    ]
    return found


def test_cloning_is_reading(github: Standin, work: Work) -> None:
    work.git("fetch", "-q")
    reads = [call for call in github.calls if not call.asked.path.endswith("git-receive-pack")]
    assert len(reads) > 2
    for call in reads:
        assert [(i.action, i.default_tier) for i in read(call).intents] == [("git_fetch", "T0")], str(
            call.asked
        )


def test_a_first_push_creates_the_branch(github: Standin, work: Work) -> None:
    call = pushed(github.calls)
    expect(
        call,
        action="git_push",
        tier="T1",
        target="github:shop/web/refs/heads/main",
        parameters={"branch": "main", "kind": "create", "owner": "shop"},
        summary="Push to refs/heads/main of shop/web (create)",
    )
    assert verified(call).result is Result.MATCH


def test_a_push_that_keeps_history_is_proven_to(work: Work) -> None:
    for i in range(30):
        work.commit(f"file{i}", "line\n" * i)
    expect(pushed(work.git("push", "-q", "origin", "main")), action="git_push", parameters={"kind": "update"})


def test_history_that_is_replaced(work: Work) -> None:
    work.git("commit", "-q", "--amend", "-m", "another past")
    call = pushed(work.git("push", "-q", "--force", "origin", "main"))
    expect(
        call,
        action="git_force_push",
        tier="T2",
        effect="delete",
        summary="Replace the history of refs/heads/main of shop/web",
    )


def test_a_branch_and_a_tag_go(work: Work) -> None:
    work.git("push", "-q", "origin", "main:refs/heads/old", "main:refs/tags/v1")
    call = pushed(work.git("push", "-q", "origin", "--delete", "old", "v1"))
    expect_each(call, [{"action": "git_delete_ref", "tier": "T2"}] * 2)


def test_several_refs_are_several_intents_and_the_worst_of_them_counts(work: Work) -> None:
    work.git("push", "-q", "origin", "main:refs/heads/old")
    work.commit("more")
    call = pushed(work.git("push", "-q", "origin", "main", ":refs/heads/old"))
    assert sorted(intent.action for intent in read(call).intents) == ["git_delete_ref", "git_push"]
    assert max(intent.default_tier for intent in read(call).intents) == "T2"


def test_a_large_push_comes_in_chunks_and_a_large_question_coded(work: Work, github: Standin) -> None:
    work.commit("large", os.urandom(2_000_000).hex())
    calls = work.git("push", "-q", "origin", "main")
    assert any(call.asked.header("transfer-encoding") for call in calls)
    expect(pushed(calls), action="git_push")
