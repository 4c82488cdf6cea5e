"""The five things that can become of a call, and what somebody sees of each who ran the client."""

from __future__ import annotations

import re

from clients.table import Client
from clients.world import Run, World
from harness.vienna import until

_DENIED = "frozen until the audit. Do not retry this call. Ask your user, or ask for something else."
_PENDING = (
    "people have to agree before this may leave, and they are being asked. "
    "Wait, or send the identical request again later; a changed one starts anew."
)
_BEGINNING = 22  # characters, enough to tell why
_RAISED = re.compile(r"^(?:[\w.]+\.)?(\w+): ", re.MULTILINE)
_LAST_WORDS = 60

COLUMNS = ("allowed", "denied", "held, then approved", "held too long", "approved after it hung up")


def outcomes(world: World, client: Client) -> list[str]:
    """A cell for each of the columns. Errors: ``AssertionError`` when something happened that may never happen.

    What waits waits while the others run, longer than till the first sign of life.
    """
    waiting = world.start(client, f"approved{client.slug}")
    leaving = world.start(client, f"hungup{client.slug}", more=client.gives_up)
    allowed = world.start(client, f"allowed{client.slug}")
    denied = world.start(client, f"denied{client.slug}")
    waits = world.asked_about(f"approved{client.slug}")
    left = world.asked_about(f"hungup{client.slug}")
    overdue = world.start(client, f"overdue{client.slug}", gate="hasty")
    cells = {
        "allowed": _answered(world, client, f"allowed{client.slug}", allowed),
        "denied": _refused(world, client, f"denied{client.slug}", denied, _DENIED),
        "held too long": _refused(world, client, f"overdue{client.slug}", overdue, _PENDING),
    }
    world.approve(waits)
    cells["held, then approved"] = _answered(world, client, f"approved{client.slug}", waiting)
    cells["approved after it hung up"] = _left(world, client, leaving, left)
    return [cells[column] for column in COLUMNS]


def _answered(world: World, client: Client, what: str, run: Run) -> str:
    code = run.ended()
    assert (code, world.sent(client, what)) == (0, 1), run.said
    return "its answer" + _tries(world, client, what)


def _left(world: World, client: Client, run: Run, approval: str) -> str:
    """It is gone before people agree, and finds its place when it comes again."""
    what = f"hungup{client.slug}"
    if not client.gives_up:
        run.stop()
    until(f"{what} to hang up", lambda: world.tries(client, what))
    assert world.sent(client, what) == 0
    world.approve(approval)
    again = run if client.gives_up else world.start(client, what)
    assert (again.ended(), world.sent(client, what)) == (0, 1), again.said
    return "its answer, by itself" if client.gives_up else "its answer"


def _refused(world: World, client: Client, what: str, run: Run, sentence: str) -> str:
    if client.asks_again and sentence == _PENDING:
        until(f"{client.name} to wait", lambda: client.asks_again in run.said, seconds=60)
        run.stop()
        ending = f"“{client.asks_again}”"
    else:
        code = run.ended()
        assert code != 0, f"{client.name} takes a no for an answer: {run.said}"
        ending = f"`{_kind(run.said) or f'exit {code}'}`"
    assert world.sent(client, what) == 0
    return f"{ending}, {_shown(run.said, what, sentence)}" + _tries(world, client, what)


def _kind(said: str) -> str | None:
    """The class of the exception that a script ended with."""
    _, traceback, rest = said.rpartition("Traceback (most recent call last):")
    raised = _RAISED.findall(rest) if traceback else []
    return raised[-1] if raised else None


def _shown(said: str, what: str, sentence: str) -> str:
    """How much of why is to be read, or else the client's own last words."""
    plain = re.sub(r"""[\\"']""", "", " ".join(said.split()))
    if sentence in plain:
        return "the sentence"
    if sentence[:_BEGINNING] in plain:
        return "its beginning"
    words = said.strip().splitlines()[-1].replace(what, "NAME")
    return f"not why: “{words[:_LAST_WORDS]}”"


def _tries(world: World, client: Client, what: str) -> str:
    count = until(f"{what} to be logged", lambda: world.tries(client, what))  # which is after it was answered
    return "" if count == 1 else f", {count} tries"
