"""The answer as a page, for people with a browser."""

from __future__ import annotations

import html

from vienna_proxy.answer.form import Form
from vienna_proxy.answer.problem import Answer

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<body style="font-family:system-ui;max-width:40em;margin:4em auto;line-height:1.5">
<h1>{title}</h1><p>{sentence}</p><p>{advice}</p><p><small>{reason} {intent}</small></p></body></html>
"""


def is_wanted(accept: str) -> bool:
    """Whether an ``Accept`` asks for HTML and not for JSON."""
    return "text/html" in accept and "json" not in accept


def form(answer: Answer) -> Form:
    """The page."""
    facts = answer.facts()
    texts = {
        "title": answer.row.title,
        "sentence": answer.sentence,
        "advice": answer.advice,
        "reason": answer.reason.value,
        "intent": str(facts.get("intent", "")),
    }
    page = _PAGE.format(**{name: html.escape(text) for name, text in texts.items()})
    return Form("text/html; charset=utf-8", page.encode())
