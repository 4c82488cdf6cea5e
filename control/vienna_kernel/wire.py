"""Messages between gate and control plane, over one WebSocket per sidecar; JSON text frames.

Stability: ``PROTOCOL`` is sent in ``hello``; within one protocol number fields may only be appended, with a
default, and a ``t`` is never reused. Unknown fields are ignored by the reader, unknown ``t`` close the stream.
A frame whose ``t`` and ``id`` are read but a field of which is not gets a ``fault`` that names the field.

The gate's part of the conversation, in order: ``hello`` once, then any number of ``consult`` (one per attempt
to let one call go), ``outcome`` (one per call that left) and ``report`` (calls the gate refused alone).
Each carries ``id``; the answer repeats it. The control plane also speaks unasked: ``wake`` (ask again about this
approval), ``revoked``, ``bundle`` (fetch the new one).

A consult is idempotent by ``fingerprint``: asked again while people decide it answers ``held`` with the same
approval, asked again after consent it redeems the approval and answers ``granted`` with a warrant that is
minted, consumed and recorded durably in one transaction, for exactly this ``attempt``.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter

from vienna_kernel.verdict import Reason
from vienna_kernel.verification import Result

PROTOCOL = 1
MOST_EVENTS = 1024
REPLAY_SECONDS = 600
"""How long an identical call is the same call where its mapping does not say."""


_EXACT = 2**53 - 1  # beyond it JSON readers disagree


def _finite(data: Any) -> Any:
    pending = [data]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            pending.extend(item.values())
        elif isinstance(item, list | tuple):
            pending.extend(item)
        elif isinstance(item, float) and not math.isfinite(item):
            raise ValueError("a number that is not finite")
        elif isinstance(item, int) and not -(2**63) <= item < 2**63:
            raise ValueError("an integer beyond 64 bits")
    return data


def _url(text: str) -> str:
    try:
        urlsplit(text).port  # noqa: B018  # read for what it refuses
    except ValueError:
        raise ValueError("not a URL") from None
    return text


def _result(text: str) -> str:
    if text not in Result:
        raise ValueError("expected one of " + ", ".join(Result))
    return text


type _Count = Annotated[int, Field(ge=0, le=_EXACT)]
type _Json = Annotated[Any, AfterValidator(_finite)]


class _Frame(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Question(_Frame):
    """What can still be read of a frame that has no reading: what an answer to it must repeat."""

    t: Literal["consult", "outcome", "report", "gone"]
    id: _Count


class CallView(_Frame):
    """One call as people may see it: no credential, no redacted value.

    Attributes:
        url: Canonical URL; the values of query parameters that no mapping declares are replaced by ``…``.
        headers: Allow-listed header lines only (content-type, accept, user-agent, idempotency-key).
        body: The decoded body as JSON data, redacted; None when there is none or it is not shown.
        body_bytes: Length of the body that would be sent.
        body_digest: RFC 9530 ``sha-256=:…:`` of the exact bytes.
        request_digest: ``call.request_digest`` of the call: what a warrant binds.
        current: Current state that the mapping shows, by pointer (``Mapped.current``), packed.
        current_from: URL that the current state was read from, as ``url``; None when nothing was.
        unknown: Names of undeclared parameters that the mapping flags.
        writable: Parameters that the gate can lower in it (``MappingSet.narrow``).
        signed: It would let some be lowered, had the agent not signed it.
    """

    method: str
    url: Annotated[str, AfterValidator(_url)]
    origin: str
    headers: list[tuple[str, str]] = []
    body: _Json = None
    body_bytes: _Count = 0
    content_type: str | None = None
    body_digest: str
    request_digest: str
    current: dict[str, _Json] = {}
    current_from: Annotated[str, AfterValidator(_url)] | None = None
    unknown: list[str] = []
    writable: list[str] = []
    signed: bool = False


class Hello(_Frame):
    t: Literal["hello"] = "hello"
    id: int = 0
    protocol: int = PROTOCOL
    version: str
    bundle: str


class Consult(_Frame):
    """May this call leave?

    Attributes:
        attempt: Identifier minted by the gate for this attempt; repeated when the same attempt is asked again
            after a lost answer, so that a warrant consumed by it is answered again and not refused.
        intents: ``Intent.to_json`` of each, redacted, in the order of the call.
        fingerprint: ``mapping.fingerprint``: names the call for rejoining and redeeming.
        bundle: Digest of the bundle the gate mapped with.
        presented: A warrant token the agent itself presented (``Vienna-Warrant``), already verified by the gate.
        wait: False when the caller does not want to be held (``Prefer: respond-async``, budget used up):
            a pending approval is still made.
        mapped: False when no mapping read the call.
        retry: It is a further try of a call that left before: the client says so, or the gate saw that nobody was
            there any more to be answered.
        key: ``sha256:<hex>`` of the idempotency key that the agent sent.
        replay_seconds: How long an identical call is the same call, by its mapping.
        preflight: Intent of the read that was made for this call, to know the current state.
        preflight_of: This is such a read: ``request_digest`` of the call that it is made for, which has no intent yet.
        traceparent: W3C trace context of the gate's question, where calls are traced; it decides nothing.
    """

    t: Literal["consult"] = "consult"
    id: _Count
    attempt: Annotated[str, Field(min_length=1, max_length=200)]
    call: CallView
    intents: list[dict[str, _Json]]
    fingerprint: Annotated[str, Field(min_length=1, max_length=200)]
    bundle: str
    mapped: bool = True
    presented: str | None = None
    wait: bool = True
    retry: bool = False
    key: Annotated[str, Field(max_length=80)] | None = None
    replay_seconds: _Count = REPLAY_SECONDS
    preflight: Annotated[str, Field(max_length=64)] | None = None
    preflight_of: Annotated[str, Field(max_length=120)] | None = None
    traceparent: Annotated[str, Field(pattern=r"^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")] | None = None


class Reread(_Frame):
    """That a call was read back, and what that read says by itself.

    Attributes:
        part: Number of the part of the call, from 0.
        result: ``match``, ``drift``, ``ambiguous``, or ``unverifiable``: it does not tell.
        intent_id: Of the read, which is a call like any other; None when it was not made.
        before_answer: The agent is still waiting for its answer.
    """

    part: _Count = 0
    result: Annotated[str, AfterValidator(_result)]
    intent_id: str | None = None
    before_answer: bool = False


class Undo(_Frame):
    """A request that would undo a call: path and query on its origin."""

    action: Annotated[str, Field(max_length=200)]
    method: Annotated[str, Field(max_length=20)]
    path: Annotated[str, Field(max_length=2100)]


class Outcome(_Frame):
    """What happened after a call left; sent until it is acknowledged.

    Told once more, with ``reread``, after each read-back: ``result`` and ``checks`` are then what both say together.

    Attributes:
        status: HTTP status of the upstream, three digits; None when no response came.
        error: Reason code when no response came or it was not valid.
        unknown: True when it cannot be known whether the upstream acted.
        result: ``verification.Result`` value.
        checks: ``verification.Check`` rows as JSON data, redacted.
        extracted: Response fields that the mapping allows to be kept.
        duration_ms: Milliseconds since the call was let go.
        reads_due: How many read-backs the gate is about to make.
        undo: Requests that would undo it.
        notes: What could not be found out, in sentences.
    """

    t: Literal["outcome"] = "outcome"
    id: _Count
    intent_id: str
    warrant_id: str
    attempt: str
    status: Annotated[int, Field(ge=0, le=999)] | None
    error: Reason | None = None
    unknown: bool = False
    result: Annotated[str, AfterValidator(_result)]
    checks: list[dict[str, _Json]] = []
    extracted: dict[str, _Json] = {}
    response_digest: str | None = None
    response_bytes: _Count = 0
    duration_ms: Annotated[float, Field(ge=0, le=_EXACT, allow_inf_nan=False)]
    agent_gone: bool = False
    reads_due: _Count = 0
    reread: Reread | None = None
    undo: Annotated[list[Undo], Field(max_length=1000)] = []
    notes: Annotated[list[str], Field(max_length=100)] = []


class Reported(_Frame):
    """One thing the gate refused or saw by itself."""

    at: str
    reason: Reason
    detail: str
    method: str = ""
    url: str = ""
    client: str = ""
    warrant_id: str | None = None
    severity: Literal["info", "warning", "critical"] = "info"
    count: _Count = 1


class Report(_Frame):
    """What a gate refused or saw by itself; at most ``MOST_EVENTS``: they are recorded as one unit of work."""

    t: Literal["report"] = "report"
    id: _Count
    events: Annotated[list[Reported], Field(max_length=MOST_EVENTS)]


class Gone(_Frame):
    """The caller of a held call hung up, or was told to come again; the approval stays open."""

    t: Literal["gone"] = "gone"
    id: _Count = 0
    approval_id: str
    intent_id: str


class Decision(_Frame):
    """Answer to a consult.

    Attributes:
        verdict: ``granted``: let it go under ``warrant``. ``observed``: let it go, ``warrant`` says observed and
            ``would`` what enforcement would have done. ``held``: wait for ``approval_id``. ``refused``.
        hint: Text for the agent.
        retryable: A later identical call may be answered otherwise.
        withhold: What to do with the answer on drift (from the action type and tier).
        narrowed: New values by parameter, packed. With ``granted`` and no warrant: people agreed to less. The gate
            writes the values into the call and asks again; the warrant that it gets then is for those bytes.
        first_key: The idempotency key that this call came with first; it is the one to send.

    ``intent_id`` and ``first_key`` may be sent in a header of the call; they hold nothing that another line could begin
    with.

    Refused because it is ``already_executed``, ``warrant_id`` names the warrant that the call left under.
    """

    t: Literal["decision"] = "decision"
    id: int
    verdict: Literal["granted", "observed", "held", "refused"]
    intent_id: Annotated[str, Field(pattern=r"^(int-[A-Za-z0-9-]{1,60})?$")]
    tier: str = "T0"
    warrant: str | None = None
    warrant_id: str | None = None
    approval_id: str | None = None
    approvals_required: int = 0
    expires_at: str | None = None
    would: Literal["held", "refused"] | None = None
    reason: Reason | None = None
    hint: str = ""
    rule: str | None = None
    retryable: bool = False
    retry_after_seconds: int | None = None
    withhold: bool = True
    narrowed: dict[str, _Json] = {}
    first_key: Annotated[str, Field(pattern=r"^[^\r\n\x00]*$")] | None = None


class Recorded(_Frame):
    """Answer to an outcome, a report or a gone: it is durable.

    Attributes:
        withhold: The answer must not reach the agent.
        reason: Why; None: it is not what was approved.
    """

    t: Literal["recorded"] = "recorded"
    id: int
    withhold: bool = False
    hint: str = ""
    reason: Reason | None = None


class Fault(_Frame):
    """Answer to a frame that could not be served; the gate refuses."""

    t: Literal["fault"] = "fault"
    id: int
    reason: Reason
    detail: str


class Welcome(_Frame):
    t: Literal["welcome"] = "welcome"
    id: int = 0
    sidecar_id: str
    bundle: str
    at: str


class Wake(_Frame):
    """The approval was decided, lapsed or cancelled: consult again."""

    t: Literal["wake"] = "wake"
    approval_id: str
    intent_id: str


class Revoked(_Frame):
    t: Literal["revoked"] = "revoked"
    warrant_ids: list[str]


class StopRow(_Frame):
    """One order to stop (``stop.Stop``)."""

    n: _Count
    kind: Literal["freeze", "suspension"]
    level: Literal["freeze", "suspend", "quarantine", "kill"]
    action: Annotated[str, Field(max_length=128)] | None = None
    host: Annotated[str, Field(max_length=255)] | None = None


class BundleChanged(_Frame):
    """Another bundle is to be fetched.

    Attributes:
        digest: Its digest; empty: not known yet.
        stops: Orders to stop that it will hold, and that hold from now on: they do not wait for it. That one has
            ended is told by a bundle alone, which is signed.
    """

    t: Literal["bundle"] = "bundle"
    digest: str
    stops: Annotated[list[StopRow], Field(max_length=1000)] = []


type FromGate = Annotated[Hello | Consult | Outcome | Report | Gone, Field(discriminator="t")]
type FromControl = Annotated[
    Welcome | Decision | Recorded | Fault | Wake | Revoked | BundleChanged, Field(discriminator="t")
]

from_gate: TypeAdapter[FromGate] = TypeAdapter(FromGate)
from_control: TypeAdapter[FromControl] = TypeAdapter(FromControl)
