"""The clauses of one call together."""

from __future__ import annotations

from mapping_kit import HEAD, compiled, post
from vienna_kernel.mapping.reading import Mapped

TWO = HEAD.replace("rest", "jsonrpc") + "".join(
    f"""\
  - action: {name}
    match: {{methods: [POST], path: /pay, operation: {name}}}
    target: shop
    params: {{a: {{from: operation, name: /params/a}}}}
    effect: write
    default_tier: {tier}
{more}"""
    for name, tier, more in (
        (
            "one",
            "T1",
            "    idempotency: {header: Key, inject: true}\n    volatile: [header:X-A, header:X-B]\n",
        ),
        ("two", "T2", "    volatile: [header:X-B]\n    stream: true\n    replay_window: 1m\n"),
    )
)


def mapped(*methods: str, headers: str = "") -> Mapped:
    rows = [
        {"jsonrpc": "2.0", "id": i, "method": name, "params": {"a": name}} for i, name in enumerate(methods)
    ]
    found = compiled(TWO).map(post(rows if len(rows) > 1 else rows[0], headers=headers))
    assert isinstance(found, Mapped), found
    return found


def test_what_one_action_says_of_its_request_holds_for_it_alone() -> None:
    assert (mapped("one").idempotency_header, mapped("one").idempotency_inject) == ("key", True)
    assert mapped("one", "one").idempotency_header == "key"
    assert (mapped("one", "two").idempotency_header, mapped("two").replay_seconds) == (None, 60)
    assert [mapped("two").stream, mapped("one", "two").stream, mapped("one").stream] == [True, False, False]


def test_what_one_part_reads_counts_for_the_whole() -> None:
    plain = mapped("one", "two").fingerprint
    assert mapped("one", "two", headers="X-B: 1\n").fingerprint == plain
    assert mapped("one", "two", headers="X-A: 1\n").fingerprint != plain
    assert mapped("one", headers="X-A: 1\n").fingerprint == mapped("one").fingerprint


def test_each_part_has_its_own_promise() -> None:
    found = mapped("one", "two")
    assert [promise.answer_id for promise in found.promises] == [0, 1]
    assert [promise.intents[0].action for promise in found.promises] == ["one", "two"]
    assert found.mapping == "shop@v1"
