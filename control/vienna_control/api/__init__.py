"""The control API: one module of routes for each noun.

Framework, in the order a request meets it: ``edge`` (log line, faults), ``caller`` (who asks), ``access`` (who may),
``route`` (declarations), ``problems`` (what can go wrong), ``page`` (lists), ``openapi`` (the document of it all).
"""

from __future__ import annotations

import importlib

from vienna_control.api.route import Route, routes_of

MODULES = (
    "health",
    "jwks",
    "openapi",
    "auth",
    "links",
    "operators",
    "operator_devices",
    "sessions",
    "api_keys",
    "mfa_totp",
    "passkeys",
    "roster",
    "join_tokens",
    "submissions",
    "intent_histogram",
    "intents",
    "intent_drafts",
    "approvals",
    "saved_filters",
    "votes",
    "claims",
    "batch",
    "groups",
    "delegations",
    "break_glass",
    "narrowing",
    "standing",
    "consent",
    "warrants",
    "warrant_uses",
    "executions",
    "ext_authz",
    "policy_trials",
    "policy_changes",
    "policy_backtests",
    "policy_sources",
    "policies",
    "budgets",
    "mapping_trials",
    "mapping_imports",
    "mappings",
    "action_types",
    "fleet",
    "suspensions",
    "trust",
    "rollout",
    "freeze",
    "simulation",
    "tenants",
    "slack_actions",
    "chat_users",
    "integrations",
    "deliveries",
    "push",
    "sidecars",
    "gates",
    "events",
    "alerts",
    "doctor",
    "settings",
    "counts",
    "published",
    "audit_actors",
    "audit_export",
    "audit",
    "reports",
)
"""Modules of routes, in the order the OpenAPI document shows them."""


def all_routes() -> list[Route]:
    """Every route of the API."""
    found: list[Route] = []
    for name in MODULES:
        found += routes_of(importlib.import_module(f"vienna_control.api.{name}"))
    return found
