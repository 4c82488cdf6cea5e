"""Nothing of the console is left unseen: every page has a screen that pictures are taken of."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import defaultdict
from pathlib import Path

import pytest

from browser.screens import SCREENS
from vienna_control.console import Page, pages

VENDOR = Path(__file__).with_name("vendor")
SHOWN = [one for one in pages() if not one.preview]


@pytest.mark.parametrize("declared", SHOWN, ids=lambda declared: declared.path)
def test_every_page_is_pictured(declared: Page) -> None:
    places = [re.sub(r"\{[^}]*\}", "{}", screen.path.partition("?")[0]) for screen in SCREENS]
    assert re.sub(r"\{[^}]*\}", "{}", declared.path) in places


def test_no_two_screens_are_called_the_same_and_every_path_can_be_filled() -> None:
    assert len({screen.name for screen in SCREENS}) == len(SCREENS)
    for screen in SCREENS:
        assert screen.path.format_map(defaultdict(str, one="1")).startswith("/")


def test_what_judges_the_pages_is_what_was_published() -> None:
    for name, told in json.loads((VENDOR / "manifest.json").read_text()).items():
        digest = hashlib.sha384((VENDOR / name).read_bytes()).digest()
        assert told["sha384"] == f"sha384-{base64.b64encode(digest).decode()}"
