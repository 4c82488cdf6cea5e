"""What unmodified programs make of a refusal: each ends badly, and a person reads why."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import yaml

from harness.upstream import Answer, Received, Upstream
from refusal_kit import CLUSTER, SAID, found, run
from vienna_kernel import wire


def test_kubectl(refusing: Any, tmp_path: Path) -> None:
    ca = os.environ["SSL_CERT_FILE"]
    cluster = {"name": "c", "cluster": {"server": f"https://{CLUSTER}", "certificate-authority": ca}}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [cluster],
        "users": [{"name": "u", "user": {"token": "t0ken"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    file = tmp_path / "config"
    file.write_text(yaml.safe_dump(config))
    code, said = run(found("kubectl"), "delete", "namespace", "prod", "--wait=false", KUBECONFIG=str(file))
    assert code == 1
    assert f"Error from server (Forbidden): {SAID}" in said


def test_git(refusing: Any, control: Any, upstream: Upstream, tmp_path: Path) -> None:
    """Whatever is refused, the listing, the fetch or the push: git ends badly, and says why."""
    git, url = found("git"), "https://github.com/acme/shop"
    quiet = {"GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1"}
    repository = str(tmp_path / "repository")
    run(git, "init", "-q", "-b", "main", repository)
    who = ("-c", "user.name=a", "-c", "user.email=a@b.example")
    run(git, "-C", repository, *who, "commit", "-q", "--allow-empty", "-m", "x")

    code, said = run(git, "clone", url, str(tmp_path / "clone"), **quiet)
    assert (code, f"remote: {SAID}" in said) == (128, True), said

    upstream.answer("GET", "/acme/shop/info/refs", listing)
    upstream.answer("POST", "/acme/shop/git-receive-pack", Answer(200, b"", RESULT))
    control.script = but_questions
    code, said = run(git, "clone", url, str(tmp_path / "clone"), **quiet)
    assert (code, f"remote error: {SAID}" in said) == (128, True), said
    code, said = run(git, "-c", "protocol.version=0", "clone", url, str(tmp_path / "clone"), **quiet)
    assert (code, f"remote error: {SAID}" in said) == (128, True), said
    code, said = run(git, "-C", repository, "push", "--force", url, "main", **quiet)
    assert (code, f"[remote rejected] main -> main ({SAID})" in said) == (1, True), said
    Path(repository, "large").write_bytes(os.urandom(2 * 1024 * 1024))  # git tries its credentials first
    run(git, "-C", repository, "add", "large")
    run(git, "-C", repository, *who, "commit", "-q", "-m", "y")
    code, said = run(git, "-C", repository, "push", "--force", url, "main", **quiet)
    assert (code, f"[remote rejected] main -> main ({SAID})" in said) == (1, True), said
    assert {asked.body for asked in upstream.received} == {b"", NOTHING}
    upstream.received.clear()


NOTHING = b"0000"
RESULT = {"Content-Type": "application/x-git-receive-pack-result"}


def but_questions(fake: Any, frame: Any) -> Any:
    """No to everything but the listing of refs, and a push of nothing."""
    if not isinstance(frame, wire.Consult):
        return fake.grants(frame)
    asks = "info/refs" in frame.call.url or frame.call.body_bytes == len(NOTHING)
    return fake.granted(frame) if asks else fake.refused(frame, hint=SAID)


def listing(request: Received) -> Answer:
    """What a repository with one branch advertises."""
    service = request.target.partition("service=")[2]
    lines = [f"# service={service}\n", ""]
    if "version=2" in (request.header("git-protocol") or "") and service == "git-upload-pack":
        lines += ["version 2\n", "ls-refs\n", "fetch\n", ""]
    else:
        lines += ["1" * 40 + " refs/heads/main\0report-status side-band-64k multi_ack_detailed\n", ""]
    body = "".join(f"{len(line) + 4:04x}{line}" if line else "0000" for line in lines)
    return Answer(200, body.encode(), {"Content-Type": f"application/x-{service}-advertisement"})


def test_npm(refusing: Any, tmp_path: Path) -> None:
    npm = found("npm")
    settings = {
        "npm_config_cafile": os.environ["SSL_CERT_FILE"],
        "npm_config_userconfig": str(tmp_path / "npmrc"),
        "npm_config_cache": str(tmp_path / "cache"),
        "npm_config_registry": "https://registry.npmjs.org/",
        "npm_config_update_notifier": "false",
    }
    code, said = run(npm, "view", "left-pad", **settings)
    assert code == 1
    assert SAID in said


def test_pip(refusing: Any, tmp_path: Path) -> None:
    """Of a file it prints the reason phrase; why an index is closed only when it is asked to talk."""
    pip = (sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check", "--no-cache-dir")
    way = ("--cert", os.environ["SSL_CERT_FILE"], "--proxy", os.environ["HTTPS_PROXY"], "-d", str(tmp_path))
    file = "https://files.pythonhosted.org/packages/x-1.0-py3-none-any.whl"
    code, said = run(*pip, "download", "--no-deps", *way, file)
    assert (code, "403 Client Error: Denied by Vienna: " in said) == (1, True), said
    code, said = run(*pip, "download", "-vv", *way, "--index-url", "https://pypi.org/simple", "x")
    assert (code, "403 Client Error: Denied by Vienna: " in said) == (1, True), said
