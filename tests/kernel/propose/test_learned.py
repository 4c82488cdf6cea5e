"""Traffic as proposals."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from propose_kit import actions, failing
from vienna_kernel.propose.finish import Finished, finish
from vienna_kernel.propose.learned import Known, proposals
from vienna_kernel.propose.observed import Seen, seen

JSON, FORM = "application/json", "application/x-www-form-urlencoded"


def call(
    method: str,
    path: str,
    body: Any = None,
    media: str = "",
    *,
    agent: str = "a",
    host: str = "api.desk.example",
) -> Seen:
    return seen(
        method,
        f"https://{host}{path}",
        media=media or (JSON if body is not None else ""),
        body=body,
        agent=agent,
    )


def learned(*calls: Seen, **known: Any) -> list[Finished]:
    found = proposals(calls, Known(version="2026-11-21", origin="traffic", **known))
    return [finish(one) for one in found]


def only(*calls: Seen, **known: Any) -> dict[str, Any]:
    (finished,) = learned(*calls, **known)
    assert failing(finished) == []
    (action,) = actions(finished).values()
    return action


def test_an_operation_with_its_fields_and_how_often_it_was_seen() -> None:
    (finished,) = learned(
        call(
            "POST",
            "/v1/tickets/T-1001/notes?silent=…",
            {"text": "string", "by": {"name": "string"}, "n": None},
        ),
        call(
            "POST",
            "/v1/tickets/T-1002/notes",
            {"text": "string", "n": "number", "password": "string"},
            agent="b",
        ),
    )
    assert failing(finished) == []
    assert "  # seen 2 times by 2 agents\n  - action: create_ticket_note\n" in finished.mapping
    assert actions(finished)["create_ticket_note"] == {
        "action": "create_ticket_note",
        "match": {"methods": ["POST"], "path": "/v1/tickets/{ticket}/notes"},
        "target": "desk:tickets/{ticket}/notes",
        "params": {
            "ticket": {"from": "path"},
            "silent": {"from": "query"},
            "text": {"from": "json"},
            "by_name": {"from": "json", "name": "/by/name"},
            "n": {"from": "json", "type": "decimal"},
            "password": {"from": "json", "redact": True},
        },
        "unknown_params": "flag",
        "effect": "write",
        "reversibility": "unknown",
        "default_tier": "T1",
        "summary": "Create ticket note: {ticket}",
    }
    assert finished.proposal.version == "2026-11-21"
    assert "create_ticket_note as it was seen" in finished.cases


@pytest.mark.parametrize(
    ("calls", "params"),
    [
        (
            [call("GET", "/a?b=…&c[x]=…&c[y]=…&d[]=…")],
            {
                "b": {"from": "query"},
                "d": {"from": "query", "name": "d[]", "type": "string_list"},
                "c": {"from": "query", "prefix": "c["},
            },
        ),
        (
            [call("POST", "/a", {"x": "…", "m[a]": "…"}, FORM)],
            {"x": {"from": "form"}, "m": {"from": "form", "prefix": "m["}},
        ),
        (
            [call("POST", "/a", {"x": "string"}), call("POST", "/a", {"x": "…"}, FORM)],
            {"x": {"from": "body"}},
        ),
        (
            [call("PUT", "/a", media="application/octet-stream")],
            {"content": {"from": "body", "name": "", "type": "any"}},
        ),
        (
            [call("POST", "/a", media="multipart/form-data")],
            {"content": {"from": "body", "name": "", "type": "any"}},
        ),
        (
            [call("POST", "/a", ["string", "… 4 more"])],
            {"items": {"from": "body", "name": "", "type": "string_list"}},
        ),
        (
            [call("POST", "/a", {"x": "string"}), call("POST", "/a", {"x": "number"})],
            {"x": {"from": "json", "type": "any"}},
        ),
        ([call("POST", "/a", {"x": None})], {"x": {"from": "json", "type": "any"}}),
    ],
)
def test_what_was_sent(calls: list[Seen], params: dict[str, Any]) -> None:
    assert only(*calls)["params"] == params


def test_which_field_came_first_does_not_matter() -> None:
    rows = [call("POST", "/a", {name: "string"}) for name in "cab"]
    assert list(only(*rows)["params"]) == list(only(*rows[::-1])["params"]) == ["a", "b", "c"]


def test_variables_are_named_after_what_stands_before_them() -> None:
    assert only(call("GET", "/v1/orders/1/lines/2"))["match"]["path"] == "/v1/orders/{order}/lines/{line}"
    assert only(call("GET", "/1/2/3"))["match"]["path"] == "/{id}/{id_2}/{id_3}"
    assert (
        only(call("GET", "/repos/acme/shop"), variables=["/repos/{owner}/{repo}"])["match"]["path"]
        == "/repos/{owner}/{repo}"
    )
    assert only(call("GET", "/files/991%2F7"))["match"]["path"] == "/files/{file:encoded}"


def test_each_host_has_a_file_of_its_own_with_names_of_its_own() -> None:
    one, two = learned(
        call("GET", "/orders/1", host="api.a.example"), call("GET", "/orders/1", host="api.b.example")
    )
    assert [one.proposal.id, two.proposal.id] == ["a", "b"]
    assert [list(actions(one)), list(actions(two))] == [["get_order"], ["get_b_order"]]
    (beside,) = learned(call("GET", "/orders/1"), taken=frozenset({("desk", "get_order")}))
    assert (beside.proposal.id, list(actions(beside))) == ("desk_seen", ["get_desk_seen_order"])


def test_a_host_without_a_name_is_told() -> None:
    (found,) = proposals([call("GET", "/a", host="10.0.0.1")], Known(version="1", origin="traffic"))
    assert found.drafts == ()
    assert [(row.operation, row.why) for row in found.skipped] == [
        ("GET /a", "a mapping is for a host with a name")
    ]


def test_once_and_by_nobody_known() -> None:
    (finished,) = learned(call("GET", "/a", agent=""))
    assert "  # seen once\n" in finished.mapping


SEGMENTS = st.sampled_from(
    ["users", "orders", "v1", "17", "Acme1", "ch_1abc", "a%2Fb1", "x.json", "99.json", "é", "search", "a:b"]
)
LEAVES = st.sampled_from(["string", "number", "boolean", "object", "list", None, "…"])
BODIES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["a", "b", "a[x]", "token", "currency", "amount", "email", "…", "*", "~/"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)
CALLS = st.lists(
    st.builds(
        lambda method, path, body, media, query: call(method, f"/{'/'.join(path)}{query}", body, media),
        st.sampled_from(["GET", "POST", "PUT", "DELETE", "TRACE"]),
        st.lists(SEGMENTS, max_size=3),
        BODIES,
        st.sampled_from(["", JSON, FORM, "multipart/form-data", "text/plain"]),
        st.sampled_from(["", "?a=…", "?a[b]=…&a=…", "?=…", "?%00=…", "?_method=…"]),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(CALLS)
def test_whatever_was_seen_its_proposal_loads_and_its_cases_pass(calls: list[Seen]) -> None:
    (found,) = proposals(calls, Known(version="1", origin="traffic"))
    if found.drafts:
        assert failing(finish(found)) == []
    assert len(found.drafts) + len(found.skipped) >= 1
    (again,) = proposals(calls[::-1], Known(version="1", origin="traffic"))
    assert again == found
