"""Server-sent events, line by line."""

from vienna_client.events import Event, parse


def test_fields_comments_and_several_data_lines():
    lines = [
        ": hello",
        "",
        "id: 7",
        "event: approval_required",
        'data: {"a":',
        "data: 1}",
        "",
        "data: {}",
        "",
    ]
    assert list(parse(lines)) == [Event("7", "approval_required", {"a": 1}), Event("7", "message", {})]


def test_an_event_that_the_stream_cuts_off_is_not_told():
    assert list(parse(["event: alert", "data: {}"])) == []


def test_data_that_is_not_json_is_none_and_an_id_with_nul_is_ignored():
    assert list(parse(["id: a\0b", "data: not json", ""])) == [Event("", "message", None)]
