"""What is printed can be pasted: nothing an agent wrote moves a cursor, turns a line or hides in it."""

import io
import json

import pytest
import yaml

from vienna_cli.output import Format, Printer, cell, escape, field

HOSTILE = "a\x1b[31mred\nb\tc\x9b1m \u202egnp.exe \u200b\ufeff\u2066 \ud800 ünïcode €"


def test_escape_leaves_text_and_names_the_rest():
    assert escape(HOSTILE) == (
        "a\\x1b[31mred\\nb\\tc\\x9b1m \\u202egnp.exe \\u200b\\ufeff\\u2066 \\ud800 ünïcode €"
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "yes"),
        (False, "no"),
        (50.0, "50"),
        (49.25, "49.25"),
        (["a", "b\n"], "a, b\\n"),
        ({"a": "\x1b"}, '{"a": "\\u001b"}'),
        (7, "7"),
    ],
)
def test_cells(value, text):
    assert cell(value) == text


ROWS = [{"id": "int-1", "summary": HOSTILE, "agent": {"name": "bot"}}, {"id": "int-2", "summary": "x"}]
COLUMNS = (field("id"), field("summary"), field("agent.name"))


@pytest.mark.parametrize("format", list(Format))
def test_no_format_lets_a_control_character_through(capsys, format):
    Printer(format).rows(ROWS, COLUMNS)
    text = capsys.readouterr().out
    assert not any(c in text for c in "\x1b\x9b\t\u202e\u200b\ufeff\u2066")


def test_table(capsys):
    Printer(Format.TABLE).rows([{"id": "int-1", "summary": "x" * 300, "agent": {"name": "bot"}}], COLUMNS)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["ID", "SUMMARY", "NAME"]
    assert "x" * 300 in lines[1], "a pipe is no reason to fold a line"


def test_machine_formats_carry_everything(capsys):
    Printer(Format.JSON).rows(ROWS[1:], COLUMNS)
    assert json.loads(capsys.readouterr().out) == ROWS[1:]
    Printer(Format.YAML).rows(ROWS[1:], COLUMNS)
    assert yaml.safe_load(capsys.readouterr().out) == ROWS[1:]
    Printer(Format.JSONL).rows(ROWS[1:] * 2, COLUMNS)
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == ROWS[1:] * 2


def test_quiet_prints_ids_and_says_nothing(capsys):
    printer = Printer(Format.TABLE, quiet=True)
    printer.rows(ROWS, COLUMNS)
    printer.record(ROWS[0], COLUMNS)
    printer.say("around it")
    printer.fail("but errors")
    said = capsys.readouterr()
    assert said.out.split() == ["int-1", "int-2", "int-1"]
    assert said.err == "error: but errors\n"


def test_a_record_leaves_out_what_is_empty(capsys):
    Printer(Format.TABLE).record(ROWS[1], COLUMNS)
    assert capsys.readouterr().out.splitlines() == ["id       int-2", "summary  x"]


APPROVAL = {"id": "apr-01a1fa43-74f3-73ce-af3a-e6b17a6ac68a", "sentence": "bot wants to " + "x" * 60}
LISTED = (field("id"), field("sentence"), field("until"))


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


def at_a_terminal(monkeypatch, columns, rows, **environ):
    screen = Screen()
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in {"TERM": "xterm", "COLUMNS": str(columns), **environ}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdout", screen)
    Printer(Format.TABLE).rows(rows, LISTED)
    return screen.getvalue()


@pytest.mark.parametrize("columns", [200, 110, 80, 50])
def test_an_id_is_never_folded(monkeypatch, columns):
    rows = [{**APPROVAL, "until": "2026-11-20T22:41:27.280Z"}] * 2
    text = at_a_terminal(monkeypatch, columns, rows)
    assert text.count(APPROVAL["id"]) == 2
    assert text.count("2026-11-20T22:41:27.280Z") == 2
    assert text.count("x") == 2 * 60


def test_no_color_means_no_escape_at_all(monkeypatch):
    assert "\x1b" in at_a_terminal(monkeypatch, 200, [APPROVAL])
    assert "\x1b" not in at_a_terminal(monkeypatch, 200, [APPROVAL], NO_COLOR="1")


def test_no_rows_are_said_beside_the_result(capsys):
    Printer(Format.TABLE).rows([], COLUMNS)
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "none\n")
    Printer(Format.JSON).rows([], COLUMNS)
    assert capsys.readouterr().out == "[]\n"


def test_nothing_stands_at_the_end_of_a_line(capsys):
    Printer(Format.TABLE).rows([*ROWS, {"id": "x"}], COLUMNS)
    lines = capsys.readouterr().out.splitlines()
    assert lines == [line.rstrip() for line in lines]


@pytest.mark.parametrize(
    "char", ["\u115f", "\u2800", "\u3164", "\ufe0f", "\uffa0", "\U000e0041", "\U000e0100"]
)
def test_what_is_drawn_as_nothing_is_written_out(char: str) -> None:
    assert escape(f"a{char}b") == "a" + char.encode("unicode_escape").decode() + "b"
