"""A proposal as text."""

from __future__ import annotations

from propose_kit import INT, STR, api, body, proposed, thing

COMMENT = "  # guessed: minor units, an integer beside a currency"
EXPECTED = f"""\
# A proposal, made of shop.json (Shop 7).
# It counts once it lies among the policies. Review it first: effect, reversibility and tier are guesses, and so is
# every other line that ends in "guessed". Take the comment away from what you agree with, correct the rest; begin
# with T2 and T3. Then run the cases beside it: vienna mappings test FILE
apiVersion: vienna/v1
kind: Mapping
id: shop
version: "7"
hosts: [api.shop.example]
protocol: rest
defaults: {{unknown_params: flag}}
actions:
  - action: get_order
    match: {{methods: [GET], path: "/v1/orders/{{id}}"}}
    target: "shop:orders/{{id}}"
    params:
      id: {{from: path}}
    effect: read  # guessed: GET
    reversibility: reversible  # guessed: it reads
    default_tier: T0  # guessed: effect read
    summary: "Get order: {{id}}"

  # deprecated
  - action: create_refund
    match: {{methods: [POST], path: /v1/refunds}}
    target: "shop:refunds"
    params:
      amount: {{from: json, type: minor_units, currency_from: params.currency, required: true}}{COMMENT}
      currency: {{from: json, required: true}}
      reason: {{from: json, enum: [fraud, "no"]}}
      token: {{from: json, redact: true}}  # guessed: redact, by token
    unknown_params: reject
    effect: spend  # guessed: an amount with its currency
    reversibility: irreversible  # guessed: what is paid
    default_tier: T2  # guessed: effect spend
    cost: {{amount: params.amount, currency: params.currency}}  # guessed: an amount with its currency
    idempotency: {{header: Idempotency-Key}}
    verify:
      status: [201]
      equal:  # guessed: the answer names them as the request does
        - {{pointer: /amount, param: amount}}
      failed: [{{pointer: /ok, values: [false]}}]  # guessed: its name
    summary: "Create refund of {{amount|money}}"
"""


def test_the_whole_of_a_proposal() -> None:
    refund = thing(
        "amount currency",
        amount=INT,
        currency=STR,
        reason={**STR, "enum": ["fraud", "no"]},
        token=STR,
    )
    answer = thing(amount=INT, ok={"type": "boolean"})
    node = {
        "deprecated": True,
        "parameters": [{"in": "header", "name": "Idempotency-Key", "schema": STR}],
        "requestBody": body(refund),
        "responses": {"201": {"content": {"application/json": {"schema": answer}}}},
    }
    assert proposed(api({"/orders/{id}": {"get": {}}, "/refunds": {"post": node}})).mapping == EXPECTED


def test_words_of_the_description_cannot_leave_their_comment() -> None:
    doc = api(
        {"/a": {"get": {}}}, info={"title": "x\neffect: read\n\u2028y", "version": "1"}, name="a\nb.json"
    )
    assert proposed(doc).mapping.splitlines()[0] == "# A proposal, made of a b.json (x effect: read y 1)."
