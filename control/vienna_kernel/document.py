"""A YAML document whose every value knows its line: the shape of policies, mappings, tiers and settings.

1. One reading: the YAML 1.2 core scalars only (``true false null``, integers, decimals); ``on``, ``yes``, dates and
   sexagesimals stay strings. Decimals become ``Decimal``, never float.
2. Refused: duplicate keys, tags, aliases (a page of them can hold a billion nodes), more than one document,
   keys that are not strings.
3. A model's complaint is told at file, line and column, with the nearest known key for an unknown one.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from vienna_kernel.errors import MalformedError
from vienna_kernel.yaml_nodes import Path as Path
from vienna_kernel.yaml_nodes import place_of, reading

_MAX_BYTES = 4 * 1024 * 1024
_MOST_TOLD = 100


@dataclass(frozen=True, slots=True)
class Document:
    """Plain data of one YAML file, with the place of each value.

    Attributes:
        name: File name as it is shown in errors.
        data: Objects, lists, strings, ints, decimals, bools, None.
        places: 1-based (line, column) of the value at each path; of the key, for a member of an object.
    """

    name: str
    data: Any
    places: Mapping[Path, tuple[int, int]]

    def where(self, path: Path = ()) -> str:
        """``file:line:column a.b[0]`` of a path, or of its nearest ancestor that exists."""
        at = path
        while at not in self.places and at:
            at = at[:-1]
        line, column = self.places.get(at, (1, 1))
        dotted = ""
        for step in path:
            dotted += f"[{step}]" if isinstance(step, int) else f".{step}" if dotted else step
        return f"{self.name}:{line}:{column} {dotted}".rstrip()

    def child(self, key: str) -> Document:
        """The member ``key`` of an object as a document of its own, places kept."""
        places = {path[1:]: place for path, place in self.places.items() if path[:1] == (key,)}
        return Document(self.name, self.data.get(key), places)


def parse(text: str | bytes, *, name: str) -> Document:
    """Read one YAML document.

    Errors: ``MalformedError`` with file, line and column, for anything but one document of plain values of at
    most 4 MiB.
    """
    if len(text) > _MAX_BYTES:
        raise MalformedError(name, f"larger than {_MAX_BYTES} bytes")
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8")
        data, places = reading(text, name)
    except yaml.MarkedYAMLError as error:
        place = place_of(name, error.problem_mark or error.context_mark)
        raise MalformedError(place, f"not YAML: {error.problem or error.context}") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        if isinstance(error, MalformedError):
            raise
        raise MalformedError(name, f"not YAML: {type(error).__name__}") from None
    return Document(name, data, places)


def nearest(key: str, known: list[str]) -> str:
    """``; did you mean 'x'?`` for the closest known key, else the known keys."""
    close = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; known here: {', '.join(sorted(known))}" if known else ""


@cache
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema(by_alias=True)


def _known_keys(model: type[BaseModel], path: Path) -> list[str]:
    """Keys that the model accepts at the object above ``path``, as far as its JSON Schema tells."""
    schema = _schema(model)
    defs = schema.get("$defs", {})

    def options(node: dict[str, Any]) -> list[dict[str, Any]]:
        if "$ref" in node:
            return options(defs[node["$ref"].rsplit("/", 1)[1]])
        found = [node]
        for word in ("anyOf", "oneOf", "allOf"):
            for part in node.get(word, []):
                found += options(part)
        return found

    level = options(schema)
    for step in path[:-1]:
        following: list[dict[str, Any]] = []
        for node in level:
            if isinstance(step, int) and "items" in node:
                following += options(node["items"])
            elif isinstance(step, str) and step in node.get("properties", {}):
                following += options(node["properties"][step])
            elif isinstance(node.get("additionalProperties"), dict):
                following += options(node["additionalProperties"])
        level = following or level
    return sorted({key for node in level for key in node.get("properties", {})})


def complaints(error: ValidationError, document: Document, model: type[BaseModel]) -> list[MalformedError]:
    """The first complaints of a pydantic model, each as an error that names file, line and column."""
    found = []
    for row in error.errors(include_url=False)[:_MOST_TOLD]:
        path = tuple(step for step in row["loc"] if _exists(document.data, step, row["loc"]))
        why = row["msg"]
        if row["type"] == "extra_forbidden":
            key = str(row["loc"][-1])
            why = f"unknown key {key!r}{nearest(key, _known_keys(model, path))}"
            if row["input"] is None:  # {reason: more than 10,000} is two keys
                why += " (a comma within braces ends a value: put text that has one in quotes)"
        elif row["type"] == "missing":
            why = f"the key {str(row['loc'][-1])!r} is missing"
        elif row["type"] not in ("value_error", "assertion_error"):
            why = f"{why[0].lower()}{why[1:]}, got {_short(row['input'])}"
        found.append(MalformedError(document.where(path), why.removeprefix("Value error, ")))
    return found


def _exists(data: Any, step: str | int, loc: tuple[int | str, ...]) -> bool:
    """Whether a step of pydantic's path is a step of the document (union tags are not)."""
    at = data
    for part in loc:
        inside = (isinstance(at, dict) and part in at) or (
            isinstance(at, list) and isinstance(part, int) and part < len(at)
        )
        if part == step:
            return inside
        if inside:
            at = at[part]
    return False


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


class DocumentError(MalformedError):
    """Every complaint about one document.

    Attributes:
        errors: At least one, each with its own place.
    """

    def __init__(self, errors: list[MalformedError]) -> None:
        super().__init__(errors[0].where, errors[0].why)
        self.errors = errors
        self.args = ("\n".join(str(error) for error in errors),)


def read[M: BaseModel](model: type[M], document: Document) -> M:
    """The document as a model. Errors: ``DocumentError`` with its first hundred complaints, each with its place."""
    if not isinstance(document.data, dict):
        came = "nothing" if document.data is None else type(document.data).__name__
        raise DocumentError([MalformedError(document.where(), f"expected an object, got {came}")])
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        raise DocumentError(complaints(error, document, model)) from None
