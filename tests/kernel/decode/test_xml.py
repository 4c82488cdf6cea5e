"""XML has one reading as a tree of values, or none."""

from __future__ import annotations

import contextlib
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.decode import xml
from vienna_kernel.errors import MalformedError

BOMB = b'<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><a>&c;</a>'


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ("<a/>", {"a": ""}),
        ("<a></a>", {"a": ""}),
        ("<a> b </a>", {"a": " b "}),
        (" <a/>\n", {"a": ""}),
        ("<a><b/></a>", {"a": {"b": ""}}),
        ("<a>\n  <b>1</b>\n  <c>2</c>\n</a>", {"a": {"b": "1", "c": "2"}}),
        ("<a><b>1</b><c/><b>2</b></a>", {"a": {"b": ["1", "2"], "c": ""}}),
        ('<a b="1"/>', {"a": {"@b": "1"}}),
        ('<a b="1">x</a>', {"a": {"@b": "1", "#text": "x"}}),
        ('<a b="1"><c>x</c></a>', {"a": {"@b": "1", "c": "x"}}),
        ("<a>&lt;&amp;&gt;&quot;&apos;&#65;&#x42;</a>", {"a": "<&>\"'AB"}),
        ('<?xml version="1.0"?><a/>', {"a": ""}),
        ('<?xml version="1.0" encoding="utf-8" standalone="yes"?>\n<a>ü€😀</a>', {"a": "ü€😀"}),
        ('<a xmlns="u"><b/></a>', {"a": {"@xmlns": "u", "b": ""}}),
        ('<p:a xmlns:p="u"><p:b/></p:a>', {"a": {"@xmlns": "u", "b": ""}}),
        ('<a xmlns:unused="u"><b/></a>', {"a": {"b": ""}}),
        ('<a xmlns="u"><b xmlns="v">x</b></a>', {"a": {"@xmlns": "u", "b": {"@xmlns": "v", "#text": "x"}}}),
        ('<a xmlns="u"><b xmlns="">x</b></a>', {"a": {"@xmlns": "u", "b": {"@xmlns": "", "#text": "x"}}}),
        ('<a xmlns:x="u" x:type="t" xml:lang="en"/>', {"a": {"@type": "t", "@lang": "en"}}),
        ("<a>" * 32 + "</a>" * 32, None),
    ],
)
def test_documents_are_read(data: str, value: object) -> None:
    found = xml.loads(data.encode())
    assert value is None or found == value


def test_a_request_as_s3_gets_it() -> None:
    data = b"""<?xml version="1.0" encoding="UTF-8"?>
    <Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
      <Object><Key>a &amp; b</Key><VersionId>1</VersionId></Object><Object><Key>c</Key></Object><Quiet>true</Quiet>
    </Delete>"""
    assert xml.loads(data) == {
        "Delete": {
            "@xmlns": "http://s3.amazonaws.com/doc/2006-03-01/",
            "Object": [{"Key": "a & b", "VersionId": "1"}, {"Key": "c"}],
            "Quiet": "true",
        }
    }


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b"a",
        b"<a>",
        b"<a></b>",
        b"<a/><b/>",
        b"<a/>x",
        b"<a b='1' b='2'/>",
        b"<a>\x00</a>",
        b"<a>\x01</a>",
        b"<a>&#0;</a>",
        b"<a>&#xD800;</a>",
        b"<a>\xed\xa0\x80</a>",
        b"<a>\xc0\xaf</a>",
        b"<a>\xff</a>",
        b"<a>&b;</a>",
        b"<a>&</a>",
        b"\xef\xbb\xbf<a/>",
        "<a/>".encode("utf-16"),
        "<a/>".encode("utf-16-le"),
        b'<?xml version="1.1"?><a/>',
        b'<?xml version="1.0" encoding="UTF-7"?><a/>',
        b'<?xml version="1.0" encoding="ISO-8859-1"?><a/>',
        b'<?xml-stylesheet href="x"?><a/>',
        b'<?xml version="1.0"?><?php x?><a/>',
        b"<a><?b c?></a>",
        b"<a/><?b?>",
        b"<!DOCTYPE a><a/>",
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1/x.dtd"><a/>',
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        BOMB,
        b"<a>admin<!-- -->@example.com</a>",
        b"<!-- --><a/>",
        b"<a><![CDATA[x]]></a>",
        b"<a>text<b/></a>",
        b"<a><b/>text</a>",
        b"<a>\xc2\xa0<b/></a>",
        b"<p:a/>",
        b'<a p:b="1"/>',
        b'<a><b>1</b><b xmlns="u">2</b></a>',
        b'<a xmlns:p="u" xmlns:q="v"><p:b>1</p:b><q:b>2</q:b></a>',
        b'<a xmlns:p="u"><b>1</b><c/><p:b>2</p:b></a>',
        b'<a xmlns:p="u" p:b="1" b="2"/>',
        b'<a xmlns:p="u" xmlns:q="v" p:b="1" q:b="2"/>',
        b'<a xmlns:p="u" xmlns:q="u" p:b="1" q:b="1"/>',
        b'<a xmlns:p="u" p:xmlns="v"/>',
        b"<a>" * 33 + b"</a>" * 33,
        b"<a>" * 100_000,
        b"<a>" + b"<b/>" * xml.MAX_ELEMENTS + b"</a>",
        b"<a " + b" ".join(b'b%d=""' % number for number in range(xml.MAX_ATTRIBUTES + 1)) + b"/>",
    ],
)
def test_what_has_no_one_reading_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        xml.loads(data)


def test_bounds_are_exact() -> None:
    many = b"<a>" + b"<b/>" * (xml.MAX_ELEMENTS - 1) + b"</a>"
    assert xml.loads(many) == {"a": {"b": [""] * (xml.MAX_ELEMENTS - 1)}}
    full = b"<a " + b" ".join(b'b%d=""' % number for number in range(xml.MAX_ATTRIBUTES)) + b"/>"
    assert xml.loads(full) == {"a": {f"@b{number}": "" for number in range(xml.MAX_ATTRIBUTES)}}


def test_a_refusal_tells_nothing_of_the_body() -> None:
    for data in (b"<a>secret</b>", b"<a>&secret;</a>", b"<secret:a/>", b"<a>secret<b/></a>"):
        with pytest.raises(MalformedError) as refused:
            xml.loads(data)
        assert "secret" not in str(refused.value)


names = st.sampled_from("abc")
texts = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), min_size=1, max_size=6)
trees = st.recursive(
    texts | st.just(""),
    lambda below: st.dictionaries(
        names, below | st.lists(below, min_size=2, max_size=3), min_size=1, max_size=3
    ),
    max_leaves=12,
)


def written(name: str, value: object, attributes: dict[str, str]) -> str:
    start = name + "".join(f" {key}={quoteattr(text)}" for key, text in attributes.items())
    if isinstance(value, dict):
        inner = "".join(
            written(key, item, {})
            for key, items in value.items()
            for item in (items if isinstance(items, list) else [items])
        )
    else:
        inner = escape(str(value))
    return f"<{start}>{inner}</{name}>"


@given(trees, st.dictionaries(names, texts, max_size=2))
def test_what_was_written_is_read_back(tree: object, attributes: dict[str, str]) -> None:
    found = xml.loads(written("a", tree, attributes).encode())
    said = {f"@{key}": text for key, text in attributes.items()}
    if isinstance(tree, dict):
        assert found == {"a": said | tree}
    elif said:
        assert found == {"a": said | ({"#text": tree} if tree else {})}
    else:
        assert found == {"a": tree}


@given(st.text("<>/ab=\"' &;#1x:?!-[]", max_size=60).map(str.encode) | st.binary(max_size=60))
def test_any_bytes_give_a_value_or_malformed(data: bytes) -> None:
    for document in (data, b"<a>" + data + b"</a>"):
        with contextlib.suppress(MalformedError):
            xml.loads(document)
            ElementTree.fromstring(document)  # whatever is read here, every reader of XML reads
