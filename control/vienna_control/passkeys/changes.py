"""Another roster: proposed by one, signed by a quorum of the roster before it, then published.

Who proposes decides nothing. The first roster is signed by a quorum of its own; gates believe it once it is pinned.
Proposals of which another was published first are superseded: they follow a roster that is no longer the newest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, select, update

from vienna_control import rows
from vienna_control.fleet.alerts import raise_alert
from vienna_control.identity import operators
from vienna_control.invariant import there
from vienna_control.passkeys import answers, challenges, keys, roster
from vienna_control.passkeys.answers import Given
from vienna_control.passkeys.challenges import Asked, Challenges
from vienna_control.store import Tx
from vienna_control.store.tables import passkeys, roster_proposals
from vienna_kernel.consent.chain import Signature, Signed, challenge_of, follow, parse_signed, root, signers
from vienna_kernel.consent.passkey import Party
from vienna_kernel.consent.roster import Member, Quorum, Roster, parse
from vienna_kernel.errors import MalformedError
from vienna_kernel.intent import Tier
from vienna_kernel.keyring import b64url
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.verdict import Reason, Refused

_QUORUM = {Tier.T2: Quorum(2), Tier.T3: Quorum(3)}


class ChangeError(ValueError):
    """No such roster can be made; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be otherwise.

    Attributes:
        add: Passkeys by id, each with its end in Unix seconds or None. One that is there is entered anew, its person's
            groups as they are now.
        remove: Keys by kid.
        anew: It follows none: a first version, when too few keys are left to sign. Gates refuse it until they pin it.
    """

    add: Mapping[str, int | None] = field(default_factory=dict)
    remove: Sequence[str] = ()
    threshold: int | None = None
    quorum: Mapping[Tier, Quorum] | None = None
    anew: bool = False


def propose(tx: Tx, tenant: str, actor: str, wish: Wish, party: Party) -> str:
    """Put a roster up for signing; returns the proposal's id. Raises ``ChangeError``."""
    before = None if wish.anew else roster.current(tx.conn, tenant)
    made = _made(tx, tenant, before, wish, party)
    try:
        parse(made.to_json())
    except MalformedError as error:
        raise ChangeError(str(error)) from None
    proposal_id = tx.id("rstp")
    rows.add(
        tx.conn,
        roster_proposals,
        id=proposal_id,
        tenant=tenant,
        version=made.version,
        digest=made.digest,
        signed=rows.dump(Signed(made).to_json()),
        status="open",
        proposed_by=actor,
        created_at=tx.at,
    )
    told = {"proposal": proposal_id, "version": made.version, "digest": made.digest}
    tx.record(EntryType.CONFIG_CHANGED, tenant=tenant, actor=actor, data={"what": "roster_proposed", **told})
    return proposal_id


def _made(tx: Tx, tenant: str, before: Roster | None, wish: Wish, party: Party) -> Roster:
    members = {row.key.kid: row for row in before.members} if before else {}
    for kid in wish.remove:
        if members.pop(kid, None) is None:
            raise ChangeError(f"the roster has no key {kid!r}")
    for passkey_id, expires_at in wish.add.items():
        added = _member(tx, tenant, passkey_id, expires_at, party)
        members[added.key.kid] = added
    now = int(tx.now.timestamp())
    return Roster(
        version=before.version + 1 if before else 1,
        previous=before.digest if before else None,
        made_at=max(now, before.made_at) if before else now,
        party=party,
        threshold=wish.threshold or (before.threshold if before else 2),
        quorum=wish.quorum or (before.quorum if before else _QUORUM),
        members=tuple(members.values()),
    )


def _member(tx: Tx, tenant: str, passkey_id: str, expires_at: int | None, party: Party) -> Member:
    row = rows.first(
        tx.conn, select(passkeys).where(passkeys.c.id == passkey_id, passkeys.c.tenant == tenant)
    )
    person = operators.by_id(tx.conn, row["operator_id"]) if row else None
    if row is None or person is None or person.disabled:
        raise ChangeError(f"there is no passkey {passkey_id!r}")
    if row["rp_id"] != party.id:
        raise ChangeError(f"passkey {passkey_id!r} was made for {row['rp_id']}: enrol a new one")
    return Member(
        key=keys.key_of(row),
        operator=person.id,
        groups=person.groups,
        added_at=int(tx.now.timestamp()),
        expires_at=expires_at,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One that is up for signing, or was.

    Attributes:
        by: Whose signatures it needs; None when it can be signed no more.
    """

    row: rows.Row
    signed: Signed
    by: Roster | None

    def to_api(self) -> dict[str, Any]:
        by, made = self.by, self.signed.roster
        people = signers(self.signed, by) if by else set()
        return {
            "proposal_id": self.row["id"],
            "status": self.row["status"],
            "version": made.version,
            "digest": made.digest,
            "roster": made.to_json(),
            "signed_by": sorted(people) if isinstance(people, set) else [],
            "threshold": by.threshold if by else None,
            "proposed_by": self.row["proposed_by"],
            "created_at": self.row["created_at"],
        }


def find(conn: Connection, tenant: str, proposal_id: str) -> Proposal | None:
    row = rows.first(
        conn,
        select(roster_proposals).where(
            roster_proposals.c.id == proposal_id, roster_proposals.c.tenant == tenant
        ),
    )
    return None if row is None else of_row(conn, row)


def of_row(conn: Connection, row: rows.Row) -> Proposal:
    signed = parse_signed(rows.load(row["signed"]))
    before = roster.current(conn, row["tenant"])
    by: Roster | None = signed.roster if signed.roster.previous is None else before
    follows = signed.roster.previous in (None, before.digest if before else None)
    if row["status"] != "open" or not follows:
        by = None
    return Proposal(row=row, signed=signed, by=by)


def ask(
    tx: Tx, waiting: Challenges, proposal: Proposal, operator_id: str, party: Party
) -> dict[str, Any] | Refused:
    """What this person's passkey is to sign."""
    by = proposal.by
    if by is None:
        return Refused(Reason.APPROVAL_DECIDED, "this proposal can be signed no more")
    mine = keys.of_operator(tx.conn, operator_id)
    allowed = [row for row in mine if _may_sign(tx, by, row, proposal.signed.roster)]
    if not allowed:
        return Refused(Reason.NOT_AN_APPROVER, f"you have no passkey in roster version {by.version}")
    nonce = challenges.nonce()
    challenge = challenge_of(proposal.signed.roster, nonce)
    asked = Asked(
        purpose="roster", operator_id=operator_id, subject=proposal.row["id"], terms={"nonce": nonce}
    )
    expires_at = waiting.keep(tx, challenge, asked)
    return {
        "public_key": keys.request_options(b64url(challenge), party, allowed),
        "statement": {"roster": proposal.row["digest"], "version": proposal.row["version"], "nonce": nonce},
        "expires_at": expires_at,
    }


def sign(
    tx: Tx, waiting: Challenges, proposal: Proposal, operator_id: str, given: Given, party: Party
) -> Proposal | Refused:
    """Take one signature; with the last that is needed the roster is published."""
    by = proposal.by
    if by is None:
        return Refused(Reason.APPROVAL_DECIDED, "this proposal can be signed no more")
    asked = Asked(purpose="roster", operator_id=operator_id, subject=proposal.row["id"])
    answer = answers.take(tx, waiting, given, asked, party)
    if isinstance(answer, Refused):
        return answer
    if not _may_sign(tx, by, answer.row, proposal.signed.roster):
        return Refused(Reason.NOT_AN_APPROVER, f"this passkey is not in roster version {by.version}")
    already = signers(proposal.signed, by)
    if isinstance(already, Refused) or operator_id in already:
        return Refused(Reason.ALREADY_VOTED, "one person counts once")
    nonce = (answer.asked.terms or {})["nonce"]
    row = Signature(answer.row["kid"], nonce, answer.assertion)
    signed = replace(proposal.signed, signatures=(*proposal.signed.signatures, row))
    found = root(signed) if signed.roster.previous is None else follow(by, signed)
    tx.record(
        EntryType.CONFIG_CHANGED,
        tenant=proposal.row["tenant"],
        actor=f"operator:{operator_id}",
        data={
            "what": "roster_signed",
            "proposal": proposal.row["id"],
            "version": proposal.row["version"],
            "digest": proposal.row["digest"],
            "kid": row.kid,
        },
    )
    whole = isinstance(found, Roster)
    rows.change(
        tx.conn,
        roster_proposals,
        proposal.row["id"],
        signed=rows.dump(signed.to_json()),
        status="published" if whole else "open",
    )
    if whole:
        _publish(tx, proposal, signed, operator_id)
    return there(find(tx.conn, proposal.row["tenant"], proposal.row["id"]), "it was changed above")


def _may_sign(tx: Tx, by: Roster, passkey: rows.Row, made: Roster) -> bool:
    """Whether it stands there for this person; it must not have expired, when this was made nor since."""
    member = by.find(passkey["kid"])
    if member is None or member.operator != passkey["operator_id"]:
        return False
    return member.holds(max(made.made_at, tx.now.timestamp()))


def _publish(tx: Tx, proposal: Proposal, signed: Signed, operator_id: str) -> None:
    tenant, made = proposal.row["tenant"], signed.roster
    before = roster.current(tx.conn, tenant)
    if made.previous is None:
        roster.forget(tx.conn, tenant)
    if made.previous is None and before is not None:
        text = f"the roster began anew, signed by nobody of version {before.version}: {made.digest}"
        raise_alert(tx, tenant=tenant, severity="critical", kind="roster_anew", text=text)
    roster.publish(tx.conn, tenant, signed, at=tx.at)
    others = (roster_proposals.c.tenant == tenant) & (roster_proposals.c.status == "open")
    tx.conn.execute(update(roster_proposals).where(others).values(status="superseded"))
    was = {row.key.kid: row.operator for row in before.members} if before else {}
    now = {row.key.kid: row.operator for row in made.members}
    trail = {"tenant": tenant, "actor": f"operator:{operator_id}"}
    for type_, some in (
        (EntryType.KEY_ADDED, now.keys() - was.keys()),
        (EntryType.KEY_RETIRED, was.keys() - now.keys()),
    ):
        for kid in sorted(some):
            data = {"key": kid, "purpose": "consent", "operator": {**was, **now}[kid]}
            tx.record(type_, data=data, **trail)
    told = {"version": made.version, "digest": made.digest, "threshold": made.threshold}
    tx.record(EntryType.CONFIG_CHANGED, data={"what": "roster", **told}, **trail)
    tx.publish("_bundle", {"agent_id": None}, tenant=tenant)
