"""Hosts that mappings name, and which of several is closest."""

from __future__ import annotations

import pytest

from vienna_kernel.mapping.host import Hosts, fits, is_host, labels_for


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "a.example",
        "*.a.example",
        "ec2.*.a.example",
        "*.s3.*.a.example",
        "10.0.0.1",
        "my_bucket.s3.example",
    ],
)
def test_a_host(text: str) -> None:
    assert is_host(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "*",
        "*.",
        "*.example",
        "a.*.example",
        "a.example.*",
        "*a.b.example",
        "a*.b.example",
        "*.*.*.a.example",
    ],
)
def test_no_host_with_wildcards(text: str) -> None:
    assert not is_host(text)


@pytest.mark.parametrize("text", ["a..b", ".a", "a.", "A", "a/b", "a\n", "a:80"])
def test_no_host(text: str) -> None:
    assert not is_host(text)


def names(host: str, *patterns: str) -> list[str]:
    known = Hosts()
    for pattern in patterns:
        known.add(pattern)
    return list(known.names(host))


def test_a_host_by_itself_has_one_name() -> None:
    assert names("a.b.example", "a.b.example", "*.example.example") == ["a.b.example", "*.b.example"]
    assert names("a.b.c.example", "*.b.example") == ["a.b.c.example"]


@pytest.mark.parametrize("turn", [1, -1])
def test_the_closest_first(turn: int) -> None:
    patterns = ("*.*.a.example", "ec2.*.a.example", "*.s3.a.example")[::turn]
    assert names("ec2.s3.a.example", *patterns) == [
        "ec2.s3.a.example",
        "*.s3.a.example",
        "ec2.*.a.example",
        "*.*.a.example",
    ]


def test_a_wildcard_is_one_label() -> None:
    known = ("*.s3.*.a.example", "ec2.*.a.example", "x.example")
    for host in ("b.s3.r.a.example", "ec2.r.a.example", "x.example"):
        assert fits(host, known)
    for host in ("s3.r.a.example", "c.b.s3.r.a.example", "ec2.a.example", "b.ec2.r.a.example", "y.x.example"):
        assert not fits(host, known)


def test_the_labels_that_stand_for_a_wildcard() -> None:
    assert labels_for("*.s3.*.a.example", "b.s3.r.a.example") == ("b", "r")
    assert labels_for("ec2.a.example", "ec2.a.example") == ()


@pytest.mark.parametrize("turn", [1, -1])
@pytest.mark.parametrize(
    ("closer", "farther"),
    [
        ("a.b.*.x.example", "*.*.c.x.example"),  # fewest first, wherever they stand
        ("a.*.*.d.x.example", "*.b.c.*.x.example"),  # then the literal furthest to the right
    ],
)
def test_fewest_wildcards_then_the_literal_to_the_right(closer: str, farther: str, turn: int) -> None:
    host = "a.b.c.d.x.example" if closer.count(".") == 5 else "a.b.c.x.example"
    assert names(host, *(closer, farther)[::turn]) == [host, closer, farther]
