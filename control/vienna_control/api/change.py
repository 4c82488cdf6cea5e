"""How routes change what is kept by API: against a version, at once or as a proposal, every fault told by its field."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from aiohttp import web
from sqlalchemy import Connection

from vienna_control import rows
from vienna_control.api.edge import answer
from vienna_control.api.problems import Code, Problem, not_found
from vienna_control.api.route import Context
from vienna_control.policies import writing
from vienna_control.policies.proposals import Person
from vienna_control.policies.stored import MAPPINGS, RULES, StaleError, Step
from vienna_control.policies.writing import Author, Build
from vienna_kernel.document import DocumentError
from vienna_kernel.errors import MalformedError

_TAG = re.compile(r'(?:W/)?"?(\d{1,9})"?\Z')
_STORED = re.compile(r"(?:policy|rule) \S+ (/.*)\Z")
_EXPECTED = re.compile(r"expected (.+?)(?:[,;] (?:got|came|not) .*)?\Z")
_MOVED = (
    ("/when", "/conditions"),
    ("/then/action", "/action/type"),
    ("/then/tier", "/action/risk_tier_override"),
)


def person(ctx: Context) -> Person:
    return Person(ctx.principal.actor, ctx.principal.name)


async def make(
    ctx: Context, build: Build, *, title: str, sent: Any = None, two: bool | None = None
) -> str | None:
    """Make a change; None when it is in force, else the id of the proposal that waits for a second person.

    ``sent``: what came, so that a complaint can say so. Raises 409 for a stale version, 422 for what does not hold.
    """
    try:
        return await writing.make(
            ctx.app, Author(ctx.principal.tenant, person(ctx)), build, title=title, two=two
        )
    except StaleError as error:
        raise stale(error) from None
    except MalformedError as error:
        raise misfit(error, sent) from None


def waiting(ctx: Context, change_id: str) -> web.StreamResponse:
    """202: somebody else has to approve it."""
    said = "somebody else has to approve it: POST /api/v1/policies/changes/{id}/approve"
    data = {"change": {"id": change_id, "status": "pending"}, "message": said}
    return answer({"success": True, "data": data, "error": None}, status=202, headers=ctx.headers)


def expected_version(ctx: Context, sent: Mapping[str, Any]) -> int | None:
    """The version that the caller saw: of ``If-Match``, else of ``version`` in the body; None: any."""
    tag = ctx.request.headers.get("If-Match")
    if tag not in (None, "*"):
        found = _TAG.match(str(tag).strip())
        if found is None:
            raise Problem(Code.INVALID_REQUEST, 'If-Match: expected a version, as in "3"')
        return int(found[1])
    version = sent.get("version")
    if version is not None and (isinstance(version, bool) or not isinstance(version, int)):
        raise Problem(Code.VALIDATION_FAILED, "/version: expected a whole number")
    return version


def rolled_back(conn: Connection, kind: Literal["rule", "mapping"], row: rows.Row, version: int) -> Step:
    """What makes an earlier version of a row its newest. Raises 404 where it has no such version."""
    shelf = RULES if kind == "rule" else MAPPINGS
    content = shelf.content(conn, row["tenant"], row["id"], version)
    if content is None:
        raise not_found("version", str(version))
    return Step(
        kind=kind, id=row["id"], content=content, base=row["version"], what=f"rolled back to {version}"
    )


def hold_to(expected: int | None, current: int, what: str) -> None:
    """Raises 409 when the caller saw another version than the newest."""
    if expected is not None and expected != current:
        raise Problem(
            Code.CONFLICT,
            f"{what} is at version {current}, and you saw {expected}: read it again",
            [{"field": "/version", "message": "stale", "expected": str(current), "got": expected}],
        )


def stale(error: StaleError) -> Problem:
    details = [
        {"kind": step.kind, "id": step.id, "base": step.base, "current": current}
        for step, current in error.stale
    ]
    return Problem(Code.CONFLICT, f"{error}: it has to be rebased", details)


def misfit(error: MalformedError, sent: Any = None, *, within: str = "") -> Problem:
    """422 that names each field by JSON pointer, what was expected and what came.

    ``within``: where in the body ``sent`` stood.
    """
    each: Sequence[MalformedError] = error.errors if isinstance(error, DocumentError) else [error]
    details = [_detail(one, sent) for one in each]
    for one in details:
        one["field"] = within + one["field"]
    return Problem(Code.VALIDATION_FAILED, f"{details[0]['field']}: {each[0].why}", details)


def _detail(one: MalformedError, sent: Any) -> dict[str, Any]:
    where = one.where
    if (found := _STORED.match(where)) is not None:
        where = found[1]
        for ours, theirs in _MOVED:
            if where.startswith(ours):
                where = _as_sent(theirs + where.removeprefix(ours), sent)
                break
    said = _EXPECTED.match(one.why)
    return {
        "field": where,
        "message": one.why,
        "expected": said[1] if said else one.why,
        "got": _at(sent, where),
    }


def _as_sent(where: str, sent: Any) -> str:
    """Conditions may have come as an expression."""
    if where.startswith("/conditions") and isinstance(sent, Mapping):
        key = next((key for key in ("expression", "condition") if key in sent), "conditions")
        return where.replace("/conditions", f"/{key}", 1) if key == "conditions" else f"/{key}"
    return where


def _at(sent: Any, where: str) -> Any:
    """What stands at a pointer of what was sent, in short."""
    if not where.startswith("/"):
        return None
    for step in where.split("/")[1:]:
        if isinstance(sent, Mapping) and step in sent:
            sent = sent[step]
        elif isinstance(sent, list) and step.isdigit() and int(step) < len(sent):
            sent = sent[int(step)]
        else:
            return None
    text = sent if isinstance(sent, str) else None if sent is None else repr(sent)
    if isinstance(sent, bool | int | float) or text is None:
        return sent
    return text if len(text) <= 80 else text[:79] + "…"
