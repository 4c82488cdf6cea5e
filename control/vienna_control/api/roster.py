"""The roster: whose passkeys count as consent, and how it becomes another."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import Connection, select

from vienna_control.api.page import PageQuery, fetch_page
from vienna_control.api.problems import Code, Problem, not_found
from vienna_control.api.route import Context, Who, route
from vienna_control.api.webauthn import AssertionBody, ChallengeData, kept, party
from vienna_control.passkeys import changes, roster
from vienna_control.passkeys.changes import ChangeError, Proposal, Wish
from vienna_control.store import Tx
from vienna_control.store.tables import roster_proposals
from vienna_kernel.consent.roster import Quorum
from vienna_kernel.intent import Tier
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.verdict import Refused

type Group = Annotated[str, Field(min_length=1, max_length=64)]


class QuorumBody(BaseModel):
    """How many people must agree by passkey, and of which groups one each among them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    people: Annotated[int, Field(ge=1, le=100)]
    groups: Annotated[list[Group], Field(max_length=20)] = []


class AddBody(BaseModel):
    """One passkey, and when it ends to count."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    passkey_id: Annotated[str, Field(min_length=1, max_length=64)]
    expires_at: AwareDatetime | None = None


class ProposalBody(BaseModel):
    """What is to be otherwise.

    Attributes:
        threshold: People who must sign the next one.
        quorum: Who must agree to a call, by tier.
        anew: A first version, signed by its own, for an admin whose people lost their keys; gates must pin it first.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    add: Annotated[list[AddBody], Field(max_length=100)] = []
    remove: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=100)] = []
    threshold: Annotated[int, Field(ge=1, le=100)] | None = None
    quorum: Annotated[dict[Literal["T0", "T1", "T2", "T3"], QuorumBody], Field(min_length=1)] | None = None
    anew: bool = False


class RosterData(BaseModel):
    """Attributes: ``chain``: every version with its signatures, from the first; a gate that pins one follows it."""

    version: int
    digest: str | None
    roster: dict[str, Any] | None
    chain: list[dict[str, Any]]


class ProposalData(BaseModel):
    proposal_id: str
    status: str
    version: int
    digest: str
    roster: dict[str, Any]
    signed_by: list[str]
    threshold: int | None
    proposed_by: str
    created_at: str


@route(
    "GET", "/roster", who=Who.READER, writes=None, data=RosterData, summary="The roster, and all it came from"
)
async def read_roster(ctx: Context) -> RosterData:
    tenant = ctx.principal.tenant

    def query(conn: Connection) -> RosterData:
        current = roster.current(conn, tenant)
        return RosterData(
            version=current.version if current else 0,
            digest=current.digest if current else None,
            roster=current.to_json() if current else None,
            chain=roster.chain(conn, tenant),
        )

    return await ctx.app.store.read(query)


@route(
    "GET",
    "/roster/proposals",
    who=Who.READER,
    writes=None,
    query=PageQuery,
    summary="Rosters that were put up for signing, newest first",
)
async def list_proposals(ctx: Context) -> dict[str, Any]:
    statement = select(roster_proposals).where(roster_proposals.c.tenant == ctx.principal.tenant)

    def page(conn: Connection) -> dict[str, Any]:
        return fetch_page(
            conn,
            statement,
            ctx.query,
            key=roster_proposals.c.id,
            noun="proposals",
            shape=lambda row: changes.of_row(conn, row).to_api(),
        )

    return await ctx.app.store.read(page)


@route(
    "POST",
    "/roster/proposals",
    who=Who.APPROVER,
    writes=EntryType.CONFIG_CHANGED,
    body=ProposalBody,
    data=ProposalData,
    status=201,
    summary="Put another roster up for signing",
)
async def propose(ctx: Context) -> ProposalData:
    """It decides nothing: a quorum of the roster before it does; of the first one, a quorum of its own."""
    body, rp, principal = ctx.body, party(ctx), ctx.principal
    if body.anew and principal.role != "admin":
        raise Problem(Code.FORBIDDEN, "to begin anew is for: admin")
    wish = Wish(
        add={row.passkey_id: _seconds(row.expires_at) for row in body.add},
        remove=tuple(body.remove),
        threshold=body.threshold,
        anew=body.anew,
        quorum=body.quorum
        and {Tier(tier): Quorum(row.people, tuple(row.groups)) for tier, row in body.quorum.items()},
    )

    def unit(tx: Tx) -> ProposalData:
        try:
            proposal_id = changes.propose(tx, principal.tenant, principal.actor, wish, rp)
        except ChangeError as error:
            raise Problem(Code.VALIDATION_FAILED, str(error)) from None
        proposal = _proposal(ctx, tx.conn, proposal_id)
        made = proposal.signed.roster
        if made.previous is None and made.threshold == 1 and principal.role != "admin":
            raise Problem(Code.FORBIDDEN, "a first roster that one person signs alone is for: admin")
        return ProposalData(**proposal.to_api())

    return await ctx.app.store.write(unit)


@route(
    "POST",
    "/roster/proposals/{id}/challenge",
    who=Who.APPROVER,
    writes=None,
    data=ChallengeData,
    summary="What your passkey signs to agree to a roster",
)
async def challenge(ctx: Context) -> ChallengeData:
    rp = party(ctx)

    def unit(tx: Tx) -> ChallengeData | Refused:
        proposal = _proposal(ctx, tx.conn, ctx.path["id"])
        asked = changes.ask(tx, ctx.app.passkeys.challenges, proposal, ctx.principal.id, rp)
        return asked if isinstance(asked, Refused) else ChallengeData(**asked)

    return await kept(ctx, unit)


@route(
    "POST",
    "/roster/proposals/{id}/sign",
    who=Who.APPROVER,
    writes=(EntryType.CONFIG_CHANGED, EntryType.KEY_ADDED, EntryType.KEY_RETIRED, EntryType.ALERT),
    body=AssertionBody,
    data=ProposalData,
    summary="Sign a roster; with the last signature that is needed it is published",
)
async def sign(ctx: Context) -> ProposalData:
    rp, given = party(ctx), ctx.body.given()

    def unit(tx: Tx) -> ProposalData | Refused:
        proposal = _proposal(ctx, tx.conn, ctx.path["id"])
        found = changes.sign(tx, ctx.app.passkeys.challenges, proposal, ctx.principal.id, given, rp)
        return found if isinstance(found, Refused) else ProposalData(**found.to_api())

    return await kept(ctx, unit)


def _proposal(ctx: Context, conn: Connection, proposal_id: str) -> Proposal:
    found = changes.find(conn, ctx.principal.tenant, proposal_id)
    if found is None:
        raise not_found("proposal", proposal_id)
    return found


def _seconds(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp())
