"""Several mapping files as one."""

from __future__ import annotations

import pytest

from mapping_kit import action, compiled, mapped, post, request
from vienna_kernel.document import DocumentError
from vienna_kernel.intent import Tier

ONE = action("a: {from: json}")
TWO = ONE.replace("id: shop", "id: store").replace("shop.example", "store.example")


def complaints(*texts: str, **options: object) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        compiled(*texts, **options)
    return [str(error) for error in caught.value.errors]


def test_two_files_are_one_set() -> None:
    both = compiled(ONE, TWO.replace("T2", "T3").replace("a: {", "b: {"))
    assert both.hosts == {"shop.example", "store.example"}
    assert both.action_types["pay"].default_tier is Tier.T3
    assert set(both.action_types["pay"].parameters) == {"a", "b"}
    # each route keeps the tier of its own file
    assert mapped(both.map(post({}))).intents[0].default_tier is Tier.T2
    assert mapped(both.map(post({}, host="store.example"))).intents[0].default_tier is Tier.T3


def test_files_that_contradict_each_other() -> None:
    assert "1.yaml:3:1 id: stands in 0.yaml already" in complaints(ONE, ONE.replace("/pay", "/other"))[0]
    assert "another effect" in complaints(ONE, TWO.replace("spend", "send"))[0]
    assert "1.yaml:8:5 actions[0].action" in complaints(ONE, TWO.replace("spend", "send"))[0]
    assert "another type" in complaints(ONE, TWO.replace("{from: json}", "{from: json, type: int}"))[0]
    clash = complaints(ONE, TWO.replace("store.example", "shop.example"))
    assert clash == ["1.yaml:9:5 actions[0].match: takes the same requests as 0.yaml:9:5 actions[0].match"]


def test_every_file_is_complained_about() -> None:
    told = complaints(ONE.replace("spend", "waste"), TWO.replace("T2", "T9"), "[]")
    assert [line.split(":")[0] for line in told] == ["0.yaml", "1.yaml", "2.yaml"]


def test_further_hosts() -> None:
    more = compiled(ONE, extra_hosts={"shop": ["shop.corp.example", "shop.example"]})
    assert more.hosts == {"shop.example", "shop.corp.example"}
    assert mapped(more.map(post({}, host="shop.corp.example"))).mapped
    assert "hosts.nobody" in complaints(ONE, extra_hosts={"nobody": ["a.example"]})[0]
    assert "hosts.shop" in complaints(ONE, extra_hosts={"shop": ["A.example"]})[0]


def test_the_digest_names_the_files_and_their_hosts() -> None:
    base = compiled(ONE, TWO).digest
    assert base.startswith("sha256:")
    assert compiled(ONE, TWO).digest == base
    assert compiled(ONE, TWO, extra_hosts={"shop": []}).digest == base
    assert compiled("# a comment\n" + ONE, TWO).digest == base
    assert compiled(ONE).digest != base
    assert compiled(ONE, TWO.replace("T2", "T3")).digest != base
    assert compiled(ONE.replace("v1\nhosts", "v2\nhosts"), TWO).digest != base
    assert compiled(ONE, TWO, extra_hosts={"shop": ["x.example"]}).digest != base


def test_the_order_of_actions_decides_between_equals() -> None:
    first = action("x: {from: path}", path="/v/{x}", methods="GET")
    second = action("x: {from: path}", path="/{x}/w", methods="GET").replace("id: shop", "id: store")
    second = second.replace("action: pay", "action: other")
    call = request("GET https://shop.example/v/w")
    assert mapped(compiled(first, second).map(call)).intents[0].action == "pay"
    assert mapped(compiled(second, first).map(call)).intents[0].action == "other"


def test_a_huge_number_in_a_file_is_digested() -> None:
    assert compiled(ONE + "    cost: {amount: 99999999999999999999, currency: EUR}\n").digest
