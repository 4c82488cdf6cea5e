"""The vectors: every situation that was thought of, as a file that any implementation can run."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from vectors import outcomes
from vectors.outcomes import read
from vienna_kernel.verification import Result, Verification, settled, verify_readback
from vienna_kernel.verification.judge import verify

FOLDER = Path(__file__).parents[2] / "vectors" / "verification"
VECTORS = sorted(FOLDER.glob("*.json"))


def _wrong(found: Verification) -> dict[str, str]:
    return {
        f"{check.part} {check.name}" if check.part else check.name: check.result.value
        for check in found.checks
        if not check.held
    }


def _lookups(found: Verification) -> list[dict[str, Any]]:
    rows = [asdict(row) for row in found.lookups]
    return [
        {key: row[key] for key in ("method", "path", "before_answer")} | {"delay_s": row["delay_seconds"]}
        for row in rows
    ]


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_a_vector(path: Path) -> None:
    data = json.loads(path.read_text())
    expect = data["expect"]
    promises = [read.promise(row) for row in data["promises"]]
    found = verify(promises, read.response(data["response"]), limits=data.get("limits"))
    assert (found.result.value, _wrong(found)) == (expect["result"], expect["wrong"]), data["says"]
    if "lookups" in expect:
        assert _lookups(found) == expect["lookups"]
        assert bool(found.notes) != bool(found.lookups) or found.result in (Result.DRIFT, Result.FAILED)
    if "undo" in expect:
        assert [row.to_json() for row in found.undo] == expect["undo"]
    if "extracted" in expect:
        assert found.extracted == expect["extracted"]
    if "after" in expect:
        answer = data["readback"] and read.response(data["readback"])
        (lookup,) = found.lookups
        after = settled(found, lookup, verify_readback(promises[lookup.part], answer))
        assert after.result.value == expect["after"], data["says"]
        assert after.lookups == ()


def test_no_two_have_one_name() -> None:
    names = [name for group in outcomes.GROUPS for name, _ in group()]
    assert len(set(names)) == len(names) == len(VECTORS)


REACHED = {
    "status": {"match", "failed", "ambiguous", "unverifiable"},
    "equal": {"match", "drift", "ambiguous", "unverifiable"},
    "in": {"match", "drift", "ambiguous", "unverifiable"},
    "failed": {"match", "failed", "ambiguous", "unverifiable"},
    "absent": {"match", "ambiguous", "unverifiable"},
    "at": {"match", "drift", "ambiguous", "unverifiable"},  # at_most
    "within": {"match", "drift", "ambiguous", "unverifiable"},
    "max": {"match", "drift"},  # max_body
    "limits": {"match", "drift", "ambiguous"},
    "json": {"match", "ambiguous"},
    "xml": {"match", "drift", "ambiguous"},
    "ndjson": {"match", "drift", "ambiguous"},
    "text": {"match", "drift"},
    "graphql": {"match", "drift", "failed", "ambiguous"},
    "rpc": {"match", "drift", "failed", "ambiguous"},
    "nothing": {"match", "failed", "ambiguous", "unverifiable"},
}


def test_every_outcome_of_every_kind_of_check_is_reached() -> None:
    reached: dict[str, set[str]] = {}
    for path in VECTORS:
        data = json.loads(path.read_text())
        reached.setdefault(path.stem.partition("_")[0], set()).add(data["expect"]["result"])
    assert {
        kind: results - reached[kind] for kind, results in REACHED.items() if results - reached[kind]
    } == {}
    assert set().union(*reached.values()) == set(Result)
