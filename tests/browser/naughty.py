"""Strings that have broken pages before: the public list where it lies beside this checkout, and some of our own."""

from __future__ import annotations

import json
from pathlib import Path

_LIST = Path(__file__).parents[3] / "shared" / "vectors" / "naughty_strings.json"

OWN = [
    '<img src=x onerror="window.pwned=1">',
    "<script>window.pwned=1</script>",
    "</textarea><script>window.pwned=1</script>",
    "</script><svg onload=window.pwned=1>",
    '"><iframe srcdoc="<script>parent.pwned=1</script>">',
    "' autofocus onfocus=window.pwned=1 x='",
    '" hx-on:click="window.pwned=1" hx-get="/api/v1/x" hx-trigger="load" x="',
    "javascript:window.pwned=1",
    "{{ 7*7 }} {% raw %} ${7*7} #{7*7}",
    "\u202egnp.exe \u2066hidden\u2069 \u200bzero\u200d\ufeff",
    "рaypal.com аpple",
    "‹not the agent's words›⟨U+0041⟩",
    "a\x00b\x07c\x1b[31m",
    "\N{COMBINING LONG STROKE OVERLAY}" * 12 + "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!",
    "]]> <!-- --> <![CDATA[",
    "&lt;b&gt; &#x3C;script&#x3E; %3Cscript%3E",
]

NAUGHTY: list[str] = OWN + (json.loads(_LIST.read_bytes()) if _LIST.exists() else [])


def chunks(most: int) -> list[str]:
    """All of them, in texts of at most so many characters."""
    told, text = [], ""
    for one in NAUGHTY:
        if text and len(text) + len(one) >= most:
            told.append(text)
            text = ""
        text = f"{text}\n{one}" if text else one[:most]
    return [*told, text]
