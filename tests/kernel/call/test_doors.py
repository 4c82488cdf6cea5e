"""The doors of the gate that a pure function can shut, one table each, named as the threat model names them.

A row is a request that came over the wire and what becomes of it: a reason, or ``OPEN`` for what must pass. The
attacks are the public ones: request smuggling (PortSwigger's CL.TE, TE.CL, TE.TE and the framing corpus of
``http-garden``), path confusion (Orange Tsai's "Breaking Parser Logic"), authority confusion (his "A New Era of SSRF"),
IDNA and homographs, the spellings of an address that ``inet_aton`` reads.

Every row is judged twice: by ``canonicalise``, then, for what passes, by a mapping set that knows nothing: what only a
mapping may allow (``%2F``, a body on GET) is refused there.
"""

from __future__ import annotations

from typing import Any

import pytest

from vienna_kernel.call.framing import MAX_HEADER_BYTES, MAX_HEADER_LINES
from vienna_kernel.call.request import Call, RawRequest, canonicalise, canonicalise_head
from vienna_kernel.call.target import MAX_TARGET_BYTES
from vienna_kernel.mapping.reading import MappingSet
from vienna_kernel.verdict import Reason, Refused

OPEN = None
MALFORMED = Reason.MALFORMED_REQUEST
AMBIGUOUS = Reason.AMBIGUOUS_REQUEST
MISMATCH = Reason.TARGET_MISMATCH
NOT_CANONICAL = Reason.TARGET_NOT_CANONICAL
OVERRIDE = Reason.METHOD_OVERRIDE
PROTOCOL = Reason.UNSUPPORTED_PROTOCOL
CODING = Reason.UNSUPPORTED_ENCODING
UNDECODABLE = Reason.UNDECODABLE_BODY
ADDRESS = Reason.ADDRESS_REFUSED

NOTHING_MAPPED = MappingSet.compile([])
HOST = b"api.example.com"

type Row = tuple[str, dict[str, Any], Reason | None]


def request(**change: Any) -> RawRequest:
    """A plain GET over HTTPS, changed.

    ``lines`` come after the ``Host`` line, ``to`` names the host everywhere, ``host`` in the ``Host`` line alone;
    ``post`` is a body with its length, ``kind`` that body's type.
    """
    to = change.pop("to", "api.example.com")
    name, _, port = to.rpartition(":") if not to.endswith("]") and ":" in to else (to, "", "443")
    literal = name.startswith("[") or name.replace(".", "").isdigit()
    lines = [(b"Host", change.pop("host", to.encode("latin-1"))), *change.pop("lines", [])]
    if "post" in change:
        body = change.pop("post")
        change = {"method": b"POST", "body": body, **change}
        lines += [(b"Content-Type", change.pop("kind", b"application/json"))]
        lines += [(b"Content-Length", str(len(body)).encode())]
    facts = {
        "scheme": "https",
        "connect": (name, int(port)),
        "sni": None if literal else name,
        "method": b"GET",
        "target": b"/",
        "http_version": b"HTTP/1.1",
        "headers": tuple(lines),
        "body": b"",
    }
    return RawRequest(**{**facts, **change})


def plain(**change: Any) -> dict[str, Any]:
    """The same over plain HTTP through a proxy: absolute-form, no CONNECT."""
    return {"scheme": "http", "connect": None, "sni": None, "target": b"http://api.example.com/", **change}


def verdict(raw: RawRequest) -> Reason | None:
    """Why it is refused, None when it is not; a refusal says where it looked."""
    found: object = canonicalise(raw)
    if isinstance(found, Call):
        found = NOTHING_MAPPED.map(found)
    if isinstance(found, Refused):
        assert found.detail
        return found.reason
    return None


def line(name: bytes, value: bytes, *more: tuple[bytes, bytes]) -> dict[str, Any]:
    return {"lines": [(name, value), *more]}


IDENTITY: list[Row] = [
    ("all agree", {}, OPEN),
    ("case is no difference", {"host": b"API.example.COM"}, OPEN),
    ("one trailing dot is no difference", {"host": b"api.example.com."}, OPEN),
    ("a trailing dot everywhere", {"to": "api.example.com."}, OPEN),
    ("two trailing dots", {"host": b"api.example.com.."}, NOT_CANONICAL),
    ("the default port is no difference", {"host": b"api.example.com:443"}, OPEN),
    ("another port", {"to": "api.example.com:8443"}, OPEN),
    ("another port in Host alone", {"host": b"api.example.com:8443"}, MISMATCH),
    ("another port in CONNECT alone", {"connect": ("api.example.com", 8443)}, MISMATCH),
    ("another host in Host", {"host": b"evil.example"}, MISMATCH),
    ("another host in CONNECT", {"connect": ("evil.example", 443)}, MISMATCH),
    ("another host in SNI", {"sni": "evil.example"}, MISMATCH),
    ("no SNI for a name", {"sni": None}, MISMATCH),
    ("an empty SNI", {"sni": ""}, MISMATCH),
    ("a subdomain", {"host": b"x.api.example.com"}, MISMATCH),
    ("a name that ends alike", {"host": b"evilapi.example.com"}, MISMATCH),
    ("no Host", {"headers": ()}, AMBIGUOUS),
    ("an empty Host", {"host": b""}, NOT_CANONICAL),
    ("two Hosts", line(b"Host", b"evil.example"), AMBIGUOUS),
    ("two equal Hosts", line(b"host", HOST), AMBIGUOUS),
    ("two Hosts in one line", {"host": b"api.example.com, evil.example"}, NOT_CANONICAL),
    ("two Hosts by a blank", {"host": b"api.example.com evil.example"}, NOT_CANONICAL),
    ("Host with user information", {"host": b"user@api.example.com"}, NOT_CANONICAL),
    ("Host with user and password", {"host": b"api.example.com:443@evil.example"}, NOT_CANONICAL),
    ("Host with a fragment", {"host": b"api.example.com#@evil.example"}, NOT_CANONICAL),
    ("Host with a path", {"host": b"api.example.com/evil"}, NOT_CANONICAL),
    ("Host with a query", {"host": b"api.example.com?evil"}, NOT_CANONICAL),
    ("Host with a backslash", {"host": b"api.example.com\\@evil.example"}, NOT_CANONICAL),
    ("Host as a URL", {"host": b"https://api.example.com"}, NOT_CANONICAL),
    ("Host percent-encoded", {"host": b"api%2eexample.com"}, NOT_CANONICAL),
    ("Host with two ports", {"host": b"api.example.com:443:80"}, NOT_CANONICAL),
    ("Host with an empty port", {"host": b"api.example.com:"}, NOT_CANONICAL),
    ("Host with port 0443", {"host": b"api.example.com:0443"}, NOT_CANONICAL),
    ("Host with port 65979, which is 443 in sixteen bits", {"host": b"api.example.com:65979"}, NOT_CANONICAL),
    ("Host with a signed port", {"host": b"api.example.com:+443"}, NOT_CANONICAL),
    ("Host with an empty label", {"host": b"api..example.com"}, NOT_CANONICAL),
    ("Host with a wildcard", {"host": b"*.example.com"}, NOT_CANONICAL),
    ("CONNECT with a half bracket", {"connect": ("[api.example.com", 443)}, NOT_CANONICAL),
    ("CONNECT with a port beyond", {"connect": ("api.example.com", 65979)}, NOT_CANONICAL),
    ("CONNECT with user information", {"connect": ("u@api.example.com", 443)}, NOT_CANONICAL),
    ("absolute-form in a tunnel", {"target": b"https://api.example.com/"}, MISMATCH),
    ("absolute-form in a tunnel, another host", {"target": b"http://evil.example/"}, MISMATCH),
    ("absolute-form through a proxy", plain(), OPEN),
    ("absolute-form, upper-case scheme", plain(target=b"HTTP://API.example.com:80/"), OPEN),
    ("absolute-form, another host", plain(target=b"http://evil.example/"), MISMATCH),
    ("absolute-form, another port", plain(target=b"http://api.example.com:81/"), MISMATCH),
    ("absolute-form, another scheme", plain(target=b"https://api.example.com/"), MISMATCH),
    ("absolute-form, user information", plain(target=b"http://api.example.com@evil.example/"), NOT_CANONICAL),
    ("absolute-form, no host", plain(target=b"http:///"), NOT_CANONICAL),
    ("absolute-form, one slash", plain(target=b"http:/api.example.com/"), NOT_CANONICAL),
    ("absolute-form, a backslash", plain(target=b"http://api.example.com\\evil.example/"), NOT_CANONICAL),
    ("absolute-form, a fragment", plain(target=b"http://api.example.com#/"), NOT_CANONICAL),
    ("absolute-form, no path", plain(target=b"http://api.example.com"), NOT_CANONICAL),
    ("another scheme altogether", plain(target=b"gopher://api.example.com/", scheme="gopher"), PROTOCOL),
    ("a name in Unicode as it decodes", {"connect": ("bücher.example", 443), "sni": "bücher.example",
                                         "host": b"xn--bcher-kva.example"}, OPEN),
    ("a name in Unicode in a header", {"to": "b\xfccher.example"}, NOT_CANONICAL),
    ("a name in UTF-8 in a header", {"to": "bücher.example", "host": "bücher.example".encode()}, NOT_CANONICAL),
    ("a Cyrillic letter is another name", {"connect": ("аpi.example.com", 443)}, MISMATCH),
    ("full-width letters are no second spelling", {"connect": ("ａpi.example.com", 443)}, NOT_CANONICAL),
    ("nor is the Kelvin sign", {"to": "k.example", "connect": ("\u212a.example", 443)}, NOT_CANONICAL),
    ("nor is a long s", {"to": "s.example", "sni": "\u017f.example"}, MISMATCH),
    ("nor is the ideographic full stop", {"connect": ("api。example.com", 443)}, NOT_CANONICAL),
    ("nor is a soft hyphen", {"connect": ("a\u00adpi.example.com", 443)}, NOT_CANONICAL),
    ("nor is a joiner", {"connect": ("a\u200dpi.example.com", 443)}, NOT_CANONICAL),
    ("sharp s is not ss", {"to": "strasse.example", "connect": ("straße.example", 443)}, NOT_CANONICAL),
    ("an A-label that says ASCII", {"to": "xn--api-.example.com"}, NOT_CANONICAL),
    ("an A-label of capitals", {"to": "xn--bcher-2pa.example"}, NOT_CANONICAL),
    ("an A-label of full-width letters", {"to": "xn--pi-bz3n.example"}, NOT_CANONICAL),
    ("an A-label of a surrogate", {"to": "xn--a-rc4g.example"}, NOT_CANONICAL),
    ("an A-label with an empty part before its hyphen", {"to": "xn---tda.example"}, NOT_CANONICAL),
    ("an A-label of one letter", {"to": "xn--tda.example"}, OPEN),
    ("an A-label of nothing", {"to": "xn--.example"}, NOT_CANONICAL),
    ("a right A-label", {"to": "xn--bcher-kva.example"}, OPEN),
    ("a right A-label of the newer rules", {"to": "xn--strae-oqa.example"}, OPEN),
    ("hyphens in the third place", {"to": "r3---sn-4g5e.example"}, OPEN),
    ("a label of 64", {"to": "x" * 64 + ".example"}, NOT_CANONICAL),
    ("a name of 300", {"to": ".".join(["x" * 59] * 5)}, NOT_CANONICAL),
]  # fmt: skip

# Every spelling that inet_aton, a URL library or a NAT reads as 127.0.0.1, 169.254.169.254 or the like.
LITERALS: list[Row] = [
    *((f"address {text}", {"to": text}, ADDRESS) for text in (
        "127.0.0.1", "169.254.169.254", "192.0.2.7", "0.0.0.0", "255.255.255.255", "127.0.0.1.",
        "127.1", "127.0.1", "2130706433", "2852039166", "0x7f000001", "0x7f.0.0.1", "0X7F.1", "0x7F.0x0.0x0.0x1",
        "017700000001", "0177.0.0.1", "0177.0.0.01", "127.0.0.01", "127.0.0.001", "127.0.0x1", "127.00000.1",
        "0", "1", "0x0", "00", "256.0.0.1", "1.2.3.4.5", "999999999999", "0x1ffffffff", "example.0x7f", "a.0177",
        "[::1]", "[::]", "[2001:db8::1]", "[fe80::1]", "[fd00:ec2::254]",
        "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:0:127.0.0.1]", "[::ffff:0:7f00:1]", "[::127.0.0.1]",
        "[::7f00:1]", "[64:ff9b::7f00:1]", "[64:ff9b::169.254.169.254]", "[64:ff9b:1::1]", "[2002:7f00:1::]",
        "[2001:0:1::]", "[fe80::5efe:7f00:1]", "[2001:db8::200:5efe:127.0.0.1]",
        "[0:0:0:0:0:0:0:1]", "[0000::1]", "[::01]", "[::0001]", "[2001:DB8:0::1]", "[2001:db8:0:0::1]",
        "[fe80::1%eth0]", "[fe80::1%25eth0]",
    )),
    *((f"no name: {text}", {"to": text}, NOT_CANONICAL) for text in (
        "[::1", "[127.0.0.1]", "[v1.x]", "[:::1]", "[1:2]", "[]", "[api.example.com]",
    )),
    ("full-width digits", {"to": "127.0.0.1", "connect": ("１２７.0.0.1", 443)}, NOT_CANONICAL),
    ("circled digits", {"to": "127.0.0.1", "connect": ("①②⑦.0.0.1", 443)}, NOT_CANONICAL),
    ("ideographic full stops", {"to": "127.0.0.1", "connect": ("127。0。0。1", 443)}, NOT_CANONICAL),
    ("a name that resolves to loopback is the resolver's to refuse", {"to": "localtest.me"}, OPEN),
    ("a label that begins like a number", {"to": "0x.example"}, OPEN),
    ("a number that is no last label", {"to": "127.0.0.1.nip.example"}, OPEN),
]  # fmt: skip

FRAMING: list[Row] = [
    ("HTTP/1.0", {"http_version": b"HTTP/1.0"}, PROTOCOL),
    ("HTTP/2.0", {"http_version": b"HTTP/2.0"}, PROTOCOL),
    ("HTTP/0.9", {"http_version": b""}, PROTOCOL),
    ("HTTP/1.10", {"http_version": b"HTTP/1.10"}, PROTOCOL),
    ("HTTP/1.1 and more", {"http_version": b"HTTP/1.1 x"}, PROTOCOL),
    ("http/1.1", {"http_version": b"http/1.1"}, PROTOCOL),
    ("the prior-knowledge preface", {"method": b"PRI", "target": b"*", "http_version": b"HTTP/2.0"}, PROTOCOL),
    ("a length", {"post": b"{}"}, OPEN),
    ("chunks", {"lines": [(b"Transfer-Encoding", b"chunked")], "method": b"POST", "body": b"x"}, OPEN),
    ("CL.TE", line(b"Content-Length", b"1", (b"Transfer-Encoding", b"chunked")), AMBIGUOUS),
    ("TE.CL", line(b"Transfer-Encoding", b"chunked", (b"Content-Length", b"1")), AMBIGUOUS),
    ("CL.0: a body that no length announces", {"method": b"POST", "body": b"GET /x HTTP/1.1\r\n\r\n"}, MALFORMED),
    ("a body longer than it says", {"method": b"POST", "body": b"{}", **line(b"Content-Length", b"1")}, MALFORMED),
    ("a body shorter than it says", {"method": b"POST", "body": b"{}", **line(b"Content-Length", b"3")}, MALFORMED),
    ("two lengths", line(b"Content-Length", b"0", (b"Content-Length", b"1")), AMBIGUOUS),
    ("two equal lengths", line(b"Content-Length", b"0", (b"content-length", b"0")), AMBIGUOUS),
    *((f"length {text!r}", line(b"Content-Length", text), MALFORMED) for text in (
        b"", b"+0", b"-0", b"-1", b"00", b"0 0", b"0,0", b"0, 0", b"0;", b"0x0", b"0b0", b"0_0", b"1_0",
        b"1e1", b"0.0",
        b"\xb2", b"\xd9\xa0", b"'0'", b'"0"', b"9" * 16, b"9" * 400,
    )),
    *((f"TE.TE {text!r}", line(b"Transfer-Encoding", text), CODING) for text in (
        b"", b"xchunked", b"chunkedx", b"chunk", b"chunked;", b"chunked;q=1", b"chunked, chunked", b"chunked,",
        b",chunked", b"identity", b"identity, chunked", b"chunked, identity", b"gzip, chunked", b"gzip", b"cow",
        b"'chunked'", b'"chunked"', b"\x80chunked", b"chunked\xa0",
    )),
    *((f"TE.TE {text!r}", line(b"Transfer-Encoding", text), MALFORMED) for text in (
        b"\x0bchunked", b"chunked\x0b", b"chunked\x00", b"\x00chunked", b"chunked\r", b"\nchunked",
        b"chunked\r\n ,x",
        b"chunked\x0c", b"\rchunked", b"x\r\n chunked",
    )),
    ("two codings of transfer", line(b"Transfer-Encoding", b"chunked", (b"Transfer-Encoding", b"cow")), AMBIGUOUS),
    ("twice chunked", line(b"Transfer-Encoding", b"chunked", (b"transfer-encoding", b"chunked")), AMBIGUOUS),
    *((f"name {name!r}", line(name, b"chunked"), MALFORMED) for name in (
        b"Transfer-Encoding ", b" Transfer-Encoding", b"Transfer-Encoding\t", b"Transfer Encoding",
        b"\x00Transfer-Encoding", b"Transfer-Encoding\x00", b"Transfer-Encoding\r", b"\nTransfer-Encoding",
        b"X: y\r\nTransfer-Encoding", b"Transfer-Encoding\x0b", b"Transfer\xadEncoding", b"Transfer-Encoding:",
        b"", b":", b"(x)", b"a/b", b"a,b", b"a;b", b"a=b", b"a@b", b"[a]", b"{a}", b'"a"', b"a\\b", b"<a>", b"a?b",
        b"\xff", b"\xc3\xa9",
    )),
    *((f"name {name!r}", line(name, b"0"), AMBIGUOUS) for name in (
        b"Transfer_Encoding", b"Content_Length", b"content_type", b"X_Api_Key", b"_", b"Host_",
    )),
    *((f"value {value!r}", line(b"X-A", value), MALFORMED) for value in (
        b"a\x00b", b"a\rb", b"a\nb", b"a\r\nb", b"a\r\n b", b"a\r\n\tb", b"a\x0bb", b"a\x0cb", b"a\x1bb",
        b"a\x7f", b"\x01",
        b"a\r\nHost: evil.example", b"a\r\n\r\nGET /x HTTP/1.1", b"a\r", b"\n", b"\r\n ",
    )),
    *((f"value {value!r}", line(b"X-A", value), OPEN) for value in (
        b"", b"a b", b"a\tb", b"\xfc", b"a:b", b'"', b"\x80",
    )),
    ("a length with blanks around", {"method": b"POST", "body": b"{}", **line(b"Content-Length", b" \t2 ")}, OPEN),
    ("a folded Host", {"host": b"api.example.com\r\n evil.example"}, MALFORMED),
    ("a folded length", line(b"Content-Length", b"0\r\n 1"), MALFORMED),
    ("trailers are announced", line(b"Trailer", b"X-A", (b"Transfer-Encoding", b"chunked")), AMBIGUOUS),
    ("trailers are accepted by the agent", line(b"TE", b"trailers", (b"Connection", b"TE")), OPEN),
    ("100-continue", {"lines": [(b"Expect", b"100-Continue")], "post": b"{}"}, OPEN),
    ("another expectation", line(b"Expect", b"200-ok"), MALFORMED),
    ("two expectations", line(b"Expect", b"100-continue", (b"Expect", b"x")), AMBIGUOUS),
    *((f"coding {text!r}", line(b"Content-Encoding", text), CODING) for text in (
        b"gzip", b"x-gzip", b"deflate", b"br", b"zstd", b"compress", b"aws-chunked", b"identity, gzip", b"", b",",
        b"identity;q=1", b"unknown", b"identity,", b"utf-8",
    )),
    ("no coding, said", {"lines": [(b"Content-Encoding", b"Identity")], "post": b"{}"}, OPEN),
    ("two codings", line(b"Content-Encoding", b"identity", (b"Content-Encoding", b"identity")), AMBIGUOUS),
    *((f"Connection: {name.decode()}", line(b"Connection", b"close, " + name), AMBIGUOUS) for name in (
        b"Host", b"content-length", b"Content-Type", b"CONTENT-ENCODING", b"Authorization", b"expect",
    )),
    *((f"a body on {method.decode()}", {"post": b"{}", "method": method}, AMBIGUOUS) for method in (
        b"GET", b"HEAD", b"DELETE", b"OPTIONS",
    )),
    ("an empty body on DELETE", {"method": b"DELETE", **line(b"Content-Length", b"0")}, OPEN),
    ("100 lines", {"lines": [(b"A", b"b")] * (MAX_HEADER_LINES - 1)}, OPEN),
    ("101 lines", {"lines": [(b"A", b"b")] * MAX_HEADER_LINES}, MALFORMED),
    ("a thousand lines", {"lines": [(b"A", b"b")] * 1000}, MALFORMED),
    ("64 kB of lines", line(b"A", b"x" * MAX_HEADER_BYTES), MALFORMED),
    ("64 kB of lines that are ours", line(b"Vienna-A", b"x" * MAX_HEADER_BYTES), MALFORMED),
]  # fmt: skip

TARGETS: list[Row] = [
    *((f"target {target.decode()}", {"target": target}, OPEN) for target in (
        b"/", b"/v1/refunds", b"/v1/refunds/", b"/a.b/..c/.../d..", b"/a%20b", b"/%C3%BC", b"/a:b@c!$&'()*+,=~-_",
        b"/.well-known/x", b"/?a=b&c=d", b"/?q=a+b%20c", b"/?u=https://x/y?z", b"/?a=%2F%5C%25%3B%0A",
        b"/?a[]=1&b[c]=2",
        b"/?q=%7E", b"/?..%2F..", b"/?a=../..", b"/%E6%97%A5%E6%9C%AC", b"/a%E2%80%A6b", b"/?=x", b"/%F0%9F%98%80",
    ) if target != b"/?=x"),
    *((f"target {target!r}", {"target": target}, NOT_CANONICAL) for target in (
        # no path
        b"", b"*", b"a", b"?a", b"#", b"api.example.com", b"api.example.com:443", b"//evil.example/", b"///",
        b"\\/x",
        # dot segments, in any encoding and at any depth
        b"/.", b"/..", b"/./a", b"/a/.", b"/a/..", b"/a/../b", b"/a/./b", b"/../../etc/passwd",
        b"/%2e", b"/%2E", b"/%2e%2e/a", b"/%2E%2E/a", b"/.%2e/a", b"/%2e./a", b"/a%2f..%2fb", b"/a%2F..%2Fb",
        b"/a%2F..", b"/..%2Fa", b"/%252e%252e/a", b"/%252E%252E/a", b"/%25252E%25252E/a", b"/.%252E/a",
        b"/..%252Fa", b"/..%255Ca", b"/%c0%ae%c0%ae/a", b"/%C0%AE%C0%AE/a", b"/%E0%80%AE/a", b"/%F0%80%80%AE/a",
        b"/%EF%BC%8E%EF%BC%8E/a", b"/%E2%80%A5/a", b"/%E2%80%A4%E2%80%A4/a", b"/.%E2%80%A4/a",
        b"/..;/a", b"/..;a=b/c", b"/.;/a", b"/a;/../b", b"/..%3B/a", b"/..%00/a", b"/..%0D/a", b"/..%09/a",
        b"/..%01/",
        # separators that only some read as such
        b"//a", b"/a//b", b"/a//", b"/a/%2Fb", b"/a%2F%2Fb", b"/a\\b", b"/a\\..\\b", b"/a%5Cb", b"/a%5cb",
        b"/%255C",
        b"/a%2fb%2e", b"/a%EF%BC%8Fb", b"/a%EF%BC%BCb", b"/a%EF%BC%9Bb", b"/a%EF%BC%85b", b"/a%E2%84%80b",
        b"/%C0%AF", b"/%c0%af", b"/%E0%80%AF", b"/a%C1%9Cb",
        # matrix parameters
        b"/a;b", b"/a;jsessionid=1", b"/a;", b"/a%3Bb", b"/%253B",
        # control bytes and the ends of strings
        b"/a%00", b"/a%00.json", b"/%2500", b"/a%0A", b"/a%0d%0aX: y", b"/a%0D%0AHost:%20x", b"/a%1F",
        b"/a%7F", b"/a\x00",
        b"/a\n", b"/a\r\nHost: x", b"/a\tb", b"/a b", b"/a HTTP/1.1\r\nX: y", b"/\x7f", b"/\x80", b"/\xff",
        b"/\xc3\xbc",
        # second spellings
        b"/%c3%bc", b"/%C3%bC", b"/%41", b"/%61", b"/%7E", b"/%5F", b"/%2D", b"/%30", b"/v1%2D", b"/%6A",
        # broken or not UTF-8
        b"/%", b"/%2", b"/%GG", b"/%u002e", b"/%uff0e", b"/%%32e", b"/%C3", b"/%FF", b"/%ED%A0%80", b"/%C3%28",
        b"/%F8%80",
        b"/%F4%90%80%80",
        # not in a path
        b"/a#b", b"/#", b'/"', b"/<", b"/>", b"/[a]", b"/{a}", b"/a|b", b"/a^", b"/a`",
        # queries
        b"/?", b"/a?", b"/?a#b", b"/?a;b", b"/?a=1;b=2", b"/?a\\b", b"/?a b", b"/?%00", b"/?a=%00", b"/?%", b"/?%4",
        b"/?%2f", b"/?%41", b"/?%2E", b"/?%5F", b"/?%FF", b"/?a=%C0%AF", b'/?"', b"/?<", b"/?a\n", b"/?a\x00",
        b"/?\xff",
        b"/?&", b"/?a&&b", b"/?=x",
        # encoded so often that nobody says what it is
        b"/%" + b"25" * 10 + b"2F", b"/%" + b"25" * 9 + b"41",
        # what only a mapping may allow: one segment, kept encoded
        b"/a%2Fb", b"/@scope%2Fname", b"/100%25", b"/%252F",
    )),
    ("8 kB", {"target": b"/" + b"a" * (MAX_TARGET_BYTES - 1)}, OPEN),
    ("8 kB and a byte", {"target": b"/" + b"a" * MAX_TARGET_BYTES}, NOT_CANONICAL),
    ("8 kB of query", {"target": b"/?" + b"a" * MAX_TARGET_BYTES}, NOT_CANONICAL),
]  # fmt: skip

METHODS: list[Row] = [
    *((f"method {method.decode()}", {"method": method}, OPEN) for method in (
        b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"PROPFIND", b"M-SEARCH", b"QUERY",
    )),
    *((f"method {method!r}", {"method": method}, MALFORMED) for method in (
        b"", b"get", b"Get", b"GET ", b" GET", b"GE T", b"GET\t", b"GET\n", b"\r\nGET", b"GET\x00", b"G\xcbT",
        b"GET:",
        b"-GET", b"GET-", b"GET/", b"GET,POST", b"P\xd0\x9eST", b"A" * 33, b"123", b"_GET", b"GET1",
    )),
    *((f"method {method.decode()}", {"method": method}, PROTOCOL) for method in (b"CONNECT", b"TRACE", b"PRI")),
    *((f"{name}: DELETE", line(name.encode(), b"DELETE"), OVERRIDE) for name in (
        "X-HTTP-Method-Override", "x-http-method-override", "X-HTTP-Method", "X-Method-Override",
        "X-METHOD-OVERRIDE",
        "X-Original-Method", "X-Forwarded-Method",
    )),
    *((f"{name}: /admin", line(name.encode(), b"/admin"), OVERRIDE) for name in (
        "X-Original-URL", "X-Original-URI", "X-Rewrite-URL", "X-Rewrite-URI", "X-Override-URL", "X-Forwarded-URI",
        "X-Forwarded-Path", "X-Forwarded-Prefix", "X-Envoy-Original-Path", "X-Proxy-URL", "X-HTTP-Path-Override",
        "X-HTTP-DestinationURL", "Request-URI", "Base-URL", "Http-URL",
    )),
    *((f"{name}: evil.example", line(name.encode(), b"evil.example"), OVERRIDE) for name in (
        "X-Forwarded-Host", "X-Original-Host", "X-Host", "X-Host-Override", "X-HTTP-Host-Override", "Forwarded",
        "X-Forwarded-Server", "X-Envoy-Original-Host", "X-Forwarded-Port", "X-Forwarded-Proto",
        "X-Forwarded-Scheme",
    )),
    ("an underscore does not hide one", line(b"X_HTTP_Method_Override", b"DELETE"), AMBIGUOUS),
    ("Connection does not take one off in time",
     line(b"X-Original-URL", b"/a", (b"Connection", b"X-Original-URL")), OVERRIDE),
    *((f"?{key}=DELETE", {"target": b"/?a=1&" + key.encode() + b"=DELETE"}, OVERRIDE) for key in (
        "_method", "_METHOD", "X-HTTP-Method-Override", "x-http-method", "$method", "$httpMethod", "%24httpMethod",
        "$ct", "$httpHeaders",
    )),
    ("?%5Fmethod=DELETE", {"target": b"/?%5Fmethod=DELETE"}, NOT_CANONICAL),
    ("_method in a form", {"post": b"a=1&_method=DELETE", "kind": b"application/x-www-form-urlencoded"}, OVERRIDE),
    ("%5fmethod in a form", {"post": b"%5fMETHOD=DELETE", "kind": b"application/x-www-form-urlencoded"}, OVERRIDE),
    ("_method in JSON", {"post": b'{"\\u005fmethod": "DELETE"}'}, OVERRIDE),
    ("_method in multipart", {
        "post": b'--x\r\nContent-Disposition: form-data; name="_method"\r\n\r\nDELETE\r\n--x--\r\n',
        "kind": b"multipart/form-data; boundary=x",
    }, OVERRIDE),
    ("method is a word like others", {"target": b"/?method=DELETE", "post": b'{"method": "DELETE"}'}, OPEN),
    ("two Authorizations", line(b"Authorization", b"a", (b"Authorization", b"b")), AMBIGUOUS),
    *((f"two lines {name}", line(name.encode(), b"a", (name.upper().encode(), b"b")), AMBIGUOUS) for name in (
        "Cookie", "Idempotency-Key", "X-Amz-Target", "SOAPAction", "Mcp-Method", "Mcp-Name",
        "MCP-Protocol-Version", "Range",
        "If-Modified-Since", "X-Amz-Copy-Source",
    )),
    ("two lines of a list", line(b"Accept", b"a/b", (b"Accept", b"c/d")), OPEN),
]  # fmt: skip

FORM = b"application/x-www-form-urlencoded"
BODIES: list[Row] = [
    *((f"JSON {body[:40]!r}", {"post": body}, OPEN) for body in (
        b"{}", b'{"a": 9007199254740992}', b"[" * 32 + b"]" * 32, b'{"a": 1.10}', b'"\\ud83d\\ude00"', b" null ",
    )),
    *((f"JSON {body[:40]!r}", {"post": body}, UNDECODABLE) for body in (
        b"\xef\xbb\xbf{}", '{"a":"ü"}'.encode("latin-1"), "{}".encode("utf-16"), b'{"a":1,"a":2}',
        b'{"a":1,"\\u0061":2}',
        b"NaN", b"Infinity", b'{"a":NaN}', b'{"a":9007199254740993}', b'{"a":-9007199254740993}', b"1e999",
        b"0" * 2,
        b"[" * 33 + b"]" * 33, b"[" * 100_000, b'"\\ud800"', b'"\xed\xa0\x80"', b"{}{}", b"{} x", b"{'a':1}",
        b"{a:1}",
        b"[1,]", b'{"a":1,}', b"/**/{}", b"{}//", b'"\x01"', b"{\x00}", b"", b"\xff", b'{"a":01}', b'{"a":+1}',
        b"\x0b{}",
    ) if body),
    ("JSON by another name", {"post": b'{"a":1,"a":2}', "kind": b"application/problem+json"}, UNDECODABLE),
    ("JSON in upper case", {"post": b'{"a":1,"a":2}', "kind": b"APPLICATION/JSON"}, UNDECODABLE),
    *((f"charset {kind!r}", {"post": b"{}", "kind": kind}, CODING) for kind in (
        b"application/json; charset=utf-16", b'application/json;charset="UTF-7"',
        b"application/json; charset=latin1",
        b"application/json; charset=utf-8; charset=utf-16", b"application/json; Charset=IBM037",
    )),
    *((f"type {kind!r}", {"post": b"{}", "kind": kind}, MALFORMED) for kind in (
        b"", b"json", b"application/", b"/json", b"application/json, text/plain", b"application/json text/plain",
        b"application/json\x00", b"application/json; =x", b"application/json; a", b'application/json; a="x',
        b"a/b/c", b"application/json; charset=",
        b"application /json",
    )),
    ("two types", {"post": b"{}", "lines": [(b"Content-Type", b"text/plain")]}, AMBIGUOUS),
    *((f"form {body[:40]!r}", {"post": body, "kind": FORM}, OPEN) for body in (
        b"a=1&b=2", b"a[b]=1&a[c]=2", b"a[]=1&a[]=2", b"a=%3B%0A", b"a=", b"a", "a=ü".encode(),
    )),
    *((f"form {body[:40]!r}", {"post": body, "kind": FORM}, UNDECODABLE) for body in (
        b"a=1;b=2", b"a=1&a=2", b"a=1&%61=2", b"a=1&A%00=2", b"a=%00", b"a=\x00", b"a=\n", b"a=1\r\nb=2",
        b"a=%", b"a=%zz",
        b"a=%FF", b"a=\xff", b"a=\xc3%BC", b"=1", b"&", b"a=1&&b=2", b"a=1&", b"a[=1", b"a]=1", b"[a]=1",
        b"a[b]c=1",
        b"&".join([b"a[]=1"] * 10_001),
    )),
]  # fmt: skip

UPGRADES: list[Row] = [
    ("a websocket", line(b"Upgrade", b"websocket", (b"Connection", b"Upgrade")), PROTOCOL),
    ("an upgrade to h2c", line(b"Upgrade", b"h2c", (b"HTTP2-Settings", b"AAMAAABk")), PROTOCOL),
    ("an upgrade to TLS", line(b"Upgrade", b"TLS/1.2, HTTP/1.1"), PROTOCOL),
    (
        "kubectl exec over SPDY",
        line(b"Upgrade", b"SPDY/3.1", (b"X-Stream-Protocol-Version", b"v4")),
        PROTOCOL,
    ),
]

DOORS = {
    "identity of the target": IDENTITY,
    "address literals": LITERALS,
    "framing": FRAMING,
    "target": TARGETS,
    "method": METHODS,
    "body": BODIES,
    "tunnels and upgrades": UPGRADES,
}
ROWS = [
    (f"{door}: {name}", change, expected) for door, rows in DOORS.items() for name, change, expected in rows
]


@pytest.mark.parametrize(("change", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_door(change: dict[str, Any], expected: Reason | None) -> None:
    assert verdict(request(**change)) is expected


def test_no_two_rows_have_one_name() -> None:
    names = [row[0] for row in ROWS]
    assert sorted({name for name in names if names.count(name) > 1}) == []


@pytest.mark.parametrize("door", DOORS)
def test_what_the_head_refuses_needs_no_body(door: str) -> None:
    """A refusal by the head alone is the whole request's refusal, word for word."""
    for _, change, _ in DOORS[door]:
        raw = request(**change)
        head = canonicalise_head(raw)
        assert isinstance(head, Call) or head == canonicalise(raw)


@pytest.mark.parametrize("name", [
    "Vienna-Warrant", "VIENNA-INTENT", "vienna_warrant", "Vienna_Warrant-Id", "X-Vienna-Anything", "x_vienna_a",
    "Signature", "signature-input", "Signature-Agent", "SIGNATURE_INPUT", "Content-Digest", "content_digest",
])  # fmt: skip
def test_our_headers_are_not_the_agents_to_send(name: str) -> None:
    """Taken off in any spelling, and not by ``Connection``: what we send ourselves comes after."""
    lines = [(name.encode(), b"x"), (b"Connection", name.encode()), (b"X-A", b"1")]
    found = canonicalise(request(lines=lines))
    assert isinstance(found, Call)
    assert found.headers == (("x-a", "1"),)
    assert found.wire_headers() == ((b"host", HOST), (b"x-a", b"1"))
