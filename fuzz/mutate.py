"""Inputs near a corpus, the same ones every time: what the tests try where no fuzzer runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

_MOST_BYTES = 4096
_TELLING = (
    b"\x00", b"\r", b"\n", b"\r\n", b"\r\n ", b"\t", b" ", b"%", b"%2e", b"%2F", b"%00", b"%C0%AF", b"\xff",
    b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\\", b"\\u0000", b"\\ud800", b";", b"//", b"/../", b"[" * 40, b"{" * 40,
    b"<!DOCTYPE", b"&amp;", b"--", b"''", b"NaN", b"1e999", b"-0", b"9007199254740993", b"=", b"&", b"[]", b":",
)  # fmt: skip


def near(corpus: Sequence[bytes], count: int, *, seed: int = 0) -> Iterator[bytes]:
    """``count`` inputs, each one to four changes away from one of the corpus."""
    random = Random(seed)  # noqa: S311  # repeatable on purpose
    pool = list(corpus) or [b""]
    for _ in range(count):
        data = random.choice(pool)
        for _ in range(random.randint(1, 4)):
            data = _changed(data, pool, random)
        yield data[:_MOST_BYTES]


def _changed(data: bytes, pool: Sequence[bytes], random: Random) -> bytes:
    at = random.randint(0, len(data))
    end = min(len(data), at + random.randint(0, 8))
    kind = random.randrange(6)
    if kind == 0:
        return data[:at] + random.choice(_TELLING) + data[end:]
    if kind == 1:
        return data[:at] + random.choice(_TELLING) + data[at:]
    if kind == 2:
        return data[:at] + data[end:]
    if kind == 3:
        return data[:at] + data[at:end] * random.randint(2, 20) + data[end:]
    if kind == 4:
        other = random.choice(pool)
        return data[:at] + other[random.randint(0, len(other)) :]
    return data[:at] + bytes(random.randrange(256) for _ in range(random.randint(1, 4))) + data[end:]
