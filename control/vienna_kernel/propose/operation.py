"""One operation of a description, read: what a request of it holds and what its answer says.

OpenAPI 3 and Swagger 2 come out as the same. Members are read five levels down in a body, two in an answer; what a
schema says beyond that is ``any``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from vienna_kernel.errors import MalformedError
from vienna_kernel.propose.apidoc import ApiDoc
from vienna_kernel.propose.listing import Listed
from vienna_kernel.propose.reference import References
from vienna_kernel.propose.shape import ANY, Shape, Shapes

type InputPlace = Literal["path", "query", "header", "cookie"]
type BodyKind = Literal["json", "form", "multipart", "other"]

FORM = "application/x-www-form-urlencoded"
_BODY_DEPTH = 5
_ANSWER_DEPTH = 2
_PLACES = ("path", "query", "header", "cookie")
_MAX_INPUTS = 300
_SWAGGER_WORDS = ("type", "format", "enum", "items", "default", "const")


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One parameter beside the body.

    Attributes:
        repeated: A list sent as the same key several times.
        deep: An object sent as ``name[key]=value``.
        slashes: A path variable that may hold slashes, sent as they are.
        encoded: A path variable that may hold them encoded.
    """

    name: str
    place: InputPlace
    shape: Shape = ANY
    required: bool = False
    repeated: bool = False
    deep: bool = False
    slashes: bool = False
    encoded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """One way to send the body. ``deep``: members that are sent as ``name[key]=value``."""

    kind: BodyKind
    media: str
    shape: Shape = ANY
    required: bool = False
    deep: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What one operation takes and gives.

    Attributes:
        statuses: Of success, as far as they are listed.
        answer: The JSON answer of the first of them that has one.
        problems: What of it could not be read, in sentences.
    """

    inputs: tuple[Input, ...] = ()
    payloads: tuple[Payload, ...] = ()
    statuses: tuple[int, ...] = ()
    answer: Shape = ANY
    problems: tuple[str, ...] = field(default=())


class Reader:
    """Reads the operations of one description."""

    def __init__(self, doc: ApiDoc, references: References) -> None:
        self._doc, self._references = doc, references
        self._shapes = Shapes(references)
        self._problems: list[str] = []

    def read(self, listed: Listed) -> Operation:
        """Total: what cannot be read is left out and told in ``problems``."""
        self._problems = []
        rows = list(self._parameters(listed))
        if self._doc.major == 3:
            payloads = tuple(self._payloads(listed.node.get("requestBody")))
        else:
            payloads = tuple(self._swagger_payloads(listed, rows))
        statuses, answer = self._answers(listed.node.get("responses"))
        inputs = tuple(_input(row, self._shape(row)) for row in rows if row.get("in") in _PLACES)
        return Operation(
            inputs=inputs,
            payloads=payloads,
            statuses=statuses,
            answer=answer,
            problems=tuple(dict.fromkeys(self._problems)),
        )

    def _follow(self, node: Any, what: str) -> Mapping[str, Any]:
        try:
            return self._references.follow(node)
        except MalformedError as error:
            self._problems.append(f"{what}: {error.why}")
            return {}

    def _parameters(self, listed: Listed) -> Iterator[Mapping[str, Any]]:
        """Each parameter once: one of the operation stands for one of its path with the same name and place."""
        found: dict[tuple[str, str], Mapping[str, Any]] = {}
        for part in (listed.shared, listed.node.get("parameters")):
            for item in part[:_MAX_INPUTS] if isinstance(part, list) else ():
                node = self._follow(item, "a parameter")
                name, place = node.get("name"), node.get("in")
                if isinstance(name, str) and name and isinstance(place, str):
                    found[place, name] = node
                elif node:
                    self._problems.append("a parameter without a name or a place")
        yield from found.values()

    def _shape(self, row: Mapping[str, Any]) -> Shape:
        if "schema" in row:
            return self._shapes.of(row["schema"], depth=2)
        content = row.get("content")
        if isinstance(content, Mapping) and content:
            return Shape(kind="string")  # JSON in a text
        return self._shapes.of({word: row[word] for word in _SWAGGER_WORDS if word in row}, depth=2)

    def _payloads(self, body: Any) -> Iterator[Payload]:
        if body is None:
            return
        node = self._follow(body, "the body")
        content = node.get("content")
        for media, part in content.items() if isinstance(content, Mapping) else ():
            schema = part.get("schema", True) if isinstance(part, Mapping) else True
            encoding = part.get("encoding") if isinstance(part, Mapping) else None
            styles = encoding.items() if isinstance(encoding, Mapping) else ()
            yield Payload(
                kind=kind_of(str(media)),
                media=str(media).partition(";")[0].strip().lower(),
                shape=self._shapes.of(schema, depth=_BODY_DEPTH),
                required=node.get("required") is True,
                deep=frozenset(
                    k for k, v in styles if isinstance(v, Mapping) and v.get("style") == "deepObject"
                ),
            )

    def _swagger_payloads(self, listed: Listed, rows: list[Mapping[str, Any]]) -> Iterator[Payload]:
        consumes = listed.node.get("consumes", self._doc.data.get("consumes"))
        medias = [str(media).lower() for media in consumes] if isinstance(consumes, list) else []
        for row in rows:
            if row["in"] == "body":
                for media in medias or ["application/json"]:
                    shape = self._shapes.of(row.get("schema", True), depth=_BODY_DEPTH)
                    yield Payload(
                        kind=kind_of(media), media=media, shape=shape, required=row.get("required") is True
                    )
        fields = [row for row in rows if row["in"] == "formData"]
        if fields:
            whole = Shape(
                kind="object",
                members={row["name"]: self._shape(row) for row in fields},
                required=frozenset(row["name"] for row in fields if row.get("required") is True),
            )
            files = any(row.get("type") == "file" for row in fields)
            told = [media for media in medias if kind_of(media) in ("form", "multipart", "json")]
            for media in told or ["multipart/form-data" if files else FORM]:
                yield Payload(kind=kind_of(media), media=media, shape=whole, required=bool(whole.required))

    def _answers(self, responses: Any) -> tuple[tuple[int, ...], Shape]:
        rows = responses.items() if isinstance(responses, Mapping) else ()
        good = [(str(code), part) for code, part in rows if str(code)[:1] == "2" and len(str(code)) == 3]
        statuses = [int(code) for code, _ in good if code.isdecimal() and code.isascii()]
        if len(statuses) < len(good):
            statuses = []  # 2XX: any of them
        for _, part in good:
            schema = self._answer_schema(self._follow(part, "an answer"))
            if schema is not None:
                return tuple(statuses), self._shapes.of(schema, depth=_ANSWER_DEPTH)
        return tuple(statuses), ANY

    def _answer_schema(self, node: Mapping[str, Any]) -> Any:
        if self._doc.major == 2:
            return node.get("schema")
        content = node.get("content")
        for media, part in content.items() if isinstance(content, Mapping) else ():
            if kind_of(str(media)) == "json" and isinstance(part, Mapping):
                return part.get("schema")
        return None


def kind_of(media: str) -> BodyKind:
    """How a body of a media type is read."""
    essence = media.partition(";")[0].strip().lower()
    if essence in ("application/json", "*/*", "text/json") or essence.endswith("+json"):
        return "json"
    if essence == FORM:
        return "form"
    return "multipart" if essence.startswith("multipart/") else "other"


def _input(row: Mapping[str, Any], shape: Shape) -> Input:
    place, style = row["in"], row.get("style")
    is_list, is_object = shape.kind == "array", shape.kind == "object"
    exploded = row.get("explode", style in (None, "form")) is True and "content" not in row
    repeated = is_list and place == "query" and exploded
    if "type" in row:  # Swagger 2
        repeated = is_list and row.get("collectionFormat") == "multi"
    slashes = row.get("x-multi-segment") is True or row.get("allowReserved") is True
    return Input(
        name=row["name"],
        place=place,
        shape=replace(shape, kind="string") if place == "path" and (is_list or is_object) else shape,
        required=place == "path" or row.get("required") is True,
        repeated=repeated,
        deep=style == "deepObject" and place == "query",
        slashes=place == "path" and slashes,
    )
