"""A link permits nothing that its parent would not: each rule, the whole small space of two links, every chain.

What a warrant permits is asked of the steps that hold it against a use; what ``link`` grants must be less or equal.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import cache
from itertools import combinations, pairwise, product
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mutant import must_die
from vectors.fixed import (
    CHILD,
    DIGEST,
    HOLDER,
    ISSUER,
    ISSUER_KEY,
    JWKS,
    NOW,
    ORIGIN,
    PARENT,
    STRANGER,
    USE,
    intent,
    person,
    sealed,
)
from vienna_kernel.intent import Intent, Tier
from vienna_kernel.keyring import Keyring, Purpose
from vienna_kernel.verdict import Granted, Reason, Refused
from vienna_kernel.warrant import chain
from vienna_kernel.warrant.claims import to_claims
from vienna_kernel.warrant.response import exceeded
from vienna_kernel.warrant.scope import Limit
from vienna_kernel.warrant.terms import Demand, Meaning, Roll, Warrant
from vienna_kernel.warrant.token import MAX_BYTES, issue, verify
from vienna_kernel.warrant.use import STEPS, Use

OTHER = "https://other.example"
OTHER_DIGEST = "sha256:" + "ac" * 32
ONE_SECOND = timedelta(seconds=1)


def test_a_link_within_its_parent_is_granted() -> None:
    assert chain.link(CHILD, PARENT) == Granted()


LOOSER: list[dict[str, Any]] = [
    {"parent": None},
    {"depth": 0},
    {"depth": 2},
    {"expires_at": PARENT.expires_at + ONE_SECOND},
    {"not_before": PARENT.not_before - ONE_SECOND},
    {"issuer": OTHER},
    {"subject": "other-bot"},
    {"audience": OTHER},
    {"holder_jkt": None},
    {"tier": Tier.T3},
    {"consents": (*PARENT.consents, person("carol"))},
    {"consents": ()},
    {"intent_id": "int-2"},
    {"policy_digest": "sha256:00"},
    {"mapping_digest": "sha256:00"},
    {"audit_leaf": "00" * 32},
    {"demand": Demand(1, mfa=True)},
    {"demand": Demand(2)},
    {"observed": True},
    {"meanings": (Meaning.of(intent("5000.01")),)},
    {"meanings": (Meaning.of(intent("3000", target="payments:order/ord_8")),)},
    {"meanings": (Meaning.of(intent("3000", action="pay_out")),)},
    {"meanings": (Meaning.of(intent("3000", currency="USD")),)},
    {"meanings": (Meaning.of(intent("3000", instant=True)),)},
    {"meanings": (Meaning.of(intent("3000")), Meaning.of(intent("3000", action="pay_out")))},
    {"meanings": (Meaning.of(intent("3000")),) * 2},
    {"meanings": (replace(Meaning.of(intent("3000")), parameters=None),)},
    {"roll": Roll.of([intent("3000"), intent("3000")])},
]


@pytest.mark.parametrize("changes", LOOSER, ids=lambda changes: next(iter(changes)))
def test_each_widening_alone_is_refused(changes: dict[str, Any]) -> None:
    verdict = chain.link(replace(CHILD, **changes), PARENT)
    assert isinstance(verdict, Refused)
    assert verdict.reason is Reason.WARRANT_CHAIN


def test_a_parent_that_names_the_issuer_leaves_the_upstream_open() -> None:
    assert chain.link(CHILD, replace(PARENT, audience=ISSUER)) == Granted()


def test_a_parent_that_binds_a_request_binds_its_links_to_it() -> None:
    bound = replace(PARENT, request_digest=DIGEST, method="POST", meanings=CHILD.meanings)
    assert chain.link(CHILD, bound) == Granted()
    for wrong in (
        replace(bound, request_digest=OTHER_DIGEST),
        replace(bound, method="PUT"),
        replace(bound, meanings=PARENT.meanings),  # on the wire a constraint leaves nothing free
    ):
        assert isinstance(chain.link(CHILD, wrong), Refused)


def test_a_link_may_show_what_its_parent_only_names() -> None:
    bound = replace(PARENT, request_digest=DIGEST, meanings=CHILD.meanings)
    hidden = replace(bound, meanings=(replace(CHILD.meanings[0], parameters=None),))
    silent = replace(CHILD, meanings=hidden.meanings)
    assert chain.link(CHILD, hidden) == Granted()
    assert chain.link(silent, hidden) == Granted()
    assert isinstance(chain.link(silent, bound), Refused)


def test_an_observation_never_becomes_a_permission_nor_the_reverse() -> None:
    seen = replace(PARENT, observed=True)
    assert isinstance(chain.link(CHILD, seen), Refused)
    assert isinstance(chain.link(replace(CHILD, observed=True), PARENT), Refused)
    assert chain.link(replace(CHILD, observed=True), seen) == Granted()


def test_a_bound_on_the_answer_is_kept_or_lowered() -> None:
    bound = replace(PARENT, response_limits={"max_items": 10})
    assert isinstance(chain.link(CHILD, bound), Refused)
    assert isinstance(chain.link(replace(CHILD, response_limits={"max_items": 11}), bound), Refused)
    assert chain.link(replace(CHILD, response_limits={"max_items": 10}), bound) == Granted()


def test_a_roll_is_handed_on_whole() -> None:
    roll = Roll.of([intent("1"), intent("2")])
    parent = replace(PARENT, roll=roll, constraints={})
    child = replace(CHILD, roll=roll, meanings=parent.meanings)
    assert chain.link(child, parent) == Granted()
    assert isinstance(chain.link(replace(child, roll=Roll.of([intent("1")])), parent), Refused)
    assert isinstance(chain.link(replace(child, roll=None), parent), Refused)
    assert chain.attenuate(parent, child) == child
    for other in (None, Roll.of([intent("1")])):
        assert isinstance(chain.attenuate(parent, replace(child, roll=other)), Refused)
    assert isinstance(chain.attenuate(PARENT, replace(CHILD, roll=roll)), Refused)


def test_a_root_has_no_parent_and_no_depth() -> None:
    assert chain.root(PARENT) == Granted()
    assert isinstance(chain.root(replace(PARENT, parent="wrt-7")), Refused)
    assert isinstance(chain.root(replace(PARENT, depth=1)), Refused)


def test_nobody_may_sign_below_a_parent_without_a_holder_key() -> None:
    assert chain.holder_key(replace(PARENT, holder_jwk=None)) is None
    assert chain.holder_key(replace(PARENT, holder_jwk={"kty": "OKP"})) is None
    key = chain.holder_key(PARENT)
    assert key is not None
    assert key.kid == HOLDER.kid
    published = {**(PARENT.holder_jwk or {}), "purpose": "log"}
    assert chain.holder_key(replace(PARENT, holder_jwk=published)) == key  # whatever else it says it is for
    assert key.purpose is Purpose.WARRANT


# The whole small space of two links.

TEN, FIFTEEN = intent("10"), intent("15")
BOUND = {"amount": Limit(least=Decimal(0), most=Decimal(10))}
WIDER = {"amount": Limit(least=Decimal(0), most=Decimal(15))}
HIDDEN = (replace(Meaning.of(TEN), parameters=None),)
BASE = replace(PARENT, meanings=(Meaning.of(TEN),), constraints={}, consents=(person("alice"), person("bob")))

# What a warrant is for: everything that decides which calls it covers, each with each.
CALLS = [
    {"request_digest": digest, "audience": audience, **terms}
    for digest, audience, terms in product(
        (None, DIGEST, OTHER_DIGEST),
        (ISSUER, ORIGIN, OTHER),
        (
            {},
            {"constraints": BOUND},
            {"constraints": WIDER},
            {"meanings": (Meaning.of(FIFTEEN),)},
            {"meanings": (Meaning.of(intent(10)),)},
            {"meanings": (Meaning.of(TEN),) * 2},
            {"meanings": (Meaning.of(TEN), Meaning.of(FIFTEEN))},
            {"meanings": HIDDEN},
            {"meanings": HIDDEN, "constraints": WIDER},
            {"roll": Roll.of([TEN, TEN])},
            {"roll": Roll.of([TEN, FIFTEEN])},
        ),
    )
]
# On what consent: the same.
CONSENT = [
    {"observed": observed, "demand": demand, "consents": consents, "tier": tier}
    for observed, demand, consents, tier in product(
        (False, True),
        (Demand(), Demand(1), Demand(2), Demand(1, mfa=True), Demand(2, True, True)),
        ((), (person("alice", mfa=""),), BASE.consents, (person("a", justified=True), person("b", justified=True))),
        (Tier.T1, Tier.T2),
    )
]  # fmt: skip
# When, by whom, and with what answer.
REST = [
    {"expires_at": BASE.expires_at + end, "not_before": BASE.not_before + begin, "subject": subject,
     "holder_jkt": holder, "response_limits": limits, "issuer": issuer}
    for end, begin, subject, holder, limits, issuer in product(
        (timedelta(), ONE_SECOND),
        (timedelta(), ONE_SECOND),
        ("billing-bot", "other-bot"),
        (HOLDER.kid, STRANGER.kid, None),
        ({}, {"max_items": 1}, {"max_items": 2}, {"max_body_bytes": 1}),
        (ISSUER, OTHER),
    )
]  # fmt: skip

ACTS: list[list[Intent]] = [
    [TEN], [FIFTEEN], [intent("5")], [intent("20")], [intent(10)], [intent("10", target="other")], [TEN, TEN],
    [TEN, FIFTEEN], [FIFTEEN, TEN], [], [replace(TEN, parameters={**TEN.parameters, "amount": "10"})],
]  # fmt: skip
USES = [
    (Use(origin=origin, agent="billing-bot", holder_jkt=None, intents=acts, request_digest=digest, observing=seeing))
    for origin, acts, digest, seeing in product(
        (ORIGIN, OTHER, ISSUER), ACTS, (None, DIGEST, OTHER_DIGEST), (False, True)
    )
]  # fmt: skip
MOMENTS = [
    BASE.not_before, BASE.not_before + ONE_SECOND, NOW, BASE.expires_at - timedelta(milliseconds=1), BASE.expires_at,
]  # fmt: skip
ANSWERS = list(product((0, 1, 2, None), (0, 1, 2, 3, None)))


def of(changes: dict[str, Any], *, child: bool) -> Warrant:
    """A parent, or a child that fits it but for these changes."""
    return replace(BASE, **({"id": "wrt-1", "parent": BASE.id, "depth": 1} if child else {}), **changes)


@cache
def _bits(at: int, space: str) -> int:
    """What a warrant permits, as bits: of uses by its own holder, of agents, of moments, of answers.

    One bit more is set for a key that must be proved not to be needed.
    """
    warrant = of({"calls": CALLS, "consent": CONSENT, "rest": REST}[space][at], child=False)
    bits = []
    for use in (
        *USES,
        *(Use(**{**USE, "agent": agent, "intents": [TEN]}) for agent in ("billing-bot", "other-bot")),
    ):
        held = replace(use, holder_jkt=warrant.holder_jkt)
        bits.append(all(step(warrant, held) == Granted() for step in STEPS))
    bits += [warrant.not_before <= moment < warrant.expires_at for moment in MOMENTS]
    bits += [not exceeded(warrant.response_limits, body_bytes=size, items=n) for size, n in ANSWERS]
    bits.append(warrant.holder_jkt is None)
    bits.append(warrant.issuer == OTHER)
    return sum(bit << place for place, bit in enumerate(bits))


def pairs(space: str) -> Iterator[tuple[int, int, Warrant, Warrant]]:
    """Each child with each parent of a space: what either permits, and both."""
    rows = {"calls": CALLS, "consent": CONSENT, "rest": REST}[space]
    children = [of(changes, child=True) for changes in rows]
    parents = [of(changes, child=False) for changes in rows]
    for (i, child), (j, parent) in product(enumerate(children), enumerate(parents)):
        yield _bits(i, space), _bits(j, space), child, parent


def law_link(m: ModuleType, *spaces: str) -> dict[str, int]:
    """What a link is granted for is permitted by its parent too, whichever two of the space they are."""
    granted = {}
    for space in spaces or ("calls", "consent", "rest"):
        granted[space] = 0
        for mine, theirs, child, parent in pairs(space):
            if m.link(child, parent) == Granted():
                granted[space] += 1
                assert mine & ~theirs == 0, (child, parent)
    return granted


def test_no_link_widens_over_the_whole_small_space() -> None:
    granted = law_link(chain)
    assert granted["calls"] > 150
    assert granted["consent"] > 200
    assert granted["rest"] > 2000


def test_every_link_that_is_granted_permits_something_that_is_asked() -> None:
    """A link to nothing would make the law empty: most of the granted permit a use."""
    uses = (1 << len(USES)) - 1
    fruitful = [
        mine & uses for mine, _, child, parent in pairs("calls") if chain.link(child, parent) == Granted()
    ]
    assert sum(1 for bits in fruitful if bits) > 100


@pytest.mark.parametrize(
    ("space", "old", "new"),
    [
        ("rest", "child.expires_at <= parent.expires_at", "True"),
        ("rest", "child.not_before >= parent.not_before", "True"),
        ("rest", "child.not_before >= parent.not_before", "child.not_before <= parent.not_before"),
        ("rest", "child.issuer == parent.issuer", "True"),
        ("rest", "child.subject == parent.subject", "True"),
        ("rest", "child.holder_jkt is not None or parent.holder_jkt is None", "True"),
        ("rest", "response.within(child.response_limits, parent.response_limits)", "True"),
        ("rest", "response.within(child.response_limits, parent.response_limits)",
         "response.within(parent.response_limits, child.response_limits)"),
        ("calls", "child.audience == parent.audience or parent.open_audience", "True"),
        ("calls", "parent.open_audience, \"is", "parent.audience == parent.issuer, \"is"),
        ("calls", "yield _same_request(child, parent)", "yield True"),
        ("calls", "yield _fewer_calls(child, parent)", "yield True"),
        ("calls", "outer = None if parent.wire else parent.scope()", "outer = parent.scope()"),
        ("calls", "return child.wire and child.roll", "return child.roll"),
        ("calls", "child.roll == parent.roll and _alike", "_alike"),
        ("calls", "and _alike(child.meanings, parent.meanings)", ""),
        ("calls", "inner.within(outer)", "outer.within(inner)"),
        ("calls", "return len(meanings) == len(others) and all(", "return all("),
        ("calls", "row.digest == other.digest\n        and", ""),
        ("consent", "_grounds(child) == _grounds(parent)", "True"),
        ("consent", "child.demand.within(parent.demand)", "True"),
        ("consent", "child.observed == parent.observed", "True"),
        ("consent", "child.observed == parent.observed", "child.observed or not parent.observed"),
        ("consent", "child.observed == parent.observed", "parent.observed or not child.observed"),
        ("consent", "return w.consents, w", "return w"),
    ],
)  # fmt: skip
def test_a_mutant_of_a_rule_dies(space: str, old: str, new: str) -> None:
    must_die(lambda m: law_link(m, space), chain, old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("child.parent == parent.id", "True"),
        ("child.depth == parent.depth + 1", "True"),
        ("child.depth == parent.depth + 1", "child.depth > parent.depth"),
        ("child.tier <= parent.tier", "True"),
        ("child.tier <= parent.tier", "child.tier >= parent.tier"),
        ("w.intent_id, ", ""),
        ("w.policy_digest, ", ""),
        ("w.mapping_digest, ", ""),
        (", w.audit_leaf", ""),
    ],
)
def test_a_mutant_that_lets_a_lie_pass_dies(old: str, new: str) -> None:
    """Rules that no use shows: they keep what a warrant says of itself true."""

    def law(m: ModuleType) -> None:
        for changes in LOOSER:
            assert isinstance(m.link(replace(CHILD, **changes), PARENT), Refused), changes

    law(chain)
    must_die(law, chain, old, new)


def test_a_mutant_that_goes_deeper_dies() -> None:
    def law(m: ModuleType) -> None:
        for depth in range(8):
            child = replace(CHILD, depth=depth + 1)
            assert (m.link(child, replace(PARENT, depth=depth)) == Granted()) == (depth < 5)

    law(chain)
    must_die(law, chain, "child.depth <= MAX_DEPTH, f", "True, f")
    must_die(law, chain, "child.depth <= MAX_DEPTH, f", "child.depth < MAX_DEPTH, f")
    must_die(law, chain, "MAX_DEPTH = 5", "MAX_DEPTH = 6")


# Attenuation.


def law_attenuate(m: ModuleType, *spaces: str) -> int:
    """Whatever is wished for: refused, or a link that is granted and permits no more than parent and wish."""
    derived = 0
    for space in spaces or ("calls", "consent", "rest"):
        for _, _, wish, parent in pairs(space):
            made = m.attenuate(parent, wish)
            if chain.link(wish, parent) == Granted():  # what is within it already is taken as it is
                assert isinstance(made, Warrant), (wish, parent)
                assert replace(made, constraints=wish.constraints) == wish, parent
            if isinstance(made, Refused):
                assert made.reason is Reason.WARRANT_CHAIN
                unbound = wish.holder_jkt is None and parent.holder_jkt is not None
                assert space == "calls" or unbound, (wish, parent)  # all else is cut, not refused
                continue
            derived += 1
            assert chain.link(made, parent) == Granted(), (wish, parent)
            assert made.expires_at <= wish.expires_at
            assert made.not_before >= wish.not_before
            assert made.not_before <= made.issued_at < made.expires_at
            assert made.tier <= wish.tier
            assert made.demand.within(wish.demand)
            assert made.meanings == wish.meanings
            assert made.request_digest == (parent.request_digest or wish.request_digest)
            assert made.id == wish.id
            assert all(made.response_limits.get(name, 9) <= n for name, n in wish.response_limits.items())
            if made.constraints:
                assert all(made.constraints[name].within(limit) for name, limit in wish.constraints.items())
    return derived


def test_attenuation_never_widens_over_the_whole_small_space() -> None:
    assert law_attenuate(chain, "calls") > 300
    assert (
        law_attenuate(chain, "consent") == len(CONSENT) ** 2
    )  # there is always a stricter consent to ask for
    assert law_attenuate(chain, "rest") > 20_000


@pytest.mark.parametrize(
    ("space", "old", "new"),
    [
        ("rest", "expires_at=min(", "expires_at=max("),
        ("rest", "not_before=max(", "not_before=min("),
        ("rest", "limits[name] = min(", "limits[name] = max("),
        ("rest", "limits = dict(parent.response_limits)", "limits = {}"),
        ("consent", "tier=min(", "tier=max("),
        ("consent", "demand=wish.demand.meet(parent.demand)", "demand=wish.demand"),
        ("consent", "demand=wish.demand.meet(parent.demand)", "demand=parent.demand"),
        ("calls", "getattr(parent, name) or getattr(wish, name)", "getattr(parent, name)"),
        ("calls", "return verdict if isinstance(verdict, Refused) else child", "return child"),
        ("calls", "limit.meet(bounds[name]) if name in bounds else limit", "bounds.get(name, limit)"),
    ],
)
def test_a_mutant_of_attenuation_dies(space: str, old: str, new: str) -> None:
    must_die(lambda m: law_attenuate(m, space), chain, old, new)


def test_a_wish_is_cut_where_it_is_too_much_and_refused_where_it_is_something_else() -> None:
    wish = replace(
        CHILD,
        expires_at=PARENT.expires_at + ONE_SECOND,
        tier=Tier.T3,
        demand=Demand(),
        consents=(),
        subject="other-bot",
        audience=OTHER,
        constraints={"amount": Limit(most=Decimal(9000))},
        request_digest=None,
    )
    made = chain.attenuate(PARENT, wish)
    assert isinstance(made, Warrant)
    assert (made.expires_at, made.tier, made.demand) == (PARENT.expires_at, PARENT.tier, PARENT.demand)
    assert (made.subject, made.audience, made.consents) == (PARENT.subject, PARENT.audience, PARENT.consents)
    assert made.constraints == {"amount": Limit(least=Decimal("0.01"), most=Decimal(5000))}
    assert isinstance(chain.attenuate(PARENT, replace(wish, meanings=LOOSER[-5]["meanings"])), Refused)
    for issued_at, held in (
        (PARENT.not_before - ONE_SECOND, True),
        (PARENT.not_before, True),
        (PARENT.expires_at - ONE_SECOND, True),
        (PARENT.expires_at, False),
    ):
        timed = chain.attenuate(PARENT, replace(wish, issued_at=issued_at))
        assert isinstance(timed, Warrant) == held


def test_what_a_wish_says_is_taken_and_what_it_rests_on_is_its_parents() -> None:
    open_parent = replace(PARENT, audience=ISSUER, response_limits={"max_items": 5})
    wish = replace(
        CHILD,
        id="wrt-2",
        parent="wrt-of-another",
        depth=3,
        audience=OTHER,
        holder_jkt=STRANGER.kid,
        holder_jwk={"kty": "OKP"},
        issued_at=CHILD.issued_at + ONE_SECOND,
        not_before=CHILD.not_before + ONE_SECOND,
        expires_at=CHILD.expires_at - ONE_SECOND,
        tier=Tier.T1,
        demand=Demand(3, justification=True),
        constraints={"amount": Limit(one_of=(1, 6000)), "note": Limit()},
        response_limits={"max_items": 6, "max_body_bytes": 1},
        issuer=OTHER,
        subject="other-bot",
        intent_id="int-9",
        policy_digest="sha256:09",
        mapping_digest="sha256:09",
        consents=(),
        audit_leaf="09" * 32,
        observed=True,
    )
    made = chain.attenuate(open_parent, wish)
    assert isinstance(made, Warrant)
    amount = Limit(one_of=(1,), least=Decimal("0.01"), most=Decimal(5000))
    assert made == replace(
        open_parent,
        **{
            name: getattr(wish, name)
            for name in (
                "id", "audience", "holder_jkt", "holder_jwk", "issued_at", "not_before", "expires_at", "tier",
                "meanings", "request_digest", "method", "url", "content_type", "body_digest",
            )
        },
        parent=open_parent.id,
        depth=1,
        demand=Demand(3, mfa=True, justification=True),
        constraints={"amount": amount, "note": Limit()},
        response_limits={"max_items": 5, "max_body_bytes": 1},
    )  # fmt: skip
    assert chain.attenuate(open_parent, replace(wish, issued_at=wish.expires_at)) == Refused(
        Reason.WARRANT_CHAIN, "over before it begins"
    )


def test_a_wish_that_names_no_request_gets_its_parents() -> None:
    bound = replace(PARENT, request_digest=DIGEST, method="POST", meanings=CHILD.meanings)
    silent = replace(CHILD, request_digest=None, method=None)
    made = chain.attenuate(bound, silent)
    assert isinstance(made, Warrant)
    assert (made.request_digest, made.method, made.url) == (DIGEST, "POST", CHILD.url)


# Every chain, as tokens.

RING = Keyring.from_jwks(JWKS)
TRUST: dict[str, Any] = {
    "keyring": RING, "now": NOW, "issuer": ISSUER, "revoked": lambda _: False, "consumed": None,
}  # fmt: skip
AMOUNTS = (Decimal(10), Decimal(20), Decimal(30))


@cache
def _link_token(amount: Decimal, depth: int, parent_id: str | None) -> tuple[str, str]:
    limits = {"amount": Limit(least=Decimal(0), most=amount)}
    names = {"id": f"wrt-{depth}-{amount}", "parent": parent_id, "depth": depth}
    warrant = replace(PARENT, meanings=(Meaning.of(TEN),), constraints=limits, **names)  # type: ignore[arg-type]
    return warrant.id, issue(warrant, HOLDER if depth else ISSUER_KEY)


def chain_of(amounts: tuple[Decimal, ...]) -> list[str]:
    tokens: list[str] = []
    above = None
    for depth, amount in enumerate(amounts):
        above, token = _link_token(amount, depth, above)
        tokens.append(token)
    return tokens


def judged(tokens: list[str], amount: Decimal, **more: Any) -> bool:
    use = Use(**{**USE, "request_digest": None, "intents": [intent(str(amount))]})
    found = verify(tokens[-1], use=use, parents=tokens[:-1], **{**TRUST, **more})
    return isinstance(found, Warrant)


@pytest.mark.parametrize("links", range(6))
def test_every_chain_permits_what_its_narrowest_link_does_and_never_widens(links: int) -> None:
    """All chains of three widths up to five links below the root: granted exactly where no link is wider."""
    granted = 0
    for amounts in product(AMOUNTS, repeat=links + 1):
        narrowing = all(b <= a for a, b in pairwise(amounts))
        tokens = chain_of(amounts)
        assert judged(tokens, min(amounts)) == narrowing, amounts
        assert not judged(tokens, min(amounts) + 1), amounts
        granted += narrowing
    assert granted == (links + 2) * (links + 3) // 2  # combinations with repetition of three widths


def test_a_chain_holds_up_to_five_links_and_not_with_six() -> None:
    assert judged(chain_of((AMOUNTS[0],) * 6), AMOUNTS[0])
    assert not judged(chain_of((AMOUNTS[0],) * 7), AMOUNTS[0])


def test_a_chain_in_any_other_order_or_with_a_link_left_out_is_refused() -> None:
    tokens = chain_of((AMOUNTS[2], AMOUNTS[1], AMOUNTS[1], AMOUNTS[0]))
    held = 0
    for size in range(1, 5):
        for picked in combinations(range(4), size):
            held += judged([tokens[at] for at in picked], AMOUNTS[0])
            assert judged([tokens[at] for at in picked], AMOUNTS[0]) == (picked == tuple(range(size)))
    assert held == 4


def test_a_use_uses_up_every_warrant_above_it() -> None:
    tokens = chain_of((AMOUNTS[0],) * 4)
    names = [_link_token(AMOUNTS[0], depth, None)[0] for depth in range(4)]
    assert judged(tokens, AMOUNTS[0], consumed=lambda name: name == "wrt-other")
    for one in names:
        assert not judged(tokens, AMOUNTS[0], consumed=lambda name, one=one: name == one)
        assert not judged(tokens, AMOUNTS[0], revoked=lambda name, one=one: name == one)


@given(st.decimals(min_value=-10, max_value=20_000, places=2))
def test_no_link_covers_an_amount_that_its_parent_does_not(amount: Decimal) -> None:
    child = replace(CHILD, meanings=(Meaning.of(intent(amount)),))
    held = isinstance(chain.link(child, PARENT), Granted)
    assert held == (Decimal("0.01") <= amount <= 5000)


def test_a_link_that_names_its_parameters_too_deep_gives_an_answer() -> None:
    """A holder signs what it likes: nesting that a comparison could not climb out of is malformed."""
    text = json.dumps(to_claims(replace(CHILD, meanings=(Meaning.of(intent(7)),))))
    parent = replace(PARENT, constraints={"amount": Limit(one_of=([[1]],))})
    for depth in (3, 50, 94, 95, 150, 800):
        deep = text.replace('"amount": 7', '"amount": ' + "[" * depth + "1" + "]" * depth)
        token = sealed(deep.encode(), HOLDER)
        assert len(token) <= MAX_BYTES
        found = verify(
            token, parents=[issue(parent, ISSUER_KEY)], use=Use(**USE, intents=[intent()]), **TRUST
        )
        assert isinstance(found, Refused)
        assert found.reason is (Reason.WARRANT_MALFORMED if depth > 94 else Reason.WARRANT_CHAIN), depth
