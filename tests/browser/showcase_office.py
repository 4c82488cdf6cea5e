"""What people of the showcase set up and ask for: rules and their changes, groups, channels, reports."""

from __future__ import annotations

from browser import showcase_props as props
from browser.showcase_actors import hours_on
from harness.vienna import Vienna, until


class Office:
    """Its steps, in order. ``sink``: URL that webhooks go to; ``ids``: of what is worth a look, by a name."""

    def __init__(self, vienna: Vienna, sink: str, ids: dict[str, str]) -> None:
        self._vienna, self._sink, self.ids = vienna, sink, ids

    def rules(self) -> None:
        """Rules kept by API: one that denies, one in the shadow, one with a budget, one that is off."""
        for rule in props.CREATED_RULES:
            self.ids[f"rule_{rule['id']}"] = self._vienna.post("/policies", "oscar", **rule)["id"]
        self.ids["rule"] = self.ids["rule_no-exports"]
        self.ids["rule_shadow"] = self.ids["rule_night-shadow"]

    def policies(self) -> None:
        """A rule with versions, a change for others to agree to, a backtest, a mapping, a simulation."""
        rule = self.ids["rule"]
        for more in ({"priority": 220}, {"description": "Agreed with legal and with the works council."}):
            answer = self._vienna.api("oscar").patch(f"policies/{rule}", json=more)
            assert answer.is_success, answer.text
        tighter = {"id": "refunds-tighter", "name": "Refunds over 500 need three people", "priority": 110,
                   "expression": "action == 'create_refund' AND parameters.amount > 500 EUR",
                   "action": {"type": "require_approval",
                              "approvals": {"count": 3, "groups": ["finance"]}}}  # fmt: skip
        change = self._vienna.post(
            "/policies/changes", "oscar", title="Refunds after the incident of March", propose=True,
            changes=[{"rule": tighter}, {"delete": self.ids["rule_old-idea"]}],
        )  # fmt: skip
        self.ids["change"] = change["change"]["id"]
        candidate = {**tighter, "id": "candidate", "expression": "action in ['create_refund', 'get_ticket']"}
        told = self._vienna.post("/policies/backtest", "oscar", rule=candidate)
        self.ids["backtest"] = told["id"]
        path = f"/policies/backtests/{told['id']}"
        until("the backtest", lambda: self._vienna.get(path)["status"] == "done")
        wiki = self._vienna.post("/mappings", "oscar", text=props.WIKI)
        self.ids["mapping"] = wiki["id"]
        self.ids["mapping_file"], self.ids["action_type"] = "toy_payments", "create_refund"
        asked = {"order": "ORD-1", "amount": 40, "currency": "EUR"}
        scenario = {"agent": Vienna.AGENT, "action": "create_refund", "parameters": asked}
        made = self._vienna.post("/simulation", "oscar", name="What if", scenarios=[scenario])
        self.ids["simulation"] = made["simulation_id"]

    def surroundings(self) -> None:
        """Names, groups, a stand-in, channels that work and do not, a key."""
        for who, name in props.NAMES.items():
            person = self._vienna.get("/operators/me", who)
            answer = self._vienna.api("dora").patch(f"operators/{person['id']}", json={"name": name})
            assert answer.is_success, answer.text
            self.ids["operator"] = person["id"]
        for group in props.GROUPS[:2]:
            self.ids["group"] = self._vienna.post("/groups", **group)["name"]
        self._vienna.post(
            "/delegations", "alice", to="carol@example.com", ends_at=hours_on(24 * 14), groups=["finance"]
        )
        for key, name, path, events in (
            ("integration", "Ticket system", "/hook", ["approval_required", "approval_resolved"]),
            ("integration_broken", "Old pager", "/broken", ["alert", "freeze_changed"]),
        ):
            secrets = {"url": self._sink + path, "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
            made = self._vienna.post(
                "/integrations", "dora", name=name, type="webhook", events=events, secrets=secrets
            )
            self.ids[key] = made["integration_id"]
            self._vienna.api("dora").post(f"integrations/{made['integration_id']}/test")
        self._vienna.post("/api-keys", "dora", name="CI of the shop", scopes=["read"], expires_in_days=30)

    def reports(self) -> None:
        """What auditors ask for, at the end: it tells all that was."""
        self._vienna.post("/audit/verify", "eve")
        alert = self._vienna.get("/alerts")["alerts"][0]
        self.ids["alert"], self.ids["entry"] = alert["alert_id"], alert["entry_id"]
        made = self._vienna.post("/compliance/reports/generate", "eve", type="audit")
        self.ids["report"] = made["report_id"]
        path = f"/compliance/reports/{made['report_id']}"
        until("the report", lambda: self._vienna.get(path, "eve")["status"] != "generating")
