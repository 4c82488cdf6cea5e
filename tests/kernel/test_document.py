"""Documents: every value knows its line, every complaint names its place."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from vienna_kernel import yaml_nodes
from vienna_kernel.document import DocumentError, parse, read
from vienna_kernel.errors import MalformedError


class Gate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    listen: str = "127.0.0.1:0"
    port: int = 1


class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid")

    gate: Gate = Gate()
    more: list[Gate] = []


def test_core_scalars_only() -> None:
    text = "a: on\nb: 2026-09-01\nc: 12:30\nd: 1.50\ne: 007\nf: true\ng: ~\nh: -3\ni: '5'\n"
    assert parse(text, name="f").data == {
        "a": "on", "b": "2026-09-01", "c": "12:30", "d": Decimal("1.50"), "e": "007",
        "f": True, "g": None, "h": -3, "i": "5",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "place", "why"),
    [
        ("a: 1\na: 2\n", "f:2:1", "stands here twice"),
        ("a: &x 1\nb: *x\n", "f:1:4", "anchors"),
        ("a: !!python/object:os.system x\n", "f:1:4", "tags"),
        ("a: !x 1\n", "f:1:4", "tags"),
        ("a: ! 1\n", "f:1:4", "tags"),
        ("a: 1\nb: x\x85y\n", "f:2:5", "line separator"),
        ("a: \u2028", "f:1:4", "line separator"),
        ('a: "\\ud83d\\ude00"', "f:1:4", "surrogate"),
        ('"\\ud83d": 1', "f:1:1", "surrogate"),
        ("a: " + "9" * 129, "f:1:4", "too many digits"),
        ("a: [1, 1e401]", "f:1:8", "too many digits"),
        ("a: -.5E-999999999999999999999", "f:1:4", "too many digits"),
        ("a: [1,\n", "f:2:1", "not YAML"),
        ("a: 1\n---\nb: 2\n", "f:2:1", "another document"),
        ("1: a\n", "f:1:1", "a key must be a string"),
        ("? [a]\n: b\n", "f:1:3", "a key must be a string"),
    ],
)
def test_refused_with_its_place(text: str, place: str, why: str) -> None:
    with pytest.raises(MalformedError) as caught:
        parse(text, name="f")
    assert caught.value.where == place
    assert why in caught.value.why


def test_depth_and_size_are_bounded() -> None:
    with pytest.raises(MalformedError, match="nested deeper"):
        parse("[" * 70 + "]" * 70, name="f")
    with pytest.raises(MalformedError, match="larger than"):
        parse(b"a" * (4 * 1024 * 1024 + 1), name="f")


@given(st.binary(max_size=200))
def test_any_bytes_give_a_document_or_a_malformed_error(data: bytes) -> None:
    with contextlib.suppress(MalformedError):
        parse(data, name="f")


def test_every_complaint_names_line_column_and_nearest_key() -> None:
    document = parse("gate:\n  lisen: x\n  port: many\nmore:\n  - {prt: 3}\nwhat: 1\n", name="vienna.yaml")
    with pytest.raises(DocumentError) as caught:
        read(Settings, document)
    told = str(caught.value)
    assert "vienna.yaml:2:3 gate.lisen: unknown key 'lisen'; did you mean 'listen'?" in told
    assert "vienna.yaml:3:3 gate.port: input should be a valid integer" in told
    assert "vienna.yaml:5:6 more[0].prt: unknown key 'prt'; did you mean 'port'?" in told
    assert "vienna.yaml:6:1 what: unknown key 'what'; known here: gate, more" in told


def test_a_page_of_unknown_keys_is_told_of_a_hundred_and_costs_no_more() -> None:
    schemas = []

    class Counting(Settings):
        @classmethod
        def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
            schemas.append(1)
            return super().model_json_schema(*args, **kwargs)

    document = parse("more:\n" + "  - {prt: 3}\n" * 1000, name="f")
    with pytest.raises(DocumentError) as caught:
        read(Counting, document)
    assert (len(caught.value.errors), len(schemas)) == (100, 1)


@pytest.mark.parametrize("text", ["", "- 1\n", "word\n"])
def test_a_document_that_is_no_object(text: str) -> None:
    with pytest.raises(DocumentError, match="expected an object"):
        read(Settings, parse(text, name="f"))


def test_a_child_keeps_its_places() -> None:
    child = parse("gate:\n  listen: a\n  oops: b\n", name="v").child("gate")
    with pytest.raises(DocumentError, match=r"v:3:3 oops"):
        read(Gate, child)


_SUITE = Path(__file__).parents[3] / "shared" / "vectors" / "yaml"


# Texts that the suite calls wrong and PyYAML reads all the same; none of them has another reading.
LENIENT = {
    "9C9N#0": "a flow sequence that is not indented",
    "9JBA#0": "a comment right after a bracket",
    "CVW2#0": "a comment right after a comma",
    "DK95#1": "a tab at the start of a line within quotes",
    "G5U8#0": "dashes in a flow sequence",
    "MUS6#0": "an odd %YAML directive",
    "QB6E#0": "quoted lines that are not indented",
    "S98Z#0": "a block scalar of blanks",
    "SU5Z#0": "a comment right after a quote",
    "X4QW#0": "a comment right after a block sign",
    "YJV2#0": "a dash in a flow sequence",
}
# Texts that YAML 1.2 reads otherwise than 1.1, which PyYAML speaks.
OTHERWISE = {
    "652Z#0": "a question mark at the start of a word in braces",
    "HM87#1": "the same in brackets",
    "JEF9#2": "blanks at the end of a block scalar of blanks",
    "L24T#1": "blanks at the end of a block scalar",
}


def _suite() -> Iterator[tuple[str, dict[str, Any], str]]:
    """Name, case and text; a case inherits from the one before it in its file, but not that it is wrong."""
    signs = {"␣": " ", "←": "\r", "⇔": "\ufeff", "↵": "", "∎\n": "", "∎": ""}
    for path in sorted(_SUITE.glob("*.yaml")):
        case: dict[str, Any] = {}
        for i, row in enumerate(yaml.safe_load(path.read_text()) or []):
            case = {**{key: case[key] for key in case if key != "fail"}, **row}
            text = re.sub("—*»", "\t", case["yaml"])
            for sign, meant in signs.items():
                text = text.replace(sign, meant)
            yield f"{path.stem}#{i}", case, text


@pytest.mark.skipif(not _SUITE.is_dir(), reason="the public YAML vectors are not beside this checkout")
def test_the_public_suite() -> None:
    """yaml-test-suite: what is wrong is refused, what is read is read as the suite says; anything else stands above."""
    lenient, otherwise, same, refused = set(), set(), 0, 0
    for name, case, text in _suite():
        try:
            data = parse(text, name=name).data
        except MalformedError:
            refused += 1
            continue
        if case.get("fail"):
            lenient.add(name)
        elif "json" in case and json.loads(case["json"] or "null", parse_float=Decimal) != data:
            otherwise.add(name)
        else:
            same += 1
    assert (lenient, otherwise) == (set(LENIENT), set(OTHERWISE))
    assert same > 170
    assert refused > 200


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\nb: [x, 'y', 2.50, {c: null}]\n",
        "a: |\n  two\n  lines\nb: >-\n  folded\n",
        "a: x\ty\n",
        "a: b: c\n",
        'a: "\\q"\n',
        "a: [1\n",
        "a: {b?c: d}\n",
        "a: @x\n",
        "a: &x 1\n",
        "---\na: 1\n---\nb: 2\n",
        "[" * 64 + "1" + "]" * 64,
        "[" * 65 + "1" + "]" * 65,
        "[" * 100_000,
        "a: \ud800\n",
    ],
)
def test_both_readers_read_alike_and_complain_alike(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def reading(loader: Any) -> Any:
        monkeypatch.setattr(yaml_nodes, "_QUICK", loader)
        try:
            found = parse(text, name="f")
        except MalformedError as error:
            return str(error)
        return found.data, dict(found.places)

    assert reading(getattr(yaml, "CSafeLoader", yaml.SafeLoader)) == reading(yaml.SafeLoader)
