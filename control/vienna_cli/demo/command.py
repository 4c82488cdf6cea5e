"""``vienna demo``: tells the story and says whether each line of it was really seen."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Sequence
from typing import Annotated

import typer

from vienna_cli.demo import faults, scenes
from vienna_cli.demo.director import Director, Mode
from vienna_cli.demo.scenes import Scene
from vienna_cli.demo.seen import Fact, Seen
from vienna_cli.demo.stage import Stage, staged
from vienna_cli.output import Code, Failure, Format, Printer, escape_lines
from vienna_client import UnreachableError, ViennaError

STORY: Sequence[Scene] = (
    scenes.read,
    scenes.ticket,
    scenes.two_people,
    scenes.ceiling,
    scenes.old_warrant,
    scenes.drift,
    scenes.observe,
    faults.raising,
    faults.stopped,
    faults.back,
    faults.trail,
)


class Narrator:
    """Prints the story as it happens: for people, or one JSON object for each step."""

    def __init__(self, printer: Printer, *, as_json: bool) -> None:
        self.printer = printer
        self.as_json = as_json

    def say(self, text: str, style: str = "") -> None:
        """A line between the scenes; nothing for scripts."""
        if not self.as_json:
            for one in escape_lines(text).split("\n"):
                self.printer.line(one, style)

    def tell(self, seen: Seen) -> None:
        if self.as_json:
            print(json.dumps(seen.to_json(), default=str), flush=True)
            return
        for one in seen.line.split("\n") if seen.line else []:
            self.say(one)
        for failure in seen.failures():
            self.say(f"       not seen: {failure}", "bold red")


def play(stage: Stage, director: Director, narrator: Narrator) -> list[Seen]:
    """Every scene in order. One that cannot be played is told as not seen, and the story goes on."""
    told = []
    for scene in STORY:
        try:
            seen = scene(stage, director)
        except (Failure, ViennaError, UnreachableError, KeyError) as error:
            why = f"{type(error).__name__}: {error}" if isinstance(error, KeyError) else str(error)
            seen = Seen(scene.__name__, facts=[Fact("the scene could be played", False, why)])
        narrator.tell(seen)
        told.append(seen)
    return told


def demo(
    auto: Annotated[
        bool, typer.Option("--auto", help="Play every part; exit 0 only if each line was seen to happen.")
    ] = False,
    web: Annotated[bool, typer.Option("--web", help="Approve in the browser.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for each step.")] = False,
) -> None:
    """The story in a minute, on this machine alone.

    No key, no account, no container, no network.
    """
    mode = _mode(auto=auto, web=web, as_json=as_json)
    printer = Printer(Format.TABLE)
    narrator = Narrator(printer, as_json=as_json)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    narrator.say(" starting a control plane, a gate and a toy payments API …")
    begun = time.monotonic()
    with staged() as stage:
        stage.open()
        _introduce(stage, narrator, mode)
        told = play(stage, Director(stage, mode, printer, narrator.say), narrator)
    _conclude(told, narrator, time.monotonic() - begun)


def _mode(*, auto: bool, web: bool, as_json: bool) -> Mode:
    if auto and web:
        raise Failure("--auto plays every part, --web waits for you: give one of them", Code.USAGE)
    if auto or web:
        return Mode.AUTO if auto else Mode.WEB
    if as_json or not sys.stdin.isatty():
        raise Failure("there is no terminal to ask at: give --auto to have every part played", Code.USAGE)
    return Mode.TERMINAL


def _introduce(stage: Stage, narrator: Narrator, mode: Mode) -> None:
    narrator.say(
        f" ✓ control plane {stage.url}   ✓ gate {stage.gate.ready['proxy']}   ✓ toy payments API (HTTPS)",
        "green",
    )
    if mode is not Mode.AUTO:
        link = stage.admin.request("POST", "/auth/links")["url"]
        narrator.say(f" console: {link}   (one-time link, as the admin)")
    narrator.say(f"\n [agent] {stage.agent.clients}, unmodified")


def _conclude(told: Sequence[Seen], narrator: Narrator, seconds: float) -> None:
    missed = [seen.step for seen in told if not seen.ok]
    if narrator.as_json:
        end = {"step": "end", "seen": not missed, "missed": missed, "seconds": round(seconds, 1)}
        print(json.dumps(end), flush=True)
    elif not missed:
        narrator.say(
            f"\n every line was seen to happen, in {seconds:.0f} s; everything is torn down again", "green"
        )
    if missed:
        raise Failure(f"{len(missed)} of {len(told)} steps were not seen: {', '.join(missed)}")


def register(app: typer.Typer) -> None:
    app.command("demo")(demo)
