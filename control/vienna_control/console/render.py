"""Templates, and how values look in them.

1. Every value is text: Jinja2 escapes it, and what cannot be seen is written out (``_finalize``), whichever template it
   stands in.
2. A missing name is a fault, not an empty place (``StrictUndefined``).
3. A part of a page is the block that has the name of the element's id. Every template sees the macros of ``kit``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

import orjson
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from vienna_control.clock import from_iso
from vienna_control.console.assets import ASSETS
from vienna_control.version import VERSION

__all__ = ["environment", "render", "shown"]

_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_DRAWN_AS_NOTHING = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_WRITTEN_OUT = re.compile(r"⟨U\+[0-9A-F]{4,6}⟩")
_FIRST_WORD = re.compile(r"[a-z]+(?=[ ,;:]|\Z)")
_INSTANT = re.compile(r"\b(20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?Z)")
LONG = 240
"""Characters of one value that are shown at first."""


def render(template: str, told: Mapping[str, Any], *, fragment: str = "") -> str:
    """A page; or, where the template has a block of that name, only this part of it."""
    found = environment().get_template(template)
    block = found.blocks.get(fragment.replace("-", "_")) if fragment else None
    if block is None:
        return found.render(told)
    return "".join(block(found.new_context(dict(told))))


@cache
def environment() -> Environment:
    """The one environment of all templates."""
    made = Environment(
        loader=PackageLoader("vienna_control.console"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals.update(asset=ASSETS.address, version=VERSION, navigation=NAVIGATION, icons=ICONS)
    made.filters.update(
        when=when,
        day=day,
        ago_only=ago_only,
        clock=clock,
        countdown=countdown,
        shown=shown,
        sentence=sentence,
        exact=exact,
        json=as_json,
        long=long,
        plural=plural,
    )
    made.globals["kit"] = made.get_template("kit.html").module
    return made


def shown(text: str, *, lines: bool = False) -> Markup:
    """Text with what cannot be seen written out, and marked as not being part of it; never inside an attribute."""
    if text.isascii() and text.isprintable():
        return escape(text)
    written = str(escape(_written_out(text, kept="\n\t" if lines else "")))
    marked = _WRITTEN_OUT.sub(lambda match: f'<span class="unseen">{match[0]}</span>', written)
    return Markup(marked)  # noqa: S704  # escaped two lines above; the marks are ours


def sentence(text: str, name: str = "") -> Markup:
    """Words of ours as ``shown``: with a capital letter, unless they begin with a name, and instants as ``when``."""
    first = _FIRST_WORD.match(text)
    if first and first[0] != name:
        text = text[0].upper() + text[1:]
    parts = _INSTANT.split(text)
    return Markup("").join(_instant(part) if at % 2 else shown(part) for at, part in enumerate(parts))


def _instant(text: str) -> Markup:
    try:
        return when(text)
    except ValueError:  # it only looked like one
        return shown(text)


def exact(text: Any) -> Markup:
    """Text as it is, escaped: for what is edited and sent back, and so may not be changed by being shown."""
    return escape("" if text is None else str(text))


def _written_out(text: str, *, kept: str) -> str:
    return "".join(char if char in kept or not _unseen(char) else f"⟨U+{ord(char):04X}⟩" for char in text)


def _unseen(char: str) -> bool:
    return unicodedata.category(char) in _UNSEEN or char in _DRAWN_AS_NOTHING


def _finalize(value: Any) -> Any:
    """What ``{{ }}`` prints, to be escaped after this: texts with what cannot be seen written out; nothing for None.

    It may stand in an attribute, so it adds no markup.
    """
    if value is None:
        return ""
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return value if value.isascii() and value.isprintable() else _written_out(value, kept="")
    return value


def when(at: str | datetime | None, style: str = "both") -> Markup:
    """An instant: absolute here, in the reader's zone and with how long ago once ``time.js`` sees it."""
    if not at:
        return Markup("<span class=soft>–</span>")
    instant = from_iso(at) if isinstance(at, str) else at
    return Markup('<time datetime="{}" data-show="{}">{} UTC</time>').format(
        instant.isoformat().replace("+00:00", "Z"), style, f"{instant:%Y-%m-%d %H:%M:%S}"
    )


def day(at: str | datetime | None) -> Markup:
    """Its date alone."""
    return when(at, "day")


def ago_only(at: str | datetime | None) -> Markup:
    """How long ago; the absolute instant on hover."""
    return when(at, "ago")


def clock(at: str | datetime | None) -> Markup:
    """The time of the day, with its date where it is another one."""
    return when(at, "clock")


def countdown(at: str | None) -> Markup:
    """How long until then, counting."""
    return when(at, "left")


def as_json(data: Any) -> str:
    """JSON for people: indented, keys in their order."""
    return orjson.dumps(data, option=orjson.OPT_INDENT_2).decode()


def long(text: str, most: int = LONG) -> tuple[str, str]:
    """A text as what is shown at first, and the rest."""
    return text[:most], text[most:]


def plural(count: int, one: str, many: str = "") -> str:
    """``3 gates``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


NAVIGATION: tuple[tuple[str, tuple[tuple[str, str, str, str], ...]], ...] = (
    (
        "Decide",
        (
            ("inbox", "Inbox", "/console/", "i"),
            ("alerts", "Alerts", "/console/alerts", "l"),
        ),
    ),
    (
        "Watch",
        (
            ("traffic", "Traffic", "/console/traffic", "t"),
            ("fleet", "Fleet", "/console/fleet", "f"),
            ("warrants", "Warrants", "/console/warrants", "w"),
            ("audit", "Audit", "/console/audit", "a"),
        ),
    ),
    (
        "Rule",
        (
            ("policies", "Policies", "/console/policies", "p"),
            ("standing", "Standing", "/console/standing", "n"),
            ("mappings", "Mappings", "/console/mappings", "m"),
        ),
    ),
    (
        "Run",
        (
            ("integrations", "Integrations", "/console/integrations", "c"),
            ("reports", "Reports", "/console/reports", "r"),
            ("settings", "Settings", "/console/settings", "s"),
            ("doctor", "Doctor", "/console/doctor", "d"),
        ),
    ),
)
"""Groups of areas: name, title, address, and the key after ``g``."""

ICONS: Mapping[str, str] = {
    "inbox": "M3 13h5l1.5 3h5L16 13h5M5 5h14l2 8v5a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1v-5z",
    "alerts": "M12 4a6 6 0 0 0-6 6c0 6-2 7-2 7h16s-2-1-2-7a6 6 0 0 0-6-6M10.3 20.5a2 2 0 0 0 3.4 0",
    "traffic": "M3 12h4l3-8 4 16 3-8h4",
    "fleet": "M12 3l8 4.5v9L12 21l-8-4.5v-9zM4 7.5l8 4.5 8-4.5M12 12v9",
    "warrants": "M15 7a4 4 0 1 1-3.5 6L5 19.5 3.5 18m3-2 2 2M15 9.5v.01",
    "audit": "M9 6h11M9 12h11M9 18h11M4.5 6v.01M4.5 12v.01M4.5 18v.01",
    "policies": "M12 3l7 3v5c0 5-3 8-7 10-4-2-7-5-7-10V6zM9 12l2 2 4-4",
    "standing": "M5 12a7 7 0 0 1 12-5l2 2M19 5v4h-4M19 12a7 7 0 0 1-12 5l-2-2M5 19v-4h4",
    "mappings": "M6 5v8a4 4 0 0 0 4 4h8M6 5L3.5 7.5M6 5l2.5 2.5M18 17l-2.5-2.5M18 17l-2.5 2.5",
    "integrations": "M9 3v5M15 3v5M6 8h12v3a6 6 0 0 1-12 0zM12 17v4",
    "reports": "M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6",
    "settings": "M4 7h9M17 7h3M4 12h3M11 12h9M4 17h9M17 17h3M15 5v4M9 10v4M15 15v4",
    "doctor": "M3 12h4l2-4 3 8 2.5-6 1.5 2h5",
    "search": "M11 4a7 7 0 1 1 0 14 7 7 0 0 1 0-14M16 16l4.5 4.5",
    "theme": "M12 3a9 9 0 1 0 9 9 7 7 0 0 1-9-9",
    "more": "M5 12v.01M12 12v.01M19 12v.01",
    "copy": "M9 9h11v11H9zM5 15H4V4h11v1",
    "stop": "M8 3h8l5 5v8l-5 5H8l-5-5V8z",
}
"""Paths on a 24 by 24 field, drawn with a line."""
