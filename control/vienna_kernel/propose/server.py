"""Where an API is reached: hosts and base path, from ``servers``, or from ``host``, ``basePath`` and ``schemes``.

A template is filled in: with each listed value of its variable; without a list, ``{region}`` that is a whole label
becomes a ``*`` where a mapping may have one, and anything else its default. A variable of the base path that has
several values stays a variable of the path.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vienna_kernel.mapping.host import ANY, MAX_WILDCARDS
from vienna_kernel.mapping.words import host_pattern

_URL = re.compile(r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):)?(?://(?P<authority>[^/?#]*))?(?P<path>[^?#]*)")
_HOLE = re.compile(r"\{([^{}]*)\}")
_PORT = re.compile(r":[0-9]*\Z")
_MAX_HOSTS = 50
_MAX_SERVERS = 50
_LITERAL = 2  # labels at the end that are no *


@dataclass(frozen=True, slots=True)
class Server:
    """One address.

    Attributes:
        hosts: Lower-case names and ``*.`` wildcards; none where only a path is told.
        base: Path before every path of the description, ``/v1`` or empty; holes are path variables.
        values: Of the holes, the values listed.
        labels: The variables that became a ``*``, in order.
    """

    hosts: tuple[str, ...] = ()
    base: str = ""
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    labels: tuple[str, ...] = ()


def of_servers(servers: Any) -> tuple[Server, ...]:
    """The servers of an OpenAPI 3 object, at most 50; none where it lists none."""
    listed = servers[:_MAX_SERVERS] if isinstance(servers, list) else []
    return tuple(
        _server(item) for item in listed if isinstance(item, Mapping) and isinstance(item.get("url"), str)
    )


def of_swagger(data: Mapping[str, Any]) -> tuple[Server, ...]:
    """The one server of a Swagger 2 document."""
    host, base = data.get("host"), data.get("basePath")
    url = f"//{host}" if isinstance(host, str) and host else ""
    return (_server({"url": url + (base if isinstance(base, str) else "")}),)


def _server(item: Mapping[str, Any]) -> Server:
    found = _URL.match(item["url"].strip())
    authority, path = (found["authority"] or "", found["path"]) if found else ("", "")
    variables = item.get("variables")
    told = (
        {str(name): _values(part) for name, part in variables.items()}
        if isinstance(variables, Mapping)
        else {}
    )
    base, values = _base(path, told)
    if not authority:
        return Server((), base, values)
    place, stars = _starred(authority.rpartition("@")[2].lower(), told)
    hosts = _hosts(place, told)
    return Server(hosts, base, values, stars if hosts else ())


def _starred(authority: str, told: Mapping[str, tuple[str, tuple[str, ...]]]) -> tuple[str, tuple[str, ...]]:
    """The authority with a ``*`` for each label that can be anything, and the variables that those were."""
    labels = authority.split(".")
    names: list[str] = []
    for i, label in enumerate(labels[:-_LITERAL]):
        hole = _HOLE.fullmatch(label)
        if hole and not told.get(hole[1], ("", ()))[1] and len(names) < MAX_WILDCARDS:
            labels[i] = ANY
            names.append(hole[1])
    return ".".join(labels), tuple(names)


def _values(variable: Any) -> tuple[str, tuple[str, ...]]:
    """Default and listed values."""
    node = variable if isinstance(variable, Mapping) else {}
    listed = node.get("enum")
    values = [str(v) for v in listed if isinstance(v, str | int)] if isinstance(listed, list) else []
    default = node.get("default")
    return str(default) if isinstance(default, str | int) else "", tuple(dict.fromkeys(values))


def _hosts(authority: str, told: Mapping[str, tuple[str, tuple[str, ...]]]) -> tuple[str, ...]:
    names = list(dict.fromkeys(_HOLE.findall(authority)))
    options: list[Sequence[str]] = []
    for name in names:
        default, listed = told.get(name, ("", ()))
        options.append(listed or [default])
    found: dict[str, None] = {}
    for values in itertools.islice(itertools.product(*options), _MAX_HOSTS):
        if "" in values:
            continue  # nothing says what stands there
        filled = authority
        for name, value in zip(names, values, strict=True):
            filled = filled.replace(f"{{{name}}}", value)
        try:
            found[host_pattern(_PORT.sub("", filled).lower())] = None
        except ValueError:
            continue
    return tuple(found)


def _base(
    path: str, told: Mapping[str, tuple[str, tuple[str, ...]]]
) -> tuple[str, Mapping[str, tuple[str, ...]]]:
    kept: dict[str, tuple[str, ...]] = {}

    def fill(hole: re.Match[str]) -> str:
        default, listed = told.get(hole[1], ("", ()))
        if len(listed) > 1 and not any("/" in value for value in listed):
            kept[hole[1]] = listed
            return hole[0]
        return (listed[0] if listed else default).strip("/")

    segments = [segment for segment in _HOLE.sub(fill, path).split("/") if segment]
    return "".join(f"/{segment}" for segment in segments), kept
