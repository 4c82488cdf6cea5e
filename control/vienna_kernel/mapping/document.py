"""The mapping file as it is written: one model per object of the format, nothing unknown in any of them.

A key that is here has an effect.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from vienna_kernel.duration import Duration
from vienna_kernel.intent import Effect, Reversibility, Tier
from vienna_kernel.mapping.answered import CompensateModel, VerifyModel
from vienna_kernel.mapping.asked import (
    CostModel,
    IdempotencyModel,
    Match,
    ParamModel,
    PreflightModel,
    SqlModel,
    WebSocketModel,
)
from vienna_kernel.mapping.words import (
    ActionName,
    BodyKind,
    Coding,
    Host,
    Inner,
    Model,
    Name,
    PointerText,
    Protocol,
    Size,
    Unknown,
)


class InlineExpect(Model):
    action: ActionName
    params: dict[str, Any] = Field(default_factory=dict)


class InlineTest(Model):
    request: str
    expect: InlineExpect


class ActionModel(Model):
    """One route and what it means.

    Attributes:
        body: How the body is read, the protocol's way when left out; ``none`` refuses any body.
        codings: Content codings of the body that are undone before it is judged.
        inner: Strings inside the operation or the body that are decoded, by pointer.
        each: Pointer to a list; every item of it is an intent of its own.
        blast_radius: How many things it touches: a number, or ``params.…`` that is a number or a list.
        replay_window: How long an identical call is the same call.
        writable: Parameters that an approver may lower.
        stream: The answer may pass as a stream, so nothing in it can be verified.
        response_fields: Pointers of answer fields that may be kept.
    """

    action: ActionName
    description: str = ""
    match: Match
    target: str = Field(min_length=1, max_length=500)
    params: dict[Name, ParamModel] = Field(default_factory=dict)
    unknown_params: Unknown | None = None
    max_body: Size | None = None
    body: BodyKind | list[BodyKind] | None = None
    codings: list[Coding] | None = None
    inner: dict[PointerText, Inner] = Field(default_factory=dict)
    each: PointerText | None = None
    effect: Effect = Field(strict=False)
    reversibility: Reversibility = Field(Reversibility.UNKNOWN, strict=False)
    default_tier: Tier = Field(strict=False)
    blast_radius: int | str = 1
    cost: CostModel | None = None
    volatile: list[str] = Field(default_factory=list)
    idempotency: IdempotencyModel | None = None
    replay_window: Duration | None = None
    preflight: PreflightModel | None = None
    verify: VerifyModel | None = None
    compensate: CompensateModel | None = None
    writable: list[Name] = Field(default_factory=list)
    stream: bool = False
    response_fields: list[PointerText] = Field(default_factory=list)
    summary: str = Field("", max_length=500)
    tests: list[InlineTest] = Field(default_factory=list)


class Defaults(Model):
    unknown_params: Unknown = "reject"
    max_body: Size | None = None
    codings: list[Coding] = Field(default_factory=list)
    on_undecodable: Literal["deny"] = "deny"


class MappingModel(Model):
    """One API."""

    apiVersion: Literal["vienna/v1"]
    kind: Literal["Mapping"]
    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]
    version: str = Field(min_length=1, max_length=40)
    description: str = ""
    hosts: list[Host] = Field(min_length=1)
    protocol: Protocol
    sql: SqlModel | None = None
    websocket: WebSocketModel | None = None
    defaults: Defaults = Defaults()
    actions: list[ActionModel] = Field(min_length=1)

    @model_validator(mode="after")
    def _speaks(self) -> MappingModel:
        if (self.protocol == "sql-http") != (self.sql is not None):
            raise ValueError("protocol sql-http and the key sql go together")
        if self.protocol != "websocket" and self.websocket is not None:
            raise ValueError("the key websocket is for protocol websocket")
        return self

    @property
    def options(self) -> dict[str, Any]:
        """What it says to the reader of its protocol."""
        if self.protocol == "websocket":
            return (self.websocket or WebSocketModel()).model_dump()
        return self.sql.model_dump() if self.sql else {}


def json_schema() -> dict[str, Any]:
    """JSON Schema of a mapping file, for editors."""
    return MappingModel.model_json_schema(by_alias=True)
