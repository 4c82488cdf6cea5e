"""Buttons that were pressed in Slack: who pressed, held against its signature, and counted like any other vote.

1. The signature is over the raw body, five minutes old at most, and taken once; it names the channel by its secret.
2. It is pressed in the very message that we posted, in the workspace of our token, by one of its own: whoever else can
   write there cannot put other words above our button, nor does a guest from another workspace pass for one of ours.
3. The button carries the channel, the approval and the digest of what was shown.
4. Only T1 is decided here. Whatever asks for more than a press is answered with a link.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qs

from aiohttp import web
from sqlalchemy import Connection, select

from vienna_control.api.problems import Code, Problem
from vienna_control.api.route import Context, Who, route
from vienna_control.api.votes import CODES, DECIDES
from vienna_control.approvals.vote import Ballot, StaleError
from vienna_control.notify import chat, deliveries, outbox, registry
from vienna_control.notify.registry import Integration
from vienna_control.notify.replays import fresh, holds
from vienna_control.notify.slack import APPROVE, DECIDED_HERE, DENY, Posted
from vienna_control.store import Tx
from vienna_control.store.tables import approvals
from vienna_kernel.approval.moves import Voter
from vienna_kernel.decode import json as strict_json
from vienna_kernel.errors import MalformedError
from vienna_kernel.verdict import Refused

_MOST_BYTES = 128 * 1024
_VERDICTS: Mapping[str, Literal["approve", "deny"]] = {APPROVE: "approve", DENY: "deny"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """A button that was pressed, where, and by whom.

    Attributes:
        home: The workspace of whoever pressed.
    """

    verdict: Literal["approve", "deny"]
    integration_id: str
    approval_id: str
    digest: str
    user: str
    home: str
    stands: Posted


@route(
    "POST",
    "/integrations/slack/actions",
    who=Who.PUBLIC,
    writes=DECIDES,
    raw=True,
    summary="What Slack sends when a button is pressed; it shows itself by Slack's signature",
)
async def slack_actions(ctx: Context) -> web.Response:
    """An empty 200 for whatever holds; the person is answered in Slack."""
    request = ctx.request
    if (request.content_length or 0) > _MOST_BYTES:
        raise Problem(Code.PAYLOAD_TOO_LARGE, "the body is larger than 128 KiB")
    body = await request.read()
    given = request.headers.get("X-Slack-Signature", "")
    signers = await _signers(ctx, body, request.headers.get("X-Slack-Request-Timestamp", ""), given)
    if not signers or not ctx.app.notify.replays.take(given, now=ctx.app.clock.now()):
        raise Problem(Code.UNAUTHENTICATED, "this does not carry a fresh signature of Slack")
    press = _press(body)
    one = next((one for one in signers if press and one.id == press.integration_id), None)
    if press is not None and one is not None:
        ctx.log["approval_id"] = press.approval_id
        await _decide(ctx, one, press)
    return web.Response(status=200)


async def _signers(ctx: Context, body: bytes, timestamp: str, signature: str) -> list[Integration]:
    """The channels whose secret made this signature."""
    authority = ctx.app.authority
    if not fresh(timestamp, ctx.app.clock.now()):
        return []
    every = await ctx.app.store.read(lambda conn: registry.enabled(conn))
    found = []
    for one in every:
        if one.type != "slack":
            continue
        secret = (
            registry.unsealed(authority, one).get("signing_secret")
            if "signing_secret" in one.secrets
            else None
        )
        if secret and holds(body, timestamp=timestamp, signature=signature, secret=secret):
            found.append(one)
    return found


def _press(body: bytes) -> Press | None:
    """The button of a payload; None for whatever else Slack tells (the link was opened, say)."""
    try:
        payload: Any = strict_json.loads(parse_qs(body.decode())["payload"][0].encode())
        (action,) = payload["actions"]
        integration_id, approval_id, digest = action["value"].split("|")
        verdict = _VERDICTS[action["action_id"]]
        user, home, team = payload["user"]["id"], payload["user"]["team_id"], payload["team"]["id"]
        channel, ts = payload["container"]["channel_id"], payload["container"]["message_ts"]
        told = (user, home, team, channel, ts)
        if payload["type"] != "block_actions" or not all(isinstance(one, str) for one in told):
            return None
    except (MalformedError, KeyError, IndexError, TypeError, ValueError, AttributeError):
        return None
    return Press(
        verdict=verdict,
        integration_id=integration_id,
        approval_id=approval_id,
        digest=digest,
        user=user[:64],
        home=home,
        stands=Posted(channel[:64], ts[:64], team),
    )


async def _decide(ctx: Context, one: Integration, press: Press) -> None:
    def unit(tx: Tx) -> None:
        if not _is_ours(tx.conn, one, press):
            ctx.log["slack"] = "pressed elsewhere than in what was posted"
            return
        answer(tx, _vote(ctx, tx, one, press))

    def answer(tx: Tx, text: str) -> None:
        outbox.reply(tx, one, channel=press.stands.channel, user=press.user, text=text)

    try:
        await ctx.app.store.write(unit)
    except StaleError:
        link = ctx.app.notify.sender.link(press.approval_id)
        text = f"What is asked has changed since this was posted. Decide in the console: {link}"
        await ctx.app.store.write(lambda tx: answer(tx, text))


def _is_ours(conn: Connection, one: Integration, press: Press) -> bool:
    """Whether it was pressed in what we posted, by somebody of that workspace."""
    posted = (Posted.of(handle) for handle in deliveries.handles(conn, one.id, press.approval_id))
    return press.home == press.stands.team != "" and press.stands in posted


def _vote(ctx: Context, tx: Tx, one: Integration, press: Press) -> str:
    """Count it; returns what the person is told. Raises ``StaleError``."""
    link = ctx.app.notify.sender.link(press.approval_id)
    operator = chat.operator_of(tx.conn, one.tenant, press.user)
    if operator is None:
        return "You are not known here: enter your Slack user in your account first. Nothing was decided."
    if operator.role not in Who.APPROVER.roles:
        return "You are not an approver. Nothing was decided."
    if _tier(tx.conn, one.tenant, press.approval_id) != DECIDED_HERE:
        return f"This is not decided in Slack. Decide in the console: {link}"
    voter = Voter(id=operator.id, role=operator.role, groups=operator.groups, email=operator.email)
    words = {"approve": "", "deny": "denied in Slack"}[press.verdict]
    ballot = Ballot(verdict=press.verdict, comment=words, shown_digest=press.digest)
    decided = ctx.app.pipeline.vote(tx, one.tenant, press.approval_id, voter, ballot)
    if decided is None:
        return "There is no such approval."
    if isinstance(decided, Refused):
        if CODES.get(decided.reason) in (Code.MFA_REQUIRED, Code.VALIDATION_FAILED):
            return f"This asks for more than a press. Decide in the console: {link}"
        return f"Not counted: {decided.detail}"
    missing = "" if not decided.tally.missing else f"; still missing: {', '.join(decided.tally.missing)}"
    return f"Counted: you said {'yes' if press.verdict == 'approve' else 'no'}{missing}."


def _tier(conn: Connection, tenant: str, approval_id: str) -> str | None:
    query = select(approvals.c.tier).where(approvals.c.id == approval_id, approvals.c.tenant == tenant)
    found: str | None = conn.scalar(query)
    return found
