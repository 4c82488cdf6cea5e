"""One rule as a text: YAML as it would lie in a file, from and to the stored shape.

1. What is written reads back as the same rule.
2. Reading is the kernel's own: complaints name line, column and field. Comments are not kept with a rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import yaml

from vienna_kernel.document import parse
from vienna_kernel.errors import MalformedError
from vienna_kernel.policy.clock_time import zone
from vienna_kernel.policy.page import read_stored
from vienna_kernel.policy.rule import Rule
from vienna_kernel.value import pack, unpack

__all__ = ["LONGEST", "NAME", "dumped", "judged", "read", "spelled", "stored", "written"]

NAME = "rule"
"""What the text is called in complaints: ``rule:3:5 when[0].operator``."""
_LEFT_OUT: Mapping[str, Any] = {
    "name": "",
    "description": "",
    "priority": 0,
    "enabled": True,
    "shadow": False,
}
LONGEST = 100_000
"""Characters of a rule's text."""


class _Line(dict[str, Any]):
    """An object that is written on one line."""


class _Dumper(yaml.SafeDumper):
    """Decimals as they were written, texts so that the kernel reads them as texts; no references."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    """In quotes where the kernel (YAML 1.2) would read the plain word as something else than PyYAML (1.1) does."""
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=None if _is_plain(value) else '"')


def _is_plain(value: str) -> bool:
    if "\n" in value or not value.isprintable():
        return False
    try:
        return bool(parse(value, name=NAME).data == value)
    except MalformedError:
        return True  # PyYAML quotes what would be no scalar


def _decimal(dumper: yaml.SafeDumper, value: Decimal) -> yaml.Node:
    """With its point: a decimal without one would be marked as such by a tag, which the kernel does not read."""
    written = format(value, "f")
    return dumper.represent_scalar("tag:yaml.org,2002:float", written if "." in written else f"{written}.0")


_Dumper.add_representer(Decimal, _decimal)
_Dumper.add_representer(str, _text)
_Dumper.add_representer(
    _Line,
    lambda dumper, value: dumper.represent_mapping("tag:yaml.org,2002:map", value.items(), flow_style=True),
)


def dumped(data: Mapping[str, Any] | Sequence[Any]) -> str:
    """Plain values as YAML, members in their order."""
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def written(stored: Mapping[str, Any]) -> str:
    """The text of a stored rule."""
    rule: Any = unpack(dict(stored))
    return spelled(rule)


def spelled(rule: Mapping[str, Any]) -> str:
    """The text of a rule's plain values, without what goes without saying; each test on a line."""
    told = {name: value for name, value in rule.items() if name not in _LEFT_OUT or value != _LEFT_OUT[name]}
    if "when" in told:
        told["when"] = _compact(told["when"])
    return dumped(told)


def _compact(node: Any) -> Any:
    if isinstance(node, list):
        return [_compact(one) for one in node]
    if isinstance(node, Mapping):
        return _Line(node) if "field" in node else {word: _compact(members) for word, members in node.items()}
    return node


def judged(text: str) -> Rule:
    """A written rule. Errors: ``MalformedError``; a ``DocumentError`` has every complaint, each with its place."""
    if len(text) > LONGEST:
        raise MalformedError(NAME, f"longer than {LONGEST} characters")
    return read_stored(parse(text, name=NAME), tz=zone("UTC"))


def stored(rule: Rule) -> dict[str, Any]:
    """Its stored shape."""
    packed: dict[str, Any] = pack({"priority": 0, "enabled": True, **rule.data})
    return packed


def read(text: str) -> dict[str, Any]:
    """The stored shape of a written rule. Errors: as ``judged``."""
    return stored(judged(text))
