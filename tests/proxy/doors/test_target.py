"""Target: a path and a query have one spelling, or the request is refused; nothing is put right on the way."""

from __future__ import annotations

from harness.doors import Door, Scene, laws

CANONICAL = ("canonical targets",)


def target(text: bytes, *by: str) -> Door:
    return Door(
        lambda scene: scene.passed(
            b"GET http://tap.example" + text + b" HTTP/1.1\r\nHost: tap.example\r\n\r\n"
        ),
        by or CANONICAL,
    )


def _otherwise(scene: Scene) -> bool:
    """What arrives is not, byte for byte, what was asked for."""
    asked = b"/a~b/%C3%A4%20(1)!$&'*+,=:@?q=a+b&r[]=%26&s=%7E|{}"
    scene.say(b"GET http://tap.example" + asked + b" HTTP/1.1\r\nHost: tap.example\r\n\r\n")
    return [heard.split(b" ")[1] for heard in scene.tap.heard] != [asked]


DOORS = {
    "dot segments": target(b"/a/../b"),
    "a single dot": target(b"/a/./b"),
    "dot segments, encoded": target(b"/a/%2e%2e/b"),
    "dot segments, encoded in upper case": target(b"/a/%2E%2E/b"),
    "dot segments, encoded twice": target(b"/a/%252e%252e/b", *CANONICAL, "encoded separators"),
    "an empty segment": target(b"/a//b"),
    "an empty segment at the beginning": target(b"//a"),
    "a backslash": target(b"/a\\b"),
    "an encoded backslash": target(b"/a%5Cb"),
    "a semicolon": target(b"/a;b"),
    "an encoded semicolon": target(b"/a%3Bb"),
    "an encoded NUL": target(b"/a%00b"),
    "an encoded line end": target(b"/a%0D%0Ab"),
    "an encoded slash": target(b"/a%2Fb", "encoded separators"),
    "an encoded slash in lower case": target(b"/a%2fb", "encoded separators"),
    "an encoded percent sign": target(b"/a%25b", "encoded separators"),
    "percent hex in lower case": target(b"/%c3%a4"),
    "a letter that need not be encoded": target(b"/%61"),
    "bytes that are not UTF-8": Door(target(b"/%FF").attack),
    "a character that some take for a slash": target(b"/a%EF%BC%8Fb"),
    "a fragment": target(b"/a#b"),
    "a raw byte beyond ASCII": Door(target(b"/\xc3\xa4").attack),
    "a broken percent sign": target(b"/%4"),
    "a query that is not UTF-8": Door(target(b"/?a=%FF").attack),
    "an encoded NUL in a query": target(b"/?a=%00", *CANONICAL, "queries strictly"),
    "a semicolon in a query": target(b"/?a=1;b=2", *CANONICAL, "queries strictly"),
    "more than 8 kB": target(b"/" + b"a" * 9000, "a bound on targets"),
    "what arrives is not what was asked for": Door(_otherwise),
}

test_is_shut, test_without_its_guard_the_door_is_open, test_each_guard_alone_keeps_it_shut = laws(DOORS)


def test_a_segment_that_is_declared_encoded_stays_so(scene: Scene) -> None:
    """``{name:encoded}``: one segment, kept and compared encoded."""
    told = scene.say(
        b"DELETE http://api.github.com/repos/o/r/labels/a%2Fb HTTP/1.1\r\nHost: api.github.com\r\n\r\n"
    )
    assert told.startswith(b"HTTP/1.1 200")
    (heard,) = scene.tap.heard
    assert heard.startswith(b"DELETE /repos/o/r/labels/a%2Fb HTTP/1.1\r\n")
