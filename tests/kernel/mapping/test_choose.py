"""Which of several entries of one path a request means."""

from __future__ import annotations

from itertools import permutations

import pytest

from vienna_kernel.decode.pointer import MISSING
from vienna_kernel.mapping.choose import Discriminator, by_head, by_operation


def rows(*discriminators: Discriminator) -> list[tuple[Discriminator, int]]:
    return [(discriminator, i) for i, discriminator in enumerate(discriminators)]


def test_an_operation_named_goes_before_its_beginning_and_that_before_any() -> None:
    named = [Discriminator(operations=(text,)) for text in ("*", "Delete*", "DeleteTable", "DeleteTab*")]
    any_at_all = Discriminator()
    for order in permutations([*named, any_at_all]):
        chosen = [
            order[i]
            for op in ("DeleteTable", "DeleteTabs", "DeleteX", "List")
            for i in [by_operation(rows(*order), op, MISSING)]
            if i is not None
        ]
        assert [d.operations for d in chosen] == [("DeleteTable",), ("DeleteTab*",), ("Delete*",), ("*",)]


def test_what_is_not_named_is_not_chosen() -> None:
    assert by_operation(rows(Discriminator(operations=("a", "b*"))), "c", MISSING) is None
    assert by_operation(rows(Discriminator(operations=("a", "b*"))), "ab", MISSING) is None
    assert by_operation([], "c", MISSING) is None


def test_more_values_go_first_and_values_are_typed() -> None:
    loose = Discriminator()
    closed = Discriminator(having=((("state",), ("closed",)),))
    flag = Discriminator(having=((("archived",), (True,)),))
    assert by_operation(rows(loose, closed), "", {"state": "closed"}) == 1
    assert by_operation(rows(loose, closed), "", {"state": "open"}) == 0
    assert by_operation(rows(loose, flag), "", {"archived": 1}) == 0
    assert by_operation(rows(loose, flag), "", {"archived": True}) == 1
    assert by_operation(rows(flag), "", MISSING) is None


def test_values_at_two_places_have_two_readings() -> None:
    public = Discriminator(having=((("private",), (False,)),))
    archived = Discriminator(having=((("archived",), (True,)),))
    both = Discriminator(having=((("private",), (False,)), (("archived",), (True,))))
    sent = {"private": False, "archived": True}
    for order in permutations([Discriminator(), public, archived]):
        assert by_operation(rows(*order), "", sent) is None
        assert by_operation(rows(*order, both), "", sent) == 3
        assert order[by_operation(rows(*order), "", {"private": False}) or 0] == public


def test_what_nobody_knows_goes_before_what_is_known() -> None:
    kinds = ("tools", "*", "type")
    plain, hosted = Discriminator(), Discriminator(having=((kinds, ("search",)),))
    strange = Discriminator(beyond=((kinds, ("function", "search")),))
    for order in permutations([plain, hosted, strange]):
        for sent, wanted in [
            ([], plain),
            ([{"type": "function"}, {}], plain),
            ([{"type": "function"}, {"type": None}], plain),
            ([{"type": "function"}, {"type": "search"}], hosted),
            ([{"type": "search"}, {"type": "remote"}], strange),
            ([{"type": "Function"}], strange),
            ([{"type": True}], strange),
        ]:
            found = by_operation(rows(*order), "", {"tools": sent})
            assert found is not None
            assert order[found] == wanted, sent
    assert by_operation(rows(strange), "", MISSING) is None


def test_values_go_before_operations() -> None:
    dry = Discriminator(operations=("*",), having=((("dry_run",), (True,)),))
    named = Discriminator(operations=("delete:namespaces",))
    for order in (rows(dry, named), rows(named, dry)):
        tried = by_operation(order, "delete:namespaces", {"dry_run": True})
        done = by_operation(order, "delete:namespaces", {"dry_run": False})
        assert [order[i or 0][0] for i in (tried, done)] == [dry, named]


def test_the_head_that_names_most_is_chosen_before_the_body_is_looked_at() -> None:
    plain, acl = Discriminator(), Discriminator(query=(("acl", None),))
    version = Discriminator(query=(("acl", None), ("versionId", None)))
    found = by_head(rows(plain, acl, version), [("acl", "")], [])
    assert found is not None
    assert [i for _, i in found] == [1]
    found = by_head(rows(plain, acl, version), [("acl", ""), ("versionId", "3")], [])
    assert found is not None
    assert [i for _, i in found] == [2]
    found = by_head(rows(plain, acl, version), [], [])
    assert found is not None
    assert [i for _, i in found] == [0]


@pytest.mark.parametrize("query", [[("acl", ""), ("tagging", "")], [("tagging", "x"), ("acl", "y")]])
def test_a_head_that_names_two_actions_has_two_readings(query: list[tuple[str, str]]) -> None:
    acl, tagging = Discriminator(query=(("acl", None),)), Discriminator(query=(("tagging", None),))
    assert by_head(rows(acl, tagging), query, []) is None


def test_a_key_that_is_named_and_stands_there_twice_has_two_readings() -> None:
    media, plain = Discriminator(query=(("uploadType", "media"),)), Discriminator()
    assert by_head(rows(media, plain), [("uploadType", "media"), ("uploadType", "resumable")], []) is None
    assert by_head(rows(media, plain), [("alt", "json"), ("alt", "media")], []) == [rows(media, plain)[1]]
    copy = Discriminator(headers=(("x-amz-copy-source", None),))
    line = ("x-amz-copy-source", "/a")
    assert by_head(rows(copy, plain), [], [line, line]) is None
    assert by_head(rows(copy), [], [line]) == rows(copy)


def test_one_of_the_items_is_enough_and_without_values_anything_but_null() -> None:
    remote = Discriminator(having=((("tools", "*", "type"), ("mcp",)),))
    for tools in ([{"type": "mcp"}], [{"type": "function"}, 5, {"type": "mcp"}], {"type": "mcp"}):
        assert by_operation(rows(Discriminator(), remote), "", {"tools": tools}) == 1
    for tools in ([], [{"type": "function"}], [{}], None, "mcp"):
        assert by_operation(rows(Discriminator(), remote), "", {"tools": tools}) == 0
    there = Discriminator(having=((("balance",), ()),))
    for value in (0, "", False, [], {}):
        assert by_operation(rows(Discriminator(), there), "", {"balance": value}) == 1
    for body in ({}, {"balance": None}, {"other": 1}):
        assert by_operation(rows(Discriminator(), there), "", body) == 0


@pytest.mark.parametrize(
    ("one", "other", "rivals"),
    [
        (Discriminator(), Discriminator(), True),
        (Discriminator(operations=("a",)), Discriminator(operations=("a", "b")), True),
        (Discriminator(operations=("a",)), Discriminator(operations=("b",)), False),
        (Discriminator(operations=("a",)), Discriminator(operations=("a*",)), False),
        (Discriminator(operations=("a",)), Discriminator(), False),
        (Discriminator(query=(("k", "1"),)), Discriminator(query=(("k", "2"),)), False),
        (Discriminator(query=(("k", "1"),)), Discriminator(query=(("k", None),)), True),
        (Discriminator(query=(("k", None),)), Discriminator(), False),
        (Discriminator(headers=(("k", "1"),)), Discriminator(headers=(("k", "1"),)), True),
        (Discriminator(having=((("a",), (1,)),)), Discriminator(having=((("a",), (2,)),)), False),
        (Discriminator(having=((("a",), (1,)),)), Discriminator(having=((("a",), (2, 1)),)), True),
        (Discriminator(having=((("a",), (1,)),)), Discriminator(having=((("b",), (2,)),)), False),
        (Discriminator(having=((("a",), (True,)),)), Discriminator(having=((("a",), (1,)),)), False),
        (Discriminator(having=((("a",), (1,)),)), Discriminator(), False),
        (Discriminator(beyond=((("a",), (1,)),)), Discriminator(having=((("a",), (2,)),)), False),
        (Discriminator(beyond=((("a",), (1,)),)), Discriminator(beyond=((("a",), (2,)),)), True),
        (Discriminator(beyond=((("a",), (1,)),)), Discriminator(beyond=((("b",), (1,)),)), False),
        (Discriminator(having=((("a",), ()),)), Discriminator(having=((("a",), (1,)),)), True),
        (Discriminator(having=((("a",), ()),)), Discriminator(having=((("b",), ()),)), False),
    ],
)
def test_two_that_a_request_could_fit_alike_are_rivals(
    one: Discriminator, other: Discriminator, rivals: bool
) -> None:
    assert one.rivals(other) is rivals
    assert other.rivals(one) is rivals
