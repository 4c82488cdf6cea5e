"""The ways to look at a screen, what was seen and complained of, and the page that shows all of it."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from typing import Literal

from browser.screens import Screen


@dataclass(frozen=True, slots=True)
class Look:
    """One way to look at a page."""

    theme: Literal["light", "dark"]
    name: str
    width: int
    height: int

    @property
    def phone(self) -> bool:
        return self.width < 600

    @property
    def judged(self) -> bool:
        """Whether axe looks too: what a phone is shown differs by theme in colours only, and wide it has them all."""
        return not (self.phone and self.theme == "dark")

    def __str__(self) -> str:
        return f"{self.theme}-{self.name}"


LOOKS = tuple(
    Look(theme, name, width, height)
    for name, width, height in (("wide", 1440, 900), ("phone", 360, 780))
    for theme in ("light", "dark")
)


@dataclass
class Shot:
    """A screen as seen one way: its pictures, and what was complained of."""

    screen: Screen
    look: Look
    pictures: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


def tell(screen: Screen, shots: list[Shot]) -> None:
    """Each complaint once, with the ways to look that have it."""
    found: dict[str, list[str]] = {}
    for shot in shots:
        for one in dict.fromkeys(shot.complaints):
            found.setdefault(one, []).append(str(shot.look))
    for one, looks in found.items():
        print(f"{screen.name} [{' '.join(looks) if len(looks) < len(LOOKS) else 'all'}] {one}", flush=True)


def album(shots: list[Shot]) -> str:
    """All of them on one page, a row for each screen."""
    rows = []
    for screen in dict.fromkeys(shot.screen for shot in shots):
        cells = "".join(_cell(shot) for shot in shots if shot.screen == screen)
        title = html.escape(f"{screen.name} · /console{screen.path} · {screen.who or 'nobody'}")
        rows.append(f'<h2 id="{screen.name}">{title}</h2><div class="row">{cells}</div>')
    style = (
        "body{font:14px system-ui;margin:1rem;background:#888}.row{display:flex;gap:1rem;align-items:start;"
        "overflow-x:auto}img{max-height:70vh;max-width:44vw;border:1px solid #444}figure{margin:0}"
        "figcaption{max-width:44vw}li{color:#700}"
    )
    return (
        "<!doctype html><meta charset=utf-8><title>Screens of the console</title>"
        f"<style>{style}</style>{''.join(rows)}"
    )


def _cell(shot: Shot) -> str:
    complaints = "".join(f"<li>{html.escape(one)}</li>" for one in shot.complaints)
    links = [f'<a href="{name}">{name}</a>' for name in shot.pictures]
    picture = f'<a href="{shot.pictures[-1]}"><img src="{shot.pictures[0]}"></a>' if shot.pictures else ""
    return f"<figure>{picture}<figcaption>{' · '.join(links)}<ul>{complaints}</ul></figcaption></figure>"
