"""What vectors of verification are made of: things approved, promises, answers."""

from __future__ import annotations

import base64
import json
from typing import Any

REFUND = {
    "action": "create_refund",
    "target": "stripe:charge/ch_1",
    "parameters": {"amount": {"$decimal": "5"}, "currency": "EUR", "charge": "ch_1", "account": "acct_1"},
    "money": {"amount": "currency"},
    "effect": "spend",
}
REFUNDED = {
    "id": "re_1",
    "amount": 500,
    "currency": "eur",
    "charge": "ch_1",
    "account": "acct_1",
    "status": "succeeded",
}
EQUAL = [
    {"pointer": "/amount", "param": "amount", "type": "minor_units"},
    {"pointer": "/currency", "param": "currency", "type": "currency"},
    {"pointer": ["/charge/id", "/charge"], "param": "charge"},
    {"pointer": "/account", "param": "account"},
]
SUCCEEDED = {"pointer": "/status", "values": ["succeeded", "pending"]}
VERIFY = {"status": [200], "equal": EQUAL, "in": [SUCCEEDED]}
MAIL = {
    "action": "send_email",
    "target": "mail:acme",
    "parameters": {"to": ["a@acme.example", "b@acme.example"]},
    "effect": "send",
}
WITHIN = {"within": [{"pointer": "/to/*/email", "param": "to", "type": "email_list"}]}
ROWS = {"action": "modify_database", "target": "sql:orders", "parameters": {"limit": 10}, "effect": "write"}
FETCH = {"action": "get_charge", "target": "stripe:charge/ch_1", "parameters": {}, "effect": "read"}
SAID = {"action": "post_message", "target": "slack:C1", "parameters": {"channel": "C1"}, "effect": "send"}
SLACK = {
    "status": [200],
    "equal": [{"pointer": "/channel", "param": "channel"}],
    "failed": [{"pointer": "/ok", "values": [False]}],
}
DELETED = {"action": "s3_delete_objects", "target": "s3:b", "effect": "delete"}


def promise(intent: Any, verify: Any = None, **more: Any) -> dict[str, Any]:
    intents = intent if isinstance(intent, list) else [intent]
    return {"intents": intents, "verify": verify, **more}


def came(body: Any = None, status: int = 200, kind: str | None = "application/json", **more: Any) -> Any:
    """An answer; ``body``: text and bytes as they are, anything else as JSON."""
    told: dict[str, Any] = {"status": status, "content_type": kind, **more}
    if isinstance(body, bytes):
        return {**told, "body_base64": base64.b64encode(body).decode()}
    return {**told, "body": body if isinstance(body, str) else json.dumps(body)}


def unseen(status: int = 200, size: int = 100) -> Any:
    return {"status": status, "content_type": "application/json", "body": None, "size": size}


type Vector = tuple[str, dict[str, Any]]


def vector(name: str, says: str, promises: Any, response: Any, result: str, **more: Any) -> Vector:
    """``wrong``: the checks that are no match, by name; other words as they are."""
    expect = {"result": result, "wrong": more.pop("wrong", {})}
    for key in ("lookups", "undo", "extracted", "after"):
        if key in more:
            expect[key] = more.pop(key)
    rows = promises if isinstance(promises, list) else [promises]
    return name, {"says": says, "promises": rows, "response": response, **more, "expect": expect}


def refund(name: str, says: str, change: Any, result: str, **more: Any) -> Vector:
    body = {**REFUNDED, **change} if isinstance(change, dict) else change
    return vector(name, says, promise(REFUND, VERIFY), came(body), result, **more)
