"""Strict XML: one reading per document, as a tree of values.

1. UTF-8 without byte order mark. No DOCTYPE (so no entities but the five), no comment, no CDATA, no processing
   instruction but the declaration: where they split a text, readers take different pieces of it.
2. Namespaces are judged and prefixes dropped. Two elements of one name in two namespaces side by side, or two such
   attributes, have no one reading.
3. Text and elements do not mix; blanks between elements are nothing.
4. At most 32 levels, 50 000 elements, 64 attributes each.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.parsers import expat

from vienna_kernel.errors import MalformedError
from vienna_kernel.value import Value

MAX_DEPTH = 32
MAX_ELEMENTS = 50_000
MAX_ATTRIBUTES = 64

_BLANKS = " \t\r\n"
_DECLARATION = re.compile(rb"<\?xml[ \t\r\n]")
_SEPARATOR = " "  # no namespace that expat takes has one


@dataclass(slots=True)
class _Element:
    """One element while it is read.

    Attributes:
        name: Without prefix.
        namespace: Empty for none.
        children: By name, each with all that came under it.
        spaces: The one namespace of each name among the children.
    """

    name: str
    namespace: str
    attributes: dict[str, Value]
    text: list[str] = field(default_factory=list)
    children: dict[str, list[Value]] = field(default_factory=dict)
    spaces: dict[str, str] = field(default_factory=dict)

    def take(self, name: str, namespace: str, value: Value) -> None:
        if self.spaces.setdefault(name, namespace) != namespace:
            raise _refused("elements of one name in two namespaces")
        self.children.setdefault(name, []).append(value)

    def value(self) -> Value:
        """Text when there is nothing else, else an object."""
        text = "".join(self.text)
        found = dict(self.attributes)
        if not self.children:
            if not found:
                return text
            return {**found, "#text": text} if text else found
        if text.strip(_BLANKS):
            raise _refused("text beside elements")
        for name, values in self.children.items():
            found[name] = values[0] if len(values) == 1 else values
        return found


class _Tree:
    """What the parser tells, made into one value."""

    def __init__(self) -> None:
        self.top = _Element("", "", {})
        self._way = [self.top]
        self._elements = 0

    def declaration(self, version: str, encoding: str | None, standalone: int) -> None:
        if version != "1.0" or (encoding or "utf-8").lower() != "utf-8":
            raise _refused("not XML 1.0 in UTF-8")

    def start(self, tag: str, pairs: list[str]) -> None:
        self._elements += 1
        if len(self._way) > MAX_DEPTH or self._elements > MAX_ELEMENTS or len(pairs) > 2 * MAX_ATTRIBUTES:
            raise _refused(
                f"deeper than {MAX_DEPTH}, or more than {MAX_ELEMENTS} elements or {MAX_ATTRIBUTES} attributes"
            )
        namespace, _, name = tag.rpartition(_SEPARATOR)
        attributes: dict[str, Value] = {}
        if namespace != self._way[-1].namespace:
            attributes["@xmlns"] = namespace
        for i in range(0, len(pairs), 2):
            key = "@" + pairs[i].rpartition(_SEPARATOR)[2]
            if key in attributes or key == "@xmlns":
                raise _refused("attributes of one name in two namespaces, or one that looks like a namespace")
            attributes[key] = pairs[i + 1]
        self._way.append(_Element(name, namespace, attributes))

    def end(self, tag: str) -> None:
        element = self._way.pop()
        self._way[-1].take(element.name, element.namespace, element.value())

    def characters(self, text: str) -> None:
        self._way[-1].text.append(text)


def _refused(why: str) -> MalformedError:
    return MalformedError("body", why)


def _parser(tree: _Tree) -> expat.XMLParserType:
    parser = expat.ParserCreate("utf-8", _SEPARATOR)
    parser.ordered_attributes = True
    parser.buffer_text = True
    parser.XmlDeclHandler = tree.declaration
    parser.StartElementHandler = tree.start
    parser.EndElementHandler = tree.end
    parser.CharacterDataHandler = tree.characters
    return parser


def _judge(data: bytes) -> None:
    """Refuse what the parser must not even see: it goes on to the end when a handler raises, entities and all."""
    if b"<!" in data or b"<?" in data[1:] or (data.startswith(b"<?") and not _DECLARATION.match(data)):
        raise _refused("XML with a DOCTYPE, comment, CDATA section or processing instruction")
    # Expat finds UTF-16 out by itself, whatever encoding it is told; there, ``<`` has a NUL beside it.
    if data.startswith(b"\xef\xbb\xbf") or b"\x00" in data:
        raise _refused("XML that is not UTF-8, or has a byte order mark")


def loads(data: bytes) -> Value:
    """``<Delete xmlns="u"><Object><Key>a</Key></Object></Delete>`` as
    ``{"Delete": {"@xmlns": "u", "Object": {"Key": "a"}}}``.

    An element with nothing but text is a string, one that stands there several times a list, an attribute ``@name``,
    text beside attributes ``#text``. ``@xmlns`` is the namespace of an element that is not its parent's.

    Errors: ``MalformedError``.
    """
    _judge(data)
    tree = _Tree()
    try:
        _parser(tree).Parse(data, True)
    except expat.ExpatError as error:
        raise _refused(
            f"not XML: {expat.ErrorString(error.code)} at line {error.lineno} column {error.offset}"
        ) from None
    root = next(iter(tree.top.children.items()))
    return {root[0]: root[1][0]}
