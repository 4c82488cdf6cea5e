"""A mapping drawn from one call that none reads, and from those beside it that are alike: the kernel's own proposal.

How its path varies is seen in the calls beside it: the newest of the same host and method.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, select

from vienna_control import rows
from vienna_control.store.tables import intents
from vienna_kernel.errors import MalformedError
from vienna_kernel.mapping.kept import parsed
from vienna_kernel.propose.against import mapped_of
from vienna_kernel.propose.cluster import clusters
from vienna_kernel.propose.finish import Finished, finish
from vienna_kernel.propose.learned import Known, proposals
from vienna_kernel.propose.observed import Seen, seen

_LOOKED_AT = 20_000
_BESIDE = 200


def calls(conn: Connection, row: rows.Row) -> list[Seen]:
    """This call first, then the newest of the same host and method that nothing reads either, without values.

    Errors: ``MalformedError`` for a call without a URL.
    """
    lately = (
        select(intents.c.id, intents.c.host, intents.c.method, intents.c.action)
        .where(intents.c.tenant == row["tenant"])
        .order_by(intents.c.id.desc())
        .limit(_LOOKED_AT)
        .subquery()
    )
    alike = (
        select(lately.c.id)
        .where(
            lately.c.host == row["host"],
            lately.c.method == row["method"],
            lately.c.action == row["action"],
            lately.c.id != row["id"],
        )
        .order_by(lately.c.id.desc())
        .limit(_BESIDE)
    )
    columns = (intents.c.id, intents.c.method, intents.c.url, intents.c.call, intents.c.agent_id)
    beside = rows.every(conn, select(*columns).where(intents.c.id.in_(alike)).order_by(intents.c.id.desc()))
    found = [_seen(row)]
    for one in beside:
        try:
            found.append(_seen(one))
        except MalformedError:  # its URL is why it was refused
            continue
    return found


def _seen(row: rows.Row) -> Seen:
    call = rows.load(row["call"]) or {}
    told = seen(
        row["method"],
        row["url"],
        media=str(call.get("content_type") or ""),
        body=call.get("body"),
        agent=row["agent_id"],
    )
    return replace(told, ref=row["id"])


def drawn(found: Sequence[Seen], texts: Sequence[tuple[str, str]], *, day: str) -> Finished:
    """The mapping of the first call and of those that are the same operation, tried.

    Args:
        texts: Name and text of the mappings in force.
        day: Of today; the version of the draft.

    Errors: ``MalformedError`` where nothing of it can be mapped.
    """
    first = found[0]
    same = next(one for one in clusters(found) if any(call.ref == first.ref for call in one.calls))
    names = mapped_of([parsed(text, name) for name, text in texts])
    known = Known(
        version=day,
        origin=f"{len(same.calls)} recorded call{'s' if len(same.calls) > 1 else ''}",
        taken=frozenset((one.mapping, one.action) for one in names),
    )
    return finish(proposals(same.calls, known)[0])
