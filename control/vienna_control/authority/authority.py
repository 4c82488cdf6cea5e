"""The authority: what signs, seals and hashes for this installation.

Its keys are opened once at start. Warrants are minted inside the caller's unit of work: the entry that issues one is
written first and the token names its leaf, then the row; all of it is durable, or none.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import timedelta

from sqlalchemy import select

from vienna_control import rows
from vienna_control.authority import clients, keys
from vienna_control.authority.ca import Intermediate
from vienna_control.authority.clients import ClientCertificate
from vienna_control.authority.grant import Grant, Issued
from vienna_control.authority.push import PushKey
from vienna_control.authority.sealing import Secret
from vienna_control.clock import Clock, iso
from vienna_control.store import Store, Tx
from vienna_control.store.tables import settings, warrants
from vienna_kernel.keyring import Algorithm, Keyring, Purpose, VerifyingKey
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.signing import BUNDLE_TYPE, SigningKey, jws_sign
from vienna_kernel.warrant.token import Meaning, Warrant, issue

BACKDATED = timedelta(seconds=60)  # a verifier whose clock is a little behind must not find it not yet valid
_INSTALLATION = "installation"


class Authority:
    """Keys and what they do.

    Attributes:
        installation: Identifier of this installation.
        issuer: ``iss`` of its warrants: the public URL, or ``urn:vienna:<installation>``.
        origin: Name of its log in checkpoints.
    """

    def __init__(
        self,
        store: Store,
        secret: Secret,
        stored: keys.Stored,
        installation: str,
        *,
        issuer: str | None,
        clock: Clock,
        warrants: Algorithm,
    ) -> None:
        self._store = store
        self._clock = clock
        self._secret = secret
        self._keys = stored
        self._warrants = warrants
        self.installation = installation
        self.issuer = issuer or f"urn:vienna:{installation}"
        self.origin = f"vienna/{installation}"

    @classmethod
    async def open(
        cls,
        store: Store,
        secret: bytes,
        *,
        issuer: str | None = None,
        clock: Clock | None = None,
        warrants: Algorithm = Algorithm.ED25519,
    ) -> Authority:
        """Open the keys, making those that are missing. ``warrants``: what warrants are signed with.

        Raises ``StartError`` when ``secret`` is not the one they were sealed with.
        """
        sealing = Secret(secret)

        def unit(tx: Tx) -> tuple[keys.Stored, str]:
            installation = _ensure_installation(tx)
            keys.ensure(tx, sealing, name=installation, warrants=warrants)
            return keys.load(tx.conn, sealing), installation

        stored, installation = await store.write(unit)
        return cls(
            store, sealing, stored, installation, issuer=issuer, clock=clock or Clock(), warrants=warrants
        )

    def keyring(self) -> Keyring:
        """Every key that verifies, with its dates."""
        return self._keys.ring

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """RFC 7517 key set, as published."""
        return self._keys.ring.jwks()

    def gate_jwks(self) -> dict[str, list[dict[str, str]]]:
        """The key set for gates: with HMAC warrants the secrets too, without which they could verify none."""
        return self._keys.ring.shared_jwks(Purpose.WARRANT)

    @property
    def symmetric(self) -> bool:
        """Whether warrants are signed with a shared secret: whoever verifies them could also forge them."""
        return self._warrants is Algorithm.HS256

    @property
    def log_key(self) -> SigningKey:
        """What signs checkpoints."""
        return self._keys.signing[Purpose.LOG]

    @property
    def log_public(self) -> VerifyingKey:
        """What verifies checkpoints."""
        return self.log_key.verifying(Purpose.LOG)

    @property
    def warrant_kid(self) -> str:
        """Name of the key that warrants are signed with now: bound to it, a warrant is used by nobody else."""
        return self._keys.signing[Purpose.WARRANT].kid

    @property
    def bundle_jwk(self) -> dict[str, str]:
        """Public key that a sidecar verifies bundles with."""
        return self._keys.signing[Purpose.BUNDLE].verifying(Purpose.BUNDLE).jwk()

    @property
    def push(self) -> PushKey:
        """What push services know us by."""
        return self._keys.push

    @property
    def root_ca_pem(self) -> str:
        """The certificate that agents trust."""
        return self._keys.root.pem

    @property
    def client_ca_pem(self) -> str:
        """The CA of the certificates that sidecars show in the TLS handshake."""
        return self._keys.clients.pem

    def issue(self, tx: Tx, grant: Grant) -> Issued:
        """Mint a warrant in this unit: the ``warrant_issued`` entry, the token that names it, the row (``issued``).

        Errors: ``MalformedError`` when the terms do not fit in a token.
        """
        key = self._keys.signing[Purpose.WARRANT]
        warrant_id = tx.id("wrt")
        issued_at = tx.now.replace(microsecond=0)
        expires_at = issued_at + timedelta(seconds=max(1, grant.ttl_seconds))
        call, meanings = grant.call, tuple(Meaning.of(intent) for intent in grant.intents)
        leaf = tx.record(
            EntryType.WARRANT_ISSUED,
            tenant=grant.tenant,
            actor=grant.actor,
            agent_id=grant.agent_id,
            intent_id=grant.intent_id,
            data={
                "warrant_id": warrant_id,
                "risk_tier": grant.tier.value,
                "observed": grant.observed,
                "key": key.kid,
                "expires_at": iso(expires_at),
                "request_digest": call.request_digest if call else None,
                "meanings": [row.digest for row in meanings],
                "holder": grant.holder_jkt,
                "approvals": [
                    {"operator": row.operator, "shown_digest": row.shown_digest, "mfa": row.mfa}
                    for row in grant.consents
                ],
                "policy_digest": grant.policy_digest,
                "mapping_digest": grant.mapping_digest,
                **({"budgets": [dict(row) for row in grant.budgets]} if grant.budgets else {}),
                **({"parent": grant.parent} if grant.parent else {}),
                **({"standing": grant.standing} if grant.standing else {}),
            },
        )
        warrant = Warrant(
            id=warrant_id,
            issuer=self.issuer,
            audience=grant.audience or self.issuer,
            subject=grant.agent,
            issued_at=issued_at,
            not_before=issued_at - BACKDATED,
            expires_at=expires_at,
            tier=grant.tier,
            intent_id=grant.intent_id,
            meanings=meanings,
            audit_leaf=leaf,
            holder_jkt=grant.holder_jkt,
            method=call.method if call else None,
            url=call.url if call else None,
            content_type=(call.content_type or None) if call else None,
            body_digest=call.body_digest if call else None,
            request_digest=call.request_digest if call else None,
            policy_digest=grant.policy_digest,
            mapping_digest=grant.mapping_digest,
            consents=grant.consents,
            demand=grant.demand,
            observed=grant.observed,
            constraints=grant.constraints,
            response_limits=grant.response_limits,
        )
        token = issue(warrant, key)
        rows.add(
            tx.conn,
            warrants,
            id=warrant_id,
            tenant=grant.tenant,
            intent_id=grant.intent_id,
            agent_id=grant.agent_id,
            status="issued",
            tier=grant.tier.value,
            token=token,
            kid=key.kid,
            parent=grant.parent,
            observed=grant.observed,
            issued_at=tx.at,
            expires_at=iso(expires_at),
            revoked_at=None,
        )
        return Issued(warrant, token)

    def sign_bundle(self, payload: bytes) -> str:
        """A JWS of type ``vienna-bundle+jwt`` over these bytes."""
        return jws_sign(payload, self._keys.signing[Purpose.BUNDLE], typ=BUNDLE_TYPE)

    def intermediate(self, csr_pem: str, agent: str, hosts: Sequence[str] = ()) -> Intermediate:
        """A sidecar's CA certificate for a day. Errors: ``MalformedError`` (see ``ca.Root.intermediate``)."""
        return self._keys.root.intermediate(csr_pem, agent, now=self._clock.now(), hosts=hosts)

    def client_certificate(self, key: VerifyingKey, sidecar_id: str) -> ClientCertificate:
        """What this sidecar shows in the TLS handshake, for a day. ``key``: its own, Ed25519."""
        return clients.certify(self._keys.clients, key.material, sidecar_id, now=self._clock.now())

    def keyed_hash(self, data: bytes) -> str:
        """Lower-case hex HMAC-SHA256 under a key of the installation, 64 characters."""
        return self._secret.keyed_hash(data)

    def seal(self, data: bytes, context: str) -> bytes:
        """Ciphertext that opens with the same ``context`` only, e.g. ``totp:op-…``."""
        return self._secret.seal(data, context)

    def unseal(self, data: bytes, context: str) -> bytes:
        """Inverse of ``seal``. Raises ``UnavailableError("authority", …)``."""
        return self._secret.unseal(data, context)

    def redaction_key(self, tenant: str) -> bytes:
        """32 bytes under which redacted parameters of this tenant are hashed."""
        return self._secret.derive(f"redaction/{tenant}")

    async def rotate(self, *, actor: str) -> str:
        """A fresh key for warrants; the one before verifies only. Returns the new kid."""
        before = self._keys.signing[Purpose.WARRANT].kid

        def unit(tx: Tx) -> str:
            keys.retire(tx, before, actor=actor, revoke=False)
            return keys.add_signing(tx, self._secret, Purpose.WARRANT, self._warrants)

        return await self._changed(unit)

    async def revoke(self, kid: str, *, actor: str) -> bool:
        """After a compromise: nothing that this warrant key signed is valid any more; a fresh one takes its place.

        Returns False for a key that was revoked before, or is no warrant key of ours.
        """
        key = self._keys.ring.find(kid, Purpose.WARRANT)

        def unit(tx: Tx) -> bool:
            done = key is not None and keys.retire(tx, kid, actor=actor, revoke=True)
            keys.ensure(tx, self._secret, name=self.installation, warrants=self._warrants)
            return done

        return await self._changed(unit)

    async def _changed[T](self, unit: Callable[[Tx], T]) -> T:
        def both(tx: Tx) -> tuple[T, keys.Stored]:
            return unit(tx), keys.load(tx.conn, self._secret)

        result, self._keys = await self._store.write(both)
        return result


def _ensure_installation(tx: Tx) -> str:
    found = rows.first(tx.conn, select(settings.c.value).where(settings.c.name == _INSTALLATION))
    if found is not None:
        return str(rows.load(found["value"]))
    installation = secrets.token_hex(8)
    rows.add(tx.conn, settings, name=_INSTALLATION, value=rows.dump(installation))
    return installation
