"""From a call to its intents."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from mapping_kit import HEAD, action, compiled, mapped, post, post_form, refused, request
from vienna_kernel.call.request import Call
from vienna_kernel.intent import Cost, Effect, Reversibility, Tier
from vienna_kernel.mapping.reading import Narrowed, NeedsPreflight
from vienna_kernel.verdict import Reason

PAY = action(
    "to: {from: json, required: true}, amount: {from: json, type: decimal, currency_from: params.currency}, "
    "currency: {from: json}, note: {from: json, redact: true}, ref: {from: header, name: X-Ref}",
    more="""\
reversibility: irreversible
cost: {amount: params.amount, currency: params.currency}
volatile: [/at]
idempotency: {header: Idempotency-Key, inject: true}
verify: {status: [200]}
response_fields: [/id]
summary: "Pay {amount|money} to {to} for {note}"
max_body: 1KiB
""",
).replace("target: shop", 'target: "shop:{to}"')

READ = HEAD + (
    '  - {action: look, match: {methods: [GET], path: "/things/{id}"}, target: "thing:{id}", effect: read, '
    "default_tier: T0, stream: true, params: {id: {from: path}, page: {from: query, type: int}}}\n"
)


def test_a_call_becomes_an_intent() -> None:
    found = mapped(
        compiled(PAY).map(
            post({"to": "eve", "amount": 5, "currency": "eur", "note": "secret"}, headers="X-Ref: r1\n")
        )
    )
    (intent,) = found.intents
    assert intent.action == "pay"
    assert intent.target == "shop:eve"
    assert intent.parameters == {
        "to": "eve",
        "amount": Decimal(5),
        "currency": "EUR",
        "note": "secret",
        "ref": "r1",
    }
    assert (intent.effect, intent.reversibility, intent.default_tier) == (
        Effect.SPEND,
        Reversibility.IRREVERSIBLE,
        Tier.T2,
    )
    assert intent.money == {"amount": "currency"}
    assert intent.redacted == {"note"}
    assert intent.undetermined == frozenset()
    assert intent.cost == Cost(Decimal(5), "EUR")
    assert intent.summary == "Pay 5.00 EUR to eve for [redacted]"
    assert intent.mapping == found.mapping == "shop@v1"
    assert found.mapped
    assert (found.idempotency_header, found.idempotency_inject) == ("idempotency-key", True)
    assert found.response_fields == ("/id",)
    assert found.promises[0].spec is not None
    assert found.promises[0].spec.status == (200,)
    assert found.promises[0].spec.keep == ("/id",)
    assert not found.stream
    assert found.shown_body == {"to": "eve", "amount": 5, "currency": "eur", "note": "[redacted]"}
    assert "secret" not in repr(found.intents[0].redact(b"key"))


def test_what_is_left_out_is_undetermined() -> None:
    found = mapped(compiled(PAY).map(post({"to": "eve"})))
    assert found.intents[0].undetermined == {"amount", "currency", "note", "ref"}
    assert found.intents[0].cost is None
    assert found.intents[0].redacted == frozenset()


def test_a_target_that_is_not_named_is_refused() -> None:
    text = PAY.replace("to: {from: json, required: true}", "to: {from: json}")
    assert (
        refused(compiled(text).map(post({"amount": 1, "currency": "EUR"}))).reason is Reason.INVALID_PARAMETER
    )


def test_a_target_cannot_be_made_up_of_one_value() -> None:
    found = mapped(compiled(PAY).map(post({"to": "eve/admin %2F"})))
    assert found.intents[0].target == "shop:eve%2Fadmin%20%252F"


def test_a_parameter_that_does_not_fit_is_refused_with_a_hint() -> None:
    found = refused(compiled(PAY).map(post({"to": "eve", "amount": "lots"})))
    assert found.reason is Reason.INVALID_PARAMETER
    assert "amount" in found.hint
    assert "lots" not in found.hint + found.detail


@pytest.mark.parametrize(
    ("mode", "reason", "names"),
    [("reject", Reason.UNKNOWN_PARAMETER, ()), ("flag", None, ("q", "/x", "/y/z")), ("allow", None, ())],
)
def test_what_is_not_declared(mode: str, reason: Reason | None, names: tuple[str, ...]) -> None:
    text = action("to: {from: json}, deep: {from: json, name: /y/deep}", more=f"unknown_params: {mode}")
    answer = compiled(text).map(
        post({"to": "eve", "x": "secret", "y": {"deep": "1", "z": 2}}, query="?q=secret")
    )
    if reason is not None:
        assert refused(answer).reason is reason
        assert "q, /x, /y/z" in refused(answer).hint
        assert "secret" not in refused(answer).hint
    else:
        found = mapped(answer)
        assert found.unknown == names
        assert found.shown_body == {"to": "eve", "x": "string", "y": {"deep": "1", "z": "number"}}
        assert found.shown_url == "https://shop.example/pay?q=…"


def test_nothing_said_means_reject() -> None:
    text = action("to: {from: json}")
    assert refused(compiled(text).map(post({"x": 1}))).reason is Reason.UNKNOWN_PARAMETER
    flag = text.replace("protocol: rest", "protocol: rest\ndefaults: {unknown_params: flag}")
    assert mapped(compiled(flag).map(post({"x": 1}))).unknown == ("/x",)


def test_what_is_volatile_is_declared() -> None:
    text = action("to: {from: json}", more="volatile: [/at, query:ts]")
    assert mapped(compiled(text).map(post({"to": "eve", "at": 1}, query="?ts=5")))
    form = action("to: {from: form}", more="volatile: [form:ts]").replace("rest", "form")
    assert mapped(compiled(form).map(post_form("to=eve&ts=5")))


def test_forms_are_read() -> None:
    text = action(
        'to: {from: form, required: true}, meta: {from: form, prefix: "meta["}, n: {from: form, type: int}'
    ).replace("rest", "form")
    found = mapped(compiled(text).map(post_form("to=eve&meta[a]=1&meta[b][c]=2&n=5")))
    assert found.intents[0].parameters == {"to": "eve", "meta": {"a": "1", "b": {"c": "2"}}, "n": 5}
    assert refused(compiled(text).map(post_form("to=eve&meta=1"))).reason is Reason.UNKNOWN_PARAMETER
    assert (
        refused(compiled(text).map(post_form("to=eve&meta[a]=1&meta[a][b]=2"))).reason
        is Reason.UNDECODABLE_BODY
    )


def test_a_read_is_mapped() -> None:
    found = mapped(compiled(READ).map(request("GET https://shop.example/things/a%20b?page=2")))
    assert found.intents[0].parameters == {"id": "a b", "page": 2}
    assert found.intents[0].target == "thing:a%20b"
    assert found.stream
    assert found.promises[0].spec is None
    assert found.shown_body is None
    twice = refused(compiled(READ).map(request("GET https://shop.example/things/a?page=2&page=3")))
    assert twice.reason is Reason.AMBIGUOUS_REQUEST


def test_a_header_parameter_stands_once() -> None:
    answer = compiled(PAY).map(post({"to": "eve"}, headers="X-Ref: a\nX-Ref: b\n"))
    assert refused(answer).reason is Reason.AMBIGUOUS_REQUEST
    answer = compiled(PAY).map(post({"to": "eve"}, headers="X-Ref: \u00fc\n"))
    assert refused(answer).reason is Reason.INVALID_PARAMETER


PREFLIGHT = action(
    "id: {from: json}, other: {from: json}, "
    "amount: {from: json, type: minor_units, currency_from: 'preflight:/cur', when_missing: 'preflight:/all-/gone'}",
    more="""\
preflight: {path: ["/things/{params.id}", "/others/{other}?x=1"], show: [/state, /none]}
cost: {amount: params.amount, currency: params.currency}
summary: "{amount|money} of {id}"
""",
)


def test_the_current_state_is_read_first() -> None:
    mappings = compiled(PREFLIGHT)
    ask = post({"id": "t1", "amount": 500})
    assert mappings.map(ask) == NeedsPreflight("GET", "/things/t1")
    assert mappings.map(post({"other": "o1"})) == NeedsPreflight("GET", "/others/o1?x=1")
    found = mapped(mappings.map(ask, preflight={"cur": "eur", "state": "open", "hidden": 1}))
    assert found.intents[0].parameters == {"id": "t1", "amount": Decimal(5), "currency": "EUR"}
    assert found.intents[0].summary == "5.00 EUR of t1"
    assert found.intents[0].cost == Cost(Decimal(5), "EUR")
    assert found.current == {"/state": "open"}
    full = mapped(mappings.map(post({"id": "t1"}), preflight={"cur": "jpy", "all": 500, "gone": 100}))
    assert full.intents[0].parameters == {"id": "t1", "amount": Decimal(400), "currency": "JPY"}


@pytest.mark.parametrize(
    ("body", "facts"),
    [
        ({"id": "t1", "amount": 500}, {}),
        ({"id": "t1", "amount": 500}, {"cur": "euro"}),
        ({"id": "t1", "amount": 500}, {"cur": 5}),
        ({"id": "t1", "amount": 500}, []),
        ({"id": "t1"}, {"cur": "eur"}),
        ({"id": "t1"}, {"cur": "eur", "all": "500"}),
        ({"id": "t1"}, {"cur": "eur", "all": 500, "gone": 501}),
        ({"id": "t1"}, {"cur": "eur", "all": 500, "gone": "1"}),
    ],
)
def test_a_state_that_does_not_tell_is_a_refusal(body: object, facts: object) -> None:
    answer = compiled(PREFLIGHT).map(post(body), preflight=facts)  # type: ignore[arg-type]
    assert refused(answer).reason is Reason.PREFLIGHT_FAILED


@pytest.mark.parametrize("name", ["", "../x", "a/b", "..", "a?b", "a#b", "a%2Fb", "a b", "é"])
def test_a_preflight_goes_nowhere_else(name: str) -> None:
    assert refused(compiled(PREFLIGHT).map(post({"id": name}))).reason is Reason.INVALID_PARAMETER


def test_what_can_be_refused_is_refused_before_anything_is_read() -> None:
    mappings = compiled(PREFLIGHT)
    assert refused(mappings.map(post({"id": "t1", "x": 1}))).reason is Reason.UNKNOWN_PARAMETER
    assert refused(mappings.map(post({"id": "t1", "amount": -1}))).reason is Reason.INVALID_PARAMETER


@pytest.mark.parametrize(
    ("method", "effect", "tier", "back"),
    [
        ("GET", Effect.READ, Tier.T0, Reversibility.REVERSIBLE),
        ("HEAD", Effect.READ, Tier.T0, Reversibility.REVERSIBLE),
        ("OPTIONS", Effect.READ, Tier.T0, Reversibility.REVERSIBLE),
        ("POST", Effect.WRITE, Tier.T2, Reversibility.UNKNOWN),
        ("PUT", Effect.WRITE, Tier.T2, Reversibility.UNKNOWN),
        ("PATCH", Effect.WRITE, Tier.T2, Reversibility.UNKNOWN),
        ("DELETE", Effect.WRITE, Tier.T2, Reversibility.UNKNOWN),
        ("PROPFIND", Effect.WRITE, Tier.T2, Reversibility.UNKNOWN),
    ],
)
def test_what_no_mapping_reads_is_governed_too(
    method: str, effect: Effect, tier: Tier, back: Reversibility
) -> None:
    found = mapped(compiled(PAY).map(request(f"{method} https://other.example:8443/a/b?token=secret&x")))
    (intent,) = found.intents
    assert intent.action == f"http.{method.lower()}"
    assert intent.target == "https://other.example:8443"
    assert intent.parameters == {"host": "other.example", "path": "/a/b"}
    assert (intent.effect, intent.default_tier, intent.reversibility) == (effect, tier, back)
    assert intent.summary == f"{method} https://other.example:8443/a/b"
    assert intent.mapping is None
    assert not found.mapped
    assert found.shown_url == "https://other.example:8443/a/b?token=…&x=…"
    assert (found.promises[0].spec, found.stream, found.idempotency_header) == (None, False, None)


def test_another_path_or_method_of_a_mapped_host_is_not_mapped() -> None:
    for line in (
        "GET https://shop.example/pay",
        "POST https://shop.example/pay/",
        "POST https://shop.example/PAY",
    ):
        assert not mapped(compiled(PAY).map(request(line))).mapped


def test_a_port_does_not_take_a_host_out_of_its_mapping() -> None:
    assert mapped(compiled(READ).map(request("GET http://shop.example:8080/things/a"))).mapped


@pytest.mark.parametrize("path", ["/a%2Fb", "/things/a%2Fb", "/things/100%25"])
def test_an_encoded_separator_needs_a_mapping(path: str) -> None:
    answer = compiled(READ).map(request(f"GET https://shop.example{path}"))
    assert refused(answer).reason is Reason.TARGET_NOT_CANONICAL
    encoded = compiled(READ.replace("{id}", "{id:encoded}", 1))
    if path.startswith("/things"):
        found = mapped(encoded.map(request(f"GET https://shop.example{path}")))
        assert found.intents[0].parameters == {"id": path.rsplit("/", 1)[1]}


@pytest.mark.parametrize("query", ["?=1", "?a&&b", "?a=1&", "?&"])
def test_a_query_without_one_reading_is_refused(query: str) -> None:
    for path in ("/things/a", "/elsewhere"):
        answer = compiled(READ).map(request(f"GET https://shop.example{path}{query}"))
        assert refused(answer).reason is Reason.TARGET_NOT_CANONICAL


def test_the_limit_of_a_body_is_the_mappings() -> None:
    mappings = compiled(PAY)
    head = replace(post({}), body=b"")
    assert mappings.body_limit(head, default=7) == 1024
    assert mappings.body_limit(replace(head, path="/other"), default=7) == 7
    assert compiled(action()).body_limit(head, default=7) == 7
    default = action().replace("protocol: rest", "protocol: rest\ndefaults: {max_body: 2MiB}")
    assert compiled(default).body_limit(head, default=7) == 2 * 1024 * 1024


def test_the_protocol_of_an_address_is_the_mappings() -> None:
    mappings = compiled(PAY)
    assert mappings.protocol(post({})) == "rest"
    assert compiled(PAY.replace("protocol: rest", "protocol: json")).protocol(post({})) == "json"
    assert mappings.protocol(post(b"no json")) == "rest"
    for other in ({"path": "/other"}, {"method": "PUT"}, {"host": "a.example"}):
        assert mappings.protocol(replace(post({}), **other)) is None


def test_the_fingerprint_is_the_agents_own() -> None:
    found = mapped(compiled(PAY).map(post({"to": "eve"})))
    again = mapped(compiled(PAY).map(post({"to": "eve", "at": 99})))
    other = mapped(compiled(PAY).map(post({"to": "adam"})))
    assert found.fingerprint_for("a") == again.fingerprint_for("a")
    assert found.fingerprint_for("a") != found.fingerprint_for("b")
    assert found.fingerprint_for("a") != other.fingerprint_for("a")


def test_no_mapping_at_all() -> None:
    empty = compiled()
    assert empty.hosts == frozenset()
    assert empty.action_types == {}
    assert not mapped(empty.map(post({"to": "eve"}))).mapped


def test_body_kinds_of_a_route() -> None:
    none = compiled(action(more="body: none"))
    assert mapped(none.map(replace(post({}), body=b"")))
    assert refused(none.map(post({}))).reason is Reason.UNKNOWN_PARAMETER
    with_body = compiled(action("a: {from: json}", methods="DELETE"))
    call = replace(post({"a": "b"}), method="DELETE")
    assert mapped(with_body.map(call)).intents[0].parameters == {"a": "b"}
    without = compiled(action(methods="DELETE"))
    assert refused(without.map(call)).reason is Reason.AMBIGUOUS_REQUEST


def test_a_call_is_never_changed_by_being_mapped() -> None:
    call = post({"to": "eve", "amount": 5, "currency": "eur"})
    copy = Call(**{name: getattr(call, name) for name in Call.__dataclass_fields__ if name != "body_digest"})
    compiled(PAY).map(call)
    assert call == copy


def test_what_is_sent_as_it_is_coded_is_read_as_what_it_holds_and_never_changed() -> None:
    mappings = compiled(action("n: {from: json, type: int}", more="writable: [n]\n"))
    plain = post({"n": 5})
    framed = replace(plain, body=b"8\r\n" + plain.body + b"\r\n0\r\n\r\n", payload=plain.body)
    found = mapped(mappings.map(framed))
    assert found == mapped(mappings.map(plain))
    assert found.intents[0].parameters == {"n": 5}
    assert isinstance(mappings.narrow(plain, found, {"n": 4}), Narrowed)
    assert refused(mappings.narrow(framed, found, {"n": 4})).reason == Reason.INVALID_PARAMETER


def test_a_body_never_makes_another_action_of_a_request() -> None:
    all_of_it = """\
  - action: pay_all
    match: {methods: [POST], path: /pay, having: {/all: ["true"]}}
    body: form
    params: {all: {from: body}}
    target: shop
    effect: spend
    default_tier: T3
"""
    mappings = compiled(action("all: {from: body}", more="body: [json, form]") + all_of_it)
    assert [intent.action for intent in mapped(mappings.map(post_form("all=true"))).intents] == ["pay_all"]
    assert [intent.action for intent in mapped(mappings.map(post({"all": "no"}))).intents] == ["pay"]
    assert refused(mappings.map(post({"all": "true"}))).reason == Reason.UNDECODABLE_BODY


@pytest.mark.parametrize(
    ("url", "effect", "tier"),
    [
        ("https://elsewhere.example/wipe", Effect.READ, Tier.T0),
        ("https://shop.example/wipe", Effect.WRITE, Tier.T2),
        ("https://shop.example/pay/", Effect.WRITE, Tier.T2),
    ],
)
def test_on_a_host_that_a_mapping_names_only_it_says_what_reads(url: str, effect: Effect, tier: Tier) -> None:
    (intent,) = mapped(compiled(action()).map(request(f"GET {url}"))).intents
    assert (intent.action, intent.effect, intent.default_tier) == ("http.get", effect, tier)
