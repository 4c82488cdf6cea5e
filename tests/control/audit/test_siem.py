"""Entries for a SIEM: what an agent wrote ends no field, no event and no line; a large trail is read as a stream."""

from __future__ import annotations

import re
import tracemalloc
from typing import Any

import orjson
import pytest

from planes import Control
from vienna_control.audit import siem
from vienna_control.store import Tx
from vienna_kernel.ledger.trail import EntryType

EVIL = "a|b\\c=d\r\nCEF:0|Evil|x|1|x|x|9|suser=root\u2028e\x85f\x0bg\x00"


def event(**data: Any) -> dict[str, Any]:
    known = {"id": "aud-1", "type": "alert", "at": "2026-03-02T10:00:00.000Z", "tenant": "default"}
    about = {"agent_id": "agt-1", "intent_id": None, "leaf": "ab" * 32, "index": 7}
    return {**known, **about, "actor": "operator:op-1", "data": data, "raw": "{}"}


def unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda one: "\n" if one[1] == "n" else one[1], text)


def test_cef_keeps_what_an_agent_wrote_in_its_field() -> None:
    told = event(action=EVIL, severity="critical", result="drift")
    line = siem.cef(told | {"type": "x|y\\z\nq", "actor": f"agent:{EVIL}"}).decode()
    assert line.endswith("\n")
    assert len(line.splitlines()) == 1
    header = re.split(r"(?<!\\)\|", line, maxsplit=7)
    assert header[:3] == ["CEF:0", "Vienna", "Vienna"]
    assert (unescaped(header[4]), header[6]) == ("x|y\\z q", "9")
    # a key is a word before an equals sign that is not escaped
    fields = re.findall(r"(\w+)=((?:\\.|[^\\=])*?)(?= \w+=|$)", header[7].rstrip("\n"))
    named = {name: unescaped(value) for name, value in fields}
    assert named["act"] == "\n".join(EVIL.splitlines())
    assert named["suser"] == "agent:" + "\n".join(EVIL.splitlines())
    assert (named["outcome"], named["cn1"], named["cs3"]) == ("drift", "7", "ab" * 32)
    assert "cs1" not in named


def test_cef_cuts_a_long_message_and_nothing_else() -> None:
    line = siem.cef(event(text="x" * 5000)).decode()
    assert len(line) < 1500
    assert "cs3=" + "ab" * 32 in line


@pytest.mark.parametrize(("result", "status"), [("match", 1), ("drift", 2), ("whatever", 0), (None, 0)])
def test_ocsf_has_what_its_class_requires(result: str | None, status: int) -> None:
    line = siem.ocsf(event(result=result, action=EVIL, severity="warning"))
    assert line.count(b"\n") == 1
    told = orjson.loads(line)
    assert told["unmapped"]["data"]["action"] == EVIL
    required = {"activity_id", "actor", "api", "category_uid", "class_uid", "metadata", "severity_id"}
    assert required | {"src_endpoint", "time", "type_uid"} <= set(told)
    assert told["type_uid"] == told["class_uid"] * 100 + told["activity_id"]
    assert (told["status_id"], told["severity_id"], told["time"]) == (status, 3, 1772445600000)


async def test_an_export_of_events_is_of_one_tenant_and_a_period(control: Control) -> None:
    def unit(tx: Tx) -> None:
        for tenant in ("default", "acme"):
            data = {"text": f"of {tenant}"}
            tx.record(EntryType.ALERT, tenant=tenant, actor="system", data=data)

    await control.app.store.write(unit)
    export = "/api/v1/audit/export"
    status, text, response = await control.ask("GET", f"{export}?format=ocsf", key="auditor")
    assert (status, response.content_type) == (200, "application/x-ndjson")
    told = [orjson.loads(line) for line in text.splitlines()]
    assert {one["metadata"]["tenant_uid"] for one in told} == {"default"}
    numbers = [one["metadata"]["sequence"] for one in told]
    assert numbers == sorted(numbers)
    assert "of default" in told[-1]["raw_data"]
    status, text, _ = await control.ask("GET", f"{export}?format=cef&to=2020-01-01T00:00:00Z", key="auditor")
    assert (status, text) == (200, b"")
    status, text, _ = await control.ask("GET", f"{export}?format=cef", key="auditor")
    assert len(text.decode().splitlines()) == len(told)
    status, answer, _ = await control.ask("GET", f"{export}?to=2020-01-01T00:00:00Z", key="auditor")
    assert (status, answer["error"]["code"]) == (422, "validation_failed")


async def test_a_large_trail_is_never_in_memory(control: Control) -> None:
    def fill(tx: Tx) -> None:
        for _ in range(600):
            tx.record(EntryType.ALERT, tenant="default", actor="system", data={"text": "x" * 6000})

    await control.app.store.write(fill)
    await control.app.sequencer.flush()

    def measure(conn: Any) -> tuple[int, int]:
        tracemalloc.start()
        try:
            told = sum(len(siem.ocsf(one)) for one in siem.events(conn, "default"))
            return told, tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    told, most = await control.app.store.read(measure)
    assert told > 6_000_000
    assert most < 4_000_000
