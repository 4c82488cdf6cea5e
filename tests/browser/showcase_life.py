"""What happens in the showcase: calls of its agents through their gates, and what its people say to them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx

from browser import showcase_props as props
from browser.showcase_actors import LATER, Actors, hours_on
from browser.showcase_props import PAYMENTS
from harness.upstream import Answer, Upstream
from harness.vienna import Vienna
from rollout_world import day

_SEED, _CALLS = 7, 220
_SMALL_REFUNDS, _TICKETS, _CUSTOMERS = 22, 30, 3


class Life:
    """Its steps, in order. ``ids``: of what is worth a look, by a name; each step adds its own."""

    def __init__(self, vienna: Vienna, upstream: Upstream, act: Actors, ids: dict[str, str]) -> None:
        self._vienna, self._upstream, self._act, self.ids = vienna, upstream, act, ids

    def everyday(self) -> None:
        """A day of the agents that are only watched, or held at high tiers; and what billing-bot does all day."""
        calls = day(_SEED, _CALLS)
        self._upstream.answer("POST", "/v1/messages", Answer.json(props.MESSAGE))

        def live(bot: str) -> None:
            with self._act.callers[bot]() as client:
                for one in calls:
                    if one.bot == bot:
                        client.request(one.method, one.url, json=one.body, headers=LATER)

        def billing() -> None:
            with self._act.callers[Vienna.AGENT]() as client:
                for number in range(40):
                    client.get(f"{PAYMENTS}/orders/ORD-{4000 + number}")
                ask = {"model": "claude-opus-5", "messages": [{"role": "user", "content": "hello"}]}
                for _ in range(4):
                    client.post(props.MESSAGES, json={**ask, "max_tokens": 300})

        with ThreadPoolExecutor(3) as pool:
            jobs = [pool.submit(live, bot) for bot in (props.SUPPORT, props.DEVOPS)]
            for job in [*jobs, pool.submit(billing)]:
                job.result()

    def routine(self) -> None:
        """Tickets and customers that somebody agreed to at once: what came before is nothing unusual afterwards."""
        tickets = [{"subject": f"Parcel of ORD-{7000 + number} is late"} for number in range(_TICKETS)]
        with self._act.callers[Vienna.AGENT]() as client:
            for number in range(_CUSTOMERS):
                client.get(f"{props.CUSTOMERS}/C-7{number}")
            asked = [("POST", f"{PAYMENTS}/tickets", ticket) for ticket in tickets]
            asked += [("PUT", f"{props.CUSTOMERS}/C-7{number}", props.SHORT) for number in range(_CUSTOMERS)]
            for method, url, body in asked:
                client.request(method, url, json=body, headers=LATER)
            query = {"status": "pending", "tier": "T1", "limit": 500}
            waiting = self._vienna.get("/approvals", "carol", **query)["approvals"]
            chosen = [
                {"id": one["approval_id"], "shown_digest": one["shown_digest"]}
                for one in waiting if one["action"] in ("create_ticket", "update_customer")
            ]  # fmt: skip
            self._vienna.post("/approvals/batch", "carol", verdict="approve", approvals=chosen)
            for method, url, body in asked:
                client.request(method, url, json=body, headers=LATER)

    def decided(self) -> None:
        """Refunds and tickets that people agreed to, one they did not, one that went by broken glass."""
        done = self._act.agreed_refund("ORD-12345", "5000.00", "Called the customer, it is theirs.")
        self.ids["intent_executed"] = done.headers["vienna-intent"]
        self.ids["warrant"] = done.headers["vienna-warrant-id"]
        printer = self._act.held("POST", f"{PAYMENTS}/tickets", json={"subject": "Printer on fire"})
        self._act.vote(printer, "carol", comment="Go ahead.")
        self.ids["approval_approved"] = printer
        denied = self._act.held("POST", f"{PAYMENTS}/refunds", json=props.refund("ORD-881", "2400.00"))
        self._vienna.deny(denied, "alice", "This order was refunded in March; ask Ann before asking again.")
        self.ids["approval_denied"] = denied
        glass = self._act.held("POST", f"{PAYMENTS}/refunds", json=props.refund("ORD-9", "750.00"))
        self._vienna.post("/groups", **props.GROUPS[2])
        broken = self._vienna.post(
            "/break-glass", "ivan", approval_id=glass, incident="INC-7", otp=self._vienna.people["ivan"].code(),
            reason="Customers are charged twice, nobody of finance answers.",
        )  # fmt: skip
        self.ids["break_glass"] = broken["break_glass_id"]
        self._act.refund("ORD-9", "750.00", headers=LATER)

    def refused(self) -> None:
        """What a rule, a missing mapping, and the answers of upstreams kept from happening."""
        ceiling = self._act.refund("ORD-7", "25000.00")
        assert ceiling.status_code == 403, ceiling.text
        self.ids["intent_ceiling"] = ceiling.headers["vienna-intent"]
        unmapped = self._act.call("POST", "https://unmapped.example/anything", json={"a": 1, "b": [1, 2, 3]})
        self.ids["intent_unmapped"] = unmapped.headers["vienna-intent"]
        self._act.call("DELETE", "https://shop.example/carts/77")
        xml = {"Content-Type": "application/xml"}
        self._act.call("POST", "https://tools.example/run", content=b"<?xml version='1.0'?><a/>", headers=xml)
        drift = {**props.refund("ORD-66", "9999.00"), "id": "REF-9", "status": "succeeded"}
        self._upstream.answer("POST", "/v1/refunds", Answer.json(drift), times=1)
        withheld = self._act.agreed_refund("ORD-66", "1200.00", "Checked.")
        assert withheld.headers["vienna-reason"] == "response_drift", withheld.text
        self.ids["intent_drift"] = withheld.headers["vienna-intent"]
        many = {"customers": [{"id": f"C-{number}"} for number in range(500)]}
        self._upstream.answer("GET", "/v1/customers", Answer.json(many))
        surplus = self._act.call("GET", f"{props.CUSTOMERS}?limit=10")
        assert surplus.headers["vienna-reason"] == "response_drift", surplus.text
        self.ids["intent_surplus"] = surplus.headers["vienna-intent"]
        closed = Answer.json({"error": "closed for the night"}, 503)
        self._upstream.answer("POST", "/v1/tickets", closed, times=1)
        ticket = {"subject": "Lamp broken in room 12"}
        self._act.vote(self._act.held("POST", f"{PAYMENTS}/tickets", json=ticket), "carol")
        failed = self._act.call("POST", f"{PAYMENTS}/tickets", json=ticket, headers=LATER)
        self.ids["intent_failed"] = failed.headers["vienna-intent"]

    def standing(self) -> None:
        """Consent in advance, nearly used up; and one that is asked for."""
        made = self._vienna.post(
            "/standing", "oscar", action="create_refund", agents=[Vienna.AGENT], target="payments:order/*",
            limits={"amount": {"max": 100}, "order": {}, "reason": {"optional": True}}, currency="EUR", count=25,
            expires_at=hours_on(20), reason="Small refunds are many, and alike.",
        )  # fmt: skip
        self._act.vote(made["approval_id"], *self._act.pair(), comment="Fine for today.")
        self.ids["standing"] = made["standing_id"]
        for number in range(_SMALL_REFUNDS):
            self._act.refund(f"ORD-3{number:02}", f"{40 + number}.00")
        asked = self._vienna.post(
            "/standing", "oscar", action="restart_service", agents=[props.DEVOPS], target="cluster:prod/shop/*",
            limits={"namespace": {}, "name": {}}, count=50, expires_at=hours_on(48),
            reason="Restarts of the shop are routine while we look for the leak.",
        )  # fmt: skip
        self.ids.update(standing_pending=asked["standing_id"], approval_standing=asked["approval_id"])

    def consequences(self) -> None:
        """An agent suspended, a host frozen, trust set by hand."""
        made = self._vienna.post("/fleet", name=props.RESEARCH, description="Reads papers", trust_score=40)
        key = {"Authorization": f"Bearer {made['api_key']}"}
        with httpx.Client(headers=key, trust_env=False) as client:
            for order in range(3):
                body = {"action": "get_order", "parameters": {"order": f"ORD-{order}"}}
                assert client.post(f"{self._vienna.url}/api/v1/agent/intent", json=body).is_success
        stop = {"reason": "It was seen reading what it has no business with.", "level": "suspend"}
        self._vienna.post(f"/fleet/{props.RESEARCH}/suspend", "dora", **stop)
        by_hand = {"trust_score": 62, "reason": "The drift was the payment service's."}
        trust = self._vienna.api("dora").put(f"fleet/{Vienna.AGENT}/trust", json=by_hand)
        assert trust.is_success, trust.text
        stop = {"level": "freeze", "duration": "P7D", "reason": "Being moved this week."}
        frozen = self._vienna.post("/freeze", "dora", host="legacy.example", **stop)
        self.ids["freeze"] = frozen["freeze_id"]
        self.ids.update(agent_enforcing=Vienna.AGENT, agent_observing=props.SUPPORT, agent_high=props.DEVOPS,
                        agent_suspended=props.RESEARCH, agent=Vienna.AGENT)  # fmt: skip

    def waiting(self) -> None:
        """What people find in the inbox."""
        tickets = f"{PAYMENTS}/tickets"
        for number in range(12):
            self._act.held("POST", tickets, json={"subject": f"Parcel of ORD-{7300 + number} is late"})
        self.ids["approval_alike"] = self._act.held(
            "POST", tickets, json={"subject": "Parcel of ORD-7399 is late"}
        )
        self.ids["approval_hostile"] = self._act.held("POST", tickets, json=props.HOSTILE)
        self.ids["approval_small"] = self._act.held(
            "POST", f"{PAYMENTS}/refunds", json=props.refund("ORD-500", "240.00")
        )
        claimed = self._act.held("POST", f"{PAYMENTS}/refunds", json=props.refund("ORD-501", "3100.00"))
        self._vienna.post(f"/approvals/{claimed}/claim", "bob")
        self._vienna.post(
            f"/approvals/{claimed}/comments", "bob", text="Is this the same customer as last week?"
        )
        self._vienna.post(f"/approvals/{claimed}/comments", "grace", text="Another one; I looked.")
        self._act.vote(claimed, "grace", comment="Right.")
        self.ids["approval_partial"] = claimed
        self._upstream.answer("GET", "/v1/limits/shop", Answer.json(props.LIMIT))
        limit = {"amount": 500, "note": "the CFO agreed, please do not ask again"}
        self.ids["approval_diff"] = self._act.on_the_line("PATCH", f"{PAYMENTS}/limits/shop", json=limit)
        more = {**props.SHORT, "plan": {"name": "team", "seats": 30}}
        self.ids["approval_t1"] = self._act.on_the_line("PUT", f"{props.CUSTOMERS}/C-71", json=more)
        large = {**props.refund("ORD-20451", "5000.00"), "reason": "faulty"}
        self.ids["approval_t2"] = self._act.on_the_line("POST", f"{PAYMENTS}/refunds", json=large)
        self.ids["approval_t3"] = self._act.on_the_line(
            "DELETE", f"{props.CLUSTER}/staging", agent=props.DEVOPS
        )
        self.ids["approval_long"] = self._act.on_the_line("PUT", f"{props.CUSTOMERS}/C-1009", json=props.LONG)
        self.ids["approval"] = self.ids["approval_t2"]
        self.ids["approval_hung_up"] = self._act.hangs_up(props.refund("ORD-777", "1890.00"))
