"""Multipart bodies have one reading: what each part is called, where it ends, what it is."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Callable
from email.generator import BytesGenerator
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from io import BytesIO

import aiohttp
import httpx
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.decode import multipart
from vienna_kernel.errors import MalformedError

FORM = "multipart/form-data; boundary=b"
RELATED = "multipart/related; boundary=b"
NAMED = b'Content-Disposition: form-data; name="a"'


def body(*parts: bytes, newline: bytes = b"\r\n") -> bytes:
    """Parts as they would stand in a body, each with its header."""
    return b"".join(b"--b" + newline + part + newline for part in parts) + b"--b--" + newline


def part(content: bytes = b"x", *lines: bytes, said: bytes = NAMED) -> bytes:
    return b"\r\n".join([said, *lines, b"", content])


def named(name: str, content: bytes = b"x", *lines: bytes) -> bytes:
    return part(content, *lines, said=f'Content-Disposition: form-data; name="{name}"'.encode())


def file(content: bytes, name: str | None, kind: str | None) -> dict[str, object]:
    digest = "sha256:" + hashlib.sha256(content).hexdigest()
    return {"filename": name, "content_type": kind, "bytes": len(content), "digest": digest}


@pytest.mark.parametrize(
    ("parts", "value"),
    [
        ([part(b"x")], {"a": "x"}),
        ([part(b"")], {"a": ""}),
        ([part("ü\r\n\r\n--x\n".encode())], {"a": "ü\r\n\r\n--x\n"}),
        ([part(b"x", b"Content-Type: text/plain; charset=UTF-8")], {"a": "x"}),
        ([part(b"x", b"Content-Transfer-Encoding: 8bit", b"Content-Length: 1")], {"a": "x"}),
        ([part(b'{"b": [1]}', b"Content-Type: application/json")], {"a": {"b": [1]}}),
        ([part(b"[]", b"Content-Type: application/vnd.api+json; charset=utf-8")], {"a": []}),
        ([part(b"\xff", b"Content-Type: image/png")], {"a": file(b"\xff", None, "image/png")}),
        ([part(b"\0", said=NAMED + b'; filename="f"')], {"a": file(b"\0", "f", None)}),
        ([part(b"", said=NAMED + b'; filename=""')], {"a": file(b"", "", None)}),
        ([part(b"{", b"Content-Type: application/json", said=NAMED + b"; filename=f")],
         {"a": file(b"{", "f", "application/json")}),
        ([part(said=NAMED + "; filename=\"ü.txt\"; filename*=utf-8''%C3%BC.txt".encode())],
         {"a": file(b"x", "ü.txt", None)}),
        ([part(said=b"content-disposition:form-data;name=a")], {"a": "x"}),
        ([named("a[b][c]", b"1"), named("a[b][d]", b"2")], {"a": {"b": {"c": "1", "d": "2"}}}),
        ([named("a[]", b"1"), named("b", b"2"), named("a[]", b"3")], {"a": ["1", "3"], "b": "2"}),
        ([named("files[0]", b"1")], {"files": {"0": "1"}}),
        ([named("ü 1.x", b"1")], {"ü 1.x": "1"}),
    ],
)  # fmt: skip
def test_forms_are_read(parts: list[bytes], value: object) -> None:
    assert multipart.loads(body(*parts), FORM) == value


@pytest.mark.parametrize(
    "parts",
    [
        [named("a"), named("a")],
        [named("a"), named("A[b"), named("b")],
        [named("a"), named("a[b]")],
        [named("a[]"), named("a[b]")],
        [named("a[][b]")],
        [part(b'{"b": 1}', b"Content-Type: application/json"), named("a[c]")],
        [part(b"[1]", b"Content-Type: application/json"), named("a[]")],
        [named("_charset_", b"iso-8859-1")],
        [named("_CHARSET_", b"utf-8")],
        [named("")],
        [named("a%22b")],
        [named("a%0d%0Ab")],
        [named('a\\"b')],
        [part(said=b"Content-Disposition: form-data")],
        [part(said=b'Content-Disposition: attachment; name="a"')],
        [part(said=b'Content-Disposition: form-data; name="a"; name="b"')],
        [part(said=b"Content-Disposition: form-data; name*=utf-8''a")],
        [part(said=b"Content-Disposition: form-data; name=\"a\"; name*=utf-8''b")],
        [part(said=b'Content-Disposition: form-data; name="a"; name*0="b"')],
        [part(said=NAMED + b"; filename*=utf-8''f")],
        [part(said=NAMED + b"; filename=\"f.txt\"; filename*=utf-8''f.exe")],
        [part(said=NAMED + b'; filename="f\\"g"')],
        [part(said=NAMED + b'; filename="f"; filename="g"')],
        [part(said=NAMED + b'; filename=""')],
        [part(b"x", NAMED)],
        [part(b"x", b"Content-Type: text/plain", b"Content-Type: text/plain")],
        [part(said=b"Content-Type: text/plain")],
        [part(said=b"X-One: 1")],
        [part(b"x", b"X-One: 1")],
        [part(b"x", b"Content-Encoding: gzip")],
        [part(b"eA==", b"Content-Transfer-Encoding: base64")],
        [part(b"x", b"Content-Transfer-Encoding: quoted-printable")],
        [part(b"x", b"Content-Length: 2")],
        [part(b"x", b"Content-Length: 01")],
        [part(b"x", b"Content-Type: text/plain; charset=iso-8859-1")],
        [part(b"x", b"Content-Type: text/plain; charset*=utf-7''")],
        [part(b"x", b"Content-Type: multipart/mixed; boundary=c")],
        [part(b"x", b"Content-Type: text/plain;\r\n charset=utf-8")],
        [part(b"\xff")],
        [part(b"a\0b")],
        [part(b"{", b"Content-Type: application/json")],
        [part(b'{"a":1,"a":2}', b"Content-Type: application/json")],
        [part(b'"x"', b"Content-Type: application/json")],
        [part(b"5", b"Content-Type: application/json")],
        [part(b"null", b"Content-Type: application/json")],
        [named("a.b"), named("a_b")],
        [part(said=b'Content-Disposition: form-data; name="a"; name*1*=b')],
        [NAMED + b"\r\nx"],
        [NAMED + b"\n\nx"],
        [b"\r\nx"],
    ],
)
def test_a_form_that_some_read_otherwise_is_refused(parts: list[bytes]) -> None:
    with pytest.raises(MalformedError):
        multipart.loads(body(*parts), FORM)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"before\r\n" + body(part()),
        body(part()) + b"after",
        body(part()) + b"\r\n",
        body(part()).replace(b"\r\n", b"\n"),
        body(part()) + body(part()),
        body(part(b"x\r\n--b--\r\n--b\r\n\r\ny")),
        body(*[part(said=b'Content-Disposition: form-data; name="a[]"')] * 1001),
    ],
)
def test_only_parts_stand_in_a_body(data: bytes) -> None:
    with pytest.raises(MalformedError):
        multipart.loads(data, FORM)


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=c",
        "multipart/form-data; boundary=b; boundary=b",
        "multipart/form-data; boundary=b; Boundary=c",
        "multipart/form-data; boundary*=utf-8''b",
        "multipart/form-data; boundary=b; boundary*0=c",
        "multipart/form-data; boundary=b; charset=utf-16",
        "multipart/alternative; boundary=b",
        "multipart/byteranges; boundary=b",
        "multipart/x; boundary=b",
        "form-data; boundary=b",
        "text/plain; boundary=b",
        'multipart/related; boundary=b; start="<1>"',
        "",
    ],
)
def test_the_type_names_one_boundary(content_type: str) -> None:
    with pytest.raises(MalformedError):
        multipart.loads(body(part()), content_type)


@pytest.mark.parametrize("content_type", ['Multipart/Form-Data; Boundary="b"', f"{FORM}; charset=UTF-8"])
def test_spellings_of_the_type(content_type: str) -> None:
    assert multipart.loads(body(part()), content_type) == {"a": "x"}


def test_parts_without_names_are_numbered() -> None:
    mail = b"Content-Type: message/rfc822\r\n\r\nTo: a@example.com\r\n\r\nhello"
    data = body(
        b'Content-Type: application/json\r\n\r\n{"id": 1}',
        b"Content-Type: image/png\r\n\r\n\xff\0",
        mail,
        b"\r\nx",
    )
    found = multipart.loads(data, RELATED)
    assert isinstance(found, dict)
    assert list(found) == ["0", "1", "2", "3"]
    assert found["0"] == {"id": 1}
    assert found["1"] == file(b"\xff\0", None, "image/png")
    assert isinstance(found["2"], dict)
    assert found["2"]["to"] == ["a@example.com"]
    assert found["3"] == file(b"x", None, None)
    assert multipart.loads(data, "multipart/mixed; boundary=b") == found


def test_a_mail_that_some_read_otherwise_is_refused_in_a_part_too() -> None:
    mail = b"Content-Type: message/rfc822\r\n\r\nTo: a@example.com\r\nTo: b@example.com\r\n\r\nhello"
    with pytest.raises(MalformedError):
        multipart.loads(body(mail), RELATED)


def test_delimiters_may_end_in_lf_but_all_of_them() -> None:
    """As Python's ``email``, and so Google's client, writes ``multipart/related``."""
    data = body(b"Content-Type: application/json\n\n{}", b"Content-Type: a/b\n\n\r\n\xff\r\n.", newline=b"\n")
    assert multipart.loads(data, RELATED) == {"0": {}, "1": file(b"\r\n\xff\r\n.", None, "a/b")}
    for wrong in (
        body(b"Content-Type: a/b\n\nx\r", newline=b"\n"),
        body(b"Content-Type: a/b\r\n\r\nx", newline=b"\n"),
        b"--b\nContent-Type: a/b\n\nx\r\n--b--",
        b"--b\r\nContent-Type: a/b\r\n\r\nx\n--b--",
    ):
        with pytest.raises(MalformedError):
            multipart.loads(wrong, RELATED)


# -- what clients write


def by_requests() -> tuple[bytes, str]:
    fields = {"a": "1", "b[]": ["2", "3"]}
    files = {"f": ("ü.txt", b"\xff", "text/plain"), "j": (None, '{"c": 4}', "application/json")}
    prepared = requests.Request("POST", "http://localhost/", data=fields, files=files).prepare()
    assert isinstance(prepared.body, bytes)
    return prepared.body, prepared.headers["Content-Type"]


def by_httpx() -> tuple[bytes, str]:
    fields = {"a": "1", "b[]": ["2", "3"]}
    files = {"f": ("ü.txt", b"\xff", "text/plain"), "j": (None, b'{"c": 4}', "application/json")}
    request = httpx.Request("POST", "http://localhost/", data=fields, files=files)
    return request.read(), request.headers["Content-Type"]


def by_aiohttp() -> tuple[bytes, str]:
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("a", "1")
    form.add_field("b[]", "2")
    form.add_field("b[]", "3")
    form.add_field("f", b"\xff", filename="ü.txt", content_type="text/plain")
    form.add_field("j", '{"c": 4}', content_type="application/json")
    written = bytearray()

    class Writer:
        async def write(self, chunk: bytes) -> None:
            written.extend(chunk)

    async def write() -> str:
        payload = form()
        await payload.write(Writer())  # type: ignore[arg-type]
        return payload.headers["Content-Type"]

    content_type = asyncio.run(write())
    return bytes(written), content_type


@pytest.mark.parametrize("client", [by_requests, by_httpx, by_aiohttp])
def test_what_clients_write_is_read(client: Callable[[], tuple[bytes, str]]) -> None:
    data, content_type = client()
    expected = {"a": "1", "b": ["2", "3"], "f": file(b"\xff", "ü.txt", "text/plain"), "j": {"c": 4}}
    assert multipart.loads(data, content_type) == expected


class Verbatim(BytesGenerator):
    """As Google's client has it, so that line breaks within content stay what they are."""

    _write_lines = BytesGenerator.write  # type: ignore[assignment, misc]


def test_what_googles_client_writes_is_read() -> None:
    """The steps of ``googleapiclient.discovery`` for an upload with metadata."""
    root = MIMEMultipart("related", boundary="===1==")
    root._write_headers = lambda self: None  # type: ignore[attr-defined]
    metadata = MIMENonMultipart("application", "json")
    metadata.set_payload('{"name": "a"}')
    root.attach(metadata)
    media = MIMENonMultipart("image", "png")
    media["Content-Transfer-Encoding"] = "binary"
    media.set_payload(b"\x89PNG\r\n\xff")
    root.attach(media)
    out = BytesIO()
    Verbatim(out, mangle_from_=False).flatten(root, unixfrom=False)
    found = multipart.loads(out.getvalue(), 'multipart/related; boundary="===1=="')
    assert found == {"0": {"name": "a"}, "1": file(b"\x89PNG\r\n\xff", None, "image/png")}


# -- laws

names = st.text("abcü[] .", min_size=1, max_size=6)
contents = st.binary(max_size=30)


@given(st.dictionaries(st.text("abcü.", min_size=1, max_size=4), contents, max_size=5))
def test_what_httpx_writes_is_read_back(files: dict[str, bytes]) -> None:
    request = httpx.Request(
        "POST", "http://localhost/", files={name: (name, data) for name, data in files.items()}
    )
    data = request.read()
    if files:
        found = multipart.loads(data, request.headers["Content-Type"])
        assert isinstance(found, dict)
        assert {name: item["digest"] for name, item in found.items()} == {  # type: ignore[index, call-overload]
            name: file(content, name, None)["digest"] for name, content in files.items()
        }


pieces = st.sampled_from(
    [
        *(b"--b\r\n", b"--b--", b"\r\n", b"\n", b"\r\n\r\n", NAMED, b"Content-Type: ", b"text/plain", b'"'),
        *(b"application/json", b"message/rfc822", b"To: a@b", b"; filename=f", b'; filename="', b"{}", b": "),
        *(b"x", b"\xff", b"\r\n--b\r\n"),
    ]
)


@given(
    st.lists(pieces, max_size=20).map(b"".join) | st.binary(max_size=40),
    st.sampled_from([FORM, RELATED, "multipart/mixed; boundary=b"]),
)
def test_any_bytes_give_a_value_or_malformed(data: bytes, content_type: str) -> None:
    for raw in (data, b"--b\r\n" + NAMED + data + b"\r\n--b--", b"--b\n" + data + b"\n--b--\n"):
        with contextlib.suppress(MalformedError):
            assert isinstance(multipart.loads(raw, content_type), dict)


@given(st.text(max_size=40))
def test_any_type_gives_a_value_or_malformed(content_type: str) -> None:
    for value in (content_type, FORM + content_type):
        with contextlib.suppress(MalformedError):
            multipart.loads(body(part()), value)
