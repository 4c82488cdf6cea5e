"""A report as PDF: A4, a heading and a table for each section, page numbers. The same report gives the same bytes.

The fonts are those that every reader has; they know Latin letters. Any other character is written as its code point
(``\\u4e2d``), which is unambiguous, and shows what would otherwise be invisible.
"""

from __future__ import annotations

import io
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, LongTable, Paragraph, SimpleDocTemplate, Spacer, TableStyle

from vienna_control.reports.content import Cell, words

_BODY = ParagraphStyle("body", fontName="Helvetica", fontSize=7.5, leading=9.5, splitLongWords=1)
_HEAD = ParagraphStyle("head", parent=_BODY, fontName="Helvetica-Bold", textColor=colors.white)
_NOTE = ParagraphStyle("note", parent=_BODY, textColor=colors.HexColor("#555555"), spaceAfter=2 * mm)
_SECTION = ParagraphStyle(
    "section", fontName="Helvetica-Bold", fontSize=11, leading=14, spaceBefore=5 * mm, spaceAfter=1.5 * mm
)
_TITLE = ParagraphStyle("title", fontName="Helvetica-Bold", fontSize=18, leading=22, spaceAfter=3 * mm)
_MARGIN = 14 * mm
_INK = colors.HexColor("#1f3a5f")
_WIDEST, _NARROWEST = 40, 9
_SMALL_TABLE = 0.62
"""Of the page's width, for a table of few columns."""

_GRID = TableStyle(
    [
        ("BACKGROUND", (0, 0), (-1, 0), _INK),
        ("ROWBACKGROUNDS", (0, 1), (-1, -1), [colors.white, colors.HexColor("#f2f4f7")]),
        ("LINEBELOW", (0, 0), (-1, -1), 0.25, colors.HexColor("#c8ced6")),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 3),
        ("RIGHTPADDING", (0, 0), (-1, -1), 3),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
    ]
)


def render(report: dict[str, Any], digest: str) -> bytes:
    """The whole of it. It takes about a second for each thousand lines: not on the event loop."""
    out = io.BytesIO()
    title = f"Compliance report ({report['type']})"
    document = SimpleDocTemplate(
        out,
        pagesize=landscape(A4),
        title=title,
        author="Vienna",
        subject=f"{report['from']} to {report['to']}",
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        invariant=1,
    )
    story: list[Flowable] = [Paragraph(escape(title), _TITLE), *_facts(report, digest)]
    for section in report["sections"]:
        story += _section(section, document.width)
    document.build(story, canvasmaker=_numbered(report["report_id"]))
    return out.getvalue()


def _facts(report: dict[str, Any], digest: str) -> list[Flowable]:
    told = (
        ("Period", f"{report['from']} to {report['to']}"),
        ("Tenant", report["tenant"]),
        ("Narrowed to", words(report["filters"])),
        ("Report", report["report_id"]),
        ("Made at", report["made_at"]),
        ("Digest", f"{digest} (of its content as JSON; entered into the audit trail)"),
    )
    return [Paragraph(f"<b>{name}</b>: {_text(value)}", _BODY) for name, value in told]


def _section(section: dict[str, Any], width: float) -> list[Flowable]:
    shown: list[Flowable] = [Paragraph(_text(section["title"]), _SECTION)]
    if section["note"]:
        shown.append(Paragraph(_text(section["note"]), _NOTE))
    if not section["rows"]:
        return [*shown, Paragraph("None in this period.", _BODY)]
    head = [Paragraph(_text(column), _HEAD) for column in section["columns"]]
    body = [[Paragraph(_text(cell), _BODY) for cell in row] for row in section["rows"]]
    table = LongTable([head, *body], colWidths=_widths(section, width), repeatRows=1, hAlign="LEFT")
    table.setStyle(_GRID)
    return [*shown, table, Spacer(0, 2 * mm)]


def _widths(section: dict[str, Any], width: float) -> list[float]:
    """By the longest cell of each column, within bounds."""
    columns = list(zip(section["columns"], *section["rows"], strict=True))
    longest = [
        min(_WIDEST, max(_NARROWEST, *(len(str(cell)) for cell in column if cell is not None)))
        for column in columns
    ]
    whole = width if len(columns) > 3 else width * _SMALL_TABLE
    return [whole * one / sum(longest) for one in longest]


def _text(cell: Cell) -> str:
    plain = "" if cell is None else str(cell).replace("\u2026", "...")
    known = plain.encode("cp1252", "backslashreplace").decode("cp1252")
    return escape("".join(one if one.isprintable() else ascii(one)[1:-1] for one in known))


def _numbered(report_id: str) -> type[Canvas]:
    class Numbered(Canvas):
        """Knows how many pages there are only at the end: keeps each until then."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._kept: list[dict[str, Any]] = []

        def showPage(self) -> None:
            self._kept.append(dict(self.__dict__))
            self._startPage()  # type: ignore[attr-defined]  # the stubs leave it out

        def save(self) -> None:
            for number, page in enumerate(self._kept, start=1):
                self.__dict__.update(page)
                self.setFont("Helvetica", 7)
                self.drawString(_MARGIN, 8 * mm, report_id)
                self.drawRightString(
                    landscape(A4)[0] - _MARGIN, 8 * mm, f"page {number} of {len(self._kept)}"
                )
                super().showPage()
            super().save()

    return Numbered
