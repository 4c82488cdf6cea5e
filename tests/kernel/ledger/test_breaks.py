"""What is read out of a row; the diagnoses themselves are performed in ``test_ledger``."""

from __future__ import annotations

from vienna_kernel.ledger.breaks import Fault, Row, above, contradictions, leaf_of, whole
from vienna_kernel.ledger.entry import leaf_hash

ROW = Row(0, "aud-1", "default", "alert", "2026", None, None, b"", "", "")
BODY = b'{"id":"aud-1","tenant":"default","type":"alert","at":"2026","agent_id":null,"intent_id":null}'


def test_a_fault_is_published_under_its_own_name() -> None:
    assert [fault.value for fault in Fault] == [fault.name.lower() for fault in Fault]


def test_columns_are_held_against_the_body() -> None:
    assert contradictions(ROW._replace(body=BODY)) == []
    assert contradictions(ROW._replace(body=BODY, at="2027", agent_id="agt-1")) == ["at", "agent_id"]


def test_a_body_that_is_no_object_contradicts_everything() -> None:
    for body in (b"", b"[]", b"{", b"7", b"\xff"):
        assert contradictions(ROW._replace(body=body)) == ["body"]


def test_leaf_of_what_is_no_bytes_is_none() -> None:
    assert leaf_of(ROW._replace(body=BODY)) == leaf_hash(BODY)
    assert leaf_of(ROW._replace(body="text")) is None  # type: ignore[arg-type]


def test_numbers_of_a_hostile_column() -> None:
    assert above(3, 2)
    assert not any(above(value, 2) for value in (2, "9", None, b"9"))
    assert (whole(5), whole("5"), whole(None)) == (5, 0, 0)
