"""Vectors of step 8: a chain that holds, one that breaks at each link, and a child wider in each respect."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from vectors.fixed import (
    CHILD,
    HOLDER,
    ISSUED,
    ISSUER,
    ISSUER_KEY,
    NO_REQUEST,
    PARENT,
    SECRET_KEY,
    STRANGER,
    intent,
    person,
    vector,
)
from vienna_kernel.intent import Intent, Tier
from vienna_kernel.keyring import b64url
from vienna_kernel.warrant.scope import Limit
from vienna_kernel.warrant.terms import Demand, Meaning, Roll, Warrant
from vienna_kernel.warrant.token import issue

type Files = Iterator[tuple[str, dict[str, Any]]]

SECOND = timedelta(seconds=1)
ELSEWHERE = "https://other.example"
USED = [intent("3000")]
ROOT = issue(PARENT, ISSUER_KEY)


def child(**changes: Any) -> str:
    """A link below ``PARENT``, signed by its holder."""
    return issue(replace(CHILD, **changes), HOLDER)


def passback(**changes: Any) -> str:
    """The same for passback."""
    none = dict.fromkeys(("request_digest", "method", "url", "content_type", "body_digest"))
    return child(**{**none, "constraints": PARENT.constraints, "meanings": PARENT.meanings, **changes})


def held() -> Files:
    """Chains that hold."""
    held = {"parents": [ROOT], "intents": USED}
    yield "chain", vector("a link within its parent", child(), "granted", **held)
    unseen = vector("a link for passback", passback(), "granted", parents=[ROOT], intents=USED, use=FREE)
    yield "chain_passback", unseen
    less = {"amount": Limit(least=Decimal(1), most=Decimal(4000))}
    yield (
        "chain_narrowed",
        vector("within the child's constraint", passback(constraints=less), "granted", **held, use=FREE),
    )
    yield (
        "chain_narrowed_above",
        vector(
            "within the parent's constraint, beyond the child's",
            passback(constraints=less),
            "warrant_scope",
            parents=[ROOT],
            intents=[intent("4000.01")],
            use=FREE,
        ),
    )
    bound = issue(replace(PARENT, response_limits={"max_items": 10}), ISSUER_KEY)
    lower = child(response_limits={"max_items": 10, "max_body_bytes": 1000})
    lowered = vector("bounds on the answer, kept and added", lower, "granted", parents=[bound], intents=USED)
    yield "chain_response_limits", lowered
    links = list(_links(6))
    yield (
        "chain_depth_5",
        vector("five links below the root", links[5], "granted", parents=links[:5], intents=USED),
    )
    six = vector("six links below the root", links[6], "warrant_chain", parents=links[:6], intents=USED)
    yield "chain_depth_6", six


FREE = {**NO_REQUEST, "holder_jkt": HOLDER.kid}


def wider() -> Files:
    """A child that is wider than its parent in one respect."""
    free = {"amount": Limit(most=Decimal(5001))}
    optional = {"amount": Limit(least=Decimal("0.01"), most=Decimal(5000), required=False)}
    twice, again = Meaning.of(USED[0]), intent("3000", action="delete_order")
    on_the_wire: dict[str, tuple[dict[str, Any], str, list[Intent]]] = {
        "widened_amount": (
            {"meanings": (Meaning.of(intent("5000.01")),)},
            "an amount beyond the parent's",
            [intent("5000.01")],
        ),
        "widened_target": (
            {"meanings": (Meaning.of(intent("3000", target="payments:order/ord_8")),)},
            "another target",
            [intent("3000", target="payments:order/ord_8")],
        ),
        "widened_action": ({"meanings": (Meaning.of(again),)}, "another action", [again]),
        "widened_parameter": (
            {"meanings": (Meaning.of(intent("3000", instant=True)),)},
            "a parameter that the parent does not name",
            [intent("3000", instant=True)],
        ),
        "widened_currency": (
            {"meanings": (Meaning.of(intent("3000", currency="USD")),)},
            "another currency",
            [intent("3000", currency="USD")],
        ),
        "twice": ({"meanings": (twice, twice)}, "what the parent permits, twice in one call", USED * 2),
        "and_more": ({"meanings": (twice, Meaning.of(again))}, "something beside it", [*USED, again]),
        "many": ({"roll": Roll.of(USED * 2)}, "a roll of what the parent permits", USED * 2),
        "hidden_parameters": (
            {"meanings": (replace(Meaning.of(USED[0]), parameters=None),)},
            "parameters not shown",
            USED,
        ),
        "other_audience": ({"audience": ELSEWHERE}, "another upstream than the parent's", USED),
        "open_audience": ({"audience": ISSUER}, "an upstream left open", USED),
        "outlives": ({"expires_at": PARENT.expires_at + SECOND}, "ends after its parent", USED),
        "begins_before": ({"not_before": PARENT.not_before - SECOND}, "begins before its parent", USED),
        "other_parent": ({"parent": "wrt-7"}, "names another parent", USED),
        "depth_skipped": ({"depth": 2}, "two deeper than its parent", USED),
        "depth_0": ({"depth": 0}, "as deep as a root", USED),
        "higher_tier": ({"tier": Tier.T3}, "a higher tier than its parent", USED),
        "other_agent": ({"subject": "other-bot"}, "for another agent than its parent", USED),
        "no_holder": ({"holder_jkt": None}, "bound to no key", USED),
        "fewer_approvals": ({"demand": Demand(1, mfa=True)}, "asks for fewer approvals", USED),
        "no_mfa": ({"demand": Demand(2)}, "asks for no second factor", USED),
        "more_consent": (
            {"consents": (*PARENT.consents, person("mallory"))},
            "consent that nobody gave its parent",
            USED,
        ),
        "other_intent": ({"intent_id": "int-2"}, "issued for another intent", USED),
        "other_policy": ({"policy_digest": "sha256:" + "00" * 32}, "under another policy", USED),
        "other_mapping": ({"mapping_digest": "sha256:" + "00" * 32}, "under another mapping", USED),
        "other_entry": ({"audit_leaf": "00" * 32}, "recorded by another entry", USED),
        "observed_child": ({"observed": True}, "an observation made of a permission", USED),
    }
    for name, (changes, says, intents) in on_the_wire.items():
        token = child(**changes)
        yield f"chain_{name}", vector(says, token, "warrant_chain", parents=[ROOT], intents=intents)
    unseen = {
        "widened_constraint": (free, "a constraint wider than the parent's"),
        "unbounded": ({"amount": Limit()}, "any amount"),
        "optional": (optional, "an amount that may be left out"),
        "other_constraint": ({"order": Limit()}, "another parameter left free"),
        "no_least": ({"amount": Limit(most=Decimal(5000))}, "a constraint without its lower end"),
    }
    for name, (limits, says) in unseen.items():
        token = passback(constraints=limits)
        yield f"chain_{name}", vector(says, token, "warrant_chain", parents=[ROOT], intents=USED, use=FREE)


def above() -> Files:
    """A parent that grants less than the child takes."""
    wire = replace(PARENT, request_digest=CHILD.request_digest, meanings=CHILD.meanings, method="POST")
    parents: dict[str, tuple[Warrant, str, str]] = {
        "other_request": (
            replace(wire, request_digest="sha256:" + "ac" * 32),
            "another request than the parent's",
            "warrant_chain",
        ),
        "other_method": (replace(wire, method="PUT"), "another method than the parent's", "warrant_chain"),
        "wire": (wire, "the request that the parent names", "granted"),
        "wire_moved": (
            replace(wire, meanings=PARENT.meanings),
            "within a constraint, but the parent binds a request, where nothing may move",
            "warrant_chain",
        ),
        "observed": (
            replace(PARENT, observed=True),
            "a permission made of an observation",
            "warrant_chain",
        ),
        "looser_answer": (
            replace(PARENT, response_limits={"max_items": 10}),
            "without the parent's bound on the answer",
            "warrant_chain",
        ),
        "not_granted": (
            replace(PARENT, holder_jwk=None),
            "a parent whose holder may not derive",
            "warrant_key_unknown",
        ),
        "open": (replace(PARENT, audience=ISSUER), "the parent leaves the upstream open", "granted"),
    }
    for name, (parent, says, expect) in parents.items():
        tokens = [issue(parent, ISSUER_KEY)]
        yield f"chain_{name}", vector(says, child(), expect, parents=tokens, intents=USED)
    gone = {"parents": [ROOT], "intents": USED}
    yield (
        "chain_parent_revoked",
        vector("the parent was called back", child(), "warrant_revoked", revoked=["wrt-0"], **gone),
    )
    alone = issue(CHILD, ISSUER_KEY)
    says = "the issuer's own, yet it names a parent"
    yield "chain_root_with_parent", vector(says, alone, "warrant_chain", intents=USED)
    absent = vector("a link without the chain above it", child(), "warrant_key_unknown", intents=USED)
    yield "chain_absent", absent
    foreign = issue(CHILD, STRANGER)
    says = "signed by another than the holder"
    yield "chain_other_signer", vector(says, foreign, "warrant_key_unknown", **gone)
    shared = {"kty": "oct", "k": b64url(SECRET_KEY.seed)}
    shown = issue(replace(PARENT, holder_jkt=SECRET_KEY.kid, holder_jwk=shared), ISSUER_KEY)
    says = "signed with a secret that the parent shows to everybody"
    by_secret = issue(replace(CHILD, holder_jkt=SECRET_KEY.kid), SECRET_KEY)
    yield "chain_shown_secret", vector(says, by_secret, "warrant_key_unknown", parents=[shown], intents=USED)
    says = "signed by the issuer instead of the holder"
    yield "chain_issuer_as_holder", vector(says, alone, "warrant_key_unknown", **gone)


def _links(count: int, **changed: Any) -> Iterator[str]:
    """The root and ``count`` links below it; ``changed`` is ``link_3={…}``: what is otherwise at a place."""
    yield ROOT
    for depth in range(1, count + 1):
        other = dict(changed.get(f"link_{depth}", {}))
        signer = other.pop("signer", HOLDER)
        step = replace(
            PARENT,
            id=f"wrt-d{depth}",
            parent="wrt-0" if depth == 1 else f"wrt-d{depth - 1}",
            depth=depth,
        )
        yield issue(replace(step, **other), signer)


def broken() -> Files:
    """Three links below the root, with a fault at each."""
    wide = {"amount": Limit(most=Decimal(9000))}
    faults: dict[str, tuple[dict[str, Any], str, str]] = {
        "wider": ({"constraints": wide}, "is wider", "warrant_chain"),
        "longer": ({"expires_at": PARENT.expires_at + SECOND}, "outlives its parent", "warrant_chain"),
        "strayed": ({"parent": "wrt-x"}, "names another parent", "warrant_chain"),
        "signer": ({"signer": STRANGER}, "is signed by another", "warrant_key_unknown"),
        "issuer": ({"issuer": "https://vienna.attacker.example"}, "has another issuer", "warrant_issuer"),
        "expired": ({"expires_at": ISSUED + 20 * SECOND}, "has expired", "warrant_expired"),
        "closed": ({"holder_jwk": None}, "may not be derived from", "warrant_key_unknown"),
    }
    for name, (changes, says, expect) in faults.items():
        for depth in (1, 2, 3):
            tokens = list(_links(3, **{f"link_{depth}": changes}))
            if name == "closed" and depth == 3:
                expect = "granted"  # nothing is derived from the last
            text = f"link {depth} of three {says}"
            row = vector(text, tokens[-1], expect, parents=tokens[:-1], intents=USED, use=FREE)
            yield f"chain_link_{depth}_{name}", row
    tokens = list(_links(3))
    whole = {"token": tokens[-1], "parents": tokens[:-1], "intents": USED, "use": FREE}
    for depth, name in enumerate(("wrt-0", "wrt-d1", "wrt-d2", "wrt-d3")):
        says = f"warrant {depth} of the chain was called back"
        yield f"chain_link_{depth}_revoked", vector(says, expect="warrant_revoked", revoked=[name], **whole)
    for depth in range(3):
        left = [*tokens[:depth], *tokens[depth + 1 : -1]]
        says = f"warrant {depth} of the chain is left out"
        row = vector(says, tokens[-1], "warrant_key_unknown" if depth == 0 else "warrant_chain",
                     parents=left, intents=USED, use=FREE)  # fmt: skip
        yield f"chain_link_{depth}_missing", row
    swapped = [tokens[0], tokens[2], tokens[1]]
    says = "two links changed places"
    yield "chain_swapped", vector(says, tokens[-1], "warrant_chain", parents=swapped, intents=USED, use=FREE)


def used() -> Files:
    """A use takes every warrant of the chain."""
    tokens = list(_links(2))
    for depth, name in enumerate(("wrt-0", "wrt-d1", "wrt-d2")):
        says = f"warrant {depth} of the chain was used before"
        row = vector(says, tokens[-1], "warrant_consumed", parents=tokens[:-1], intents=USED, use=FREE,
                     consumed=[name])  # fmt: skip
        yield f"chain_consumed_{depth}", row


STEPS = ((8, held), (8, wider), (8, above), (8, broken), (12, used))
