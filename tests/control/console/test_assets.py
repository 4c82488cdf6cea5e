"""Files of the console: all there, what others wrote unchanged, and in no template what the policy forbids."""

from __future__ import annotations

import ast
import re
import shutil
from pathlib import Path

import pytest

import vienna_control.console as console
from planes import Control
from vienna_control.console.assets import ASSETS, Assets
from vienna_control.ports import StartError

FOLDER = Path(console.__file__).parent
TEMPLATES = sorted((FOLDER / "templates").glob("*.html"))
SCRIPTS = sorted((FOLDER / "static" / "js").glob("*.js"))


async def test_a_file_is_kept_for_ever_under_an_address_of_its_content(control: Control) -> None:
    status, body, response = await control.ask("GET", ASSETS.address("css/app.css"))
    assert (status, body) == (200, (FOLDER / "static" / "css" / "app.css").read_bytes())
    assert "immutable" in response.headers["Cache-Control"]
    stray = f"/console/static/{ASSETS.version}/%2e%2e/%2e%2e/site.py"
    assert (await control.ask("GET", stray, key="ada"))[0] == 404


def test_a_vendored_file_that_was_changed_stops_the_start(tmp_path: Path) -> None:
    shutil.copytree(FOLDER / "static", tmp_path / "static")
    assert Assets(tmp_path / "static").version == ASSETS.version
    vendored = tmp_path / "static" / "vendor" / "htmx.min.js"
    vendored.write_bytes(vendored.read_bytes() + b" ")
    with pytest.raises(StartError, match=r"vendor/htmx\.min\.js is not the file"):
        Assets(tmp_path / "static")


def test_a_vendored_file_that_nobody_named_stops_the_start(tmp_path: Path) -> None:
    shutil.copytree(FOLDER / "static", tmp_path / "static")
    (tmp_path / "static" / "vendor" / "more.js").write_text("1")
    with pytest.raises(StartError, match=r"vendor/more\.js"):
        Assets(tmp_path / "static")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_what_the_policy_would_refuse(template: Path) -> None:
    text = template.read_text()
    assert not re.search(r"\sstyle\s*=", text), "inline style"
    assert not re.search(r"\son(?!e\b|ly\b)[a-z]+\s*=|hx-on", text), "inline handler"
    assert not re.search(r"<script(?![^>]*\bsrc=)", text), "inline script"
    assert not re.search(r"\|\s*safe\b|Markup\(", text), "unescaped text"
    assert not re.search(r"hx-trigger=\"[^\"]*\[", text), "a filter that would be evaluated"
    assert not re.search(r"(src|href|action)=\"(https?:)?//", text), "something from elsewhere"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_no_script_makes_markup_of_text_or_evaluates_it(script: Path) -> None:
    text = script.read_text()
    forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setHTMLUnsafe"
    assert not re.search(forbidden, text)


def test_the_page_listens_to_every_event_that_is_told() -> None:
    listed = set(re.findall(r'"([a-z_]+)"', (FOLDER / "static/js/live.js").read_text().split("];")[0]))
    told = set()
    for path in FOLDER.parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            is_told = (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "publish"
            )
            if (
                is_told
                and node.args
                and isinstance(node.args[0], ast.Constant)
                and isinstance(node.args[0].value, str)
            ):
                told.add(node.args[0].value)
    assert {name for name in told if not name.startswith("_")} <= listed
