"""Publishing by npm and by twine."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.standin import Answer, Exchange, Standin
from vienna_kernel.verification import Result
from wire_kit import expect, read, verified

NPM = shutil.which("npm")
ABOUT = {"_id": "@shop/web", "_rev": "1-a", "name": "@shop/web", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": {"name": "@shop/web", "version": "1.0.0", "dist": {}}}, "maintainers": [{"name": "bot"}], "time": {}}  # fmt: skip
NPM_ANSWERS = [
    Answer("GET", "/-/whoami", 200, {"username": "bot"}),
    Answer("GET", "/-/package/{name}/dist-tags", 200, {"latest": "1.0.0"}),
    Answer("PUT", "/-/package/{name}/dist-tags/{tag}", 200, {"ok": True}),
    Answer("GET", "/@shop%2fweb", 200, ABOUT),
    Answer("GET", "/{name}", 404, {"error": "not found"}),
    Answer("PUT", "/{path+}", 200, {"ok": True, "success": True}),
    Answer("DELETE", "/{path+}", 200, {"ok": True}),
    Answer("POST|GET", "/-/{path+}", 200, {}),
]


@pytest.fixture
def npm(tmp_path: Path) -> Iterator[Any]:
    if NPM is None:
        if os.environ.get("CI"):
            pytest.fail("npm is not installed, and in CI it must be")
        pytest.skip("npm is not installed")
    folder = tmp_path / "web"
    folder.mkdir()
    (folder / "package.json").write_text(
        json.dumps({"name": "@shop/web", "version": "1.0.1", "license": "MIT"})
    )
    (folder / "index.js").write_text("module.exports = 1\n")
    (tmp_path / ".npmrc").write_text("//registry.npmjs.org/:_authToken=t0ken\nupdate-notifier=false\n")
    with Standin("registry.npmjs.org", NPM_ANSWERS) as api:

        def run(*words: str) -> list[Exchange]:
            before = len(api.calls)
            env = {
                **os.environ,
                **api.environment,
                "HOME": str(tmp_path),
                "npm_config_cache": str(tmp_path / "cache"),
            }
            env["npm_config_registry"] = "https://registry.npmjs.org/"
            done = subprocess.run(
                [str(NPM), *words],
                cwd=folder,
                env=env,
                capture_output=True,
                text=True,
                timeout=90,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            return list(api.calls[before:])

        yield run


def writes(calls: list[Exchange]) -> list[Exchange]:
    return [call for call in calls if call.asked.method not in (b"GET", b"HEAD")]


def test_publishing(npm: Any) -> None:
    calls = npm("publish", "--access", "public")
    (call,) = writes(calls)
    found = expect(
        call,
        action="publish_package",
        tier="T2",
        target="npm:@shop%2Fweb",
        parameters={"name": "@shop/web", "version": "1.0.1", "access": "public"},
        summary='Publish @shop/web as @shop%2Fweb {"latest":"1.0.1"}',
    )
    assert found.intents[0].blast_radius == 1000
    assert verified(call).result is Result.MATCH
    assert all(read(other).mapped for other in calls)


def test_tags_and_removal(npm: Any) -> None:
    (call,) = writes(npm("dist-tag", "add", "@shop/web@1.0.0", "beta"))
    expect(call, action="tag_package", tier="T2", summary="beta of @shop%2Fweb is 1.0.0")
    (call,) = writes(npm("deprecate", "@shop/web@1.0.0", "old"))
    expect(call, action="change_package", tier="T2", target="npm:@shop%2Fweb")
    (call,) = writes(npm("unpublish", "@shop/web", "--force"))
    expect(call, action="unpublish_package", tier="T3", target="npm:@shop%2Fweb")


def test_reading_asks_nobody(npm: Any) -> None:
    for call in npm("view", "@shop/web"):
        expect(call, action="install_package", tier="T0")


def wheel(folder: Path) -> Path:
    """The smallest package that twine takes."""
    path = folder / "shop-1.0-py3-none-any.whl"
    meta = "Metadata-Version: 2.1\nName: shop\nVersion: 1.0\nSummary: A shop\n"
    files = {"shop-1.0.dist-info/METADATA": meta, "shop-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"}  # fmt: skip
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
        rows = [f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip('=')},{len(text)}" for name, text in files.items()]  # fmt: skip
        archive.writestr("shop-1.0.dist-info/RECORD", "\n".join([*rows, "shop-1.0.dist-info/RECORD,,\n"]))
    return path


def test_uploading_to_pypi(tmp_path: Path) -> None:
    with Standin("upload.pypi.org", [Answer("POST", "/legacy/", 200, b"")]) as api:
        done = subprocess.run(
            [sys.executable, "-m", "twine", "upload", "--repository-url", "https://upload.pypi.org/legacy/", "-u", "__token__", "-p", "pypi-x", "--disable-progress-bar", "--non-interactive", str(wheel(tmp_path))],
            env={**os.environ, **api.environment, "HOME": str(tmp_path)},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
    digest = f"sha256:{hashlib.sha256((tmp_path / 'shop-1.0-py3-none-any.whl').read_bytes()).hexdigest()}"
    expect(
        api.last,
        action="publish_package",
        tier="T2",
        target="pypi:shop",
        parameters={"name": "shop", "version": "1.0", "file": "shop-1.0-py3-none-any.whl"},
        summary=f"Publish shop 1.0 (shop-1.0-py3-none-any.whl, {digest}) on upload.pypi.org",
    )
    assert verified(api.last).result is Result.MATCH
