"""What is asked before a vote: typed at the foot of the screen, one question after another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vienna_cli.output import cell, escape
from vienna_cli.watch.queue import Row
from vienna_kernel.decision.hint import denied_by_people

_MOST = 2000
_TAIL = 4

type Judge = Callable[[str], str]
"""What is wrong with an answer, or empty."""


@dataclass(frozen=True, slots=True)
class Question:
    """Attributes: ``name``: of the answer, empty: it is only judged; ``beside``: what stands below what is typed."""

    text: str
    name: str
    judge: Judge
    beside: Callable[[str], str] = lambda _: ""


class Asking:
    """Questions on their way. ``then`` is given the answers once all hold."""

    def __init__(self, questions: Sequence[Question], then: Callable[[Mapping[str, str]], None]) -> None:
        self._rest = list(questions)
        self._then = then
        self._answers: dict[str, str] = {}
        self.typed = ""
        self.problem = ""

    @property
    def question(self) -> Question:
        return self._rest[0]

    def lines(self) -> list[str]:
        """The question with what was typed, and what is said of it; escaped."""
        beside = self.problem or self.question.beside(self.typed)
        return [escape(f"{self.question.text}: {self.typed}"), escape(beside)]

    def key(self, key: str) -> bool:
        """Take a key; whether there is nothing more to ask."""
        self.problem = ""
        if key == "enter":
            return self._answered()
        if key == "backspace":
            self.typed = self.typed[:-1]
        elif key == "ctrl-u":
            self.typed = ""
        elif len(key) == 1 and len(self.typed) < _MOST:
            self.typed += key
        return False

    def _answered(self) -> bool:
        answer = self.typed.strip()
        self.problem = self.question.judge(answer)
        if self.problem:
            return False
        if self.question.name and answer:
            self._answers[self.question.name] = answer
        self._rest.pop(0)
        self.typed = ""
        if self._rest:
            return False
        self._then(self._answers)
        return True


def for_yes(row: Row) -> list[Question]:
    """What agreeing takes: above T1 it takes a look at the target; then whatever the tier asks for."""
    asked = []
    if row["risk_tier"] not in ("T0", "T1"):
        tail = str(row["target"])[-_TAIL:]
        text = f"The last {_TAIL} characters of {cell(row['target'])}"
        wrong = "these are not its last characters; Esc leaves"
        asked.append(Question(text, "", lambda typed: "" if typed == tail.strip() else wrong))
    if row.get("mfa"):
        asked.append(Question("Your code (passkeys: in the console)", "otp", _needed))
    if row.get("justification"):
        asked.append(Question("Why it is right", "justification", _needed))
    if row.get("rollback_plan"):
        asked.append(Question("How it is undone (empty: somebody else tells)", "rollback_plan", lambda _: ""))
    return asked


def for_no() -> list[Question]:
    """A reason, and what the agent makes of it."""
    text = "Reason"
    return [Question(text, "reason", _needed, lambda typed: f"The agent reads: {denied_by_people(typed)}")]


def for_less(approval: Mapping[str, Any]) -> list[Question]:
    """Which parameter is lowered to what."""
    names = ((approval["shown"].get("request") or {}).get("writable")) or []
    text = f"Lower to (name=value; {', '.join(map(str, names)) or 'nothing of it can be lowered'})"

    def judge(typed: str) -> str:
        name, sign, value = typed.partition("=")
        return "" if name.strip() and sign and value.strip() else "expected name=value; Esc leaves"

    return [Question(text, "wanted", judge)]


def _needed(typed: str) -> str:
    return "" if typed else "it is needed; Esc leaves"
