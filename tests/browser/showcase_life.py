"""What happens in the showcase: calls of its agents through their gates, and what its people do about them.

Every step leaves ids of what is worth a look in ``Life.ids``. What waits for people is called by agents that stay on
the line, and call again when their wait is over, until ``Life.end``.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from browser import showcase_props as props
from harness.upstream import Answer, Upstream
from harness.vienna import Vienna, until
from rollout_world import day

PAYMENTS, CLUSTER = props.PAYMENTS, props.CLUSTER
LATER = {"Prefer": "respond-async"}
_SEED, _CALLS = 7, 220
_AGAIN_SECONDS = 2.0
_PATIENCE_SECONDS = 1.5


class Life:
    """The story of one showcase. ``callers``: an HTTP client by agent, each through a gate of its own."""

    def __init__(
        self, vienna: Vienna, upstream: Upstream, callers: dict[str, Callable[[], httpx.Client]], sink: str
    ) -> None:
        self.ids: dict[str, str] = {}
        self._vienna, self._upstream, self._callers, self._sink = vienna, upstream, callers, sink
        self._over = threading.Event()
        self._pairs = itertools.cycle((("alice", "bob"), ("frank", "grace")))

    def run(self) -> None:
        """All of it, in about half a minute."""
        for step in (
            self._everyday, self._decided, self._refused, self._standing, self._consequences, self._policies,
            self._surroundings, self._waiting, self._reports,
        ):  # fmt: skip
            began = time.monotonic()
            step()
            print(f"  {step.__name__.strip('_')}: {time.monotonic() - began:.1f} s", flush=True)

    def end(self) -> None:
        """No agent calls again."""
        self._over.set()

    # Calls

    def _call(self, method: str, url: str, *, agent: str = Vienna.AGENT, **rest: Any) -> httpx.Response:
        with self._callers[agent]() as client:
            return client.request(method, url, **rest)

    def _refund(self, order: str, amount: str, **rest: Any) -> httpx.Response:
        body = {"order": order, "amount": amount, "currency": "EUR"}
        return self._call("POST", f"{PAYMENTS}/refunds", json=body, **rest)

    def _held(self, method: str, url: str, *, agent: str = Vienna.AGENT, **rest: Any) -> str:
        """Approval of a call whose agent does not wait."""
        answer = self._call(method, url, agent=agent, headers=LATER, **rest)
        assert answer.status_code == 202, (url, answer.status_code, answer.text)
        return self._approval_of(answer.headers["vienna-intent"])

    def _approval_of(self, intent_id: str) -> str:
        found = [
            one for one in self._vienna.get("/approvals", "eve", status="pending", limit=500)["approvals"]
            if one["intent_id"] == intent_id
        ]  # fmt: skip
        return str(found[0]["approval_id"])

    def _agreed_refund(self, order: str, amount: str, comment: str) -> httpx.Response:
        """A refund that two people agree to and that leaves at the agent's retry."""
        approval = self._held(
            "POST", f"{PAYMENTS}/refunds", json={"order": order, "amount": amount, "currency": "EUR"}
        )
        self._vote(approval, *next(self._pairs), comment=comment)
        return self._refund(order, amount, headers=LATER)

    def _vote(self, approval: str, *who: str, **body: Any) -> None:
        for one in who:
            answer = self._vienna.vote(approval, one, **body)
            assert answer.is_success, (approval, one, answer.text)

    # Steps

    def _everyday(self) -> None:
        """A day of the agents that are only watched, or held at high tiers; and what billing-bot does all day."""
        calls = day(_SEED, _CALLS)

        def live(bot: str) -> None:
            with self._callers[bot]() as client:
                for one in calls:
                    if one.bot == bot:
                        client.request(one.method, one.url, json=one.body, headers=LATER)

        def billing() -> None:
            with self._callers[Vienna.AGENT]() as client:
                for number in range(40):
                    client.get(f"{PAYMENTS}/orders/ORD-{4000 + number}")
                ask = {"model": "claude-opus-5", "messages": [{"role": "user", "content": "hello"}]}
                for _ in range(4):
                    client.post(props.MESSAGES, json={**ask, "max_tokens": 300})

        self._budget()
        with ThreadPoolExecutor(3) as pool:
            for job in [
                pool.submit(live, props.SUPPORT),
                pool.submit(live, props.DEVOPS),
                pool.submit(billing),
            ]:
                job.result()

    def _budget(self) -> None:
        used = {"usage": {"input_tokens": 180, "output_tokens": 45}}
        message = {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "content": [],
            "stop_reason": "end_turn",
        }
        self._upstream.answer(
            "POST", "/v1/messages", Answer.json({**message, "model": "claude-opus-5", **used})
        )
        for rule in props.CREATED_RULES:
            made = self._vienna.post("/policies", "oscar", **rule)
            self.ids[f"rule_{rule['id']}"] = made["id"]
        self.ids["rule"] = self.ids["rule_no-exports"]
        self.ids["rule_shadow"] = self.ids["rule_night-shadow"]

    def _decided(self) -> None:
        done = self._agreed_refund("ORD-12345", "5000.00", "Called the customer, it is theirs.")
        self.ids["intent_executed"] = done.headers["vienna-intent"]
        self.ids["warrant"] = done.headers["vienna-warrant-id"]
        printer = self._held("POST", f"{PAYMENTS}/tickets", json={"subject": "Printer on fire"})
        self._vote(printer, "carol", comment="Go ahead.")
        self.ids["approval_approved"] = printer
        denied = self._held(
            "POST", f"{PAYMENTS}/refunds", json={"order": "ORD-881", "amount": "2400.00", "currency": "EUR"}
        )
        self._vienna.deny(denied, "alice", "This order was refunded in March; ask Ann before asking again.")
        self.ids["approval_denied"] = denied
        glass = self._held(
            "POST", f"{PAYMENTS}/refunds", json={"order": "ORD-9", "amount": "750.00", "currency": "EUR"}
        )
        opened = self._vienna.post("/groups", **props.GROUPS[2])
        assert opened["name"] == "incident"
        broken = self._vienna.post(
            "/break-glass", "ivan", approval_id=glass, incident="INC-7", otp=self._vienna.people["ivan"].code(),
            reason="Customers are charged twice, nobody of finance answers.",
        )  # fmt: skip
        self.ids["break_glass"] = str(broken.get("break_glass_id", broken.get("id", "")))
        self._refund("ORD-9", "750.00", headers=LATER)

    def _refused(self) -> None:
        ceiling = self._refund("ORD-7", "25000.00")
        assert ceiling.status_code == 403, ceiling.text
        self.ids["intent_ceiling"] = ceiling.headers["vienna-intent"]
        unmapped = self._call("POST", "https://unmapped.example/anything", json={"a": 1, "b": [1, 2, 3]})
        self.ids["intent_unmapped"] = unmapped.headers["vienna-intent"]
        self._call("DELETE", "https://shop.example/carts/77")
        self._call("POST", "https://tools.example/run", content=b"<?xml version='1.0'?><a/>",
                   headers={"Content-Type": "application/xml"})  # fmt: skip
        drift = {
            "id": "REF-9",
            "order": "ORD-66",
            "amount": "9999.00",
            "currency": "EUR",
            "status": "succeeded",
        }
        self._upstream.answer("POST", "/v1/refunds", Answer.json(drift), times=1)
        withheld = self._agreed_refund("ORD-66", "1200.00", "Checked.")
        assert withheld.headers["vienna-reason"] == "response_drift", withheld.text
        self.ids["intent_drift"] = withheld.headers["vienna-intent"]
        self._upstream.answer(
            "POST", "/v1/tickets", Answer.json({"error": "closed for the night"}, 503), times=1
        )
        ticket = {"subject": "Lamp broken in room 12"}
        self._vote(self._held("POST", f"{PAYMENTS}/tickets", json=ticket), "carol")
        failed = self._call("POST", f"{PAYMENTS}/tickets", json=ticket, headers=LATER)
        self.ids["intent_failed"] = failed.headers["vienna-intent"]

    def _standing(self) -> None:
        made = self._vienna.post(
            "/standing", "oscar", action="create_refund", agents=[Vienna.AGENT], target="payments:order/*",
            limits={"amount": {"max": 100}, "order": {}, "reason": {"optional": True}}, currency="EUR", count=25,
            expires_at=_in(hours=20), reason="Small refunds are many, and alike.",
        )  # fmt: skip
        self._vote(made["approval_id"], *next(self._pairs), comment="Fine for today.")
        self.ids["standing"] = made["standing_id"]
        for number in range(4):
            self._refund(f"ORD-3{number}", f"{40 + number}.00")
        asked = self._vienna.post(
            "/standing", "oscar", action="restart_service", agents=[props.DEVOPS], target="cluster:prod/shop/*",
            limits={"namespace": {}, "name": {}}, count=50, expires_at=_in(hours=48),
            reason="Restarts of the shop are routine while we look for the leak.",
        )  # fmt: skip
        self.ids["standing_pending"], self.ids["approval_standing"] = (
            asked["standing_id"],
            asked["approval_id"],
        )

    def _consequences(self) -> None:
        research = self._vienna.post(
            "/fleet", name=props.RESEARCH, description="Reads papers", trust_score=40
        )
        key = research.get("api_key") or research.get("key")
        if key:
            with httpx.Client(headers={"Authorization": f"Bearer {key}"}, trust_env=False) as client:
                for order in range(3):
                    body = {"action": "get_order", "parameters": {"order": f"ORD-{order}"}}
                    client.post(f"{self._vienna.url}/api/v1/agent/intent", json=body)
        stop = {"reason": "It was seen reading what it has no business with.", "level": "suspend"}
        self._vienna.post(f"/fleet/{props.RESEARCH}/suspend", "dora", **stop)
        trust = self._vienna.api("dora").put(
            f"fleet/{Vienna.AGENT}/trust",
            json={"trust_score": 62, "reason": "The drift was the payment service's."},
        )
        assert trust.is_success, trust.text
        frozen = self._vienna.post(
            "/freeze",
            "dora",
            host="legacy.example",
            reason="Being moved this week.",
            level="freeze",
            duration="P7D",
        )
        self.ids["freeze"] = frozen["freeze_id"]
        self.ids.update(agent_enforcing=Vienna.AGENT, agent_observing=props.SUPPORT, agent_high=props.DEVOPS,
                        agent_suspended=props.RESEARCH, agent=Vienna.AGENT)  # fmt: skip

    def _policies(self) -> None:
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
        until(
            "the backtest", lambda: self._vienna.get(f"/policies/backtests/{told['id']}")["status"] == "done"
        )
        wiki = self._vienna.post("/mappings", "oscar", text=props.WIKI)
        self.ids["mapping"] = wiki.get("id", "wiki")
        self.ids["mapping_file"] = "toy_payments"
        scenario = {
            "agent": Vienna.AGENT,
            "action": "create_refund",
            "parameters": {"order": "O", "amount": 40},
        }
        made = self._vienna.post("/simulation", "oscar", name="What if", scenarios=[scenario])
        self.ids["simulation"] = str(made.get("simulation_id", made.get("id", "")))

    def _surroundings(self) -> None:
        for who, name in props.NAMES.items():
            person = self._vienna.api(who).get("operators/me").json()["data"]
            identity = person.get("operator_id") or person.get("id") or person["operator"]["operator_id"]
            answer = self._vienna.api("dora").patch(f"operators/{identity}", json={"name": name})
            assert answer.is_success, answer.text
        for group in props.GROUPS[:2]:
            self._vienna.post("/groups", **group)
        self._vienna.post(
            "/delegations", "alice", to="carol@example.com", ends_at=_in(hours=24 * 14), groups=["finance"]
        )
        for name, path, events in (
            ("Ticket system", "/hook", ["approval_required", "approval_resolved"]),
            ("Old pager", "/broken", ["alert", "freeze_changed"]),
        ):
            secrets = {"url": self._sink + path, "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
            made = self._vienna.post(
                "/integrations", "dora", name=name, type="webhook", events=events, secrets=secrets
            )
            key = "integration" if path == "/hook" else "integration_broken"
            self.ids[key] = made["integration_id"]
            self._vienna.api("dora").post(f"integrations/{made['integration_id']}/test")
        self._vienna.post("/api-keys", "dora", name="CI of the shop", scopes=["read"], expires_in_days=30)

    def _waiting(self) -> None:
        """What people find in the inbox."""
        tickets = f"{PAYMENTS}/tickets"
        for number in range(12):
            self._held("POST", tickets, json={"subject": f"Parcel of ORD-{7300 + number} is late"})
        self.ids["approval_alike"] = self._held(
            "POST", tickets, json={"subject": "Parcel of ORD-7399 is late"}
        )
        self.ids["approval_hostile"] = self._held("POST", tickets, json=props.HOSTILE)
        self.ids["approval_small"] = self._held(
            "POST", f"{PAYMENTS}/refunds", json={"order": "ORD-500", "amount": "240.00", "currency": "EUR"}
        )
        claimed = self._held(
            "POST", f"{PAYMENTS}/refunds", json={"order": "ORD-501", "amount": "3100.00", "currency": "EUR"}
        )
        self._vienna.post(f"/approvals/{claimed}/claim", "bob")
        self._vienna.post(
            f"/approvals/{claimed}/comments", "bob", text="Is this the same customer as last week?"
        )
        self._vienna.post(f"/approvals/{claimed}/comments", "grace", text="Another one; I looked.")
        self._vote(
            claimed, "ivan" if "finance" in self._vienna.people["ivan"].groups else "grace", comment="Right."
        )
        self.ids["approval_partial"] = claimed
        before = Answer.json(props.DIFF_BEFORE)
        self._upstream.answer("GET", "/v1/limits/shop", before)
        self._on_the_line("approval_diff", "PATCH", f"{PAYMENTS}/limits/shop",
                          json={"amount": 500, "note": "the CFO agreed, please do not ask again"})  # fmt: skip
        self._on_the_line("approval_t1", "POST", tickets,
                          json={"subject": "Heating in room 4 fails at night", "body": "It is 14 °C."})  # fmt: skip
        large = {"order": "ORD-20451", "amount": "5000.00", "currency": "EUR", "reason": "faulty"}
        self._on_the_line("approval_t2", "POST", f"{PAYMENTS}/refunds", json=large)
        self._on_the_line("approval_t3", "DELETE", f"{CLUSTER}/staging", agent=props.DEVOPS)
        self._on_the_line("approval_long", "PUT", f"{props.CUSTOMERS}/C-1009", json=props.LONG)
        self.ids["approval"] = self.ids["approval_t2"]
        self._hangs_up("approval_hung_up", {"order": "ORD-777", "amount": "1890.00", "currency": "EUR"})

    def _on_the_line(self, name: str, method: str, url: str, **rest: Any) -> None:
        """Call it in the background, and again whenever the wait is over; ``name``: of its approval in ``ids``."""
        before = self._waiting_now()

        def stay() -> None:
            while not self._over.is_set():
                try:
                    answer = self._call(method, url, **rest)
                    if answer.headers.get("vienna-decision") != "pending":
                        return
                except (httpx.HTTPError, OSError):
                    pass
                self._over.wait(_AGAIN_SECONDS)

        threading.Thread(target=stay, name=name, daemon=True).start()
        self.ids[name] = until(name, lambda: next(iter(self._waiting_now() - before), None))

    def _hangs_up(self, name: str, body: dict[str, Any]) -> None:
        """A refund whose agent loses patience while people are asked: interim responses keep no total time."""
        before = self._waiting_now()
        vienna, trust = self._vienna, ssl.create_default_context(cafile=self._vienna.ca)

        async def call() -> None:
            async with httpx.AsyncClient(proxy=vienna.proxy, verify=trust, trust_env=False) as client:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_PATIENCE_SECONDS):
                        await client.post(f"{PAYMENTS}/refunds", json=body, timeout=None)

        asyncio.run(call())
        self.ids[name] = until(name, lambda: next(iter(self._waiting_now() - before), None))

    def _waiting_now(self) -> set[str]:
        found = self._vienna.get("/approvals", "eve", status="pending", limit=500)["approvals"]
        return {one["approval_id"] for one in found}

    def _reports(self) -> None:
        self._vienna.post("/audit/verify", "eve")
        alerts = self._vienna.get("/alerts", "dora")["alerts"]
        self.ids["alert"] = str(alerts[0].get("alert_id", alerts[0].get("id"))) if alerts else ""
        made = self._vienna.post("/compliance/reports/generate", "eve", type="audit")
        self.ids["report"] = made["report_id"]
        until(
            "the report",
            lambda: (
                self._vienna.get(f"/compliance/reports/{made['report_id']}", "eve")["status"] != "generating"
            ),
        )


def _in(*, hours: int) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat()
