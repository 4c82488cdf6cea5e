"""The description of an API as it was published: OpenAPI 3.0 or 3.1, or Swagger 2, in JSON or YAML.

Descriptions in the wild are read as they are: a status may be a number, a file may be tens of megabytes. One reading
all the same: a key twice, a tag, an alias into its own container are refused, and nothing is nested deeper than 200.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vienna_kernel.document import nearest
from vienna_kernel.errors import MalformedError
from vienna_kernel.propose import places, yamltext

MAX_BYTES = 64 * 1024 * 1024

_ROOT_KEYS = (
    "openapi swagger info servers host basePath schemes paths components definitions parameters responses "
    "securityDefinitions consumes produces tags webhooks security externalDocs jsonSchemaDialect"
).split()


@dataclass(frozen=True, slots=True)
class ApiDoc:
    """One description.

    Attributes:
        name: File name as it is shown in errors.
        data: Its root object.
        major: 3, or 2 for Swagger 2.
        version: What it says of itself, ``3.0.3``.
    """

    name: str
    data: Mapping[str, Any]
    major: int
    version: str
    _places: places.Places

    def where(self, *path: str | int) -> str:
        """``file:line:column`` of what stands at a path, or of its nearest ancestor that is there."""
        return self._places.where(path)

    @property
    def title(self) -> str:
        """Name and version that the description gives the API, on one line."""
        info = self.data.get("info")
        told = [info.get(key) for key in ("title", "version")] if isinstance(info, Mapping) else []
        return " ".join(" ".join(str(text).split()) for text in told if isinstance(text, str | int))[:120]


def parse(text: bytes, *, name: str) -> ApiDoc:
    """Read one description of at most 64 MiB.

    Errors: ``MalformedError`` with file, line and column, as far as what is wrong has a place.
    """
    if len(text) > MAX_BYTES:
        raise MalformedError(name, f"larger than {MAX_BYTES} bytes")
    try:
        plain = text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MalformedError(name, f"not UTF-8 at byte {error.start}") from None
    is_json = plain.lstrip()[:1] == "{"
    data = _json(plain, name) if is_json else yamltext.load(plain, name=name)
    found = places.of_json(plain, name) if is_json else places.of_yaml(plain, name)
    return _judge(name, data, found)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise MalformedError("", f"an object has the key {twice[:60]!r} twice")
    return found


def _constant(text: str) -> Any:
    raise MalformedError("", f"{text} is not JSON")


def _json(text: str, name: str) -> Any:
    try:
        data = json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
        if "\\u" in text:
            json.dumps(data, ensure_ascii=False).encode("utf-8")
    except json.JSONDecodeError as error:
        raise MalformedError(f"{name}:{error.lineno}:{error.colno}", f"not JSON: {error.msg}") from None
    except MalformedError as error:
        raise MalformedError(name, error.why) from None
    except UnicodeEncodeError:
        raise MalformedError(name, "a string holds half a surrogate pair") from None
    except (ValueError, RecursionError) as error:
        raise MalformedError(name, f"not JSON: {type(error).__name__}") from None
    return data


def _judge(name: str, data: Any, found: places.Places) -> ApiDoc:
    if not isinstance(data, Mapping):
        raise MalformedError(name, "expected an object at the top")
    told = data.get("openapi", data.get("swagger"))
    version = str(told) if isinstance(told, str | int | float) else ""
    major = int(version[0]) if version[:2] in ("3.", "2.") or version in ("2", "3") else 0
    if not major or ("openapi" in data) != (major == 3):
        key = "openapi" if "openapi" in data else "swagger" if "swagger" in data else ""
        why = f"version {version!r} is not read" if key else "this is no OpenAPI or Swagger document"
        raise MalformedError(found.where((key,) if key else ()), f"{why}: OpenAPI 3.0, 3.1 and Swagger 2 are")
    if not isinstance(data.get("paths"), Mapping):
        close = next(
            (key for key in data if key not in _ROOT_KEYS and "did you" in nearest(key, ["paths"])), None
        )
        raise MalformedError(*_no_paths(found, close, "paths" in data))
    return ApiDoc(name, data, major, version, found)


def _no_paths(found: places.Places, close: str | None, there: bool) -> tuple[str, str]:
    if there:
        return found.where(("paths",)), "paths: expected an object of paths"
    if close is not None:
        return found.where((close,)), f"unknown key {close!r}{nearest(close, ['paths'])}"
    return found.where(()), "the key 'paths' is missing: it describes no operation"
