"""A mail goes to those it names here and to nobody else, or is refused."""

from __future__ import annotations

import contextlib
import hashlib
import re
from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage, Message
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.decode import mime
from vienna_kernel.decode.blob import facts
from vienna_kernel.errors import MalformedError

PLAIN = b"From: me@example.com\r\nTo: a@example.com\r\nSubject: Hello\r\n"
RECIPIENTS = ("to", "cc", "bcc")


def mail(*lines: bytes, content: bytes = b"hello\r\n") -> bytes:
    return PLAIN + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + content


def loads(data: bytes) -> dict[str, object]:
    found = mime.loads(data)
    assert isinstance(found, dict)
    return found


def test_a_mail_is_read() -> None:
    data = (
        b'From: "Me, Myself" <Me@EXAMPLE.com>\r\nSender: <bot@example.com>\r\n'
        b"To: a@B.example,\r\n Ann <b@c.example>\r\n"
        b"cc: c@d.example\r\nBCC: d@e.example\r\nReply-To: r@example.com\r\nMessage-ID: <1@example.com>\r\n"
        b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n an alle\r\nX-Mailer: x\r\nReceived: a\r\nReceived: b\r\n\r\nhello"
    )
    assert loads(data) == {
        "from": ["Me@example.com"],
        "sender": ["bot@example.com"],
        "to": ["a@b.example", "b@c.example"],
        "cc": ["c@d.example"],
        "bcc": ["d@e.example"],
        "reply_to": ["r@example.com"],
        "message_id": "<1@example.com>",
        "subject": "Grüße an alle",
        "text": {"bytes": 5, "digest": "sha256:" + hashlib.sha256(b"hello").hexdigest()},
        "attachments": [],
    }


@pytest.mark.parametrize(
    "content", [b"", b"\r\n", b"\r\nhello", b"\r\nTo: b@example.com\r\nBcc: c@example.com\r\n"]
)
def test_what_follows_the_empty_line_is_content(content: bytes) -> None:
    found = loads(PLAIN + content)
    assert [found[name] for name in RECIPIENTS] == [["a@example.com"], [], []]
    assert found["text"] == facts(content.removeprefix(b"\r\n"))


def test_a_mail_may_name_nobody() -> None:
    assert [loads(b"To:\nCc: \n\nhello")[name] for name in RECIPIENTS] == [[], [], []]
    assert [loads(b"Subject: x")[name] for name in RECIPIENTS] == [[], [], []]


@pytest.mark.parametrize(
    "lines",
    [
        # twice, in any case
        *([name + b": b@example.com"] * 2 for name in (b"Cc", b"Bcc", b"From", b"Subject", b"Reply-To", b"Sender")),
        [b"To: b@example.com"],
        [b"TO: b@example.com"],
        [b"Content-Type: text/plain", b"Content-type: text/plain"],
        # a name in another spelling
        [b"Bcc : b@example.com"],
        [b"Bcc\t: b@example.com"],
        [b" Bcc: b@example.com"],
        [b"X: y", b" Bcc: b@example.com"],
        [b"X: y", b"\tTo: b@example.com"],
        [b"X: y", b" ", b"Bcc: b@example.com"],
        [b"Bcc"],
        [b"Bcc b@example.com"],
        [b"X_Y: z"],
        "Bcc\u00a0: b@example.com".encode().splitlines(),
        [b"B\xc3\x9fcc: b@example.com"],
        # a line break that only some see
        [b"X: y\rBcc: b@example.com"],
        [b"X: y\nBcc: b@example.com"],
        [b"X: y\n", b"Bcc: b@example.com"],
        [b"X: y\x0bBcc: b@example.com"],
        [b"X: y\x0cBcc: b@example.com"],
        [b"X: y\x1eBcc: b@example.com"],
        [b"X: y\x00Bcc: b@example.com"],
        ["X: y\u0085Bcc: b@example.com".encode()],
        ["X: y\u2028Bcc: b@example.com".encode()],
        [b"X: " + b"y" * 995 + b"Bcc: b@example.com"],
        [b"Subject2: =?utf-8?q?x?=", b"Cc: =?utf-8?q?x=0D=0ABcc:_b=40example.com?= <c@example.com>"],
        # further recipients in words of their own
        *([name + b": b@example.com"] for name in (b"Resent-To", b"Resent-Bcc", b"Apparently-To", b"Envelope-To")),
        *([name + b": b@example.com"] for name in (b"X-Bcc", b"Return-Path", b"Errors-To", b"Delivered-To")),
        *([name + b": b@example.com"] for name in (b"Disposition-Notification-To", b"Return-Receipt-To", b"X-To")),
        *([name + b": b@example.com"] for name in (b"X-Recipient", b"Mail-Followup-To", b"Resent-From", b"X-Rcpt-To")),
        [b"Newsgroups: a.b"],
        # orders to the service that sends
        [b'X-SMTPAPI: {"to": ["b@example.com"]}'],
        [b"X-MSYS-API: {}"],
        [b"X-MC-BccAddress: b@example.com"],
        [b"X-Mailgun-Recipient-Variables: {}"],
        [b"X-SES-CONFIGURATION-SET: x"],
        [b"X-MJ-TemplateID: 1"],
        # addresses
        [b"Cc: undisclosed-recipients:;"],
        [b"Cc: group: b@example.com;"],
        [b"Cc: b@example.com (c@example.com)"],
        [b"Cc: <@d.example:b@example.com>"],
        [b"Cc: =?utf-8?q?b=40example.com?="],
        [b"Cc: =?utf-8?q?b?=@example.com"],
        [b"Cc: b@example.com,"],
        ["Cc: Jörg <b@example.com>".encode()],
        ["Subject2: ü".encode()],
    ],
)  # fmt: skip
def test_a_header_that_some_read_otherwise_is_refused(lines: list[bytes]) -> None:
    with pytest.raises(MalformedError):
        mime.loads(mail(*lines))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"\r\n",
        b"\r\n" + PLAIN,
        b"\n" + PLAIN.replace(b"\r\n", b"\n"),
        b"\n\n" + PLAIN.replace(b"\r\n", b"\n"),
        b"From a@example.com Thu Jan  1 00:00:00 1970\r\n" + PLAIN,
        mail(content=b"a\nb\r\n"),
        mail(content=b"a\rb\r\n"),
        mail(content=b"a\0b\r\n"),
        mail(content=b"hello\r\n.\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\n"),
        mail(content=b"hello\r\n."),
        mail(content=b".\r\nhello"),
        mail(content=b"hello\r\n.\r\n").replace(b"\r\n", b"\n"),
        mail(content=b"hello\n.\nMAIL FROM:<a@example.com>"),
        mail(content=b"hello\r.\rMAIL FROM:<a@example.com>"),
    ],
)
def test_what_has_been_read_as_the_end_of_a_mail_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        mime.loads(data)


@pytest.mark.parametrize(
    ("coding", "content", "found"),
    [
        (b"7bit", b"hello\r\n", b"hello\r\n"),
        (b"8BIT", "hällo".encode(), "hällo".encode()),
        (b"binary", b"\xff", b"\xff"),
        (b"base64", b"aGVsbG8=", b"hello"),
        (b"Base64", b"aGVs\r\nbG8=\r\n\r\n", b"hello"),
        (b"quoted-printable", b"h=C3=a4llo=\r\n you\r\n", "hällo you\r\n".encode()),
    ],
)
def test_codings_are_undone(coding: bytes, content: bytes, found: bytes) -> None:
    assert loads(mail(b"Content-Transfer-Encoding: " + coding, content=content))["text"] == facts(found)


@pytest.mark.parametrize(
    ("coding", "content"),
    [
        (b"base64", b"aGVsbG8"),
        (b"base64", b"aGVs bG8="),
        (b"base64", b"aGVsbG8=aGVsbG8="),
        (b"base64", b"aGVsbG8=\r\nmore"),
        (b"base64", b"aGVsbG9="),
        (b"base64", b"aGVsb\xff8="),
        (b"quoted-printable", b"=4"),
        (b"quoted-printable", b"=GG"),
        (b"quoted-printable", b"\xff"),
        (b"quoted-printable", b"a="),
        (b"x-uuencode", b"begin 644 a"),
        (b"gzip", b"x"),
        (b"", b"x"),
        (b"7bit, base64", b"x"),
    ],
)
def test_codings_that_are_broken_are_refused(coding: bytes, content: bytes) -> None:
    with pytest.raises(MalformedError):
        mime.loads(mail(b"Content-Transfer-Encoding: " + coding, content=content))


MIXED = b"Content-Type: multipart/mixed; boundary=b"


def parts(*each: bytes, before: bytes = b"", after: bytes = b"") -> bytes:
    return mail(
        MIXED, content=before + b"".join(b"--b\r\n" + part + b"\r\n" for part in each) + b"--b--" + after
    )


@pytest.mark.parametrize(
    ("part", "name", "kind"),
    [
        (b"Content-Type: application/pdf\r\n\r\nx", None, "application/pdf"),
        (b"Content-Type: text/html; name=a.html\r\n\r\nx", "a.html", "text/html"),
        (b"Content-Disposition: attachment\r\n\r\nx", None, "text/plain"),
        (b'Content-Disposition: inline; filename="a b"\r\n\r\nx', "a b", "text/plain"),
        (b"Content-Type: text/calendar; method=REQUEST\r\n\r\nx", None, "text/calendar"),
        (b"Content-Type: message/rfc822\r\n\r\nx", None, "message/rfc822"),
        (b"Content-Type: a/b; name=c\r\nContent-Disposition: attachment; filename=c\r\n\r\nx", "c", "a/b"),
        (
            b"Content-Disposition: attachment; filename*0*=utf-8''%c3;\r\n filename*1*=%bc\r\n\r\nx",
            "ü",
            "text/plain",
        ),
    ],
)
def test_whatever_is_not_shown_is_attached(part: bytes, name: str | None, kind: str) -> None:
    found = loads(parts(b"\r\nhello", part))
    assert found["attachments"] == [{"filename": name, "content_type": kind, **facts(b"x")}]
    assert found["text"] == facts(b"hello")


@pytest.mark.parametrize("before", [b"", b"\r\n", b"This is a multi-part message in MIME format.\r\n"])
@pytest.mark.parametrize("after", [b"", b"\r\n", b"\r\n\r\n"])
def test_what_programs_put_around_parts(before: bytes, after: bytes) -> None:
    assert loads(parts(b"\r\nhello", before=before, after=after))["text"] == facts(b"hello")


@pytest.mark.parametrize(
    "data",
    [
        parts(),
        parts(b"\r\nx", before=b"Dear all\r\n"),
        parts(b"\r\nx", after=b"\r\nmore"),
        parts(b"\r\nx\r\n--bc\r\n"),
        parts(b"Content-Type: text/plain"),
        parts(b"Content-Type: text/plain\r\nContent-Type: text/html\r\n\r\nx"),
        parts(b"Content-Type: message/partial; id=1; number=1\r\n\r\nx"),
        parts(b"Content-Type: message/external-body; access-type=URL; URL=x\r\n\r\nx"),
        parts(b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\neA=="),
        parts(b"Content-Type: text\r\n\r\nx"),
        parts(b"Content-Type: text\r\n/plain\r\n\r\nx"),
        parts(b"Content-Type: a/b; name=c\r\nContent-Disposition: attachment; filename=d\r\n\r\nx"),
        parts(b"Content-Disposition: attachment; filename=c; filename*=utf-8''d\r\n\r\nx"),
        parts(b'Content-Disposition: attachment; filename="=?utf-8?q?d?="\r\n\r\nx'),
        parts(*[b"\r\nx"] * 1000),
        mail(MIXED, b"Content-Transfer-Encoding: base64", content=b"LS1i"),
        mail(b"Content-Type: multipart/mixed", content=b"--b\r\n\r\nx\r\n--b--"),
        mail(b"Content-Type: multipart/mixed; boundary=b; boundary=c", content=b"--b\r\n\r\nx\r\n--b--"),
    ],
)
def test_parts_that_some_read_otherwise_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        mime.loads(data)


def nested(depth: int) -> bytes:
    data = b"\r\nx"
    for level in range(depth):
        data = b"Content-Type: multipart/mixed; boundary=b%db\r\n\r\n--b%db\r\n%b\r\n--b%db--" % (
            level,
            level,
            data,
            level,
        )
    return data


def test_parts_are_nested_to_a_bound() -> None:
    assert loads(nested(8))["text"] == facts(b"x")
    with pytest.raises(MalformedError):
        mime.loads(nested(9))


# -- what programs write


def new_style() -> Message:
    message = EmailMessage()
    message["From"] = "Me <me@example.com>"
    message["To"] = [Address("Ann, B.", "a", "example.com"), Address("Jörg Müller " * 8, "b", "example.com")]
    message["Bcc"] = "c@example.com"
    message["Subject"] = "Grüße an alle, die das lesen " * 4
    message.set_content("hällo\n" * 20)
    message.add_alternative("<p>hällo</p>", subtype="html")
    message.add_attachment(
        bytes(range(256)), maintype="application", subtype="pdf", filename="ä" * 60 + ".pdf"
    )
    message.add_attachment("text", filename="b.txt")
    return message


def old_style() -> Message:
    message = MIMEMultipart()
    message["from"], message["to"], message["subject"] = (
        "me@example.com",
        "a@example.com, b@example.com",
        "Hello",
    )
    message["cc"] = "c@example.com"
    message.attach(MIMEText("hällo", "plain", "utf-8"))
    attached = MIMEBase("application", "zip")
    attached.set_payload("UEsDBA==")
    attached["Content-Transfer-Encoding"] = "base64"
    attached.add_header("Content-Disposition", "attachment", filename="a.zip")
    message.attach(attached)
    return message


def simple() -> Message:
    message = MIMEText("hello")
    message["to"], message["from"], message["subject"] = "a@example.com", "me@example.com", "Hello"
    return message


def theirs(data: bytes) -> dict[str, object]:
    """The same as Python's own reader sees it."""
    message = message_from_bytes(data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    addresses = {
        name: [f"{found.username}@{found.domain.lower()}" for found in message[name].addresses]
        if message[name]
        else []
        for name in RECIPIENTS
    }
    leaves = [part for part in message.walk() if not part.is_multipart()]
    attached = [
        part
        for part in leaves
        if part.get_filename() or part.get_content_type() not in ("text/plain", "text/html")
    ]
    names = [part.get_filename() for part in attached]
    digests = [facts(part.get_payload(decode=True)) for part in attached]
    text = b"".join(part.get_payload(decode=True) for part in leaves if part not in attached)
    return {
        **addresses,
        "names": names,
        "digests": digests,
        "text": facts(text),
        "subject": str(message["subject"] or "").strip(),
    }


def ours(data: bytes) -> dict[str, object]:
    found = loads(data)
    attached = found["attachments"]
    assert isinstance(attached, list)
    return {
        **{name: found[name] for name in RECIPIENTS},
        "names": [each["filename"] for each in attached],
        "digests": [{"bytes": each["bytes"], "digest": each["digest"]} for each in attached],
        "text": found["text"],
        "subject": found["subject"],
    }


@pytest.mark.parametrize("message", [new_style(), old_style(), simple()], ids=["new", "old", "simple"])
@pytest.mark.parametrize("linesep", ["\n", "\r\n"])
def test_what_python_writes_is_read_as_python_reads_it(message: Message, linesep: str) -> None:
    data = message.as_bytes(policy=message.policy.clone(linesep=linesep))
    assert ours(data) == theirs(data)


# -- laws

names = st.sampled_from(
    [b"To", b"Cc", b"Bcc", b"Subject", b"X", b"to ", b" Cc", b"Resent-To", b"Content-Type", b""]
)
values = st.sampled_from(
    [
        *(b"a@b.c", b"Ann <d@e.f>", b'"g@h.i" <a@b.c>', b"=?utf-8?q?x?= <j@k.l>", b"a@b.c, d@e.f", b"x", b""),
        *(b"(y) m@n.o", b"=?utf-8?q?x=0ABcc:_a=40b.c?=", b"multipart/mixed; boundary=b", b"text/html"),
        *(b"a@b.c,\n d@e.f", b"x\n Bcc: p@q.r", b"x\n To: p@q.r", b"p@q.r\x0bBcc: p@q.r"),
    ]
)
breaks = st.sampled_from([b"\n", b"\n", b"\n", b"\r\n", b"\r", b"\n ", b"\n\n", b"\x0b", b"\x00"])
headers = st.lists(st.tuples(names, st.sampled_from([b": ", b":", b" "]), values, breaks), max_size=6).map(
    lambda rows: b"".join(b"".join(row) for row in rows)
)
contents = st.lists(
    st.sampled_from(
        [b"--b\n", b"--b--", b"\n", b"hello", b".", b"Bcc: a@b.c", b"Content-Type: text/html\n", b"\xff"]
    ),
    max_size=10,
).map(b"".join)


@given(headers, contents)
def test_pythons_reader_finds_nobody_else(head: bytes, content: bytes) -> None:
    data = head + b"\n" + content
    for raw in (data, data.replace(b"\n", b"\r\n")):
        with contextlib.suppress(MalformedError):
            found, other = ours(raw), theirs(raw)
            assert {name: found[name] for name in RECIPIENTS} == {name: other[name] for name in RECIPIENTS}
            assert found["names"] == other["names"]


@given(headers, contents)
def test_a_reader_that_breaks_lines_anywhere_finds_nobody_else(head: bytes, content: bytes) -> None:
    with contextlib.suppress(MalformedError):
        found = loads(head + b"\n" + content)
        told = {address for name in RECIPIENTS for address in found[name]}  # type: ignore[attr-defined]
        for line in head.partition(b"\n\n")[0].decode("utf-8").replace(",\n", ",").splitlines():
            name, _, value = line.partition(":")
            if name.strip().lower() in RECIPIENTS:
                assert set(re.findall(r"[a-z]@[a-z.]+", value)) <= told


@given(st.binary(max_size=80) | st.tuples(headers, contents).map(b"\n".join))
def test_any_bytes_give_a_mail_or_malformed(data: bytes) -> None:
    for raw in (data, PLAIN + data, mail(MIXED, content=data)):
        with contextlib.suppress(MalformedError):
            mime.loads(raw)
