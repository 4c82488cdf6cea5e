"""E-mail: text and HTML, with a link and nothing to decide with. A line of a header never ends where others wrote."""

from __future__ import annotations

import asyncio
import html
import socket
import ssl
from collections.abc import Callable
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from email.utils import format_datetime

import aiosmtplib

from vienna_control.notify.guard import DestinationError, Guard
from vienna_control.notify.message import DeliveryError, Destination, Message, Sent

_MOST_SUBJECT = 200


def compose(message: Message, to: Destination, *, at: datetime) -> EmailMessage:
    """The message of one event."""
    full = to.config.get("detail") == "sentence"
    said, unusual = message.sentence(full=full), message.unusual(full=full)
    tier = f" {message.tier}" if message.tier else ""
    sender = Address(addr_spec=to.config["sender"])
    mail = EmailMessage(policy=POLICY)
    mail["From"] = Address("Vienna", addr_spec=sender.addr_spec)
    mail["To"] = tuple(Address(addr_spec=one) for one in to.config["to"])
    mail["Subject"] = f"[Vienna{tier}] {message.title}: {said}"[:_MOST_SUBJECT]
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{message.id}@{sender.domain}>"
    if message.approval_id:
        mail["References"] = f"<{message.approval_id}@{sender.domain}>"  # one thread for one approval
    mail["List-Id"] = f"Vienna <{to.id}.vienna.{sender.domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    lines = [message.title + (f" ({message.tier})" if message.tier else ""), "", said]
    lines += ["", f"Unusual: {unusual}"] if unusual else []
    mail.set_content("\n".join([*lines, "", f"Open: {message.link}", ""]))
    mail.add_alternative(_page(message, lines), subtype="html")
    return mail


def _page(message: Message, lines: list[str]) -> str:
    first, *rest = (html.escape(line) for line in lines)
    told = "".join(f"<p>{line}</p>" for line in rest if line)
    link = html.escape(message.link, quote=True)
    return (
        f'<!doctype html><html lang="en"><body><h1 style="font-size:1.2em">{first}</h1>{told}'
        f'<p><a href="{link}">Open in the console</a></p></body></html>\n'
    )


class Mail:
    """Channel ``email``. ``seconds``: for each step of the conversation; ``tls``: whom to trust."""

    def __init__(
        self,
        guard: Guard,
        now: Callable[[], datetime],
        *,
        plain: bool,
        seconds: float = 10.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._guard = guard
        self._now = now
        self._plain = plain
        self._seconds = seconds
        self._tls = tls

    async def send(self, message: Message, to: Destination) -> Sent:
        """Handed to the server for all of its receivers, or for none."""
        if to.config["tls"] == "none" and not self._plain:
            raise DeliveryError("mail is sent over TLS only", final=True)
        mail = compose(message, to, at=self._now())
        try:
            async with asyncio.timeout(3 * self._seconds):
                return await self._hand_over(mail, to)
        except aiosmtplib.SMTPAuthenticationError as error:
            raise DeliveryError("the server refuses the login", code=error.code, final=True) from None
        except aiosmtplib.SMTPRecipientsRefused as error:
            code = max((one.code for one in error.recipients), default=None)
            raise DeliveryError("a receiver is refused", code=code, final=_final(code)) from None
        except aiosmtplib.SMTPResponseException as error:
            raise DeliveryError(
                f"the server answered {error.code}", code=error.code, final=_final(error.code)
            ) from None
        except DestinationError as error:
            raise DeliveryError(str(error), final=True) from None
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise DeliveryError(f"no connection: {type(error).__name__}") from None

    async def _connected(self, host: str, port: int) -> socket.socket:
        """A socket to the first of the host's addresses that takes a connection; all of them were judged."""
        failed: OSError | None = None
        for family, address in await self._guard.resolve(host, port):
            sock = socket.socket(family, socket.SOCK_STREAM)
            sock.setblocking(False)
            try:
                async with asyncio.timeout(self._seconds):
                    await asyncio.get_running_loop().sock_connect(sock, (address, port))
            except OSError as error:  # TimeoutError is one
                sock.close()
                failed = error
            except asyncio.CancelledError:
                sock.close()
                raise
            else:
                return sock
        raise failed or OSError("no address")

    async def _hand_over(self, mail: EmailMessage, to: Destination) -> Sent:
        config = to.config
        sock = await self._connected(config["host"], config["port"])
        client = aiosmtplib.SMTP(
            hostname=config["host"],  # whom the certificate must name; the socket is connected already
            port=None,
            sock=sock,
            timeout=self._seconds,
            use_tls=config["tls"] == "tls",
            start_tls=config["tls"] == "starttls",
            tls_context=self._tls or ssl.create_default_context(),
            username=config["username"] or None,
            password=to.secrets.get("password"),
            local_hostname=Address(addr_spec=config["sender"]).domain,
        )
        async with client:
            refused, _ = await client.send_message(mail)
        if refused:
            code = max(one.code for one in refused.values())
            raise DeliveryError("a receiver is refused, others have it", code=code, final=True)
        return Sent(250, mail["Message-ID"])


def _final(code: int | None) -> bool:
    return code is not None and code >= 500
