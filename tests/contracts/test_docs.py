"""The pages are true: links lead somewhere, commands exist, every setting is told, and no more are told than exist."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from pathlib import Path
from typing import get_args

import pytest
import yaml
from pydantic import BaseModel
from typer.main import get_command

from vienna_cli.main import tree
from vienna_control.config import BootstrapConfig, ControlConfig
from vienna_kernel.document import parse
from vienna_kernel.mapping.answered import VerifyModel
from vienna_kernel.mapping.asked import Match, ParamModel
from vienna_kernel.mapping.cases import run_cases
from vienna_kernel.mapping.document import ActionModel
from vienna_kernel.mapping.reading import MappingSet
from vienna_kernel.settings import TelemetryConfig
from vienna_proxy.config import GateConfig

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
COMMAND = re.compile(r"(?:\./vienna|(?<=`)vienna) ([a-z][a-z-]*(?: [a-z][a-z-]*)?)")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text()):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        place = (page.parent / path).resolve() if path else page
        assert place.exists(), f"{target} is not there"
        assert not anchor or anchor in anchors(place), f"{target}: no such heading"


def test_every_page_is_linked_from_another() -> None:
    linked = {
        (page.parent / target.partition("#")[0]).resolve()
        for page in PAGES
        for target in LINK.findall(page.read_text())
        if not target.startswith("http")
    }
    assert [name(page) for page in PAGES if page not in linked and page.name != "README.md"] == []


def test_every_command_that_is_told_exists() -> None:
    top = get_command(tree(None))
    told = {found for page in PAGES for found in COMMAND.findall(page.read_text())}
    missing = []
    for words in sorted(told):
        noun, _, verb = words.partition(" ")
        command = top.commands.get(noun)
        verbs = getattr(command, "commands", None)
        if command is None or (verb and verbs is not None and verb not in verbs):
            missing.append(words)
    assert missing == []


def keys(model: type[BaseModel], prefix: str) -> set[str]:
    """Dotted names of every field; of a list of models, its field names are told in prose."""
    found: set[str] = set()
    for field, info in model.model_fields.items():
        kind = info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found |= keys(kind, f"{prefix}{field}.")
        else:
            found.add(f"{prefix}{field}")
    return found


def test_every_setting_is_told_and_no_other() -> None:
    text = (ROOT / "docs" / "settings.md").read_text()
    told = set(re.findall(r"^\| `((?:control|gate|bootstrap|telemetry)\.[a-z0-9_.]+)`", text, re.MULTILINE))
    real = keys(ControlConfig, "control.") | keys(GateConfig, "gate.") | keys(BootstrapConfig, "bootstrap.")
    real |= keys(TelemetryConfig, "telemetry.")
    assert told == real
    for field in BootstrapConfig.model_fields.values():
        for kind in get_args(field.annotation):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                assert [key for key in kind.model_fields if f"`{key}`" not in text] == []


def test_alert_rules_name_only_metrics_and_labels_that_are_told() -> None:
    page = (ROOT / "docs" / "metrics.md").read_text()
    told = dict(re.findall(r"^\| `(vienna_\w+)` \| \w+ \| ([^|]*)\|", page, re.MULTILINE))
    rules = yaml.safe_load((ROOT / "docs" / "prometheus-rules.yaml").read_text())
    found = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    used = [one for expr in found for one in re.findall(r"(vienna_\w+)(?:\{(\w+)=)?", expr)]
    assert used
    for metric, label in used:
        name = re.sub(r"_(total|bucket)$", "", metric)
        assert name in told, name
        assert not label or f"`{label}`" in told[name], (name, label)


def test_every_environment_variable_is_told() -> None:
    text = (ROOT / "docs" / "settings.md").read_text()
    sources = [
        ROOT / "control/vienna_control/config.py",
        ROOT / "control/vienna_control/origins.py",
        ROOT / "control/vienna_control/unsafe.py",
        ROOT / "proxy/vienna_proxy/config.py",
        ROOT / "vienna",
    ]
    read = {
        found for path in sources for found in re.findall(r"VIENNA_[A-Z_]+|[A-Z]+_URL\b", path.read_text())
    }
    inner = {"VIENNA_BUILD_PYTHON"}
    assert sorted(one for one in read - inner if one not in text) == []


def test_no_page_tells_to_install_a_name_that_is_not_ours() -> None:
    assert [name(page) for page in PAGES if re.search(r"pip install (?!-)", page.read_text())] == []


def test_the_changelog_keeps_its_form() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    assert re.search(r"^## (Unreleased|\d+\.\d+\.\d+)", text, re.MULTILINE)
    heads = set(re.findall(r"^### (.+)$", text, re.MULTILINE))
    assert heads <= {"Security", "Added", "Changed", "Deprecated", "Removed", "Fixed"}


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text()
    assert [p.name for p in folder.glob("[0-9]*.md") if f"({p.name})" not in index] == []


def test_the_mapping_of_the_format_page_is_one_and_does_what_its_cases_say() -> None:
    mapping, live, cases = re.findall(
        r"```yaml\n(.*?)```", (ROOT / "docs/mapping-format.md").read_text(), re.DOTALL
    )
    mappings = MappingSet.compile([parse(mapping, name="shop.yaml"), parse(live, name="live.yaml")])
    assert [result.problems for result in run_cases(parse(cases, name="shop_cases.yaml"), mappings)] == [
        (),
        (),
    ]


def test_every_word_of_the_format_is_told() -> None:
    page = (ROOT / "docs/mapping-format.md").read_text()
    models = (ActionModel, Match, ParamModel, VerifyModel)
    words = {field.alias or key for model in models for key, field in model.model_fields.items()}
    untold = {"description", "tests", "value", "prefix"}
    assert sorted(word for word in words - untold if not re.search(rf"\b{word}\b", page)) == []


def test_every_shipped_mapping_is_told() -> None:
    told = re.findall(r"`([a-z_*]+)`", (ROOT / "docs/mapped-apis.md").read_text())
    files = [
        path.stem for path in (ROOT / "policies/mappings").glob("*.yaml") if not path.stem.endswith("_cases")
    ]
    assert [file for file in files if not any(fnmatch(file, name) for name in told)] == []
