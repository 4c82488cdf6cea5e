"""Vectors of steps 5 to 12: what a genuine token says, held against a use of it; the chain has a file of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from vectors.fixed import (
    BOUNDED,
    GOOD,
    HOLDER,
    ISSUED,
    ISSUER,
    ISSUER_KEY,
    NO_REQUEST,
    OLD_KEY,
    ORIGIN,
    PASSBACK,
    PLAIN,
    STOLEN_KEY,
    STRANGER,
    intent,
    person,
    vector,
)
from vienna_kernel.intent import Tier
from vienna_kernel.warrant.token import Demand, Meaning, issue

type Files = Iterator[tuple[str, dict[str, Any]]]


def step_05() -> Files:
    other = replace(PLAIN, issuer="https://vienna.attacker.example")
    yield "issuer", vector("another issuer", issue(other, ISSUER_KEY), "warrant_issuer")
    case = issue(replace(PLAIN, issuer=ISSUER.upper()), ISSUER_KEY)
    yield "issuer_case", vector("the issuer in capitals", case, "warrant_issuer")
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
    instant = replace(old, issued_at=ISSUED - timedelta(days=1))
    yield (
        "key_retired_that_instant",
        vector("issued the instant its key was retired", issue(instant, OLD_KEY), "warrant_revoked"),
    )
    yield (
        "key_revoked_backdated",
        vector("a stolen key writes any date it likes", issue(old, STOLEN_KEY), "warrant_revoked"),
    )


def step_08() -> Files:
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
    bound = issue(replace(PASSBACK, holder_jkt=HOLDER.kid), ISSUER_KEY)
    for name, says, jkt, expect in (
        ("passback_bound", "for passback, by the key it is bound to", HOLDER.kid, "granted"),
        ("passback_holder", "for passback, by another key", STRANGER.kid, "warrant_holder"),
        ("passback_unproved", "for passback, by one who proved no key", None, "warrant_holder"),
    ):
        yield name, vector(says, bound, expect, use={**NO_REQUEST, "holder_jkt": jkt})


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
    elsewhere = {"url": ORIGIN + "/v1/payouts"}
    yield (
        "other_url",
        vector("the digest of one URL, the name of another", GOOD, "warrant_request", use=elsewhere),
    )
    untold = {"method": None, "url": None}
    yield "method_untold", vector("the digest alone, method and URL not told", GOOD, "granted", use=untold)
    shown = issue(replace(PLAIN, url=ORIGIN + "/v1/refunds?token=…"), ISSUER_KEY)
    yield "url_as_shown", vector("a URL whose undeclared query was left out", shown, "granted")
    secret = issue(replace(PLAIN, url=ORIGIN + "/v1/[redacted]"), ISSUER_KEY)
    yield "url_with_a_secret", vector("a URL whose secret step was left out", secret, "granted")
    for name, claim in {"method": PLAIN.method, "url": PLAIN.url}.items():
        alone = issue(replace(PASSBACK, **{name: claim}), ISSUER_KEY)
        yield f"{name}_alone", vector(f"no digest, but the {name} of this request", alone, "granted")
        other = {name: f"{claim}X"}
        yield f"{name}_alone_other", vector(f"no digest, another {name}", alone, "warrant_request", use=other)
        hidden: dict[str, Any] = {name: None}
        yield (
            f"{name}_alone_untold",
            vector(f"no digest, the {name} not told", alone, "warrant_request", use=hidden),
        )


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


def many() -> Files:
    """More intents than a token has room for: one digest binds them all, each in its place."""
    rows = [intent(str(at + 1), target=f"s3:photos/{at:03}.jpg") for at in range(70)]
    wire = issue(replace(PLAIN, meanings=tuple(map(Meaning.of, rows))), ISSUER_KEY)
    unseen = issue(replace(PASSBACK, meanings=tuple(map(Meaning.of, rows))), ISSUER_KEY)
    yield "many", vector("seventy intents", wire, "granted", intents=rows)
    passback = vector("seventy intents in passback", unseen, "granted", intents=rows, use=NO_REQUEST)
    yield "many_passback", passback
    text = replace(rows[40], parameters={**rows[40].parameters, "amount": "41"})
    others = {
        "one_less": (rows[:-1], "the last one left out"),
        "one_more": ([*rows, rows[-1]], "the last one twice"),
        "none": ([], "none of them"),
        "first_alone": (rows[:1], "the one that is shown, alone"),
        "swapped": ([*rows[:8], rows[9], rows[8], *rows[10:]], "two of them changed places"),
        "other_first": ([replace(rows[0], target="s3:photos/x.jpg"), *rows[1:]], "another first one"),
        "other_last": ([*rows[:-1], replace(rows[-1], target="s3:photos/x.jpg")], "another last one"),
        "as_text": ([*rows[:40], text, *rows[41:]], "the amount of one of them as text"),
    }
    for name, (intents, says) in others.items():
        yield f"many_{name}", vector(f"of seventy, {says}", wire, "warrant_scope", intents=intents)
    listed = rows[:3]
    few = issue(replace(PLAIN, meanings=tuple(map(Meaning.of, listed))), ISSUER_KEY)
    yield "few", vector("three intents", few, "granted", intents=listed)
    spelled = [*listed[:2], replace(listed[2], parameters={**listed[2].parameters, "amount": "3"})]
    yield "few_as_text", vector("the last amount as text", few, "warrant_scope", intents=spelled)
    yield "few_swapped", vector("three intents in another order", few, "warrant_scope", intents=listed[::-1])


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
    bare = replace(
        PLAIN, consents=(person("alice", mfa=""), person("bob", mfa="")), demand=Demand(approvals=2)
    )
    yield (
        "mfa_not_asked",
        vector("two people without codes, where none are asked", issue(bare, ISSUER_KEY), "granted"),
    )
    keys = replace(PLAIN, consents=(person("alice", mfa="passkey"), person("bob", mfa="passkey")))
    yield "passkeys", vector("two people, each with a passkey", issue(keys, ISSUER_KEY), "granted")
    full = replace(PLAIN, tier=Tier.T3, consents=three, demand=demand)
    yield "justified", vector("three people, each with a justification", issue(full, ISSUER_KEY), "granted")


def step_12() -> Files:
    yield "consumed", vector("used before", GOOD, "warrant_consumed", consumed=["wrt-1"])
    yield "first_use", vector("never used", GOOD, "granted")
    bounded = replace(PLAIN, response_limits={"max_body_bytes": 65536, "max_items": 100})
    says = "bounds on the answer, which are held when it comes"
    yield "response_limits", vector(says, issue(bounded, ISSUER_KEY), "granted")


STEPS = (
    (5, step_05),
    (6, step_06),
    (7, step_07),
    (8, step_08),
    (9, step_09),
    (10, step_10),
    (10, many),
    (11, step_11),
    (12, step_12),
)
