"""Whatever others wrote is text, wherever a template puts it."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from vienna_control.console.render import environment, shown

VECTORS = Path(__file__).parents[4] / "shared" / "vectors" / "naughty_strings.json"
NAUGHTY: list[str] = json.loads(VECTORS.read_text())
PLACES = "<p title=\"{{ x }}\" data-a='{{ x }}'>{{ x }}</p><i>{{ x | shown }}</i><b>{{ kit.value(x) }}</b>"


class Seen(HTMLParser):
    """Tags and attribute names, as a browser would see them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.values: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.values += [value or "" for _, value in attrs]


def rendered(source: str, **given: object) -> str:
    return environment().from_string(source).render(**given)


def test_the_public_list_of_naughty_strings_stays_text() -> None:
    assert len(NAUGHTY) > 400
    for text in NAUGHTY:
        seen = Seen(rendered(PLACES, x=text))
        assert set(seen.tags) <= {"p", "i", "b", "span", "details", "summary"}, text
        assert seen.attributes <= {"title", "data-a", "class"}, text


@pytest.mark.parametrize(
    "char", ["\u202e", "\u200b", "\u2066", "\u00ad", "\ufeff", "\x00", "\x1b", "\U000e0041"]
)
def test_what_cannot_be_seen_is_written_out_in_text_and_attributes(char: str) -> None:
    page = rendered(PLACES, x=f"a{char}b")
    assert char not in page
    assert page.count(f"⟨U+{ord(char):04X}⟩") == 5
    assert (
        page.count('<span class="unseen">') == 3 - 1
    )  # `shown` and `kit.value`; a plain place gets no markup


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a gate, <b>x</b> is silent", "A gate, &lt;b&gt;x&lt;/b&gt; is silent"),
        ("billing left", "billing left"),
        ("create_refund left", "create_refund left"),
        ("ops@example.com came", "ops@example.com came"),
        ("", ""),
        ("ends at 2026-99-01T00:00:00Z", "Ends at 2026-99-01T00:00:00Z"),
    ],
)
def test_a_sentence_of_ours_begins_with_a_capital_letter_and_a_name_as_it_is(text: str, told: str) -> None:
    assert rendered("{{ x | sentence('billing') }}", x=text) == told


def test_an_instant_within_a_sentence_is_one_of_the_readers_zone() -> None:
    page = rendered("{{ x | sentence }}", x="until 2026-11-20T14:00:00.000Z, <i>")
    assert Seen(page).tags == ["time"]
    assert page.startswith('Until <time datetime="2026-11-20T14:00:00Z"')


def test_what_is_edited_and_sent_back_is_not_changed_by_being_shown() -> None:
    text = 'a\u202e"<b>&amp;\n'
    page = rendered('<input value="{{ x | exact }}">', x=text)
    assert Seen(page).values == [text]


def test_a_long_value_hides_no_other_and_says_how_much_is_behind() -> None:
    page = rendered("{{ kit.value(x) }}", x={"a": "y" * 5000, "b": 1})
    assert "4,760 more characters" in page
    assert page.index("more characters") < page.index("<dt>b</dt>")


def test_keys_past_the_fortieth_are_counted() -> None:
    page = rendered("{{ kit.value(x) }}", x={f"k{n}": n for n in range(100)})
    assert "60 more" in page
    assert "<dt>k99</dt>" in page


def test_a_name_that_is_not_there_is_a_fault() -> None:
    with pytest.raises(UndefinedError):
        rendered("{{ nothing }}")


def test_line_ends_stay_in_values() -> None:
    assert str(shown("a\nb", lines=True)) == "a\nb"
    assert str(shown("a\nb")) == 'a<span class="unseen">⟨U+000A⟩</span>b'
