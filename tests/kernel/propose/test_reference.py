"""References within a document."""

from __future__ import annotations

import pytest

from vienna_kernel.errors import MalformedError
from vienna_kernel.propose.reference import References

ROOT = {
    "components": {
        "schemas": {
            "User": {"type": "object"},
            "Alias": {"$ref": "#/components/schemas/User", "description": "a"},
            "a/b~c": {"type": "string"},
            "Loop": {"$ref": "#/components/schemas/Pool"},
            "Pool": {"$ref": "#/components/schemas/Loop"},
            "Text": "not an object",
        }
    },
    "list": [{"x": 1}],
}


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("#/components/schemas/User", {"type": "object"}),
        ("#/components/schemas/Alias", {"type": "object", "description": "a"}),
        ("#/components/schemas/a~1b~0c", {"type": "string"}),
        ("#/components/schemas/a~1b%7E0c", {"type": "string"}),
        ("#/list/0", {"x": 1}),
    ],
)
def test_found(reference: str, found: object) -> None:
    assert References(ROOT).follow({"$ref": reference}) == found


def test_what_stands_beside_wins() -> None:
    node = {"$ref": "#/components/schemas/Alias", "description": "b"}
    assert References(ROOT).follow(node) == {"type": "object", "description": "b"}
    assert References(ROOT).follow({"type": "integer"}) == {"type": "integer"}


@pytest.mark.parametrize(
    ("node", "says"),
    [
        ({"$ref": "#/components/schemas/Usr"}, "names nothing; did you mean 'User'?"),
        ({"$ref": "#/nowhere/at/all"}, "names nothing"),
        ({"$ref": "#/list/9"}, "names nothing"),
        ({"$ref": "other.yaml#/A"}, "names another file"),
        ({"$ref": "https://x.example/a"}, "names another file"),
        ({"$ref": "#/components/schemas/Loop"}, "leads back to itself"),
        ({"$ref": "#/components/schemas/Text"}, "expected an object, got str"),
        (7, "expected an object, got int"),
    ],
)
def test_refused(node: object, says: str) -> None:
    with pytest.raises(MalformedError) as caught:
        References(ROOT).follow(node)
    assert says in caught.value.why
