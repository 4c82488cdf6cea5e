"""What somebody at the terminal looks at, and what each key does.

1. Consent is to what stands on the screen: a vote carries its digest, and what is asked otherwise meanwhile ends what
   was being typed.
2. One key agrees at T1 only. Above it the facts are opened first, and questions are asked.
3. What comes in one burst was pasted, or typed before the screen was drawn: of it only movements count.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from vienna_cli.output import cell, escape
from vienna_cli.standing import given
from vienna_cli.watch.desk import Desk, NotDoneError
from vienna_cli.watch.feed import Ended, Listed, News, Trouble
from vienna_cli.watch.question import Asking, for_less, for_no, for_yes
from vienna_cli.watch.queue import Queue, Row

UNDO = timedelta(seconds=3)
"""How long a yes at T1 waits for a second thought, while no agent waits for it."""

_STEPS = {"j": 1, "down": 1, "k": -1, "up": -1, "pgdn": 10, " ": 10, "pgup": -10, "g": -(10**6), "G": 10**6}
_STEPS |= {"home": _STEPS["g"], "end": _STEPS["G"]}
_ONE_KEY = ("T0", "T1")


@dataclass(slots=True)
class Page:
    """One approval, open.

    Attributes:
        wanted: Parameters that are lowered in what is shown; empty: as it was asked.
        whole: Values are not cut.
    """

    approval: dict[str, Any]
    top: int = 0
    whole: bool = False
    wanted: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Soon:
    """A yes that is sent at an instant, unless it is taken back."""

    at: datetime
    row: Row


class View:
    """Attributes: ``said``: the last thing that happened; ``trouble``: why nothing is known; ``over``: it was left.

    ``legible``: what is under the cursor can be read in full; ``rings``: something new came.
    """

    def __init__(self, desk: Desk) -> None:
        self.queue = Queue()
        self.page: Page | None = None
        self.asking: Asking | None = None
        self.soon: Soon | None = None
        self.said = ""
        self.trouble = ""
        self.begun = False
        self.over = False
        self.rings = False
        self.legible = False
        self._desk = desk

    def news(self, news: News) -> None:
        """Something came from the control plane. Raises its refusal of whoever asks."""
        match news:
            case Ended(approval_id, status):
                self.queue.ended(approval_id, status)
            case Trouble(why, final):
                if final is not None:
                    raise final
                self.trouble = escape(why)
            case Listed(rows, touched):
                self._listed(rows, touched)

    def _listed(self, rows: Sequence[Row], touched: frozenset[str]) -> None:
        self.said = "connected again" if self.trouble else self.said
        self.trouble = ""
        for words, row in self.queue.take(rows):
            self.rings = self.rings or (words == "new" and self.begun)
            self.said = f"{cell(words)}: {cell(row.get('sentence'))}" if self.begun else ""
            touched |= {row["approval_id"]}
        self.begun = True
        if self.page and (self.page.approval["approval_id"] in touched or "" in touched):
            self._again(self.page)

    def _again(self, page: Page) -> None:
        """Read the open one anew. What was lowered but not agreed to stays, unless something else is asked now."""
        fresh = self._done(lambda: self._desk.read(page.approval["approval_id"]))
        if fresh is None:
            return
        otherwise = fresh["shown_digest"] != page.approval.get("asked_digest", page.approval["shown_digest"])
        if fresh["status"] != "pending" or otherwise:
            self.asking = None
            self.said = (
                "what is asked has changed: read it again" if otherwise else f"it is {cell(fresh['status'])}"
            )
        if page.wanted is None or fresh["status"] != "pending" or otherwise:
            self.page = Page(fresh, page.top, page.whole)

    def tick(self, now: datetime) -> None:
        """Send what nobody took back."""
        if self.soon and now >= self.soon.at:
            self._send_soon()

    def _send_soon(self) -> None:
        if self.soon:
            row, self.soon = self.soon.row, None
            self._tell(lambda: self._desk.approve(row, {}))

    def keys(self, keys: Sequence[str], now: datetime) -> None:
        """What came at once."""
        *before, last = [*keys] or [""]
        for key in before:
            if self.asking is not None:
                self._key(" " if key == "enter" else key, now)
            elif key in _STEPS:
                self._key(key, now)
        if not before or self.asking is not None or last in _STEPS:
            self._key(last, now)

    def _key(self, key: str, now: datetime) -> None:
        if self.asking is not None:
            asking = self.asking
            if key == "esc":
                self.asking, self.said = None, "left; nothing was sent"
            elif asking.key(key) and self.asking is asking:
                self.asking = None
        elif self.soon and key == "u":
            self.soon, self.said = None, "taken back; nothing was sent"
        elif key in _STEPS:
            self._step(_STEPS[key])
        elif key in ("q", "esc", "left", "backspace"):
            self._leave(key)
        elif (row := self._row()) is not None:
            self._act(key, row, now)

    def _row(self) -> Row | None:
        return self.page.approval if self.page else self.queue.current

    def _step(self, by: int) -> None:
        if self.page:
            self.page.top = max(0, self.page.top + by)
        else:
            self.queue.move(by)

    def _leave(self, key: str) -> None:
        if self.page:
            self.page, self.said = None, ""
        elif key == "q":
            self._send_soon()
            self.over = True

    def _act(self, key: str, row: Row, now: datetime) -> None:
        if key in ("enter", "right", "l", "s"):
            self._open(row)
        elif key == "x" and self.page:
            self.page.whole = not self.page.whole
        elif key in ("a", "d", "n", "c", "r"):
            if row["status"] != "pending":
                self.said = f"it is {cell(row['status'])}"
            elif key == "c":
                self._tell(lambda: self._desk.claim(row))
            elif key == "r":
                self._tell(lambda: self._desk.release(row))
            elif row.get("you_may_decide") is False:
                self.said = f"you may not decide it: {cell(row.get('why_not'))}"
            else:
                {"a": self._yes, "d": self._no, "n": self._less}[key](row, now)

    def _open(self, row: Row) -> None:
        if self.page is None and (found := self._done(lambda: self._desk.read(row["approval_id"]))):
            self.page, self.said = Page(found), ""

    def _yes(self, row: Row, now: datetime) -> None:
        self._send_soon()  # the one before: it was meant
        if self.page is None and not (row["risk_tier"] in _ONE_KEY and self.legible):
            self._open(row)
            self.said = "read it, then a agrees"
            return
        wanted = self.page.wanted if self.page else None
        questions = for_yes(row)
        if questions:
            self.asking = Asking(questions, lambda said: self._agree(row, said, wanted))
        elif row.get("agent_waiting") or wanted:
            self._agree(row, {}, wanted)
        else:
            self.soon = Soon(now + UNDO, row)

    def _agree(self, row: Row, said: Mapping[str, str], wanted: Mapping[str, Any] | None) -> None:
        more = {"narrowed": dict(wanted)} if wanted else {}
        self._tell(lambda: self._desk.approve(row, {**said, **more}))

    def _no(self, row: Row, _: datetime) -> None:
        asked = (
            row if not self.page or self.page.wanted is None else {**row, "shown_digest": row["asked_digest"]}
        )
        self.asking = Asking(
            for_no(), lambda said: self._tell(lambda: self._desk.deny(asked, said["reason"]))
        )

    def _less(self, row: Row, _: datetime) -> None:
        self._open(row)
        page = self.page
        if page is not None:
            self.asking = Asking(for_less(page.approval), lambda said: self._lowered(page, said["wanted"]))

    def _lowered(self, page: Page, typed: str) -> None:
        """Show what it would be; agreeing to it is another key."""
        name, _, value = typed.partition("=")
        wanted = {**(page.wanted or {}), name.strip(): given(value.strip())}
        less = self._done(lambda: self._desk.lowered(page.approval, wanted))
        if less is not None:
            asked = page.approval.get("asked_digest", page.approval["shown_digest"])
            approval = {**page.approval, **less, "asked_digest": asked}
            self.page = Page(approval, whole=page.whole, wanted=wanted)
            self.said = "not yet said: a agrees to this instead, Esc leaves it as it was asked"

    def _tell(self, ask: Callable[[], str]) -> None:
        told = self._done(ask)
        self.said = told if told is not None else self.said
        if told is not None and self.page:
            self.page.wanted = None
            self._again(self.page)
            self.said = told

    def _done[T](self, ask: Callable[[], T]) -> T | None:
        try:
            return ask()
        except NotDoneError as error:
            self.said = str(error)
            return None
