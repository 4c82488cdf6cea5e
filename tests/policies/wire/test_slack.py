"""Slack by its official client."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.webhook import WebhookClient

from harness.standin import Answer, Asked, Standin
from vienna_kernel.call.request import Call, canonicalise
from vienna_kernel.mapping.cases import parse_request
from vienna_kernel.mapping.reading import Mapped
from vienna_kernel.verdict import Reason
from vienna_kernel.verification import Result
from wire_kit import expect, expect_refused, only, read, through, verified

DOCUMENT = Path(__file__).parents[4] / "shared" / "apis" / "slack_web_openapi_v2.json.gz"


def said(asked: Asked) -> dict[str, Any]:
    """What was asked, from wherever the client put it."""
    kind = asked.header("content-type") or ""
    return dict(asked.json) if "json" in kind and asked.body else {**asked.query, **asked.form}


def answer(asked: Asked) -> dict[str, Any]:
    found = said(asked)
    method = asked.path.rpartition("/")[2]
    channel: Any = found.get("channel", "C1")
    if method in ("conversations.create", "conversations.rename", "conversations.invite"):
        channel = {"id": found.get("channel", "C1"), "name": found.get("name", "x")}
    return {
        "ok": True,
        "channel": channel,
        "ts": found.get("ts", "1.2"),
        "message_ts": "1.2",
        "file": {"id": found.get("file", "F1")},
        "upload_url": "https://files.slack.com/upload/v1/abc",
        "file_id": "F1",
        "files": [{"id": "F1"}],
    }


ANSWERS = [
    Answer("POST", "/upload/{path+}", 200, b"OK - 2"),
    Answer("POST", "/services/{path+}", 200, b"ok"),
    Answer("GET|POST", "/api/{method}", 200, answer),
]


@pytest.fixture
def api() -> Iterator[Standin]:
    hosts = ["slack.com", "www.slack.com", "files.slack.com", "hooks.slack.com"]
    with Standin(hosts, ANSWERS) as standin, through(standin):
        yield standin


def calls() -> Iterator[tuple[str, str, str, dict[str, Any], Any]]:
    """Action, tier, summary, parameters, and the client's own call of it."""
    slack = WebClient("xoxb-1")
    hello = {"channel": "C1", "text": "Hello"}
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "*x*"}}]
    yield (
        "post_message",
        "T1",
        "Write to C1: Hello",
        {**hello, "blocks": blocks},
        lambda: slack.chat_postMessage(**hello, blocks=blocks),
    )
    yield (
        "post_message",
        "T1",
        "Write to U1 in C1: Hello",
        {"user": "U1"},
        lambda: slack.chat_postEphemeral(**hello, user="U1"),
    )
    yield ("post_message", "T1", "Write to C1: Hello", {}, lambda: slack.chat_meMessage(**hello))
    yield (
        "post_message",
        "T1",
        "Write to C1 later: Hello",
        {"channel": "C1"},
        lambda: slack.chat_scheduleMessage(**hello, post_at=1790000000),
    )
    yield (
        "update_message",
        "T1",
        "Change message 1.2 in C1: Hello",
        {"ts": "1.2"},
        lambda: slack.chat_update(**hello, ts="1.2"),
    )
    yield (
        "delete_message",
        "T1",
        "Delete message 1.2 in C1",
        {},
        lambda: slack.chat_delete(channel="C1", ts="1.2"),
    )
    yield (
        "create_channel",
        "T1",
        "Open the channel war (private: true)",
        {"name": "war", "is_private": True},
        lambda: slack.conversations_create(name="war", is_private=True),
    )
    yield (
        "archive_channel",
        "T1",
        "Close the channel C1",
        {},
        lambda: slack.conversations_archive(channel="C1"),
    )
    yield (
        "unarchive_channel",
        "T1",
        "Open the channel C1 again",
        {},
        lambda: slack.conversations_unarchive(channel="C1"),
    )
    yield (
        "rename_channel",
        "T1",
        "Rename the channel C1 to y",
        {},
        lambda: slack.conversations_rename(channel="C1", name="y"),
    )
    yield (
        "describe_channel",
        "T1",
        "Topic of C1: t",
        {},
        lambda: slack.conversations_setTopic(channel="C1", topic="t"),
    )
    yield (
        "invite_to_channel",
        "T1",
        "Let U1,U2 into C1",
        {"users": "U1,U2"},
        lambda: slack.conversations_invite(channel="C1", users=["U1", "U2"]),
    )
    yield (
        "invite_to_channel",
        "T2",
        "Let people from outside into C1: eve@x.example",
        {},
        lambda: slack.conversations_inviteShared(channel="C1", emails="eve@x.example"),
    )
    yield (
        "remove_from_channel",
        "T1",
        "Put U1 out of C1",
        {},
        lambda: slack.conversations_kick(channel="C1", user="U1"),
    )
    yield ("visit_channel", "T1", "Join C1", {}, lambda: slack.conversations_join(channel="C1"))
    yield (
        "visit_channel",
        "T1",
        "Open a conversation with U1",
        {},
        lambda: slack.conversations_open(users="U1"),
    )
    yield (
        "publish_file",
        "T2",
        "Make the file F1 public to the world",
        {},
        lambda: slack.files_sharedPublicURL(file="F1"),
    )
    yield (
        "unpublish_file",
        "T1",
        "Make the file F1 no longer public",
        {},
        lambda: slack.files_revokePublicURL(file="F1"),
    )
    yield ("delete_file", "T1", "Delete the file F1", {}, lambda: slack.files_delete(file="F1"))
    yield (
        "react_to_message",
        "T1",
        "Add :eyes: at 1.2 in C1",
        {},
        lambda: slack.reactions_add(channel="C1", timestamp="1.2", name="eyes"),
    )
    yield (
        "pin_message",
        "T1",
        "Add the pin at 1.2 in C1",
        {},
        lambda: slack.pins_add(channel="C1", timestamp="1.2"),
    )
    yield (
        "slack_admin",
        "T3",
        "admin.users.remove: user U1, channel not given, team T1",
        {"user": "U1"},
        lambda: slack.admin_users_remove(team_id="T1", user_id="U1"),
    )
    yield (
        "slack_call",
        "T2",
        "Call usergroups.users.update of Slack: channel not given, user not given",
        {},
        lambda: slack.usergroups_users_update(usergroup="S1", users=["U1"]),
    )
    yield (
        "slack_read",
        "T0",
        "Read conversations.history of Slack",
        {},
        lambda: slack.conversations_history(channel="C1"),
    )
    yield ("slack_read", "T0", "Read auth.test of Slack", {}, lambda: slack.auth_test())


def test_every_named_action_by_the_clients_own_call(api: Standin) -> None:
    for action, tier, summary, parameters, call in calls():
        call()
        unknown = read(api.last).unknown
        assert not unknown or action in ("slack_call", "slack_admin"), (action, unknown)
        expect(api.last, action=action, tier=tier, summary=summary, parameters=parameters, unknown=unknown)
        assert verified(api.last).result is Result.MATCH, (action, verified(api.last))


def test_two_hundred_that_is_not_ok_has_failed(api: Standin) -> None:
    WebClient("x").chat_postMessage(channel="C1", text="Hello")
    bad = Answer("", "", 200, {"ok": False, "error": "channel_not_found"})
    assert verified(api.last, answer=bad).result is Result.FAILED
    elsewhere = Answer("", "", 200, {"ok": True, "channel": "C2", "ts": "1.2"})
    assert verified(api.last, answer=elsewhere).result is Result.DRIFT
    nothing = Answer("", "", 200, {"ts": "1.2"})
    assert verified(api.last, answer=nothing).result is Result.AMBIGUOUS


def test_a_file_is_announced_uploaded_and_shared(api: Standin) -> None:
    WebClient("x").files_upload_v2(channel="C1", content="hi", filename="a.txt", initial_comment="Here")
    meant = [read(call).intents[0] for call in api.calls]
    assert [intent.action for intent in meant] == ["slack_read", "upload_file", "post_file"]
    assert meant[-1].parameters["channel"] == "C1"
    assert meant[1].parameters["bytes"] == 2


def test_a_token_in_the_body_is_not_shown(api: Standin) -> None:
    WebClient("").api_call("chat.postMessage", data={"token": "xoxb-secret", "channel": "C1", "text": "x"})
    assert "xoxb-secret" not in str(read(api.last).shown_body)


def test_a_write_that_comes_as_a_read_is_no_read(api: Standin) -> None:
    asked = {"channel": "C1", "text": "x"}
    with httpx.Client() as session:
        session.get("https://slack.com/api/chat.postMessage", params=asked)
        expect(api.last, action="slack_call", tier="T2", unknown=("channel", "text"))
        session.post("https://slack.com/api/chat.postMessage", params={"channel": "C2"}, json=asked)
        expect_refused(api.last, "unknown_parameter")


def test_a_webhook(api: Standin) -> None:
    WebhookClient("https://hooks.slack.com/services/T1/B1/xyz").send(text="Hello", blocks=[])
    expect(api.last, action="post_by_webhook", tier="T1", target="slack:webhook/T1/B1")
    assert verified(api.last).result in (Result.MATCH, Result.UNVERIFIABLE)


def test_every_documented_method_is_mapped() -> None:
    if not DOCUMENT.exists():
        pytest.skip("the public API descriptions do not lie beside this checkout")
    named = reads = total = 0
    for path, methods in json.loads(gzip.decompress(DOCUMENT.read_bytes()))["paths"].items():
        for method in methods.keys() & {"get", "post"}:
            call = canonicalise(parse_request(f"{method.upper()} https://slack.com/api{path}\n\n"))
            assert isinstance(call, Call)
            found = only("slack").map(call)
            total += 1
            if not isinstance(found, Mapped):
                assert found.reason is Reason.INVALID_PARAMETER, path  # type: ignore[union-attr]
                named += 1
                continue
            assert found.mapped, path
            action = found.intents[0].action
            reads += action == "slack_read"
            named += action not in ("slack_read", "slack_call", "slack_admin")
            assert method == "get" or action != "slack_read", path
    assert (total, reads) == (174, 62)
    assert named > 20
