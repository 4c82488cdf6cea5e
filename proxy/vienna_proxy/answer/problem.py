"""What the agent is told, before it has a form: an answer, its words, and the problem document (RFC 9457).

1. ``sentence`` is written for a model: what, why, may it retry, what to do instead. At most 400 characters, one line,
   no control and no bidirectional characters, because it goes into prompts, logs and terminals.
2. The problem document has the members that the SDKs of many vendors look for, so that one body serves all that have
   no form of their own.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import orjson

from vienna_kernel.verdict import Reason
from vienna_proxy.answer.form import Form
from vienna_proxy.answer.reasons import Row, aws_exception, row_of

HOME = "http://vienna.internal"
_LONGEST = 400
_FIRST_TO_RETRY = 429  # below it, no client retries by itself

_STATES = {
    400: "INVALID_ARGUMENT",
    413: "INVALID_ARGUMENT",
    415: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the agent is told instead of the upstream's answer.

    Attributes:
        detail: Empty: the reason's own text.
        decision: ``Vienna-Decision``.
        status: None: the reason's own.
        retry_after_seconds: None: the reason's own, if it has one.
        sent: The request left all the same; only its answer is not handed on.
    """

    reason: Reason
    detail: str = ""
    decision: str = "denied"
    status: int | None = None
    intent_id: str | None = None
    approval_id: str | None = None
    warrant_id: str | None = None
    rule: str | None = None
    retryable: bool | None = None
    retry_after_seconds: int | None = None
    next_step: str = ""
    sent: bool = False

    @property
    def row(self) -> Row:
        return row_of(self.reason)

    @property
    def code(self) -> int:
        """The status, where the dialect has no other."""
        return self.status or self.row.status

    @property
    def sentence(self) -> str:
        """``detail``, as it may stand in a prompt."""
        return clean(self.detail) or self.row.hint

    @property
    def may_retry(self) -> bool:
        """Whether the identical request may be sent again by itself."""
        return self.row.retryable if self.retryable is None else self.retryable

    @property
    def wait_seconds(self) -> int | None:
        """``Retry-After``, at least 1; None where there is none."""
        told = self.row.retry_after if self.retry_after_seconds is None else self.retry_after_seconds
        return None if told is None or not self.may_retry else max(1, told)

    @property
    def kind(self) -> str:
        """One word for clients that show but one."""
        return "vienna_pending" if self.decision == "pending" else "vienna_denied"

    @property
    def advice(self) -> str:
        """What to do next, one sentence or two."""
        if self.next_step:
            return clean(self.next_step)
        if self.decision == "pending":
            return (
                "Send the identical request again later, or wait at the Location. "
                "Do not change it: that asks anew."
            )
        return (
            "Retry after a while."
            if self.may_retry
            else "Do not retry. Tell the user what was refused and why."
        )

    @property
    def code_in_a_good_answer(self) -> int:
        """The status in dialects that tell an error in the body of a good answer.

        200, but where the client is to wait and try again it has a status to go by.
        """
        return self.code if self.may_retry and self.code >= _FIRST_TO_RETRY else 200

    def facts(self) -> dict[str, object]:
        """What a program may go by, in every dialect that has a place for it."""
        found: dict[str, object] = {
            "reason": self.reason.value,
            "retryable": self.may_retry,
            "next_step": self.advice,
        }
        told = {"rule": self.rule, "intent": self.intent_id, "approval": self.approval_id}
        found |= {name: clean(text) for name, text in told.items() if text}
        if self.intent_id:
            found["instance"] = f"{HOME}/intents/{clean(self.intent_id)}"
        return found


def clean(text: str, limit: int = _LONGEST) -> str:
    """One line of printable text: control, format (bidirectional among them) and private characters gone."""
    kept = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)
    kept = "".join(c for c in kept if unicodedata.category(c) not in ("Cf", "Co", "Cs", "Cn"))
    line = " ".join(kept.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def problem(answer: Answer) -> dict[str, object]:
    """The members of the document."""
    sentence, status = answer.sentence, answer.code
    state = _STATES.get(status, "PERMISSION_DENIED")
    return {
        "type": f"urn:vienna:problem:{answer.reason.value.replace('_', '-')}",
        "title": answer.row.title,
        "status": status,
        "detail": sentence,
        **answer.facts(),
        "message": sentence,
        "__type": aws_exception(answer.code, may_retry=answer.may_retry),
        "error": {"type": answer.kind, "code": status, "status": state, "message": sentence},
        "errors": [{"message": sentence}],
    }


def form(answer: Answer) -> Form:
    """The document as it is sent."""
    return Form("application/problem+json", orjson.dumps(problem(answer)))
