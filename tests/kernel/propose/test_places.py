"""Places in JSON and YAML are the same as those of the mapping reader."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.document import parse
from vienna_kernel.propose import places

JSON = '{\n "openapi": "3",\n "paths": {\n  "/a/{b}": {"get": {"x": [1, {"y": 2}]}},\n  "/c": {}\n }\n}'
YAML = "openapi: 3\npaths:\n  /a/{b}:\n    get:\n      x:\n        - 1\n        - y: 2\n  /c: {}\n"


@pytest.mark.parametrize(
    ("path", "in_json", "in_yaml"),
    [
        ((), "1:1", "1:1"),
        (("openapi",), "2:2", "1:1"),
        (("paths", "/a/{b}"), "4:3", "3:3"),
        (("paths", "/a/{b}", "get"), "4:14", "4:5"),
        (("paths", "/a/{b}", "get", "x", 1, "y"), "4:32", "7:11"),
        (("paths", "/c"), "5:3", "8:3"),
        (("paths", "/nowhere", "get"), "3:2", "2:1"),
        (("nothing",), "1:1", "1:1"),
        (("paths", "/a/{b}", "get", "x", 9), "4:22", "5:7"),
    ],
)
def test_places(path: places.Path, in_json: str, in_yaml: str) -> None:
    assert places.of_json(JSON, "a").where(path) == f"a:{in_json}"
    assert places.of_yaml(YAML, "a").where(path) == f"a:{in_yaml}"


VALUES = st.recursive(
    st.integers() | st.text(alphabet='ab\n"\\{}[]é ', max_size=4) | st.none(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(alphabet='ab"\\/ é', max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(
    st.dictionaries(st.text(alphabet="xyz", min_size=1, max_size=3), VALUES, min_size=1),
    st.sampled_from([None, 1]),
)
def test_json_and_the_mapping_reader_agree_on_every_place(
    data: dict[str, object], indent: int | None
) -> None:
    text = json.dumps(data, indent=indent)
    document = parse(text, name="a")
    found = places.of_json(text, "a"), places.of_yaml(text, "a")
    for path in document.places:
        if path:
            told = document.where(path).split(" ")[0]
            assert [each.where(path) for each in found] == [told, told]
