"""Who decides in the story: it plays every part itself, asks at the terminal, or waits for the browser."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any

import typer

from vienna_cli.demo.agent import Call
from vienna_cli.demo.people import Person
from vienna_cli.demo.stage import Stage, until
from vienna_cli.facts import describe
from vienna_cli.output import Printer

_WEB_PATIENCE_SECONDS = 600.0


class Mode(Enum):
    AUTO = "auto"
    TERMINAL = "terminal"
    WEB = "web"


class Director:
    """Finds what waits and has it decided.

    Attributes:
        say: Prints one line of the story.
    """

    def __init__(self, stage: Stage, mode: Mode, printer: Printer, say: Callable[[str], None]) -> None:
        self.stage = stage
        self.mode = mode
        self.say = say
        self._printer = printer

    def held(self, call: Call) -> dict[str, Any] | None:
        """The approval that the agent's connection waits for; None when it was answered without one."""

        def look() -> dict[str, Any] | bool | None:
            waiting = self.stage.admin.request("GET", "/approvals", params={"status": "pending"})["approvals"]
            if waiting:
                return dict(self.stage.admin.request("GET", f"/approvals/{waiting[0]['approval_id']}"))
            return None if call.waiting else False

        found = until(look, "the approval")
        return found if isinstance(found, dict) else None

    def decide(self, approval: Mapping[str, Any], voters: Sequence[Person], *, code: bool) -> list[str]:
        """Has an approval decided. The status of the approval after each vote that was cast."""
        if self.mode is Mode.WEB:
            return [self._wait_for_browser(approval, voters, code=code)]
        statuses: list[str] = []
        for person in voters:
            statuses.append(self._vote(approval, person, code=code))
            if statuses[-1] != "pending":
                break
        return statuses

    def _vote(self, approval: Mapping[str, Any], person: Person, *, code: bool) -> str:
        if self.mode is Mode.TERMINAL and self._ask(approval, person) == "d":
            return self._send(approval, person, "deny", {"reason": "not now"})
        body = {"shown_digest": approval["shown_digest"]}
        if code:
            body["otp"] = person.code()
            self.say(f"     {person.name} approves with the code {body['otp']}")
        return self._send(approval, person, "approve", body)

    def _ask(self, approval: Mapping[str, Any], person: Person) -> str:
        while True:
            answer: str = typer.prompt(
                f"     {person.name}: [a]pprove, [d]eny, [s]how", default="a", err=True
            )
            if answer == "s":
                describe(self._printer, approval)
            elif answer in ("a", "d"):
                return answer

    def _send(self, approval: Mapping[str, Any], person: Person, verdict: str, body: dict[str, Any]) -> str:
        client = self.stage.client_of(person)
        return str(
            client.request("POST", f"/approvals/{approval['approval_id']}/{verdict}", json=body)["status"]
        )

    def _wait_for_browser(self, approval: Mapping[str, Any], voters: Sequence[Person], *, code: bool) -> str:
        """Says who may decide, with links that log them in and the codes of the moment, until it is decided."""
        for person in voters:
            link = self.stage.client_of(person).request("POST", "/auth/links")["url"]
            self.say(f"     {person.name}: {link}")
        shown = ""

        def look() -> str | None:
            nonlocal shown
            codes = "   ".join(f"{person.name} {person.code()}" for person in voters) if code else ""
            if codes != shown:
                shown = codes
                self.say(f"     codes now: {codes}")
            status = self.stage.admin.request("GET", f"/approvals/{approval['approval_id']}")["status"]
            return str(status) if status != "pending" else None

        return until(look, "a decision in the browser", _WEB_PATIENCE_SECONDS)
