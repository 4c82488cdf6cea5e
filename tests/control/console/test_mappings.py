"""The pages of mappings and action types over HTTP: who may, what is escaped, what is tried, what is not understood."""

from __future__ import annotations

import pytest

from console_kit import api, images, page
from gate_end import gate
from planes import Control

HOSTILE = '<img src=x onerror="alert(1)">\u202eevil'
SHOP = """apiVersion: vienna/v1
kind: Mapping
id: shop
version: 2026-01-01
hosts: [shop.example]
protocol: rest
defaults: {unknown_params: flag, max_body: 64KiB}
actions:
  - action: get_basket
    match: {methods: [GET], path: "/v1/baskets/{basket}"}
    target: "shop:basket/{basket}"
    params: {basket: {from: path}}
    effect: read
    reversibility: reversible
    default_tier: T0
    summary: "Read basket {basket}"
"""
PATHS = [
    "/mappings", "/mappings/new", "/mappings/toy_payments", "/mappings/coverage", "/mappings/import",
    "/action-types", "/action-types/create_refund",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
async def test_whoever_reads_sees_them_and_may_change_nothing(control: Control, path: str) -> None:
    text = await page(control, path)
    assert text.count("<h1") == 1
    assert 'data-api="PUT' not in text
    assert 'data-api="DELETE' not in text


async def test_a_mapping_by_api_has_its_text_versions_and_the_way_back(control: Control) -> None:
    await api(control, "POST", "/mappings", {"text": SHOP})
    await api(control, "PUT", "/mappings/shop", {"text": SHOP.replace("Read basket", "Look into basket")})
    text = await page(control, "/mappings/shop", key="operator")
    assert 'data-api="PUT /mappings/shop"' in text
    assert 'data-api="POST /mappings/shop/rollback"' in text
    assert "Look into basket {basket}" in text
    assert "removed: " in text
    found = await page(control, "/mappings?q=get_basket")
    assert "/console/mappings/shop" in found
    assert "/console/mappings/toy_payments" not in found


async def test_a_request_is_tried_by_the_text_beside_or_by_what_is_in_force(control: Control) -> None:
    told = await page(
        control, "/mappings/try", body={"request": "GET https://shop.example/v1/baskets/7", "mapping": SHOP}
    )
    assert "get_basket" in told
    assert "Read basket 7" in told
    told = await page(control, "/mappings/try", body={"request": "curl https://shop.example/v1/baskets/7"})
    assert "unmapped" in told
    for wrong in ("", "nonsense", "curl --upload-file x https://a.example", "GET ftp://x"):
        assert 'role="alert"' in await page(control, "/mappings/try", body={"request": wrong})
    told = await page(control, "/mappings/try", body={"request": "GET https://x.example/a//b"})
    assert "target_not_canonical" in told


async def test_what_a_request_says_is_text(control: Control) -> None:
    lines = "POST https://payments.example/v1/tickets\ncontent-type: application/json\n\n"
    sent = lines + '{"subject": "<img src=x onerror=alert(1)>\u202eevil"}'
    told = await page(control, "/mappings/try", body={"request": sent})
    assert "create_ticket" in told
    assert "⟨U+202E⟩" in told
    assert images(told) == 0


async def test_what_no_mapping_reads_leads_to_a_mapping_drawn_from_it(control: Control) -> None:
    assert "No calls in that time" in await page(control, "/mappings/coverage")
    async with gate(control) as bot:
        await bot.consult("GET", "https://legacy.example/orders/17")
    text = await page(control, "/mappings/coverage", key="operator")
    found = (await api(control, "GET", "/mappings/coverage"))["operations"][0]
    assert (found["path"], found["count"]) == ("/orders/{}", 1)
    assert f"/console/mappings/new?from={found['intent_id']}" in text
    assert "Map this" not in await page(control, "/mappings/coverage")
    drawn = await page(control, f"/mappings/new?from={found['intent_id']}", key="operator")
    assert "hosts: [legacy.example]" in drawn
    assert "GET https://legacy.example/orders/" in drawn


async def test_an_action_type_shows_its_schema_and_what_it_says_is_text(control: Control) -> None:
    kind = {"name": "odd", "description": HOSTILE, "schema": {HOSTILE: {"type": "string"}}}
    await api(control, "POST", "/action-types", kind)
    for path in ("/action-types", "/action-types/odd"):
        text = await page(control, path, key="operator")
        assert images(text) == 0
        assert "⟨U+202E⟩" in text
    assert 'data-api="DELETE /action-types/' in await page(control, "/action-types/odd", key="operator")
    assert 'data-api="DELETE' not in await page(control, "/action-types/create_refund", key="operator")
