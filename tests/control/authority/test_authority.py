from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from vienna_control.authority import Authority, Grant, Issued
from vienna_control.clock import FixedClock
from vienna_control.ports import StartError, UnavailableError
from vienna_control.store import Store, Tx
from vienna_control.store.tables import agents, entries, intents, keys, warrants
from vienna_kernel.errors import MalformedError
from vienna_kernel.intent import Effect, Intent, Reversibility, Tier
from vienna_kernel.keyring import Algorithm, Keyring, Purpose, unb64url
from vienna_kernel.signing import BUNDLE_TYPE, Opened, jws_verify
from vienna_kernel.verdict import Reason, Refused
from vienna_kernel.warrant.terms import Roll
from vienna_kernel.warrant.token import Consent, Demand, Use, Warrant, document, inspect, verify
from vienna_kernel.wire import CallView

SECRET = b"an installation secret of 40 characters!"
ORIGIN = "https://payments.example"
CALL = CallView(
    method="POST",
    url=ORIGIN + "/v1/refunds",
    origin=ORIGIN,
    body_digest="sha-256=:AAAA:",
    request_digest="sha256:" + "ab" * 32,
)
INTENT = Intent(
    action="create_refund",
    target="payments:order/ord_7",
    parameters={"amount": Decimal("5000"), "currency": "EUR"},
    effect=Effect.SPEND,
    reversibility=Reversibility.IRREVERSIBLE,
    default_tier=Tier.T2,
)


def _grant(tx: Tx, **changes: object) -> Grant:
    terms = {
        "tenant": "default",
        "intent_id": "int-1",
        "agent_id": "agt-1",
        "agent": "billing-bot",
        "tier": Tier.T2,
        "ttl_seconds": 300,
        "intents": (INTENT,),
        "actor": "sidecar:side-1",
        "audience": ORIGIN,
        "call": CALL,
        "holder_jkt": "jkt-1",
        "consents": (
            Consent("op-1", tx.now, "sha256:cd", "totp"),
            Consent("op-2", tx.now, "sha256:cd", "totp"),
        ),
        "demand": Demand(2, mfa=True),
    }
    return Grant(**{**terms, **changes})  # type: ignore[arg-type]


def _rows(tx: Tx) -> None:
    common = {"tenant": "default", "created_at": tx.at}
    tx.conn.execute(
        insert(agents),
        {
            **common,
            "id": "agt-1",
            "name": "billing-bot",
            "status": "active",
            "trust": 50.0,
            "enforcement": "enforce",
            "allowed_actions": "[]",
            "details": "{}",
        },
    )
    tx.conn.execute(
        insert(intents),
        {
            **common,
            "id": "int-1",
            "agent_id": "agt-1",
            "source": "sidecar:side-1",
            "action": "create_refund",
            "target": "t",
            "status": "approved",
            "grade": "intercepted",
            "tier": "T2",
            "meaning": "[]",
            "updated_at": tx.at,
        },
    )


async def _issue(store: Store, authority: Authority, **changes: object) -> Issued:
    def unit(tx: Tx) -> Issued:
        if tx.conn.scalar(select(agents.c.id)) is None:
            _rows(tx)
        return authority.issue(tx, _grant(tx, **changes))

    return await store.write(unit)


def _verify(authority: Authority, clock: FixedClock, issued: Issued) -> Warrant | Refused:
    return verify(
        issued.token,
        use=Use(
            origin=ORIGIN,
            agent="billing-bot",
            holder_jkt="jkt-1",
            intents=[INTENT],
            request_digest=CALL.request_digest,
            method="POST",
            url=CALL.url,
        ),
        keyring=Keyring.from_jwks(authority.jwks()),
        now=clock.now(),
        issuer=authority.issuer,
        revoked=lambda _: False,
        consumed=None,
    )


async def _entries(store: Store, kind: str) -> int:
    query = select(entries.c.id).where(entries.c.type == kind)
    return len(await store.read(lambda conn: conn.scalars(query).all()))


async def test_keys_are_made_once_and_opened_again(store: Store, authority: Authority) -> None:
    again = await Authority.open(store, SECRET)
    assert again.jwks() == authority.jwks()
    assert again.root_ca_pem == authority.root_ca_pem
    assert again.installation == authority.installation
    assert again.push.public == authority.push.public
    assert again.issuer == f"urn:vienna:{again.installation}"
    added = await store.read(
        lambda conn: conn.scalars(select(entries.c.body).where(entries.c.type == "key_added")).all()
    )
    assert len(added) == 7


async def test_the_published_keys_are_three_and_none_is_private(authority: Authority) -> None:
    published = authority.jwks()["keys"]
    assert sorted(row["purpose"] for row in published) == ["bundle", "log", "warrant"]
    assert all(not {"d", "k"} & set(row) for row in published)
    assert len({row["kid"] for row in published}) == 3


async def test_nothing_private_is_in_the_database_file(
    store: Store, authority: Authority, tmp_path: Path
) -> None:
    seeds = [authority.log_key.seed, SECRET]
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("vienna.db*"))
    assert authority.log_key.kid.encode() in stored
    assert not any(seed in stored or seed.hex().encode() in stored for seed in seeds)


async def test_another_secret_stops_the_start_and_adds_nothing(store: Store, authority: Authority) -> None:
    before = await store.read(lambda conn: conn.scalars(select(keys.c.id)).all())
    with pytest.raises(StartError, match="VIENNA_SECRET_KEY"):
        await Authority.open(store, b"another secret of forty characters long!")
    assert await store.read(lambda conn: conn.scalars(select(keys.c.id)).all()) == before


async def test_a_sealed_key_moved_to_another_row_stops_the_start(
    store: Store, authority: Authority, tmp_path: Path
) -> None:
    with sqlite3.connect(tmp_path / "vienna.db") as raw:
        raw.execute(
            "UPDATE keys SET sealed = (SELECT sealed FROM keys WHERE purpose = 'log') WHERE purpose = 'warrant'"
        )
    with pytest.raises(StartError):
        await Authority.open(store, SECRET)


async def test_a_warrant_is_minted_with_its_entry_and_its_row(
    store: Store, authority: Authority, clock: FixedClock
) -> None:
    issued = await _issue(store, authority)
    assert isinstance(_verify(authority, clock, issued), Warrant)
    assert issued.warrant.expires_at - issued.warrant.issued_at == timedelta(seconds=300)
    row = await store.read(lambda conn: conn.execute(select(warrants)).mappings().one())
    assert (row["id"], row["status"], row["token"]) == (issued.warrant.id, "issued", issued.token)
    entry = await store.read(
        lambda conn: conn.execute(select(entries).where(entries.c.type == "warrant_issued")).mappings().one()
    )
    assert entry["leaf"] == issued.warrant.audit_leaf
    assert issued.warrant.id.encode() in entry["body"]
    assert b"5000" not in entry["body"]


async def test_a_unit_that_fails_mints_nothing(store: Store, authority: Authority) -> None:
    def unit(tx: Tx) -> None:
        _rows(tx)
        authority.issue(tx, _grant(tx))
        raise KeyError("afterwards")

    with pytest.raises(KeyError):
        await store.write(unit)
    assert await store.read(lambda conn: conn.scalar(select(warrants.c.id))) is None
    assert (
        await store.read(
            lambda conn: conn.scalar(select(entries.c.id).where(entries.c.type == "warrant_issued"))
        )
        is None
    )


async def test_terms_that_do_not_fit_leave_no_trace(store: Store, authority: Authority) -> None:
    with pytest.raises(MalformedError):
        await _issue(store, authority, agent="x" * 9000)
    assert (
        await store.read(
            lambda conn: conn.scalar(select(entries.c.id).where(entries.c.type == "warrant_issued"))
        )
        is None
    )


async def test_a_passback_warrant_binds_no_request(store: Store, authority: Authority) -> None:
    issued = await _issue(store, authority, call=None, audience=None, holder_jkt=None)
    assert issued.warrant.audience == authority.issuer
    assert issued.warrant.request_digest is None


async def test_a_verifier_a_little_behind_takes_it(
    store: Store, authority: Authority, clock: FixedClock
) -> None:
    issued = await _issue(store, authority)
    behind = FixedClock(clock.now() - timedelta(seconds=30))
    assert isinstance(_verify(authority, behind, issued), Warrant)


async def test_rotation_keeps_what_was_signed_and_signs_anew(
    store: Store, authority: Authority, clock: FixedClock
) -> None:
    before = await _issue(store, authority)
    clock.advance(timedelta(seconds=5))
    kid = await authority.rotate(actor="operator:op-1")
    clock.advance(timedelta(seconds=5))
    after = await _issue(store, authority)
    assert isinstance(_verify(authority, clock, before), Warrant)
    assert isinstance(_verify(authority, clock, after), Warrant)
    used = await store.read(
        lambda conn: conn.scalars(select(warrants.c.kid).order_by(warrants.c.issued_at)).all()
    )
    assert used[1] == kid != used[0]
    again = await Authority.open(store, SECRET)
    assert again.jwks() == authority.jwks()


async def test_a_revoked_key_takes_what_it_signed_with_it(
    store: Store, authority: Authority, clock: FixedClock
) -> None:
    before = await _issue(store, authority)
    stolen = next(row["kid"] for row in authority.jwks()["keys"] if row["purpose"] == "warrant")
    assert await authority.revoke(stolen, actor="operator:op-1")
    verdict = _verify(authority, clock, before)
    assert isinstance(verdict, Refused)
    assert verdict.reason is Reason.WARRANT_REVOKED
    assert isinstance(_verify(authority, clock, await _issue(store, authority)), Warrant)
    assert not await authority.revoke(stolen, actor="operator:op-1")
    assert not await authority.revoke(authority.log_key.kid, actor="operator:op-1")


async def test_a_bundle_is_signed_by_its_own_key(authority: Authority) -> None:
    ring = Keyring.from_jwks({"keys": [authority.bundle_jwk]})
    opened = jws_verify(authority.sign_bundle(b'{"v":1}'), ring, typ=BUNDLE_TYPE, max_bytes=10_000)
    assert isinstance(opened, Opened)
    assert opened.payload == b'{"v":1}'
    assert ring.find(opened.kid, Purpose.BUNDLE) is not None


async def test_redaction_and_sealing_are_the_tenants_own(authority: Authority) -> None:
    assert authority.redaction_key("a") != authority.redaction_key("b")
    sealed = authority.seal(b"totp secret", "totp:op-1")
    assert authority.unseal(sealed, "totp:op-1") == b"totp secret"
    with pytest.raises(UnavailableError):
        authority.unseal(sealed, "totp:op-2")
    assert len(authority.keyed_hash(b"key")) == 64


def _inspected(authority: Authority, clock: FixedClock, token: str) -> Warrant | Refused:
    ring = Keyring.from_jwks(authority.gate_jwks())  # what a gate has
    return inspect(token, keyring=ring, now=clock.now(), issuer=authority.issuer, revoked=lambda _: False)


async def test_a_call_of_a_thousand_intents_gets_a_warrant_that_binds_each(
    store: Store, authority: Authority, clock: FixedClock
) -> None:
    rows = tuple(replace(INTENT, target=f"s3:photos/{at}") for at in range(1000))
    found = _inspected(authority, clock, (await _issue(store, authority, intents=rows)).token)
    assert isinstance(found, Warrant)
    assert found.roll == Roll.of(rows)


def _kid(token: str) -> tuple[str, str]:
    header = json.loads(unb64url(token.split(".")[0]))
    return header["alg"], header["kid"]


async def test_hmac_is_chosen_labelled_and_left_again(store: Store, clock: FixedClock) -> None:
    """What was signed before stays valid; what a secret that every gate had signed does not."""

    async def opened(algorithm: Algorithm) -> Authority:
        clock.advance(timedelta(seconds=1))
        return await Authority.open(
            store, SECRET, issuer="https://vienna.example", clock=clock, warrants=algorithm
        )

    first = await opened(Algorithm.ED25519)
    public = await _issue(store, first)
    shared = await opened(Algorithm.HS256)
    secret = await _issue(store, shared)
    algorithm, kid = _kid(secret.token)
    assert (first.symmetric, shared.symmetric, algorithm) == (False, True, "HS256")
    assert document(secret.warrant, secret.token, {})["signature"].startswith("hmac-sha256:")
    assert isinstance(_inspected(shared, clock, public.token), Warrant)
    assert isinstance(_inspected(shared, clock, secret.token), Warrant)
    assert kid not in str(shared.jwks())
    assert [row["kid"] for row in shared.gate_jwks()["keys"] if "k" in row] == [kid]

    again = await opened(Algorithm.HS256)
    assert _kid((await _issue(store, again)).token) == ("HS256", kid)
    rotated = await again.rotate(actor="op-1")
    assert rotated != kid
    assert _kid((await _issue(store, again)).token) == ("HS256", rotated)

    last = await opened(Algorithm.ED25519)
    assert _kid((await _issue(store, last)).token)[0] == "EdDSA"
    assert isinstance(_inspected(last, clock, public.token), Warrant)
    left = _inspected(last, clock, (await _issue(store, again)).token)
    assert isinstance(left, Refused)
    assert left.reason is Reason.WARRANT_REVOKED


async def test_bounds_on_the_answer_travel_in_the_warrant(
    store: Store, authority: Authority, clock: FixedClock
) -> None:
    limits = {"max_body_bytes": 65536, "max_items": 10}
    found = _inspected(authority, clock, (await _issue(store, authority, response_limits=limits)).token)
    assert isinstance(found, Warrant)
    assert found.response_limits == limits
