"""A page: path, template, and the function that gathers what it shows. Declared once, beside that function."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal

from vienna_control.console.visit import Visit

__all__ = ["Gather", "Page", "page", "pages_of"]

type Gather = Callable[[Visit], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Page:
    """A declaration.

    Attributes:
        path: Under ``/console``, with ``{name}`` parameters.
        template: Its file in ``templates``.
        area: The entry of the navigation that it belongs to; empty: none.
        public: Shown to whoever comes: login and set-up. Who has a session is known there too.
        preview: Made of JSON that is sent to it (``POST``): it shows what something would be, and changes nothing.
    """

    path: str
    template: str
    area: str
    gather: Gather
    public: bool
    preview: bool

    @property
    def method(self) -> Literal["GET", "POST"]:
        return "POST" if self.preview else "GET"


def page(
    path: str, template: str, *, area: str = "", public: bool = False, preview: bool = False
) -> Callable[[Gather], Gather]:
    """Declare ``async (visit: Visit) -> dict``: what the template is given."""

    def declare(gather: Gather) -> Gather:
        declared = Page(path, template, area, gather, public, preview)
        gather.__page__ = declared  # type: ignore[attr-defined]  # found again by pages_of
        return gather

    return declare


def pages_of(module: ModuleType) -> list[Page]:
    """Every page that a module declares itself, in order."""
    found = (getattr(value, "__page__", None) for value in vars(module).values())
    return [one for one in found if isinstance(one, Page) and one.gather.__module__ == module.__name__]
