"""Vectors of steps 5 to 12: what a genuine token says, held against a use of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from vectors.fixed import (
    BOUNDED,
    CHILD,
    GOOD,
    HOLDER,
    ISSUED,
    ISSUER,
    ISSUER_KEY,
    NO_REQUEST,
    OLD_KEY,
    ORIGIN,
    PARENT,
    PASSBACK,
    PLAIN,
    STOLEN_KEY,
    STRANGER,
    intent,
    person,
    vector,
)
from vienna_kernel.intent import Intent, Tier
from vienna_kernel.warrant.scope import Limit
from vienna_kernel.warrant.token import Demand, Meaning, issue

type Files = Iterator[tuple[str, dict[str, Any]]]


def step_05() -> Files:
    other = replace(PLAIN, issuer="https://vienna.attacker.example")
    yield "issuer", vector("another issuer", issue(other, ISSUER_KEY), "warrant_issuer")
    yield (
        "issuer_slash",
        vector(
            "the issuer with a slash more",
            issue(replace(PLAIN, issuer=ISSUER + "/"), ISSUER_KEY),
            "warrant_issuer",
        ),
    )
    elsewhere = {"origin": "https://payments.example.attacker.example"}
    yield "audience", vector("used towards another upstream", GOOD, "warrant_audience", use=elsewhere)
    yield (
        "audience_port",
        vector("used towards another port", GOOD, "warrant_audience", use={"origin": ORIGIN + ":8443"}),
    )
    yield (
        "audience_scheme",
        vector("used without TLS", GOOD, "warrant_audience", use={"origin": "http://payments.example"}),
    )
    wide = issue(replace(PLAIN, audience=ISSUER), ISSUER_KEY)
    yield (
        "audience_open_on_the_wire",
        vector("a wire warrant that leaves the upstream open", wide, "warrant_audience"),
    )


def step_06() -> Files:
    end, begin = PLAIN.expires_at, PLAIN.not_before
    yield "expired", vector("the very instant it ends", GOOD, "warrant_expired", now=end)
    yield "expired_long_ago", vector("an hour later", GOOD, "warrant_expired", now=end + timedelta(hours=1))
    yield (
        "not_yet_valid",
        vector("a second before it begins", GOOD, "warrant_not_yet_valid", now=begin - timedelta(seconds=1)),
    )
    yield (
        "last_millisecond",
        vector("a millisecond before its end", GOOD, "granted", now=end - timedelta(milliseconds=1)),
    )
    yield "first_instant", vector("the instant it begins", GOOD, "granted", now=begin)


def step_07() -> Files:
    yield "revoked", vector("called back", GOOD, "warrant_revoked", revoked=["wrt-1"])
    yield (
        "key_revoked",
        vector("signed by a key that was stolen", issue(PLAIN, STOLEN_KEY), "warrant_revoked"),
    )
    yield (
        "key_retired_before",
        vector("issued after its key was retired", issue(PLAIN, OLD_KEY), "warrant_revoked"),
    )
    past = ISSUED - timedelta(days=2)
    old = replace(PLAIN, issued_at=past, not_before=past, expires_at=PLAIN.expires_at)
    yield "key_retired_after", vector("issued before its key was retired", issue(old, OLD_KEY), "granted")


def _child(**changes: Any) -> str:
    return issue(replace(CHILD, **changes), HOLDER)


def step_08() -> Files:
    parents, used = [issue(PARENT, ISSUER_KEY)], [intent("3000")]
    yield "chain", vector("a link within its parent", _child(), "granted", parents=parents, intents=used)
    wide = (Meaning.of(intent("5000.01")),)
    elsewhere = "https://other.example"
    later = PARENT.expires_at + timedelta(seconds=1)
    earlier = PARENT.not_before - timedelta(seconds=1)
    free = {"amount": Limit(most=Decimal(5001))}
    refused: dict[str, tuple[str, str, list[Intent]]] = {
        "widened_amount": (_child(meanings=wide), "an amount beyond the parent's", [intent("5000.01")]),
        "widened_constraint": (_child(constraints=free), "a constraint wider than the parent's", used),
        "widened_target": (
            _child(meanings=(Meaning.of(intent("3000", target="payments:order/ord_8")),)),
            "another target",
            used,
        ),
        "widened_action": (
            _child(meanings=(Meaning.of(intent("3000", action="delete_order")),)),
            "another action",
            used,
        ),
        "hidden_parameters": (
            _child(meanings=(replace(Meaning.of(intent("3000")), parameters=None),)),
            "parameters not shown",
            used,
        ),
        "other_audience": (_child(audience=elsewhere), "another upstream than the parent's", used),
        "outlives": (_child(expires_at=later), "ends after its parent", used),
        "begins_before": (_child(not_before=earlier), "begins before its parent", used),
        "other_parent": (_child(parent="wrt-7"), "names another parent", used),
        "depth_skipped": (_child(depth=2), "two deeper than its parent", used),
        "higher_tier": (_child(tier=Tier.T3), "a higher tier than its parent", used),
        "other_agent": (_child(subject="other-bot"), "for another agent than its parent", used),
    }
    for name, (token, says, intents) in refused.items():
        yield f"chain_{name}", vector(says, token, "warrant_chain", parents=parents, intents=intents)
    yield from _links(parents, used)


def _links(parents: list[str], used: list[Intent]) -> Files:
    alone = issue(CHILD, ISSUER_KEY)
    yield (
        "chain_root_with_parent",
        vector("the issuer's own, yet it names a parent", alone, "warrant_chain", intents=used),
    )
    absent = vector("a link without the chain above it", _child(), "warrant_key_unknown", intents=used)
    yield "chain_absent", absent
    foreign = issue(CHILD, STRANGER)
    yield (
        "chain_other_signer",
        vector(
            "signed by another than the holder", foreign, "warrant_key_unknown", parents=parents, intents=used
        ),
    )
    by_issuer = vector(
        "signed by the issuer instead of the holder",
        alone,
        "warrant_key_unknown",
        parents=parents,
        intents=used,
    )
    yield "chain_issuer_as_holder", by_issuer
    closed = [issue(replace(PARENT, holder_jwk=None), ISSUER_KEY)]
    yield (
        "chain_not_granted",
        vector(
            "a parent whose holder may not derive",
            _child(),
            "warrant_key_unknown",
            parents=closed,
            intents=used,
        ),
    )
    gone = {"parents": parents, "intents": used}
    yield (
        "chain_parent_revoked",
        vector("the parent was called back", _child(), "warrant_revoked", revoked=["wrt-0"], **gone),
    )
    watched = [issue(replace(PARENT, observed=True), ISSUER_KEY)]
    yield (
        "chain_observed",
        vector(
            "a permission made of an observation", _child(), "warrant_chain", parents=watched, intents=used
        ),
    )
    links, jwk = list(parents), PARENT.holder_jwk
    for depth in range(1, 7):
        step = replace(
            PARENT,
            id=f"wrt-d{depth}",
            parent="wrt-0" if depth == 1 else f"wrt-d{depth - 1}",
            depth=depth,
            holder_jwk=jwk,
        )
        links.append(issue(step, HOLDER))
    five = vector("five links below the root", links[5], "granted", parents=links[:5], intents=used)
    yield "chain_depth_5", five
    yield (
        "chain_depth_6",
        vector("six links below the root", links[6], "warrant_chain", parents=links[:6], intents=used),
    )
    yield (
        "holder",
        vector("used by another sidecar", GOOD, "warrant_holder", use={"holder_jkt": STRANGER.kid}),
    )
    yield (
        "holder_unproved",
        vector("used by one who proved no key", GOOD, "warrant_holder", use={"holder_jkt": None}),
    )
    bare = issue(replace(PLAIN, holder_jkt=None), ISSUER_KEY)
    yield "holder_missing", vector("a wire warrant bound to no key", bare, "warrant_holder")
    yield "agent", vector("used by another agent", GOOD, "warrant_holder", use={"agent": "other-bot"})


def step_09() -> Files:
    other = {"request_digest": "sha256:" + "ac" * 32}
    yield "other_request", vector("another request", GOOD, "warrant_request", use=other)
    yield "no_request", vector("no request to be seen", GOOD, "warrant_request", use={"request_digest": None})
    yield (
        "other_method",
        vector(
            "the digest of one method, the name of another", GOOD, "warrant_request", use={"method": "PUT"}
        ),
    )
    shown = issue(replace(PLAIN, url=ORIGIN + "/v1/refunds?token=…"), ISSUER_KEY)
    yield "url_as_shown", vector("a URL whose undeclared query was left out", shown, "granted")


def step_10() -> Files:
    others = {
        "other_amount": ([intent("5001")], "another amount"),
        "amount_as_text": (
            [replace(intent(), parameters={**intent().parameters, "amount": "5000"})],
            "the amount as text",
        ),
        "other_target": ([intent(target="payments:order/ord_8")], "another target"),
        "other_action": ([intent(action="create_payout")], "another action"),
        "more_parameters": ([intent(instant=True)], "a parameter more"),
        "two_intents": ([intent(), intent()], "the same twice"),
        "no_intent": ([], "nothing at all"),
    }
    for name, (intents, says) in others.items():
        yield name, vector(says, GOOD, "warrant_scope", intents=intents)
    yield (
        "same_amount_spelled_otherwise",
        vector("5000.00 is 5000", GOOD, "granted", intents=[intent("5000.00")]),
    )
    hidden = replace(PLAIN, meanings=(replace(PLAIN.meanings[0], parameters=None),))
    yield "digest_only", vector("parameters named by their digest", issue(hidden, ISSUER_KEY), "granted")
    says = "parameters named by their digest, others used"
    yield (
        "digest_only_other",
        vector(says, issue(hidden, ISSUER_KEY), "warrant_scope", intents=[intent("5001")]),
    )
    yield from _passback()


def _passback() -> Files:
    exact, bounded = issue(PASSBACK, ISSUER_KEY), issue(BOUNDED, ISSUER_KEY)
    yield "passback", vector("a passback warrant, used as it says", exact, "granted", use=NO_REQUEST)
    less = [intent("4999.99")]
    yield (
        "passback_less",
        vector("less than it says, and no constraint", exact, "warrant_scope", use=NO_REQUEST, intents=less),
    )
    yield (
        "passback_within",
        vector("less than its constraint", bounded, "granted", use=NO_REQUEST, intents=less),
    )
    cases = {
        "passback_above": ([intent("5000.01")], "more than its constraint"),
        "passback_negative": ([intent("-1")], "a negative amount"),
        "passback_text": (
            [replace(intent(), parameters={**intent().parameters, "amount": "10"})],
            "a constrained number as text",
        ),
        "passback_true": ([intent(True)], "true where a number is constrained"),
        "passback_more_parameters": ([intent("10", instant=True)], "a parameter it does not name"),
        "passback_other_currency": ([intent("10", currency="USD")], "another currency"),
        "passback_twice": (less * 2, "two uses in one"),
    }
    for name, (intents, says) in cases.items():
        yield name, vector(says, bounded, "warrant_scope", use=NO_REQUEST, intents=intents)
    absent = replace(intent(), parameters={"order": "ord_7", "currency": "EUR"})
    yield (
        "passback_missing",
        vector(
            "a constrained parameter left out", bounded, "warrant_scope", use=NO_REQUEST, intents=[absent]
        ),
    )


def step_11() -> Files:
    seen = issue(replace(PLAIN, observed=True, consents=()), ISSUER_KEY)
    yield "observed", vector("issued in observe mode", seen, "warrant_observed")
    yield (
        "observed_while_observing",
        vector("issued in observe mode, and nothing is enforced", seen, "granted", use={"observing": True}),
    )
    alice = PLAIN.consents[0]
    demand = Demand(approvals=3, mfa=True, justification=True)
    three = tuple(person(name, justified=True) for name in ("alice", "bob", "carol"))
    variants = {
        "quorum_missing": (replace(PLAIN, consents=(alice,)), "one approval of two"),
        "same_person_twice": (replace(PLAIN, consents=(alice, alice)), "one person, counted twice"),
        "mfa_missing": (
            replace(PLAIN, consents=(alice, person("bob", mfa=""))),
            "an approval without a second factor",
        ),
        "justification_missing": (
            replace(PLAIN, tier=Tier.T3, consents=(*three[:2], person("carol")), demand=demand),
            "one of three gave no justification",
        ),
    }
    for name, (warrant, says) in variants.items():
        yield name, vector(says, issue(warrant, ISSUER_KEY), "warrant_requirements")
    full = replace(PLAIN, tier=Tier.T3, consents=three, demand=demand)
    yield "justified", vector("three people, each with a justification", issue(full, ISSUER_KEY), "granted")


def step_12() -> Files:
    yield "consumed", vector("used before", GOOD, "warrant_consumed", consumed=["wrt-1"])
    yield "first_use", vector("never used", GOOD, "granted")


STEPS = (step_05, step_06, step_07, step_08, step_09, step_10, step_11, step_12)
