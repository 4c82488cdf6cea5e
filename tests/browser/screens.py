"""What there is to see in the console, and as whom: a screen for every page, and those states that look different."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page

NOBODY = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """One thing to look at.

    Attributes:
        path: Under ``/console``; ``{name}`` is an id of the showcase.
        who: Whose session; ``NOBODY``: none.
        do: What is done before it is looked at.
        status: What the server answers.
    """

    name: str
    path: str
    who: str = "alice"
    do: Callable[[Page], None] | None = None
    status: int = 200


def pressing(*keys: str) -> Callable[[Page], None]:
    """Press keys, one after the other."""

    def do(page: Page) -> None:
        for key in keys:
            page.keyboard.press(key)

    return do


def clicking(*selectors: str) -> Callable[[Page], None]:
    """Click the first of each, one after the other."""

    def do(page: Page) -> None:
        for selector in selectors:
            page.locator(selector).first.click()

    return do


SCREENS = (
    Screen(name="login", path="/login", who=NOBODY),
    Screen(name="login-link", path="/enter", who=NOBODY),
    Screen(name="begin", path="/setup", who=NOBODY),
    Screen(name="invitation", path="/invitation", who=NOBODY),
    Screen(name="inbox", path="/"),
    Screen(name="inbox-devops", path="/", who="carol"),
    Screen(name="inbox-viewer", path="/", who="vera"),
    Screen(name="inbox-help", path="/", do=pressing("?")),
    Screen(name="inbox-palette", path="/", do=pressing("Control+k")),
    Screen(name="approval-t1", path="/approvals/{approval_t1}", who="carol"),
    Screen(name="approval-t2", path="/approvals/{approval_t2}"),
    Screen(name="approval-t3", path="/approvals/{approval_t3}", who="carol"),
    Screen(name="approval-hostile", path="/approvals/{approval_hostile}"),
    Screen(name="approval-diff", path="/approvals/{approval_diff}", who="carol"),
    Screen(name="approval-long", path="/approvals/{approval_long}", who="carol"),
    Screen(name="approval-partial", path="/approvals/{approval_partial}"),
    Screen(name="approval-hung-up", path="/approvals/{approval_hung_up}", who="bob"),
    Screen(name="approval-alike", path="/approvals/{approval_alike}"),
    Screen(name="approval-standing", path="/approvals/{approval_standing}", who="carol"),
    Screen(name="approval-approved", path="/approvals/{approval_approved}"),
    Screen(name="approval-denied", path="/approvals/{approval_denied}", who="bob"),
    Screen(name="traffic", path="/traffic", who="oscar"),
    Screen(name="intent", path="/traffic/{intent_executed}", who="oscar"),
    Screen(name="intent-drift", path="/traffic/{intent_drift}", who="oscar"),
    Screen(name="intent-ceiling", path="/traffic/{intent_ceiling}", who="oscar"),
    Screen(name="intent-surplus", path="/traffic/{intent_surplus}", who="oscar"),
    Screen(name="intent-failed", path="/traffic/{intent_failed}", who="oscar"),
    Screen(name="intent-unmapped", path="/traffic/{intent_unmapped}", who="oscar"),
    Screen(name="fleet", path="/fleet", who="dora"),
    Screen(name="agent", path="/fleet/{agent_enforcing}", who="dora"),
    Screen(name="agent-observing", path="/fleet/{agent_observing}", who="dora"),
    Screen(name="agent-suspended", path="/fleet/{agent_suspended}", who="dora"),
    Screen(name="agent-forecast", path="/fleet/{agent_observing}/forecast", who="dora"),
    Screen(name="agent-activity", path="/fleet/{agent_enforcing}/activity", who="dora"),
    Screen(name="gates", path="/gates", who="dora"),
    Screen(name="freezes", path="/freeze", who="dora"),
    Screen(name="freeze", path="/freeze/{freeze}", who="dora"),
    Screen(name="policies", path="/policies", who="oscar"),
    Screen(name="policy", path="/policies/{rule}", who="oscar"),
    Screen(name="policy-shadow", path="/policies/{rule_shadow}", who="oscar"),
    Screen(name="policy-change", path="/policies/changes/{change}", who="dora"),
    Screen(name="policy-changes", path="/policies/changes", who="dora"),
    Screen(name="policy-new", path="/policies/new", who="oscar"),
    Screen(name="policy-templates", path="/policies/templates", who="oscar"),
    Screen(name="policy-suggestions", path="/policies/suggestions", who="oscar"),
    Screen(name="policy-budgets", path="/policies/budgets", who="oscar"),
    Screen(name="policy-backtest", path="/policies/backtests/{backtest}", who="oscar"),
    Screen(name="mappings", path="/mappings", who="oscar"),
    Screen(name="mapping", path="/mappings/{mapping}", who="oscar"),
    Screen(name="mapping-file", path="/mappings/{mapping_file}", who="oscar"),
    Screen(name="coverage", path="/mappings/coverage", who="oscar"),
    Screen(name="mapping-new", path="/mappings/new", who="oscar"),
    Screen(name="mapping-import", path="/mappings/import", who="oscar"),
    Screen(name="action-types", path="/action-types", who="oscar"),
    Screen(name="action-type", path="/action-types/{action_type}", who="oscar"),
    Screen(name="warrants", path="/warrants", who="eve"),
    Screen(name="warrant", path="/warrants/{warrant}", who="eve"),
    Screen(name="warrant-verify", path="/warrants/verify", who="eve"),
    Screen(name="standing", path="/standing", who="oscar"),
    Screen(name="standing-new", path="/standing/new", who="oscar"),
    Screen(name="standing-one", path="/standing/{standing}", who="oscar"),
    Screen(name="audit", path="/audit", who="eve"),
    Screen(name="audit-verified", path="/audit", who="eve", do=clicking("[data-verify]")),
    Screen(name="audit-viewer", path="/audit", who="vera"),
    Screen(name="audit-entry", path="/audit/{entry}", who="eve"),
    Screen(name="audit-heads", path="/audit/heads?first=100", who="eve"),
    Screen(name="alerts", path="/alerts", who="dora"),
    Screen(name="integrations", path="/integrations", who="dora"),
    Screen(name="integration", path="/integrations/{integration_broken}", who="dora"),
    Screen(name="integration-new", path="/integrations/new?type=slack", who="dora"),
    Screen(name="reports", path="/reports", who="eve"),
    Screen(name="report", path="/reports/{report}", who="eve"),
    Screen(name="settings", path="/settings", who="dora"),
    Screen(name="settings-devices", path="/settings/devices"),
    Screen(name="settings-keys", path="/settings/keys", who="dora"),
    Screen(name="settings-stand-ins", path="/settings/stand-ins"),
    Screen(name="settings-people", path="/settings/people", who="dora"),
    Screen(name="settings-person", path="/settings/people/{operator}", who="dora"),
    Screen(name="settings-groups", path="/settings/groups", who="dora"),
    Screen(name="settings-group", path="/settings/groups/{group}", who="dora"),
    Screen(name="settings-join-tokens", path="/settings/join-tokens", who="dora"),
    Screen(name="settings-roster", path="/settings/roster"),
    Screen(name="settings-tenants", path="/settings/tenants", who="dora"),
    Screen(name="settings-installation", path="/settings/installation", who="dora"),
    Screen(name="setup", path="/setup", who="dora"),
    Screen(name="doctor", path="/doctor", who="dora"),
    Screen(name="nowhere", path="/no-such-page", status=404),
)


def chosen(only: str) -> list[Screen]:
    """Those of these names, by commas; ``approval`` is all of ``approval-…`` too. Errors: ``ValueError``."""
    wanted = [name.strip() for name in only.split(",") if name.strip()]
    if not wanted:
        return list(SCREENS)
    found = [
        one for one in SCREENS if any(one.name == name or one.name.startswith(f"{name}-") for name in wanted)
    ]
    if not found:
        raise ValueError(f"no screen is called {only}; there are {', '.join(one.name for one in SCREENS)}")
    return found
