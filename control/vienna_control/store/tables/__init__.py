"""The data model, a module for each noun; one definition for SQLite and PostgreSQL.

Every table but the log carries its tenant.
"""

from vienna_control.store.tables.approvals import approval_comments, approvals, break_glasses, votes
from vienna_control.store.tables.budgets import budget_accounts, budget_reservations, budget_slots
from vienna_control.store.tables.columns import metadata
from vienna_control.store.tables.fleet import agents, habits, known_hosts, trust_events
from vienna_control.store.tables.groups import calendars, delegations, groups
from vienna_control.store.tables.identity import (
    credentials,
    guesses,
    join_uses,
    keys,
    operators,
    recovery_codes,
    sessions,
)
from vienna_control.store.tables.integrations import chat_users, deliveries, integrations
from vienna_control.store.tables.intents import intents
from vienna_control.store.tables.passkeys import passkey_challenges, passkeys, roster_proposals, rosters
from vienna_control.store.tables.policy import (
    action_types,
    backtests,
    mapping_versions,
    mappings,
    policies,
    policy_changes,
    policy_versions,
    rule_hits,
)
from vienna_control.store.tables.reports import reports
from vienna_control.store.tables.saved_filters import saved_filters
from vienna_control.store.tables.settings import settings
from vienna_control.store.tables.sidecars import sidecars
from vienna_control.store.tables.standing import (
    standing_holders,
    standing_uses,
    standing_warrants,
    superseded_votes,
)
from vienna_control.store.tables.stops import stops
from vienna_control.store.tables.tenants import simulations, tenants
from vienna_control.store.tables.trail import alerts, checkpoints, entries
from vienna_control.store.tables.warrants import consumptions, executions, sent_writes, warrants

__all__ = [
    "action_types",
    "agents",
    "alerts",
    "approval_comments",
    "approvals",
    "backtests",
    "break_glasses",
    "budget_accounts",
    "budget_reservations",
    "budget_slots",
    "calendars",
    "chat_users",
    "checkpoints",
    "consumptions",
    "credentials",
    "delegations",
    "deliveries",
    "entries",
    "executions",
    "groups",
    "guesses",
    "habits",
    "integrations",
    "intents",
    "join_uses",
    "keys",
    "known_hosts",
    "mapping_versions",
    "mappings",
    "metadata",
    "operators",
    "passkey_challenges",
    "passkeys",
    "policies",
    "policy_changes",
    "policy_versions",
    "recovery_codes",
    "reports",
    "roster_proposals",
    "rosters",
    "rule_hits",
    "saved_filters",
    "sent_writes",
    "sessions",
    "settings",
    "sidecars",
    "simulations",
    "standing_holders",
    "standing_uses",
    "standing_warrants",
    "stops",
    "superseded_votes",
    "tenants",
    "trust_events",
    "votes",
    "warrants",
]
