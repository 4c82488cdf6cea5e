"""Warrants and the ledger: what is signed, verified, appended and read again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from bench.kernel_policy import INTENT
from bench.measure import Task
from vienna_kernel.intent import Tier
from vienna_kernel.keyring import Algorithm, Keyring, Purpose, b64url
from vienna_kernel.ledger.breaks import Head, Row
from vienna_kernel.ledger.checkpoint import checkpoint_note
from vienna_kernel.ledger.entry import GENESIS, EntryType, chain_hash, entry_body, leaf_hash
from vienna_kernel.ledger.merkle import Tree
from vienna_kernel.ledger.trail import Verified, verify_rows
from vienna_kernel.signing import SigningKey
from vienna_kernel.warrant.limit import Limit
from vienna_kernel.warrant.terms import Consent, Demand, Meaning, Warrant
from vienna_kernel.warrant.token import issue, verify
from vienna_kernel.warrant.use import Use

ENTRIES = 20_000

_NOW = datetime(2026, 1, 5, 10, 0, 30, tzinfo=UTC)
_ISSUER = "https://vienna.example"
_ORIGIN = "https://shop.example"
_DIGEST = "sha256:" + "ab" * 32
_KEY = SigningKey.generate_from(b"issuer".ljust(32, b"."))
_SECRET = SigningKey.generate_from(b"shared".ljust(32, b"."), Algorithm.HS256)
_HOLDER = SigningKey.generate_from(b"sidecar".ljust(32, b"."))
_LOG = SigningKey.generate_from(b"log".ljust(32, b"."))

_WARRANT = Warrant(
    id="wrt-1",
    issuer=_ISSUER,
    audience=_ORIGIN,
    subject="billing-bot",
    issued_at=_NOW - timedelta(seconds=30),
    not_before=_NOW - timedelta(seconds=90),
    expires_at=_NOW + timedelta(seconds=270),
    tier=Tier.T2,
    intent_id="int-1",
    meanings=(Meaning.of(INTENT),),
    audit_leaf="ef" * 32,
    holder_jkt=_HOLDER.kid,
    method="POST",
    url=_ORIGIN + "/v1/pay",
    content_type="application/json",
    body_digest="sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:",
    request_digest=_DIGEST,
    policy_digest="sha256:" + "01" * 32,
    mapping_digest="sha256:" + "02" * 32,
    consents=tuple(Consent(f"op-{name}", _NOW, "sha256:" + "cd" * 32, "totp", False) for name in "ab"),
    demand=Demand(approvals=2, mfa=True),
)
_PARENT = replace(
    _WARRANT,
    id="wrt-0",
    method=None,
    url=None,
    content_type=None,
    body_digest=None,
    request_digest=None,
    constraints={"amount": Limit(least=Decimal("0.01"), most=Decimal(5000))},
    holder_jwk={"kty": "OKP", "crv": "Ed25519", "x": b64url(_HOLDER.material)},
)
_USE = Use(
    origin=_ORIGIN,
    agent="billing-bot",
    holder_jkt=_HOLDER.kid,
    intents=(INTENT,),
    request_digest=_DIGEST,
    method="POST",
    url=_ORIGIN + "/v1/pay",
)


def _verification(token: str, *parents: str) -> Callable[[], object]:
    ring = Keyring([_KEY.verifying(Purpose.WARRANT), _SECRET.verifying(Purpose.WARRANT)])

    def judge() -> object:
        return verify(
            token,
            use=_USE,
            keyring=ring,
            now=_NOW,
            issuer=_ISSUER,
            revoked=lambda _: False,
            consumed=lambda _: False,
            parents=parents,
        )

    found = judge()
    if not isinstance(found, Warrant):
        raise AssertionError(f"the warrant is to hold: {found}")
    return judge


def _entry(at: int) -> bytes:
    return entry_body(
        id=f"aud-{at:012d}",
        tenant="default",
        type=EntryType.EXECUTION_FINISHED,
        at=f"2026-01-05T10:00:{at % 60:02}.000Z",
        actor="system",
        agent_id="agt-1",
        intent_id=f"int-{at}",
        data={"status": 200, "digest": _DIGEST, "verification": "match", "warrant": f"wrt-{at}"},
    )


class _Log:
    """Entries appended in memory, hashed, linked and put in the tree."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.link = GENESIS
        self.tree = Tree()

    def append(self, at: int, *, keep: bool) -> None:
        body = _entry(at)
        leaf = leaf_hash(body)
        if keep:
            self.rows.append(
                Row(
                    idx=at,
                    id=f"aud-{at:012d}",
                    tenant="default",
                    type=EntryType.EXECUTION_FINISHED.value,
                    at=f"2026-01-05T10:00:{at % 60:02}.000Z",
                    agent_id="agt-1",
                    intent_id=f"int-{at}",
                    body=body,
                    leaf=leaf.hex(),
                    previous=self.link.hex(),
                )
            )
        self.link = chain_hash(self.link, leaf)
        self.tree.append(leaf)

    def head(self) -> Head:
        root, at = self.tree.root(), "2026-01-05T11:00:00.000Z"
        note = checkpoint_note("bench", self.tree.size, root, at, _LOG)
        return Head(size=self.tree.size, root=root.hex(), head=self.link.hex(), at=at, note=note)


def _ledger_tasks() -> Iterator[Task]:
    log, fresh = _Log(), _Log()
    for at in range(ENTRIES):
        log.append(at, keep=True)
    heads, key = [log.head()], _LOG.verifying()

    def reread() -> object:
        found = verify_rows(log.rows, checkpoints=heads, key=key)
        if not isinstance(found, Verified):
            raise AssertionError(f"the trail is to verify: {found}")
        return found

    def append() -> None:
        for at in range(100):
            fresh.append(at, keep=False)

    yield Task(group="ledger", name="append an entry: body, leaf, link, tree", do=append, items=100)
    yield Task(group="ledger", name="verify an entry offline", do=reread, items=ENTRIES)


def tasks() -> Iterator[Task]:
    for key, name in ((_KEY, "Ed25519"), (_SECRET, "HMAC-SHA-256")):
        token = issue(_WARRANT, key)
        message, verifying = b"x" * 1000, key.verifying()
        signature = key.sign(message)
        yield Task(
            group="yardstick",
            name=f"{name} alone, sign and verify 1 kB",
            do=lambda key=key, verifying=verifying, message=message, signature=signature: (
                key.sign(message),
                verifying.verify(message, signature),
            ),
        )
        yield Task(group="warrant", name=f"issue, {name}", do=lambda key=key: issue(_WARRANT, key))
        yield Task(group="warrant", name=f"verify, {name}", do=_verification(token))
    child = replace(_WARRANT, parent="wrt-0", depth=1, expires_at=_PARENT.expires_at)
    chain = _verification(issue(child, _HOLDER), issue(_PARENT, _KEY))
    yield Task(group="warrant", name="verify a chain of two, Ed25519", do=chain)
    yield from _ledger_tasks()
