"""What the keys of the audit trail ask of an entry, joined (outside) with the intent that it is about."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Text, cast, func

from vienna_control.filters.condition import Language, Scope, contains, named
from vienna_control.filters.traffic import name, span
from vienna_control.store.tables import entries, intents

_BODY = cast(entries.c.body, Text)


def _actor(value: str, _: Scope) -> ColumnElement[bool]:
    return named(func.json_extract(_BODY, "$.actor"), value)


LANGUAGE = Language(
    tests={
        "type": name(entries.c.type),
        "agent": name(entries.c.agent_id),
        "actor": _actor,
        "intent": name(entries.c.intent_id),
        "action": name(intents.c.action),
        "tier": name(intents.c.tier),
        **span(entries.c.at),
    },
    says=lambda text: contains(_BODY, text),
)
