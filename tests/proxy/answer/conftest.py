"""A gate with the mappings of many APIs, a control plane that says no, and the environment of an agent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.upstream import Upstream
from refusal_kit import HOSTS, MAPPINGS, SAID
from vienna_kernel import wire


@pytest.fixture(scope="module")
def mappings() -> tuple[str, ...]:
    return tuple(f"{name}.yaml" for name in MAPPINGS)


@pytest.fixture(scope="module")
def hosts() -> list[str]:
    return HOSTS


@pytest.fixture
def refusing(
    gate: Any, control: Any, upstream: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    """The control plane says no, this process has the gate for its proxy, and nothing may leave."""
    control.script = lambda fake, frame: (
        fake.refused(frame, hint=SAID) if isinstance(frame, wire.Consult) else None
    )
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, gate.proxy)
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE", "GIT_SSL_CAINFO"):
        monkeypatch.setenv(name, gate.process.ready["ca"])
    for name in ("NO_PROXY", "no_proxy", "AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    settings = {
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "not-a-secret",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "HOME": str(tmp_path),
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    yield control
    assert upstream.received == []
