"""Bytes told by length and digest."""

from __future__ import annotations

from vienna_kernel.decode.blob import facts


def test_bytes_are_told_by_length_and_digest() -> None:
    # FIPS 180-4: the empty message and "abc".
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert facts(b"") == {"bytes": 0, "digest": f"sha256:{empty}"}
    assert facts(b"abc") == {"bytes": 3, "digest": f"sha256:{abc}"}
