"""Keys as the table keeps them: private part sealed, public part readable.

One purpose per key. A purpose's newest key signs, unless it is retired or revoked; all but revoked ones verify.
Warrants are signed with Ed25519, or, where that was chosen, with HMAC-SHA256; what push services are shown with ES256,
which is all that they take; all else with Ed25519.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_private_key
from sqlalchemy import Connection, select, update

from vienna_control import rows
from vienna_control.authority import ca, clients
from vienna_control.authority.push import PushKey
from vienna_control.authority.sealing import Secret
from vienna_control.clock import from_iso
from vienna_control.ports import StartError, UnavailableError
from vienna_control.store import Tx
from vienna_control.store.tables import keys
from vienna_kernel.keyring import Algorithm, Keyring, Purpose, VerifyingKey
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.signing import SigningKey

SIGNING = (Purpose.WARRANT, Purpose.LOG, Purpose.BUNDLE)
CA_ROOT = "ca_root"
CLIENT_CA = "client_ca"
PUSH = "push"
_ROOTS = {CA_ROOT: ca.new_root, CLIENT_CA: clients.new_client_root}
TENANT = "default"  # keys are the installation's


@dataclass(frozen=True, slots=True)
class Stored:
    """Every key, opened.

    Attributes:
        signing: The key that signs, by purpose.
        session: 32 bytes under which session tokens are hashed.
        ring: All that verify, with their dates.
        root: The interception CA.
        clients: The CA of the sidecars' client certificates.
        push: What push services know us by.
    """

    signing: dict[Purpose, SigningKey]
    session: bytes
    ring: Keyring
    root: ca.Root
    clients: ca.Root
    push: PushKey


class _Fresh(NamedTuple):
    kid: str
    purpose: str
    algorithm: str
    private: bytes
    public: dict[str, str]


def ensure(tx: Tx, secret: Secret, *, name: str, warrants: Algorithm = Algorithm.ED25519) -> None:
    """Make what is missing, with an entry each. ``name`` appears in the CA's subject.

    A warrant key of another algorithm than ``warrants`` signs no more. What an Ed25519 key signed stays valid; a
    secret that gates were given is revoked, since each of them could write an older date.

    Raises ``StartError`` when there are keys, and ``secret`` does not open them: none is added beside them.
    """
    usable = rows.every(tx.conn, select(keys).where(keys.c.retired_at.is_(None), keys.c.revoked_at.is_(None)))
    there = {row["purpose"] for row in usable}
    for row in usable:
        _open(secret, row)
        if row["purpose"] == Purpose.WARRANT.value and row["algorithm"] != warrants.value:
            retire(tx, row["id"], actor="system", revoke=row["algorithm"] == Algorithm.HS256.value)
            there.discard(row["purpose"])
    for purpose in SIGNING:
        if purpose.value not in there:
            add_signing(tx, secret, purpose, warrants if purpose is Purpose.WARRANT else Algorithm.ED25519)
    if Purpose.SESSION.value not in there:
        seed = secrets.token_bytes(32)
        kid = SigningKey(seed, Algorithm.HS256).kid
        _add(tx, secret, _Fresh(kid, Purpose.SESSION.value, Algorithm.HS256.value, seed, {}))
    if PUSH not in there:
        push = PushKey.generate()
        _add(tx, secret, _Fresh(push.kid, PUSH, "ES256", push.private_der(), push.jwk))
    for purpose_name, made in _ROOTS.items():
        if purpose_name not in there:
            root = made(name, now=tx.now)
            public = {"pem": root.pem, "thumbprint": root.thumbprint}
            _add(tx, secret, _Fresh(root.kid, purpose_name, "ES256", root.private_der(), public))


def add_signing(tx: Tx, secret: Secret, purpose: Purpose, algorithm: Algorithm = Algorithm.ED25519) -> str:
    """A fresh key for this purpose; returns its kid."""
    key = SigningKey.generate_from(secrets.token_bytes(32), algorithm)
    public = key.jwk() if algorithm is Algorithm.ED25519 else {}
    _add(tx, secret, _Fresh(key.kid, purpose.value, algorithm.value, key.seed, public))
    return key.kid


def _add(tx: Tx, secret: Secret, fresh: _Fresh) -> None:
    rows.add(
        tx.conn,
        keys,
        id=fresh.kid,
        purpose=fresh.purpose,
        algorithm=fresh.algorithm,
        sealed=secret.seal(fresh.private, _context(fresh.purpose, fresh.kid)),
        public=rows.dump(fresh.public),
        created_at=tx.at,
        retired_at=None,
        revoked_at=None,
    )
    data = {"what": fresh.purpose, "key": fresh.kid, "algorithm": fresh.algorithm}
    tx.record(EntryType.KEY_ADDED, tenant=TENANT, actor="system", data=data)


def retire(tx: Tx, kid: str, *, actor: str, revoke: bool) -> bool:
    """End a key: it signs no more, and with ``revoke`` nothing it signed is valid. False when it had ended so."""
    column = keys.c.revoked_at if revoke else keys.c.retired_at
    done = tx.conn.execute(update(keys).where(keys.c.id == kid, column.is_(None)).values({column: tx.at}))
    if done.rowcount == 1:
        data = {"what": "key", "key": kid, "revoked": revoke}
        tx.record(EntryType.KEY_RETIRED, tenant=TENANT, actor=actor, data=data)
    return done.rowcount == 1


def load(conn: Connection, secret: Secret) -> Stored:
    """Every key, opened. Raises ``StartError`` when the secret is not the one they were sealed with."""
    signing: dict[Purpose, SigningKey] = {}
    ring: list[VerifyingKey] = []
    session, roots, push = b"", dict[str, ca.Root](), None
    for row in rows.every(conn, select(keys).order_by(keys.c.created_at, keys.c.id)):
        private = _open(secret, row)
        ended = row["retired_at"] or row["revoked_at"]
        if row["purpose"] in _ROOTS:
            if not ended:
                roots[row["purpose"]] = _root(private, rows.load(row["public"])["pem"])
        elif row["purpose"] == PUSH:
            push = PushKey.from_der(private)
        elif row["purpose"] == Purpose.SESSION.value:
            session = private if not ended else session
        else:
            key, purpose = SigningKey(private, Algorithm(row["algorithm"])), Purpose(row["purpose"])
            ring.append(_verifying(key, purpose, row))
            if not ended:
                signing[purpose] = key
    if set(roots) != set(_ROOTS) or not session or set(signing) != set(SIGNING) or push is None:
        raise StartError("keys are missing in the database; it was edited, or restored in part")
    return Stored(signing, session, Keyring(ring), roots[CA_ROOT], roots[CLIENT_CA], push)


def _open(secret: Secret, row: rows.Row) -> bytes:
    try:
        return secret.unseal(row["sealed"], _context(row["purpose"], row["id"]))
    except UnavailableError:
        raise StartError(
            "VIENNA_SECRET_KEY is not the secret that the stored keys were sealed with: set the right one, "
            "or start with an empty data directory"
        ) from None


def _root(private: bytes, pem: str) -> ca.Root:
    key = load_der_private_key(private, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise StartError("the stored CA key is not an EC key")
    return ca.Root(key, x509.load_pem_x509_certificate(pem.encode()))


def _verifying(key: SigningKey, purpose: Purpose, row: rows.Row) -> VerifyingKey:
    return VerifyingKey(
        kid=key.kid,
        algorithm=key.algorithm,
        material=key.material,
        purpose=purpose,
        added_at=_instant(row["created_at"]),
        retired_at=_instant(row["retired_at"]),
        revoked_at=_instant(row["revoked_at"]),
    )


def _instant(text: str | None) -> datetime | None:
    return None if text is None else from_iso(text)


def _context(purpose: str, kid: str) -> str:
    return f"key:{purpose}:{kid}"
