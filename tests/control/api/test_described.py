"""The API is as its OpenAPI document says: schemathesis asks each operation for what is allowed, and for what is not.

Few cases here, the same each time. ``make fuzz-api EXAMPLES=200`` tries many, at every boundary of every schema.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from planes import Control, key_of
from vienna_control.api.route import API

LEFT_OUT = {
    "/events$": "stays open",
    "/sidecars/stream$": "a WebSocket",
    "/sidecars/bundle$": "for a sidecar's key, and may wait for a minute",
    "/wait$": "waits for a decision",
    "/auth/": "wrong passwords and codes lock the address out, as they should",
    "/mfa": "wrong codes lock the account out, as they should",
    "/break-glass": "wrong codes lock the account out, as they should",
}
"""Paths that are not tried, and why."""

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "positive_data_acceptance",
    "unsupported_method",
)
EXAMPLES = os.environ.get("VIENNA_API_EXAMPLES", "")
"""So many of each operation, and every boundary; the few of the suite when empty."""


async def tried(control: Control, folder: Path, *more: str) -> tuple[int, str]:
    """Exit status and words of schemathesis."""
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        *("--config-file", str(Path(__file__).with_name("schemathesis.toml")), "--no-color"),
        *("run", f"{control.url}{API}/openapi.json", "--checks", ",".join(CHECKS)),
        *("--header", f"Authorization: Bearer {key_of('ada')}", "--exclude-path-regex", "|".join(LEFT_OUT)),
        *("--suppress-health-check", "all", "--no-shrink", "--continue-on-failure", "--warnings", "off"),
        *("--request-timeout", "30", "--output-truncate", "true", *more),
    ]
    running = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await running.communicate()
    return running.returncode or 0, "\n".join(line[:400] for line in said.decode().splitlines())


@pytest.mark.timeout(0 if EXAMPLES else 120)
async def test_what_is_described_is_what_happens(control: Control, tmp_path: Path) -> None:
    """One case of each operation; with ``VIENNA_API_EXAMPLES`` every boundary and so many of each."""
    shortly = ("--phases", "fuzzing", "--max-examples", "1", "--generation-deterministic")
    at_length = ("--phases", "coverage,fuzzing", "--max-examples", EXAMPLES)
    status, said = await tried(control, tmp_path, *(at_length if EXAMPLES else shortly))
    assert status == 0, said
    assert " passed" in said, said
