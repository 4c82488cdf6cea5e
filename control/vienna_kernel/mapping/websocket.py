"""What a mapping may say of a WebSocket: of its opening, and of what the agent says over it.

1. ``UPGRADE`` and ``MESSAGE`` are for the protocol ``websocket``, which knows no others. An action is one or the other.
2. A message has no answer of its own, so nothing is verified, kept, undone or sent again; whatever a mapping says of
   that would have no effect, and is refused. Of an opening the size of all that comes back may be bounded.
"""

from __future__ import annotations

from dataclasses import replace

from vienna_kernel.call.handshake import MESSAGE, UPGRADE
from vienna_kernel.mapping.document import ActionModel, MappingModel
from vienna_kernel.mapping.place import Place
from vienna_kernel.mapping.words import as_list
from vienna_kernel.verification.spec import VerifySpec

PROTOCOL = "websocket"

_OURS = frozenset({UPGRADE, MESSAGE})
_NEITHER = (
    "codings",
    "idempotency",
    "replay_window",
    "preflight",
    "compensate",
    "writable",
    "stream",
    "response_fields",
)
_NOT_OF_MESSAGES = (*_NEITHER, "verify")
_NOT_OF_OPENINGS = (*_NEITHER, "body", "inner", "each", "max_body")
_SWITCHED = 101


def judge(place: Place, mapping: MappingModel, model: ActionModel) -> None:
    """Errors: ``MalformedError`` for what would have no effect, or another one than it seems to."""
    methods = set(model.match.methods)
    if mapping.protocol != PROTOCOL:
        if methods & _OURS:
            raise place.fail("UPGRADE and MESSAGE are for protocol websocket", "match", "methods")
        return
    if methods not in ({UPGRADE}, {MESSAGE}):
        raise place.fail("of a WebSocket either [UPGRADE], its opening, or [MESSAGE]", "match", "methods")
    opening = methods == {UPGRADE}
    for key in _NOT_OF_OPENINGS if opening else _NOT_OF_MESSAGES:
        if getattr(model, key):
            raise place.fail(f"nothing comes of it for {'an opening' if opening else 'a message'}", key)
    if opening and (model.match.operation or model.match.having):
        raise place.fail("an opening has no operation and no body", "match")
    if opening and model.verify is not None and model.verify.model_fields_set != {"max_body"}:
        raise place.fail("of an opening only max_body: bytes of all that comes back", "verify")
    if not opening and not set(as_list(model.body or "json")) <= {"json", "bytes"}:
        raise place.fail("a message is json or bytes", "body")


def promised(model: ActionModel, spec: VerifySpec | None) -> VerifySpec | None:
    """What is promised of the answer: of an opening also that it succeeds as one."""
    if UPGRADE not in model.match.methods:
        return spec
    return replace(spec or VerifySpec(), status=(_SWITCHED,))
