"""What every reader gives."""

from vienna_kernel.decode.pointer import MISSING
from vienna_kernel.protocol.part import Part


def test_a_part_says_nothing_unless_told() -> None:
    part = Part()
    assert (part.operation, part.value, part.open, part.answer, part.failed) == ("", MISSING, None, (), ())
    assert (part.answer_id, part.query) == (MISSING, frozenset())
