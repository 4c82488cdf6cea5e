"""Mails: a value or ``MalformedError``; Python's own reader finds no other recipients and no other files."""

from __future__ import annotations

import binascii
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses

from fuzz import law
from vienna_kernel.decode import mime
from vienna_kernel.decode.blob import facts
from vienna_kernel.errors import MalformedError
from vienna_kernel.value import canonical

SEEDS = (
    b'From: a@b.c\nTo: d@e.f, "Ann, B." <g@h.i>\nBcc: j@k.l\nSubject: =?utf-8?q?x=C3=BC?=\n y\n\nhello\n',
    b'To: a@b.c\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\nhello\r\n--b\r\n'
    b"Content-Type: a/b\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment;\r\n"
    b" filename*0*=utf-8''%c3; filename*1*=%bc\r\n\r\neA==\r\n--b--\r\n",
    b"cc: a@b.c\nContent-Type: text/html; name=x\nContent-Transfer-Encoding: quoted-printable\n\n=C3=BC=\n\n",
    b"Resent-Bcc: a@b.c\nTo: a@b.c\nTo: d@e.f\n\n.\n",
)

_SHOWN = ("text/plain", "text/html")


def one_input(data: bytes) -> None:
    try:
        found = mime.loads(data)
    except MalformedError as error:
        law(error.where == "body", "the place is named")
        return
    canonical(found)
    law(isinstance(found, dict), "a mail is an object")
    message = message_from_bytes(data, policy=policy.compat32)
    for name in ("from", "to", "cc", "bcc", "reply-to"):
        lines = message.get_all(name, [])
        law(len(lines) <= 1, f"{name} stands once")
        text = "".join(lines).replace("\r", "").replace("\n", "")
        theirs = [address for _, address in getaddresses([text] if text.strip() else [])]
        ours = found[name.replace("-", "_")]
        law(
            [each.lower() for each in theirs] == [each.lower() for each in ours],
            f"another reader finds the same {name}",
        )
    _judge_contents(found, message_from_bytes(data, policy=policy.default))


def _judge_contents(found: dict[str, list[dict[str, object]]], message: EmailMessage) -> None:
    leaves = [part for part in message.walk() if not part.is_multipart()]
    if any(part.get_content_maintype() == "message" for part in message.walk()):
        return  # Python reads mails within mails
    attached = [part for part in leaves if not _is_shown(part)]
    law(len(attached) == len(found["attachments"]), "another reader finds as many files")
    for theirs, ours in zip(attached, found["attachments"], strict=True):
        law(theirs.get_content_type() == ours["content_type"], "of the same types")
        try:
            digest = facts(theirs.get_payload(decode=True))["digest"]
        except binascii.Error:
            continue
        law(digest == ours["digest"], "with the same content")


def _is_shown(part: EmailMessage) -> bool:
    named = part.get_filename() is not None or part.get_param("name") is not None
    return (
        part.get_content_type() in _SHOWN and part.get_content_disposition() in (None, "inline") and not named
    )
