"""Envoy's external authorization over HTTP: a mesh asks whether a request may leave, and enforces the answer.

Envoy sends the original request on: its method, its path behind our prefix, its ``Host``, its headers and its body. 200
lets it go, with the headers to add; any other answer is the agent's. Beside the request three lines of Envoy's own
configuration (``headers_to_add``, which override what the agent sent): ``X-Vienna-Key``, ``X-Vienna-Forwards: all``
and, if wanted, ``X-Vienna-Scheme`` and ``X-Vienna-Wait``. A query would not do: the query is the request's.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from aiohttp import web
from sqlalchemy import select

from vienna_control.api.problems import Code, Problem
from vienna_control.api.route import API, Context, Who, route
from vienna_control.api.submissions import SUBMITTING
from vienna_control.clock import iso
from vienna_control.ids import new_id
from vienna_control.intake.ask import Ask, Caller
from vienna_control.intake.forwarded import Forwarded, ask_of, read
from vienna_control.store.tables import sidecars
from vienna_kernel import wire
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.mapping.mapped import Mapped
from vienna_kernel.verdict import Reason, Refused

_PREFIX = f"{API}/ext-authz"
_LONGEST_WAIT = 15.0
"""Seconds; Envoy's own timeout must be longer."""
_ASK_AGAIN_SECONDS = 30
_WARRANT = "Vienna-Warrant"
_REMOVED = "x-envoy-auth-headers-to-remove"


@route(
    "POST",
    "/ext-authz/{path:.*}",
    who=Who.SIDECAR,
    writes=(*SUBMITTING, EntryType.WARRANT_REFUSED),
    raw=True,
    forwarded=True,
    summary="Whether a request that a mesh holds may leave (Envoy external authorization, any method)",
)
async def authorize(ctx: Context) -> web.Response:
    """200 with ``Vienna-Warrant``, or 403 with the reason. What waits for people is 403 with ``Retry-After``.

    A warrant that the agent brought along (``Vienna-Warrant``) is verified and consumed instead of a new one.
    """
    principal, app = ctx.principal, ctx.app
    jkt = await app.store.read(
        lambda conn: conn.scalar(select(sidecars.c.jkt).where(sidecars.c.id == principal.id))
    )
    caller = Caller(
        tenant=principal.tenant,
        agent_id=principal.agent_id or "",
        source=principal.actor,
        sidecar_id=principal.id,
        jkt=jkt or "",
    )
    wait = _seconds(ctx)
    bundle = app.policies.of(principal.tenant)
    sent = await _forwarded(ctx)
    found = sent if isinstance(sent, Refused) else read(sent, bundle)
    presented = ctx.request.headers.getall(_WARRANT, [])
    if len(presented) > 1:
        found = Refused(Reason.WARRANT_MALFORMED, "more than one warrant was presented")
    if isinstance(found, Refused):
        raise await _unread(ctx, caller, found)
    call, mapped = found
    ask = ask_of(
        caller,
        principal.name,
        call,
        mapped,
        bundle=bundle,
        redaction_key=app.authority.redaction_key(principal.tenant),
        attempt=new_id("att"),
        presented=presented[0] if presented else None,
        wait=wait > 0,
    )
    began = time.perf_counter()
    decision = await _decided(ctx, ask, wait)
    app.metrics.consulted(decision.verdict, time.perf_counter() - began)
    ctx.log |= {"intent_id": decision.intent_id, "verdict": decision.verdict}
    return _answer(ctx, mapped, decision)


def _own(ctx: Context, name: str) -> str:
    """A line of the mesh's configuration. Raises 403 where the agent could have added one to it."""
    lines = ctx.request.headers.getall(name, [])
    if len(lines) > 1:
        raise Problem(Code.FORBIDDEN, f"one line {name} is expected")
    return lines[0].strip() if lines else ""


def _seconds(ctx: Context) -> float:
    told = _own(ctx, "X-Vienna-Wait")
    if not told:
        return 0.0
    if not (told.isascii() and told.isdecimal() and len(told) <= 2):
        raise Problem(Code.FORBIDDEN, "X-Vienna-Wait: expected whole seconds")
    return min(float(told), _LONGEST_WAIT)


async def _forwarded(ctx: Context) -> Forwarded | Refused:
    request = ctx.request
    scheme = _own(ctx, "X-Vienna-Scheme") or "https"
    if scheme not in ("https", "http"):
        raise Problem(Code.FORBIDDEN, "X-Vienna-Scheme: expected https or http")
    hosts = request.headers.getall("Host", [])
    target = request.raw_path.removeprefix(_PREFIX)
    if not request.raw_path.startswith(f"{_PREFIX}/") or len(hosts) != 1:
        return Refused(Reason.TARGET_NOT_CANONICAL, "neither path nor authority of a request")
    return Forwarded(
        method=request.method,
        scheme=scheme,
        authority=hosts[0],
        target=target,
        headers=tuple(request.raw_headers),
        body=await request.read(),
        complete=_own(ctx, "X-Vienna-Forwards") == "all",
    )


async def _unread(ctx: Context, caller: Caller, refused: Refused) -> Problem:
    """What has no reading is recorded as a gate records it."""
    event = wire.Reported(
        at=iso(ctx.app.clock.now()),
        reason=refused.reason,
        detail=refused.detail,
        method=ctx.request.method[:32],
        severity="warning",
    )
    frame = wire.Report(id=0, events=[event])
    await ctx.app.store.write(lambda tx: ctx.app.pipeline.report(tx, caller, frame))
    return _no(refused.reason, refused.hint)


async def _decided(ctx: Context, ask: Ask, wait: float) -> wire.Decision:
    """The decision, asked for again when people have decided, as long as the mesh waits."""
    app = ctx.app
    loop = asyncio.get_running_loop()
    until = loop.time() + wait
    with app.bus.subscribe(("_wake",), tenant=ask.caller.tenant) as wakes:
        while True:
            decision = await app.store.write(lambda tx: app.pipeline.consult(tx, ask))
            remaining = until - loop.time()
            if decision.verdict != "held" or remaining <= 0 or app.stopping.is_set():
                break
            try:
                async with asyncio.timeout(remaining):
                    async for event in wakes:
                        if event.data["intent_id"] == decision.intent_id:
                            break
            except TimeoutError:
                break
    if decision.verdict == "held" and decision.approval_id and wait:
        gone = wire.Gone(approval_id=decision.approval_id, intent_id=decision.intent_id)
        await app.store.write(lambda tx: app.pipeline.gone(tx, ask.caller, gone))
    return decision


def _answer(ctx: Context, mapped: Mapped, decision: wire.Decision) -> web.Response:
    if decision.verdict in ("granted", "observed") and decision.warrant is not None:
        return web.Response(status=200, headers=_added(ctx, mapped, decision, decision.warrant))
    if decision.verdict == "held":
        raise _no(
            Reason.APPROVAL_PENDING,
            decision.hint
            or "People are asked whether this may happen. Send exactly the same request again later.",
            retry_after=decision.retry_after_seconds or _ASK_AGAIN_SECONDS,
            intent_id=decision.intent_id,
            approval_id=decision.approval_id,
            expires_at=decision.expires_at,
        )
    if decision.narrowed:
        raise _no(
            Reason.APPROVAL_DENIED,
            "People agreed to less than this. Send the request with the values below.",
            intent_id=decision.intent_id,
            agreed_to=decision.narrowed,
        )
    raise _no(
        decision.reason or Reason.POLICY_DENIED,
        decision.hint,
        retry_after=decision.retry_after_seconds,
        intent_id=decision.intent_id,
    )


def _added(ctx: Context, mapped: Mapped, decision: wire.Decision, warrant: str) -> dict[str, str]:
    """Headers for the upstream; and which of the agent's are taken away."""
    added = {_WARRANT: warrant}
    header = mapped.idempotency_header or "idempotency-key"
    if decision.first_key is not None:
        added[header] = decision.first_key
    elif mapped.idempotency_header and mapped.idempotency_inject and header not in ctx.request.headers:
        added[header] = decision.intent_id
    kept = {name.lower() for name in added}
    ours = {name.lower() for name in ctx.request.headers if _is_ours(name)}
    added[_REMOVED] = ",".join(sorted(ours - kept))
    return added


def _is_ours(name: str) -> bool:
    return name.lower().replace("_", "-").startswith(("vienna-", "x-vienna-"))


def _no(reason: Reason, hint: str, *, retry_after: int | None = None, **about: Any) -> Problem:
    headers = {"Retry-After": str(retry_after)} if retry_after else None
    details = {"reason": reason.value, **{name: value for name, value in about.items() if value}}
    return Problem(Code.FORBIDDEN, hint or reason.value.replace("_", " "), details, headers=headers)
