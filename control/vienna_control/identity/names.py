"""Names for the ids that records call people by."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, select

from vienna_control.store.tables import operators

_ACTOR = re.compile(r"(?:operator:)?(op-[A-Za-z0-9-]{1,60})\Z")


def people_in(conn: Connection, tenant: str, data: Any) -> dict[str, str]:
    """E-mail by what plain data calls a person: an actor, ``operator:op-…``, or an id alone."""
    called = {text: found[1] for text in _texts(data) if (found := _ACTOR.match(text))}
    if not called:
        return {}
    named = (operators.c.tenant == tenant, operators.c.id.in_(set(called.values())))
    emails = {
        who: email for who, email in conn.execute(select(operators.c.id, operators.c.email).where(*named))
    }
    return {text: emails[who] for text, who in sorted(called.items()) if who in emails}


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for value in data.values():
            yield from _texts(value)
    elif isinstance(data, list):
        for value in data:
            yield from _texts(value)
