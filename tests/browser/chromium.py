"""The browser that the system has: Playwright drives whatever Chromium is installed."""

from __future__ import annotations

import os
import shutil

from playwright.sync_api import Browser, Playwright

MISSING = "no Chromium is installed here (apt-get install chromium)"


def found() -> str | None:
    """Path of its program, if there is one."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


def launch(playwright: Playwright) -> Browser:
    """Start it; as root without its sandbox. Errors: ``FileNotFoundError``."""
    if (path := found()) is None:
        raise FileNotFoundError(MISSING)
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    return playwright.chromium.launch(executable_path=path, args=arguments)
