"""The console: pages for people, made here of what the API answers.

1. A page reads through the API's own routes (``api/inside``) and changes nothing: every change is sent by the browser
   to ``/api/v1`` as anybody else would send it. The console has no power of its own.
2. Whatever is shown is text, in ``templates`` by ``render``: never markup, and with nothing in it that cannot be seen.
3. Nothing is loaded from elsewhere, nothing is evaluated: see ``PAGE_POLICY``.

Order: ``visit`` (who looks, and what may be asked), ``page`` (declarations), ``render``, ``assets``, ``site`` (where
all of it is mounted), ``screens`` (a module for each area).
"""

from __future__ import annotations

from vienna_control.console.page import Page
from vienna_control.console.site import mount, pages

__all__ = ["Page", "mount", "pages"]
