"""Gmail and Google Drive by Google's own client."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import google.auth.credentials
import httplib2
import pytest
from googleapiclient.discovery import build
from googleapiclient.errors import BatchError
from googleapiclient.http import MediaIoBaseUpload

from harness.standin import Answer, Asked, Standin
from vienna_kernel.verification import Result
from wire_kit import expect, expect_refused, read, through, verified


def thing(asked: Asked) -> dict[str, Any]:
    """An object as the API shows it: what was said of it, and the id in the path."""
    kind = asked.header("content-type") or ""
    told = asked.json if "json" in kind and asked.body else {}
    if "related" in kind:
        told = {"name": "a.txt"}
    steps = [
        step for step in asked.path.split("/") if step not in ("copy", "trash", "untrash", "modify", "send")
    ]
    return {"kind": "drive#file", "id": steps[-1], "threadId": told.get("threadId"), **told}


ANSWERS = [
    Answer("POST|PATCH|PUT", "/{path+}", 200, thing),
    Answer("DELETE", "/{path+}", 204, b""),
    Answer("GET", "/{path+}", 200, {"id": "x", "name": "plan", "files": [], "messages": []}),
]


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Standin]:
    with Standin(["gmail.googleapis.com", "www.googleapis.com"], ANSWERS) as standin, through(standin):
        monkeypatch.setattr(
            httplib2, "CA_CERTS", str(standin.ca)
        )  # read from the environment once, at import
        yield standin


def service(name: str, version: str) -> Any:
    anonymous = google.auth.credentials.AnonymousCredentials()  # type: ignore[no-untyped-call]
    return build(name, version, credentials=anonymous, static_discovery=True)


def mail(**more: str) -> bytes:
    message = EmailMessage()
    for name, value in {
        "From": "bot@shop.example",
        "To": "eve@x.example",
        "Subject": "Grüße",
        **more,
    }.items():
        message[name.replace("_", "-")] = value
    message.set_content("Hello")
    message.add_attachment(b"hi", maintype="text", subtype="plain", filename="a.txt")
    return message.as_bytes()


def coded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode()


def test_a_mail_is_read_out_of_its_base64(api: Standin) -> None:
    sent = mail(Cc="c@y.example", Bcc="d@evil.example")
    service("gmail", "v1").users().messages().send(userId="me", body={"raw": coded(sent)}).execute()
    found = expect(
        api.last,
        action="send_email",
        tier="T1",
        target="gmail:me",
        parameters={
            "recipients": ["eve@x.example", "c@y.example", "d@evil.example"],
            "domains": ["evil.example", "x.example", "y.example"],
            "recipient_count": 3,
            "subject": "Grüße",
            "sender": "bot@shop.example",
            "attachments": ["a.txt"],
        },
        summary='Send mail to ["eve@x.example","c@y.example","d@evil.example"]: Grüße',
    )
    assert found.intents[0].blast_radius == 3
    assert "Hello" not in str(found.shown_body)
    assert verified(api.last).result in (Result.MATCH, Result.UNVERIFIABLE)


def test_a_mail_that_is_uploaded(api: Standin) -> None:
    for body in (None, {"threadId": "t1"}):
        media = MediaIoBaseUpload(io.BytesIO(mail()), mimetype="message/rfc822")
        service("gmail", "v1").users().messages().send(userId="me", body=body, media_body=media).execute()
        expect(
            api.last, action="send_email", parameters={"recipients": ["eve@x.example"], "subject": "Grüße"}
        )


@pytest.mark.parametrize(
    "sent",
    [
        mail().replace(b"To: eve@x.example", b"To: eve@x.example\nTo: evil@y.example"),
        mail().replace(b"To: eve@x.example", b"To: eve@x.example\nResent-To: evil@y.example"),
        mail().replace(b"To: eve@x.example", b"Cc : evil@y.example\nTo: eve@x.example"),
        b"hello",
    ],
)
def test_a_mail_that_others_would_read_otherwise_does_not_leave(api: Standin, sent: bytes) -> None:
    service("gmail", "v1").users().messages().send(userId="me", body={"raw": coded(sent)}).execute()
    expect_refused(api.last, "undecodable_body")


def calls() -> Iterator[tuple[str, str, str, Any]]:
    """Action, tier, summary, and the client's own call of it."""
    mails = service("gmail", "v1").users()
    boxes, rules = mails.messages(), mails.settings()
    eve = "eve@x.example"
    yield (
        "create_draft",
        "T1",
        "Write a draft",
        mails.drafts().create(userId="me", body={"message": {"raw": coded(mail())}}),
    )
    yield (
        "send_draft",
        "T2",
        "Send draft r1 as it stands when it is sent, here to not given",
        mails.drafts().send(userId="me", body={"id": "r1"}),
    )
    yield "move_email", "T1", "Put message m1 into the trash", boxes.trash(userId="me", id="m1")
    yield (
        "move_email",
        "T1",
        'Label message m1: ["A"], not not given',
        boxes.modify(userId="me", id="m1", body={"addLabelIds": ["A"]}),
    )
    yield "delete_email", "T2", "Delete message m1 for good", boxes.delete(userId="me", id="m1")
    yield (
        "delete_email",
        "T2",
        'Delete ["m1","m2"] for good',
        boxes.batchDelete(userId="me", body={"ids": ["m1", "m2"]}),
    )
    yield (
        "grant_mailbox",
        "T2",
        f"Let mail be forwarded to {eve}",
        rules.forwardingAddresses().create(userId="me", body={"forwardingEmail": eve}),
    )
    yield (
        "grant_mailbox",
        "T2",
        f"Let {eve} read and write the mail of me",
        rules.delegates().create(userId="me", body={"delegateEmail": eve}),
    )
    yield (
        "grant_mailbox",
        "T2",
        f"Filter mail: forward to {eve}",
        rules.filters().create(userId="me", body={"action": {"forward": eve}, "criteria": {"from": "a"}}),
    )
    yield (
        "grant_mailbox",
        "T2",
        f"Forward all mail to {eve} (true)",
        rules.updateAutoForwarding(userId="me", body={"enabled": True, "emailAddress": eve}),
    )
    yield (
        "gmail_write",
        "T2",
        "Write users/me/labels of Gmail",
        mails.labels().create(userId="me", body={"name": "x"}),
    )
    yield (
        "gmail_delete",
        "T2",
        "Delete users/me/labels/l1 of Gmail",
        mails.labels().delete(userId="me", id="l1"),
    )
    yield "gmail_read", "T0", "Read users/me/messages of Gmail", boxes.list(userId="me", q="secret")
    drive = service("drive", "v3")
    files, rights = drive.files(), drive.permissions()
    person = {"role": "writer", "type": "user", "emailAddress": eve}
    yield (
        "share_file",
        "T2",
        f"Let {eve} be writer of f1",
        rights.create(fileId="f1", body=person, sendNotificationEmail=False),
    )
    yield (
        "share_file_external",
        "T2",
        "Let anyone be reader of f1",
        rights.create(fileId="f1", body={"role": "reader", "type": "anyone"}),
    )
    yield (
        "share_file",
        "T2",
        "Make permission p1 of f1 owner (owner: true)",
        rights.update(fileId="f1", permissionId="p1", body={"role": "owner"}, transferOwnership=True),
    )
    yield "unshare_file", "T1", "Take permission p1 of f1 away", rights.delete(fileId="f1", permissionId="p1")
    yield "empty_drive_trash", "T3", "Delete all that is in the trash", files.emptyTrash()
    yield "delete_drive_file", "T2", "Delete f1 for good", files.delete(fileId="f1")
    yield (
        "delete_shared_drive",
        "T3",
        "Delete the shared drive d1 (with its contents: true)",
        drive.drives().delete(driveId="d1", allowItemDeletion=True),
    )
    yield (
        "write_drive_file",
        "T1",
        "Create plan (not given) in not given",
        files.create(body={"name": "plan"}),
    )
    yield "write_drive_file", "T1", "Copy f1 to copy", files.copy(fileId="f1", body={"name": "copy"})
    yield (
        "write_drive_file",
        "T1",
        "Change f1 (name not given, trashed true)",
        files.update(fileId="f1", body={"trashed": True}),
    )
    yield (
        "place_drive_file",
        "T2",
        'Put f1 into the folder ["shared"], out of root',
        files.update(fileId="f1", addParents="shared", removeParents="root", body={}),
    )
    yield (
        "place_drive_file",
        "T2",
        'Copy f1 to copy in ["shared"]',
        files.copy(fileId="f1", body={"name": "copy", "parents": ["shared"]}),
    )
    yield (
        "loosen_drive_file",
        "T2",
        "Rights of f1: writersCanShare true",
        files.update(fileId="f1", body={"writersCanShare": True}),
    )
    media = MediaIoBaseUpload(io.BytesIO(b"hi"), mimetype="text/plain")
    yield (
        "write_drive_file",
        "T1",
        "Upload a.txt (2 bytes) into not given",
        files.create(body={"name": "a.txt"}, media_body=media),
    )
    yield (
        "write_drive_file",
        "T1",
        "Replace what stands in f1 (2 bytes)",
        files.update(fileId="f1", media_body=media),
    )
    yield (
        "drive_write",
        "T2",
        "Write files/f1/comments of Google Drive",
        drive.comments().create(fileId="f1", fields="id", body={"content": "x"}),
    )
    yield (
        "drive_delete",
        "T2",
        "Delete files/f1/comments/c1 of Google Drive",
        drive.comments().delete(fileId="f1", commentId="c1"),
    )
    yield "drive_read", "T0", "Read files of Google Drive", files.list()


def test_every_named_action_by_the_clients_own_call(api: Standin) -> None:
    for action, tier, summary, request in calls():
        request.execute()
        unknown = read(api.last).unknown
        assert not unknown or action in ("gmail_write", "drive_write"), (action, unknown)
        expect(api.last, action=action, tier=tier, summary=summary, unknown=unknown)
        assert verified(api.last).result in (Result.MATCH, Result.UNVERIFIABLE), (action, verified(api.last))


@pytest.mark.parametrize(("name", "version"), [("gmail", "v1"), ("drive", "v3")])
def test_requests_in_a_request_are_not_taken_for_what_they_say(api: Standin, name: str, version: str) -> None:
    found = service(name, version)
    batch = found.new_batch_http_request()
    batch.add(found.files().emptyTrash() if name == "drive" else found.users().getProfile(userId="me"))
    with pytest.raises(BatchError):  # the stand-in takes nothing apart
        batch.execute()
    expect(api.last, action="google_batch", tier="T3")


def test_more_rights_than_were_approved_are_drift(api: Standin) -> None:
    drive = service("drive", "v3")
    drive.permissions().create(fileId="f1", body={"role": "reader", "type": "anyone"}).execute()
    answer = Answer("", "", 200, {"id": "p1", "role": "writer", "type": "anyone"})
    assert verified(api.last, answer=answer).result is Result.DRIFT
