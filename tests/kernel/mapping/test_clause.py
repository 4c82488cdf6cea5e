"""Parts of one call, each read by its own action."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from mapping_kit import HEAD, action, compiled, post, post_form, request
from vienna_kernel.mapping.reading import Mapped, MappingSet, NeedsPreflight
from vienna_kernel.verdict import Reason, Refused

GRAPHQL = (
    HEAD.replace("rest", "graphql")
    + """\
  - action: refund
    match: {methods: [POST], path: /pay, operation: mutation.refund}
    target: "shop:order/{order}"
    params:
      order: {from: operation, name: /arguments/order, required: true}
      amount: {from: operation, name: /arguments/amount, type: decimal, currency_from: "const:EUR"}
    effect: spend
    default_tier: T2
    verify: {equal: [{pointer: /amount, param: amount}]}
    summary: "Refund {amount|money} of {order}"
  - action: look
    match: {methods: [POST], path: /pay, operation: query.*}
    target: shop
    unknown_params: allow
    effect: read
    default_tier: T0
"""
)

EACH = (
    HEAD
    + """\
  - action: remove
    match: {methods: [POST], path: /pay}
    target: "shop:thing/{key}"
    each: /things
    params:
      key: {from: item, name: /key, required: true}
      quiet: {from: json, type: bool}
    effect: delete
    default_tier: T2
"""
)


def mapped(mappings: MappingSet, body: Any, **options: Any) -> Mapped:
    found = mappings.map(post(body), **options)
    assert isinstance(found, Mapped), found
    return found


def refused(mappings: MappingSet, body: Any) -> Refused:
    found = mappings.map(post(body))
    assert isinstance(found, Refused), found
    return found


def test_every_root_field_is_an_intent() -> None:
    text = 'mutation { a: refund(order: "O1", amount: 5) {id} b: refund(order: "O2", amount: 7.5) {id} }'
    found = mapped(compiled(GRAPHQL), {"query": text})
    assert [(i.action, i.target, i.parameters["amount"]) for i in found.intents] == [
        ("refund", "shop:order/O1", Decimal(5)),
        ("refund", "shop:order/O2", Decimal("7.5")),
    ]
    assert [promise.answer for promise in found.promises] == [("data", "a"), ("data", "b")]
    assert found.mapped
    assert found.intents[0].summary == "Refund 5.00 EUR of O1"
    assert [row["operation"] for row in found.shown_body] == ["mutation.refund"] * 2  # type: ignore[union-attr,index,call-overload]


def test_variables_are_arguments() -> None:
    body = {"query": "mutation($o: ID!) { refund(order: $o) {id} }", "variables": {"o": "O9"}}
    (intent,) = mapped(compiled(GRAPHQL), body).intents
    assert intent.target == "shop:order/O9"
    assert intent.undetermined == {"amount"}


def test_an_operation_that_nobody_mapped_is_named() -> None:
    found = mapped(compiled(GRAPHQL), {"query": 'mutation { drop refund(order: "O1") {id} }'})
    assert [intent.action for intent in found.intents] == ["http.post", "refund"]
    assert found.intents[0].parameters["operation"] == "mutation.drop"
    assert not found.mapped
    assert found.mapping == "shop@v1"


def test_nothing_mapped_at_a_mapped_address_is_governed_too() -> None:
    found = mapped(compiled(GRAPHQL), {"query": "mutation { drop }"})
    assert [intent.action for intent in found.intents] == ["http.post"]
    assert (found.mapped, found.mapping) == (False, None)


def test_what_an_operation_has_and_no_mapping_declares_is_refused() -> None:
    found = refused(compiled(GRAPHQL), {"query": 'mutation { refund(order: "O1", note: "x") {id} }'})
    assert found.reason is Reason.UNKNOWN_PARAMETER
    assert "/arguments/note" in found.detail


def test_one_part_that_is_refused_refuses_all() -> None:
    text = 'mutation { a: refund(order: "O1") {id} b: refund(amount: 1) {id} }'
    assert refused(compiled(GRAPHQL), {"query": text}).reason is Reason.INVALID_PARAMETER


def test_a_body_that_is_no_graphql_is_refused() -> None:
    assert refused(compiled(GRAPHQL), {"query": "mutation {"}).reason is Reason.UNDECODABLE_BODY


def test_every_item_is_an_intent_and_all_share_one_promise() -> None:
    found = mapped(compiled(EACH), {"things": [{"key": "a"}, {"key": "b"}], "quiet": True})
    assert [intent.target for intent in found.intents] == ["shop:thing/a", "shop:thing/b"]
    assert all(intent.parameters["quiet"] is True for intent in found.intents)
    assert [promise.intents for promise in found.promises] == [found.intents]


def test_one_where_a_list_could_stand_is_a_list_of_one() -> None:
    assert mapped(compiled(EACH), {"things": {"key": "a"}}).intents[0].target == "shop:thing/a"


@pytest.mark.parametrize("things", [[], None, [{}], [{"key": "a"}, {"key": 5}], "a", [["a"]]])
def test_items_that_name_nothing_are_refused(things: Any) -> None:
    refused(compiled(EACH), {"things": things})


def test_what_an_item_has_and_no_mapping_declares_is_refused() -> None:
    found = refused(compiled(EACH), {"things": [{"key": "a"}, {"key": "b", "force": True}]})
    assert "/things/1/force" in found.detail


def test_more_items_than_anyone_reads_are_refused() -> None:
    many = [{"key": f"k{i}"} for i in range(1001)]
    assert "1000 items" in refused(compiled(EACH), {"things": many}).detail
    assert len(mapped(compiled(EACH), {"things": many[:1000]}).intents) == 1000


def test_things_that_must_be_looked_up_one_by_one_are_refused_together() -> None:
    text = EACH.replace("    effect", '    preflight: {path: "/things/{key}"}\n    effect')
    one = compiled(text).map(post({"things": [{"key": "a"}, {"key": "a"}]}))
    assert one == NeedsPreflight("GET", "/things/a")
    two = compiled(text).map(post({"things": [{"key": "a"}, {"key": "b"}]}))
    assert isinstance(two, Refused)
    assert two.reason is Reason.PREFLIGHT_FAILED


def test_every_item_of_a_list_is_one_parameter() -> None:
    text = (
        HEAD
        + """\
  - action: send
    match: {methods: [POST], path: /pay}
    target: mail
    params:
      to: {from: json, name: "/rows/*/to/*/email", type: email_list, required: true}
      domains: {from: derived, of: [to], derive: domains}
      count: {from: derived, of: [to], derive: count}
    blast_radius: params.to
    effect: send
    default_tier: T1
"""
    )
    body = {
        "rows": [
            {"to": [{"email": "a@X.example"}, {"email": "b@y.example"}]},
            {"to": {"email": "c@x.example"}},
        ]
    }
    (intent,) = mapped(compiled(text), body).intents
    assert intent.parameters == {
        "to": ["a@x.example", "b@y.example", "c@x.example"],
        "domains": ["x.example", "y.example"],
        "count": 3,
    }
    assert intent.blast_radius == 3
    for hidden in ({"rows": [{"to": [{"email": "a@x.example", "name": "A"}]}]}, {"rows": [{"cc": []}]}):
        assert refused(compiled(text), hidden).reason is Reason.UNKNOWN_PARAMETER


def test_a_secret_in_an_item_shows_nowhere() -> None:
    text = EACH.replace("quiet: {from: json, type: bool}", "token: {from: item, name: /token, redact: true}")
    found = mapped(compiled(text), {"things": [{"key": "a", "token": "s3cret"}]})
    assert "s3cret" not in json.dumps(found.shown_body)
    assert found.intents[0].redacted == {"token"}


def test_a_form_and_a_json_body_are_one_action() -> None:
    text = (
        HEAD
        + """\
  - action: say
    match: {methods: [POST], path: /pay}
    body: [json, form]
    target: "chat:{channel}"
    params:
      channel: {from: body, required: true}
      loud: {from: body, type: bool}
    effect: send
    default_tier: T1
"""
    )
    mappings = compiled(text)
    spelled = request(
        "POST https://shop.example/pay\ncontent-type: application/x-www-form-urlencoded\n\nchannel=C1&loud=true\n"
    )
    both = [mappings.map(spelled), mapped(mappings, {"channel": "C1", "loud": True})]
    assert [found.intents[0].parameters for found in both if isinstance(found, Mapped)] == [
        {"channel": "C1", "loud": True}
    ] * 2
    assert refused(mappings, {"channel": "C1", "loud": "true"}).reason is Reason.INVALID_PARAMETER
    assert refused(mappings, {"channel": "C1", "more": 1}).reason is Reason.UNKNOWN_PARAMETER


@pytest.mark.parametrize(("name", "target"), [("", "on:b1.s3.example"), (", name: label", "on:b1")])
def test_a_host_with_a_star_names_something(name: str, target: str) -> None:
    text = (
        HEAD.replace("shop.example", '"*.s3.example"')
        + f"""\
  - action: look
    match: {{methods: [POST], path: /pay}}
    target: "on:{{bucket}}"
    params: {{bucket: {{from: host{name}}}}}
    effect: read
    default_tier: T0
"""
    )
    found = compiled(text).map(post({}, host="b1.s3.example"))
    assert isinstance(found, Mapped)
    assert found.intents[0].target == target


def test_a_declared_name_in_another_letter_case_is_refused_where_others_are_flagged() -> None:
    more = "unknown_params: flag"
    forms = compiled(action("to: {from: form, name: To}, at: {from: query, name: sendAt}", more=more))
    lists = compiled(action('to: {from: json, name: "/rows/*/to"}', more=more))
    told = forms.map(post_form("To=1&note=2", query="?x=1"))
    assert isinstance(told, Mapped)
    assert told.unknown == ("x", "note")
    for found in (
        forms.map(post_form("To=1&to=2")),
        forms.map(post_form("TO=2")),
        forms.map(post_form("To=1", query="?sendat=2")),
        lists.map(post({"rows": [{"to": "a"}, {"to": "b", "TO": "c"}]})),
        lists.map(post({"Rows": []})),
    ):
        assert isinstance(found, Refused)
        assert found.reason is Reason.UNKNOWN_PARAMETER
