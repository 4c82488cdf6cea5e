"""How much of what is asked for is understood."""

from __future__ import annotations

import pytest

from vienna_kernel.mapping.route import compile_pattern
from vienna_kernel.propose.against import Mapped
from vienna_kernel.propose.cluster import clusters
from vienna_kernel.propose.coverage import Count, HostRow, cover
from vienna_kernel.propose.observed import seen


def one(mapping: str, action: str, host: str) -> Mapped:
    pattern = compile_pattern("/x", where="")
    return Mapped(mapping=mapping, action=action, hosts=(host,), methods=("GET",), path="/x", pattern=pattern)


MAPPED = [
    one("shop", "pay", "shop.example"),
    one("shop", "look", "shop.example"),
    one("cdn", "look", "*.cdn.example"),
]
COUNTS = [
    Count("shop.example", "pay", 3),
    Count("shop.example", "pay+look", 1),
    Count("shop.example", "http.get", 4),
    Count("a.cdn.example", "look", 5),
    Count("new.example", "http.post", 9),
]


def test_the_whole_picture() -> None:
    calls = [
        seen("GET", f"https://shop.example/o/{i}", agent=agent) for i, agent in ((1, "a"), (2, "b"), (3, "a"))
    ]
    found = cover(
        COUNTS,
        MAPPED,
        clusters([*calls, seen("POST", "https://new.example/p")]),
        cased={"shop": frozenset({"pay"})},
    )
    assert (found.calls, found.mapped) == (22, 9)
    assert [(row.host, row.calls, row.mapped, row.percent, row.mappings) for row in found.hosts] == [
        ("new.example", 9, 0, 0.0, ()),
        ("shop.example", 8, 4, 50.0, ("shop",)),
        ("a.cdn.example", 5, 5, 100.0, ("cdn",)),
    ]
    assert [(row.host, row.method, row.path, row.calls, row.agents) for row in found.shapes] == [
        ("shop.example", "GET", "/o/{}", 3, 2),
        ("new.example", "POST", "/p", 1, 0),
    ]
    assert [(row.mapping, row.action, row.calls, row.case) for row in found.actions] == [
        ("cdn", "look", 5, None),
        ("shop", "look", 1, False),
        ("shop", "pay", 4, True),
    ]


@pytest.mark.parametrize(
    ("calls", "mapped", "percent"),
    [(0, 0, None), (3, 1, 33.3), (3, 3, 100.0), (100_000, 99_999, 99.9), (100_000, 1, 0.0)],
)
def test_a_hundred_percent_is_all_of_them(calls: int, mapped: int, percent: float | None) -> None:
    assert HostRow(host="a", calls=calls, mapped=mapped).percent == percent


def test_nothing_seen() -> None:
    found = cover([], MAPPED, [], cased={})
    assert (found.calls, found.hosts, found.shapes) == (0, (), ())
    assert [row.calls for row in found.actions] == [0, 0, 0]
