"""Protocols that name no operation."""

from vienna_kernel.protocol import plain


def test_bodies_come_with_the_methods_that_write() -> None:
    reader = plain.reading("json", "form")
    assert reader.kinds("PATCH", {}) == {"json", "form"}
    assert not reader.kinds("DELETE", {})
    assert plain.OPAQUE.kinds("DELETE", {}) == {"bytes"}
