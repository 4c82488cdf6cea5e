"""A control plane that lies about people's consent, and a gate that pins the roster of their passkeys.

The gate is a process of its own; the control plane mints warrants that hold in every other way.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.upstream import Upstream
from passkey_kit import Authenticator, member, roster, signed
from vienna_kernel import wire
from vienna_kernel.consent.chain import Signed
from vienna_kernel.consent.roster import Quorum, Roster
from vienna_kernel.consent.statement import Subject, Terms, meaning_of
from vienna_kernel.intent import Intent, Tier
from vienna_kernel.warrant.terms import Consent, Demand

REFUNDS = "https://payments.example/v1/refunds"
TICKETS = "https://payments.example/v1/tickets"
ORDER = "https://payments.example/v1/orders/O-1"
AGENT = "billing-bot"

ALICE, BOB, CAROL, MALLORY = (Authenticator() for _ in range(4))
PINNED = roster(member(ALICE, "op-alice"), member(BOB, "op-bob"), quorum={Tier.T2: Quorum(2)})
ROOT = signed(PINNED, ALICE, BOB)


def after(one: Roster, *more: Any, **changes: Any) -> Roster:
    given = {"version": one.version + 1, "previous": one.digest, "members": (*one.members, *more)}
    return replace(one, **{**given, **changes})


class World:
    """A gate that pins a roster, the control plane in front of it, and what reaches the upstream.

    Attributes:
        lie: What becomes of the consents of an honest control plane before they go into the warrant.
        terms: Of its warrants.
        observing: It says that people only watch.
    """

    def __init__(self, control: Any, upstream: Upstream, gate: Any) -> None:
        self.control, self.upstream, self.gate = control, upstream, gate
        self.amount = 0

    def agreed(
        self, consult: wire.Consult, *people: tuple[str, Authenticator], **lies: Any
    ) -> tuple[Consent, ...]:
        """What honest people agree to, who are asked about this very call."""
        subject = Subject(
            agent=AGENT,
            meaning=meaning_of([Intent.from_json(row) for row in consult.intents]),
            method=consult.call.method,
            origin=consult.call.origin,
            fingerprint=consult.fingerprint,
        )
        given = {
            name: lies.pop(name)
            for name in ("agent", "meaning", "method", "origin", "fingerprint")
            if name in lies
        }
        terms = Terms(
            approval="apr-1", tier=Tier.T2, shown="sha256:s", until=int(time.time()) + 600, nonce=""
        )
        at = datetime.now(UTC).replace(microsecond=0)
        return tuple(
            key.agree(
                name,
                replace(subject, **given),
                replace(terms, **{"nonce": f"{name} {consult.attempt}", **lies}),
                at,
            )
            for name, key in people
        )

    def call(
        self, script: Callable[[wire.Consult], wire.Decision], *, method: str = "POST", url: str = REFUNDS
    ) -> httpx.Response:
        """One call of the agent, each for another amount, under what the control plane makes of it."""
        self.amount += 1
        self.upstream.received.clear()
        self.control.forget()
        self.control.script = lambda fake, frame: (
            script(frame) if isinstance(frame, wire.Consult) else fake.grants(frame)
        )
        body = {"order": "ORD-1", "amount": f"{self.amount}.00", "currency": "EUR"}
        if url == TICKETS:
            body = {"subject": "late"}
        answer: httpx.Response = self.gate.call(method, url, **({} if method == "GET" else {"json": body}))
        return answer

    def granted(self, frame: wire.Consult, consents: tuple[Consent, ...], **terms: Any) -> wire.Decision:
        given = {"tier": Tier.T2, "demand": Demand(2, mfa=True), "consents": consents, **terms}
        found: wire.Decision = self.control.granted(frame, **given)
        return found

    def refused(self, script: Callable[[wire.Consult], wire.Decision], **rest: Any) -> str:
        """What the alarm says; nothing reached the upstream."""
        answer = self.call(script, **rest)
        assert (answer.status_code, answer.headers.get("vienna-reason")) == (403, "consent_unproven")
        assert self.upstream.received == []
        told = [event for report in self.control.wait_for(wire.Report) for event in report.events]
        (event,) = [event for event in told if event.method]
        assert (event.reason, event.severity) == ("consent_unproven", "critical")
        (outcome,) = self.control.wait_for(wire.Outcome)
        assert (outcome.status, outcome.result) == (None, "failed")
        found: str = event.detail
        return found


PEOPLE = (("op-alice", ALICE), ("op-bob", BOB))


@pytest.fixture(scope="module")
def world(
    worlds: Callable[..., AbstractContextManager[Any]],
    tmp_path_factory: pytest.TempPathFactory,
    hosts: list[str],
) -> Iterator[World]:
    folder: Path = tmp_path_factory.mktemp("consent")
    pin = folder / "roster.json"
    pin.write_text(json.dumps(ROOT.to_json()))
    consent = {
        "roster": str(pin),
        "actions": ["create_ticket"],
        "requests": ["GET payments.example/v1/orders/*"],
    }
    with worlds(folder, mappings=("toy_payments.yaml",), hosts=hosts) as (control, upstream, start):
        yield World(control, upstream, start(folder / "one", consent=consent))


def test_a_quorum_that_agreed_to_this_very_call_lets_it_go(world: World) -> None:
    answer = world.call(lambda frame: world.granted(frame, world.agreed(frame, *PEOPLE)))
    assert answer.status_code == 200, answer.text
    assert len(world.upstream.received) == 1


LIES: dict[str, Callable[[World, wire.Consult], wire.Decision]] = {
    "nobody had to": lambda w, f: w.granted(f, (), demand=Demand()),
    "one agreed, and nobody else had to": lambda w, f: w.granted(f, w.agreed(f, PEOPLE[0]), demand=Demand(1)),
    "one agreed twice": lambda w, f: w.granted(f, w.agreed(f, PEOPLE[0]) * 2, demand=Demand(1)),
    "the other is made up": lambda w, f: w.granted(
        f, (*w.agreed(f, PEOPLE[0]), replace(w.agreed(f, PEOPLE[1])[0], proof=None))
    ),
    "a key that nobody entered": lambda w, f: w.granted(f, w.agreed(f, PEOPLE[0], ("op-bob", MALLORY))),
    "somebody else's key": lambda w, f: w.granted(f, w.agreed(f, PEOPLE[0], ("op-bob", ALICE))),
    "to another fingerprint": lambda w, f: w.granted(f, w.agreed(f, *PEOPLE, fingerprint="sha256:x")),
    "to another meaning": lambda w, f: w.granted(f, w.agreed(f, *PEOPLE, meaning="sha256:x")),
    "to another origin": lambda w, f: w.granted(f, w.agreed(f, *PEOPLE, origin="https://x.example")),
    "to another method": lambda w, f: w.granted(f, w.agreed(f, *PEOPLE, method="PUT")),
    "for another agent": lambda w, f: w.granted(f, w.agreed(f, *PEOPLE, agent="other-bot")),
    "at a lower tier": lambda w, f: w.granted(f, w.agreed(f, *PEOPLE, tier=Tier.T1)),
    "too long ago": lambda w, f: w.granted(f, w.agreed(f, *PEOPLE, until=int(time.time()) - 1)),
    "at two askings": lambda w, f: w.granted(
        f, (*w.agreed(f, PEOPLE[0]), *w.agreed(f, PEOPLE[1], approval="apr-2"))
    ),
    "critical, to what is high": lambda w, f: w.granted(f, w.agreed(f, *PEOPLE), tier=Tier.T3),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_yes_that_people_did_not_give_is_refused(world: World, lie: str) -> None:
    assert world.refused(lambda frame: LIES[lie](world, frame)).startswith(("consent: ", "passkey: "))


def test_what_was_agreed_to_lets_one_call_go(world: World) -> None:
    """The identical call again, under another warrant of the same consents; over a restart too."""
    kept: list[tuple[Consent, ...]] = []

    def script(frame: wire.Consult) -> wire.Decision:
        kept.append(kept[0] if kept else world.agreed(frame, *PEOPLE))
        return world.granted(frame, kept[0])

    assert world.call(script).status_code == 200
    world.amount -= 1
    assert "before" in world.refused(script)
    world.gate.process.kill()
    world.gate.start()
    world.amount -= 1
    assert "before" in world.refused(script)
    assert "another challenge" in world.refused(script)  # and for another amount it never was


def test_the_floor_of_this_machine_is_not_the_control_planes_to_lower(world: World) -> None:
    low = {"tier": Tier.T0, "demand": Demand()}
    world.refused(lambda frame: world.granted(frame, (), **low), url=TICKETS)
    world.refused(lambda frame: world.granted(frame, (), **low), method="GET", url=ORDER)
    answer = world.call(lambda frame: world.granted(frame, world.agreed(frame, *PEOPLE), **low), url=TICKETS)
    assert answer.status_code == 201
    assert (
        world.call(lambda frame: world.granted(frame, (), **low)).status_code == 200
    )  # refunds are not listed


def test_who_says_that_people_only_watch_is_not_believed_either(world: World) -> None:
    world.control.rung, world.control.digest = "observe", "sha256:observing"
    world.gate.current()
    try:
        world.refused(
            lambda frame: world.control.granted(
                frame, verdict="observed", observed=True, tier=Tier.T2
            ).model_copy(update={"tier": "T2"})
        )
    finally:
        world.control.rung, world.control.digest = "enforce", "sha256:enforcing"
        world.gate.current()


def offered(world: World, digest: str, *chain: Signed) -> None:
    """The control plane hands on these rosters, and the gate has seen them."""
    world.control.rosters, world.control.digest = [row.to_json() for row in chain], digest
    world.gate.current()


def test_the_roster_moves_on_by_the_quorum_of_the_one_before_and_never_back(world: World) -> None:
    second = after(PINNED, member(CAROL, "op-carol"))
    with_carol = (PEOPLE[0], ("op-carol", CAROL))

    forged = signed(second, MALLORY, CAROL)
    offered(world, "sha256:forged", ROOT, forged)
    world.refused(lambda frame: world.granted(frame, world.agreed(frame, *with_carol)))

    own = roster(member(MALLORY, "op-alice"), member(CAROL, "op-bob"), quorum={Tier.T2: Quorum(2)})
    offered(world, "sha256:another-root", signed(own, MALLORY, CAROL))
    world.refused(
        lambda frame: world.granted(frame, world.agreed(frame, ("op-alice", MALLORY), ("op-bob", CAROL)))
    )

    offered(world, "sha256:second", ROOT, signed(second, ALICE, BOB))
    answer = world.call(lambda frame: world.granted(frame, world.agreed(frame, *with_carol)))
    assert answer.status_code == 200

    third = after(second, members=(second.members[0], second.members[2]))
    offered(world, "sha256:third", ROOT, signed(second, ALICE, BOB), signed(third, CAROL, ALICE))
    world.refused(lambda frame: world.granted(frame, world.agreed(frame, *PEOPLE)))  # bob left

    offered(world, "sha256:back", ROOT, signed(second, ALICE, BOB))
    world.refused(lambda frame: world.granted(frame, world.agreed(frame, *PEOPLE)))
    world.gate.process.kill()
    world.gate.start()
    world.refused(lambda frame: world.granted(frame, world.agreed(frame, *PEOPLE)))
    assert world.call(lambda frame: world.granted(frame, world.agreed(frame, *with_carol))).status_code == 200
