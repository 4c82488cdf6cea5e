"""QR codes as a path that a template draws: for the one secret that is carried from a screen to a telephone."""

from __future__ import annotations

__all__ = ["path_of"]

_QUIET = 4
"""Modules of margin on each side; readers want them (ISO/IEC 18004)."""


def path_of(text: str) -> tuple[str, int]:
    """``d`` of an SVG path of the dark modules, and the side of its square viewBox. Takes some 0.1 s.

    Errors: ``ValueError`` for more than a code can hold (2,331 bytes).
    """
    # the PDF writer's own; it is slow to import, and nobody enrols often
    from reportlab.graphics.barcode.qrencoder import QRCode, QRErrorCorrectLevel

    made = QRCode(None, QRErrorCorrectLevel.M)
    made.addData(text)
    made.make()
    rows = [[bool(dark) for dark in row] for row in made.modules]
    return "".join(_runs(y, row) for y, row in enumerate(rows)), len(rows) + 2 * _QUIET


def _runs(y: int, row: list[bool]) -> str:
    """Dark modules of one row, each run of neighbours as one rectangle."""
    parts, start = [], None
    for x, dark in enumerate([*row, False]):
        if dark and start is None:
            start = x
        elif not dark and start is not None:
            parts.append(f"M{start + _QUIET} {y + _QUIET}h{x - start}v1h-{x - start}z")
            start = None
    return "".join(parts)
