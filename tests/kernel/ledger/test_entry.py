from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.ledger.entry import GENESIS, EntryType, chain_hash, entry_body, leaf_hash


def _body(data: dict[str, Any]) -> bytes:
    return entry_body(
        id="aud-1",
        tenant="default",
        type=EntryType.ALERT,
        at="2026-01-05T10:00:00.000Z",
        actor="system",
        agent_id=None,
        intent_id="int-1",
        data=data,
    )


_NAMES = st.text(st.characters(max_codepoint=0xD7FF), max_size=8)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(_NAMES, _JSON, max_size=4))
def test_a_body_is_rfc_8785(data: dict[str, Any]) -> None:
    body = _body(data)
    assert body == rfc8785.dumps(json.loads(body))
    assert json.loads(body)["data"] == data


def test_a_type_is_stored_under_its_own_name() -> None:
    assert [kind.value for kind in EntryType] == [kind.name.lower() for kind in EntryType]
    assert len(EntryType) >= 31  # stored trails have these, so that none is ever taken away


def test_an_entry_is_exactly_these_bytes() -> None:
    assert _body({"b": [1], "a": None}) == (
        b'{"actor":"system","agent_id":null,"at":"2026-01-05T10:00:00.000Z","data":{"a":null,"b":[1]},'
        b'"id":"aud-1","intent_id":"int-1","tenant":"default","type":"alert"}'
    )


def test_a_decimal_is_its_plain_text() -> None:
    assert json.loads(_body({"amount": Decimal("5.50"), "all": [Decimal("1E+3")]}))["data"] == {
        "amount": "5.5",
        "all": ["1000"],
    }


@pytest.mark.parametrize(
    "value", [1.5, float("nan"), b"x", {1}, object(), 2**53 + 1, -(2**60), {"a": [1.0]}, "\ud800"]
)
def test_what_has_no_one_form_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        _body({"x": value})


def test_hashes_are_kept_apart() -> None:
    leaf = leaf_hash(b"body")
    assert leaf == hashlib.sha256(b"\x00body").digest()
    assert chain_hash(GENESIS, leaf) == hashlib.sha256(b"\x02" + bytes(32) + leaf).digest()
    assert (
        len({leaf_hash(GENESIS + leaf), chain_hash(GENESIS, leaf), hashlib.sha256(GENESIS + leaf).digest()})
        == 3
    )


@pytest.mark.parametrize(
    "value", [None, True, "", 0, 2**53, -(2**53), [None, {"a": None}], (), {}, Decimal("5.50")], ids=repr
)
def test_what_an_entry_can_hold(value: Any) -> None:
    body = entry_body(
        id="aud-1",
        tenant="t",
        type=EntryType.ALERT,
        at="2026",
        actor="system",
        agent_id=None,
        intent_id=None,
        data={"v": value},
    )
    plain = "5.5" if isinstance(value, Decimal) else list(value) if isinstance(value, tuple) else value
    assert json.loads(body)["data"] == {"v": plain}


@pytest.mark.parametrize(
    "value", [1.5, 2**53 + 1, -(2**53) - 1, b"x", {1}, Path("x"), [1.0], {"a": [b""]}], ids=repr
)
def test_what_an_entry_cannot_hold(value: Any) -> None:
    with pytest.raises(TypeError):
        entry_body(
            id="aud-1",
            tenant="t",
            type=EntryType.ALERT,
            at="2026",
            actor="system",
            agent_id=None,
            intent_id=None,
            data={"v": value},
        )


def test_what_an_entry_cannot_hold_is_named_by_its_kind() -> None:
    for value, kind in ((1.5, "float"), (b"secret", "bytes")):
        with pytest.raises(TypeError, match=f"^an entry cannot hold a {kind}$"):
            _body({"a": [value]})
