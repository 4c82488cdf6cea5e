"""The scenes with people: reads, tickets, refunds, refusals, drift. Each looks at the agent, the control plane and the
payments API, and notes what it saw."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from vienna_cli.demo.agent import Answer, Call
from vienna_cli.demo.director import Director
from vienna_cli.demo.props import ORDER, TWISTED_AMOUNT, TWISTED_ORDER
from vienna_cli.demo.seen import Seen
from vienna_cli.demo.stage import AGENT, Stage, until

type Scene = Callable[[Stage, Director], Seen]

_NOTHING = "the payments API saw nothing"


def line(method: str, what: str, tier: str, status: object, text: str) -> str:
    """One line of the story, in columns."""
    return f"  {method.ljust(4)} {what.ljust(30)} {tier.ljust(3)} {str(status).ljust(5)} {text}"


def wide(what: str, text: str) -> str:
    """One line of the story about something that is no single call."""
    return f"  {what.ljust(56)} {text}"


def refund(amount: int, order: str = ORDER) -> dict[str, Any]:
    return {"order": order, "amount": amount, "currency": "EUR", "reason": "requested by the customer"}


def intent_of(stage: Stage, answer: Answer) -> dict[str, Any]:
    """The intent that an answer names."""
    return dict(stage.admin.intent(answer.headers["vienna-intent"]))


def verification(intent: Mapping[str, Any]) -> str:
    """How the answer compared with what was approved; empty while that is not recorded."""
    return str((intent["verification"] or {}).get("result", ""))


def read(stage: Stage, _: Director) -> Seen:
    seen = Seen("read")
    answer = stage.agent.ask("GET", f"/v1/orders/{ORDER}")
    intent = intent_of(stage, answer)
    seen.same("the agent got 200", answer.status, 200)
    seen.same("it is T0", intent["risk_tier"], "T0")
    seen.holds("it went under a warrant", answer.headers.get("vienna-warrant-id"))
    seen.same("the answer was verified", verification(intent), "match")
    seen.same("the payments API saw it once", len(stage.reached()), 1)
    seen.line = line(
        "GET", f"/v1/orders/{ORDER}", "T0", answer.status, "passes at once, under a warrant, verified"
    )
    return seen


def ticket(stage: Stage, director: Director) -> Seen:
    seen, before = Seen("ticket"), len(stage.reached())
    call = stage.agent.start("POST", "/v1/tickets", {"subject": "Customer waits for a refund"}, script=True)
    approval = director.held(call)
    seen.holds("it is held", approval is not None)
    if approval is None:
        return seen
    seen.same("it is T1", approval["risk_tier"], "T1")
    seen.same("nothing left while people decide", len(stage.reached()), before)
    director.say(line("POST", "/v1/tickets", "T1", "held", f'"{_sentence(approval)}"'))
    if director.decide(approval, [stage.people["alice"]], code=False)[-1] == "denied":
        return denied(seen, stage, call, before)
    answer = call.answer()
    seen.same("the same connection got 201", answer.status, 201)
    seen.same("the payments API saw it once", len(stage.reached()), before + 1)
    seen.line = line("", "", "", answer.status, "one person approved; the same connection got the answer")
    return seen


def two_people(stage: Stage, director: Director) -> Seen:
    seen, before = Seen("refund"), len(stage.reached())
    call = stage.agent.start("POST", "/v1/refunds", refund(5000))
    approval = director.held(call)
    seen.holds("it is held", approval is not None)
    if approval is None:
        return seen
    seen.same("it is T2", approval["risk_tier"], "T2")
    director.say(line("POST", "/v1/refunds  amount=5000", "T2", "held", f'"{_sentence(approval)}"'))
    votes = director.decide(approval, [stage.people["bob"], stage.people["alice"]], code=True)
    if votes[-1] == "denied":
        return denied(seen, stage, call, before)
    if len(votes) > 1:
        seen.same("the first yes is not enough", votes[0], "pending")
    answer = call.answer()
    intent = intent_of(stage, answer)
    seen.same("the same connection got 200", answer.status, 200)
    seen.same("the answer matches the warrant", verification(intent), "match")
    seen.same("the payments API saw it once", len(stage.reached()), before + 1)
    seen.shown = {"intent_id": intent["intent_id"], "warrant_id": answer.headers.get("vienna-warrant-id")}
    stage.notes["warrant_id"] = answer.headers.get("vienna-warrant-id", "")
    seen.line = line(
        "", "", "", answer.status, "two people approved with their codes; the response matches the warrant"
    )
    return seen


def ceiling(stage: Stage, _: Director) -> Seen:
    seen, before = Seen("ceiling"), len(stage.reached())
    answer = stage.agent.ask("POST", "/v1/refunds", refund(50000))
    seen.same("the agent got 403", answer.status, 403)
    seen.same("policy denied it", answer.reason, "policy_denied")
    seen.holds(
        "the reason is in the answer",
        "agents may not refund more than 10,000" in answer.detail,
        answer.detail,
    )
    seen.same(_NOTHING, len(stage.reached()), before)
    seen.line = line(
        "POST", "/v1/refunds  amount=50000", "", answer.status, '"agents may not refund more than 10,000"'
    )
    return seen


def old_warrant(stage: Stage, _: Director) -> Seen:
    seen, before = Seen("old_warrant"), len(stage.reached())
    if "warrant_id" not in stage.notes:
        seen.skipped = "the refund was denied: there is no warrant to present"
        seen.line = wide("the 5,000 warrant presented again", "there is none: the refund was denied")
        return seen
    warrant = stage.admin.request("GET", f"/warrants/{stage.notes['warrant_id']}")
    trust = stage.fleet()["trust_score"]
    answer = stage.agent.ask("POST", "/v1/refunds", refund(9000), warrant=warrant["token"])
    seen.same("the agent was refused", answer.status, 403)
    seen.same("the warrant names another request", answer.reason, "warrant_request")
    checked = stage.admin.verify(warrant["token"])
    seen.holds("and it was used already", checked["consumed"] and not checked["valid"], checked)
    seen.same(_NOTHING, len(stage.reached()), before)
    agent = until(lambda: ((a := stage.fleet())["status"] == "suspended" and a) or None, "the suspension")
    seen.same("the agent is suspended", agent["status"], "suspended")
    seen.same("trust fell by 30", round(trust - agent["trust_score"], 2), 30)
    refused = stage.agent.ask("GET", f"/v1/orders/{ORDER}")
    seen.same("while suspended not even a read passes", refused.reason, "agent_suspended")
    seen.same(_NOTHING + " of that either", len(stage.reached()), before)
    stage.admin.request(
        "POST", f"/fleet/{AGENT}/resume", json={"reason": "a drill: the story presented it on purpose"}
    )
    reset = {"trust_score": 50, "reason": "a drill"}
    back = stage.admin.request("PUT", f"/fleet/{AGENT}/trust", json=reset)
    seen.same("an admin let it go on, trust set back to 50", back["new_trust_score"], 50)
    text = "refused: outside the warrant, and already used"
    after = f"the agent is suspended, trust {trust:g} → {agent['trust_score']:g}; an admin lets it go on"
    seen.line = wide("the 5,000 warrant presented again, with amount=9000", text) + "\n" + wide("", after)
    return seen


def drift(stage: Stage, director: Director) -> Seen:
    seen, before = Seen("drift"), len(stage.reached())
    trust = stage.fleet()["trust_score"]
    call = stage.agent.start("POST", "/v1/refunds", refund(5000, TWISTED_ORDER), script=True)
    approval = director.held(call)
    seen.holds("it is held", approval is not None)
    if approval is None:
        return seen
    director.say(line("POST", f"/v1/refunds  {TWISTED_ORDER}", "T2", "held", f'"{_sentence(approval)}"'))
    if director.decide(approval, [stage.people["carol"], stage.people["dan"]], code=True)[-1] == "denied":
        return denied(seen, stage, call, before)
    answer = call.answer()
    intent = intent_of(stage, answer)
    agent = stage.fleet()
    alerts = stage.admin.request("GET", "/audit", params={"type": "alert", "intent_id": intent["intent_id"]})[
        "entries"
    ]
    seen.same("the payments API did it", len(stage.reached()), before + 1)
    seen.same("the answer is withheld, with the reason", answer.reason, "response_drift")
    seen.holds("the agent does not see the amount", str(TWISTED_AMOUNT) not in str(answer.body))
    seen.same("it is recorded as drift", verification(intent), "drift")
    seen.holds("there is an alert", alerts)
    seen.same("trust fell from 50 to 40", (trust, agent["trust_score"]), (50, 40))
    text = f"drift: answer withheld, alert, trust {trust:g} → {agent['trust_score']:g}"
    seen.line = wide(f"the API answers amount={TWISTED_AMOUNT} instead of 5000", text)
    return seen


def observe(stage: Stage, _: Director) -> Seen:
    seen = Seen("observe")
    stage.admin.request("POST", f"/fleet/{AGENT}/promote", json={"to": "observe", "confirm": True})
    until(lambda: _is_observed(stage) or None, "the gate to hear of it")
    before = len(stage.reached())
    answer = stage.agent.ask("POST", "/v1/refunds", refund(700))
    intent = intent_of(stage, answer)
    stage.admin.request("POST", f"/fleet/{AGENT}/promote", json={"to": "enforce", "confirm": True})
    seen.same("nothing is held: the agent got 200", answer.status, 200)
    seen.same("it says that it was observed", answer.headers.get("vienna-decision"), "observed")
    seen.same("recorded as would hold", intent.get("would"), "held")
    seen.same("the intent says observed", intent["status"], "observed")
    seen.same("the payments API saw it once", len(stage.reached()), before + 1)
    text = "observe mode: let through; recorded: would have been held"
    seen.line = line("POST", "/v1/refunds  amount=700", "T2", answer.status, text)
    return seen


def denied(seen: Seen, stage: Stage, call: Call, before: int) -> Seen:
    """What follows a no: the waiting connection is told, and nothing left."""
    answer = call.answer()
    seen.same("the same connection was told no", answer.reason, "approval_denied")
    seen.same(_NOTHING, len(stage.reached()), before)
    seen.line = line("", "", "", answer.status, f"denied: {answer.detail}")
    return seen


def _is_observed(stage: Stage) -> bool:
    """Whether a read is let through as observed: the gate has the signed bundle that says so."""
    return stage.agent.ask("GET", f"/v1/orders/{ORDER}").headers.get("vienna-decision") == "observed"


def _sentence(approval: Mapping[str, Any]) -> str:
    return str((approval.get("shown") or approval).get("sentence", ""))
