"""Frames between gate and control plane: what is read, what closes the stream."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from vienna_kernel import wire
from vienna_kernel.verdict import Reason

VIEW = wire.CallView(
    method="POST", url="https://a.example/x", origin="https://a.example",
    body_digest="sha-256=:AA==:", request_digest="sha256:00",
)  # fmt: skip


def test_a_consult_comes_back_as_it_was_sent() -> None:
    frame = wire.Consult(id=7, attempt="att-1", call=VIEW, intents=[], fingerprint="fp", bundle="b")
    assert wire.from_gate.validate_json(frame.model_dump_json()) == frame


def test_a_reader_ignores_fields_that_a_newer_writer_appended() -> None:
    frame = wire.from_control.validate_json(b'{"t":"recorded","id":3,"later":true}')
    assert frame == wire.Recorded(id=3)


@pytest.mark.parametrize("text", [b"{}", b'{"t":"grant","id":1}', b'{"t":"recorded"}', b"[]", b"nonsense"])
def test_unknown_or_incomplete_frames_are_not_read(text: bytes) -> None:
    with pytest.raises(ValidationError):
        wire.from_control.validate_json(text)


def test_a_reason_on_the_wire_is_from_the_closed_list() -> None:
    good = wire.Fault(id=1, reason=Reason.INTERNAL_ERROR, detail="x").model_dump_json()
    assert wire.from_control.validate_json(good)
    with pytest.raises(ValidationError):
        wire.from_control.validate_json(good.replace("internal_error", "because"))


def test_what_one_frame_may_ask_of_the_store_is_bounded() -> None:
    row = wire.Reported(at="2026-01-01T00:00:00.000Z", reason=Reason.POLICY_DENIED, detail="")
    assert wire.Report(id=1, events=[row] * wire.MOST_EVENTS)
    with pytest.raises(ValidationError):
        wire.Report(id=1, events=[row] * (wire.MOST_EVENTS + 1))
    good = {"id": 7, "attempt": "att-1", "call": VIEW, "intents": [], "fingerprint": "fp", "bundle": "b"}
    for name in ("attempt", "fingerprint"):
        for text in ("", "a" * 201):
            with pytest.raises(ValidationError):
                wire.Consult(**{**good, name: text})
