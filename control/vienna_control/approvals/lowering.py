"""What of a request can be lowered, and what it is then: the request as people see it, before the gate writes it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from vienna_control.approvals import shown
from vienna_control.approvals.less import Less
from vienna_control.intake.ask import Ask
from vienna_control.intake.submission import MisfitError, retold
from vienna_control.policies import Bundle
from vienna_kernel.action import FieldError
from vienna_kernel.intent import Intent
from vienna_kernel.mapping import narrow
from vienna_kernel.mapping.action import Action
from vienna_kernel.mapping.lower import lowered
from vienna_kernel.mapping.narrow import Change
from vienna_kernel.value import Value, plain
from vienna_kernel.verdict import Refused
from vienna_kernel.wire import CallView

_NUMBER = re.compile(r"[0-9]{1,30}(\.[0-9]{1,30})?")


class UnfitError(ValueError):
    """What was wanted is not to be had of this request.

    Attributes:
        errors: Each field under ``/narrowed`` with a message and what was expected.
    """

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__(f"{errors[0].field}: {errors[0].message}")
        self.errors = errors


def changes_of(ask: Ask, wanted: Mapping[str, Any], bundle: Bundle) -> list[Change]:
    """What changes by these values (JSON, amounts in major units), at least one thing. Raises ``UnfitError``."""
    if len(ask.intents) != 1:
        raise UnfitError([_error("", "it is several actions at once, and none of them is changed alone")])
    (intent,) = ask.intents
    if intent.mapping is None:
        raise UnfitError([_error("", "no mapping reads this request, so nothing of it can be changed")])
    if ask.call is not None and ask.call.signed:
        why = "the agent signed this request, and its signature would no longer hold"
        raise UnfitError([_error(next(iter(wanted), ""), why)])
    changes: list[Change] = []
    errors = [] if wanted else [_error("", "nothing is changed")]
    writable = _writable(ask, bundle)
    for name, value in wanted.items():
        found = narrow.judge(intent, writable, {name: _like(intent.parameters.get(name), value)})
        if isinstance(found, Refused):
            errors.append(_error(name, found.detail))
        else:
            changes += found
    if errors:
        raise UnfitError(errors)
    return changes


def _writable(ask: Ask, bundle: Bundle) -> tuple[str, ...]:
    if ask.call is not None:
        action = _action(ask.call, ask.action, bundle)
        return tuple(name for name in action.writable if name in ask.call.writable) if action else ()
    kind = bundle.action_types.get(ask.action)
    return tuple(sorted(kind.writable)) if kind else ()


def _error(name: str, why: str) -> FieldError:
    return FieldError(f"/narrowed/{name}".rstrip("/"), why, "a lower value of what can be lowered")


def _like(before: Value, sent: Any) -> Value:
    """A JSON value as the kind of value it takes the place of; as it came where it is none of that kind."""
    value = shown.exact(sent)
    if isinstance(value, bool) or isinstance(before, bool):
        return value
    if isinstance(before, Decimal) and isinstance(value, int | str):
        return Decimal(value) if _NUMBER.fullmatch(str(value)) else value
    if isinstance(before, int) and isinstance(value, str):
        return int(value) if _NUMBER.fullmatch(value) and "." not in value else value
    return value


def lowered_ask(ask: Ask, less: Less, bundle: Bundle) -> Ask:
    """The ask with all that was lowered so far. Raises ``UnfitError`` where it could not be sent like that."""
    (intent,) = ask.intents
    if ask.call is None:
        values = {**intent.parameters, **less.after}
        return replace(ask, intents=(_retold(intent, values, bundle),))
    action = _action(ask.call, intent.action, bundle)
    if action is None:
        raise UnfitError([_error("", f"no mapping has {intent.action} at this address any more")])
    changes = [Change(name, less.before[name], after) for name, after in less.after.items()]
    told = lowered(action, intent, changes, url=ask.call.url, body=shown.exact(ask.call.body))
    if isinstance(told, Refused):
        raise UnfitError([_error(changes[-1].name, told.detail)])
    return replace(ask, intents=(told.intent,), call=_unwritten(ask.call, told.url, plain(told.body)))


def _action(call: CallView, name: str, bundle: Bundle) -> Action | None:
    parts = urlsplit(call.url)
    return bundle.mappings.action_at(parts.hostname or "", call.method, parts.path, name)


def _retold(intent: Intent, values: Mapping[str, Value], bundle: Bundle) -> Intent:
    try:
        return retold(intent, values, bundle.action_types.get(intent.action))
    except MisfitError as error:
        raise UnfitError([_error(row.field, row.message) for row in error.errors]) from None


def _unwritten(call: CallView, url: str, body: Any) -> CallView:
    """The request as far as it can be told before the gate has written it: not its bytes, and no digest of them."""
    return call.model_copy(update={"url": url, "body": body, "body_digest": "", "request_digest": ""})
