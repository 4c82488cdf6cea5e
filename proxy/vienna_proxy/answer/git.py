"""Answers as a git server gives them, in words that ``git`` prints.

1. Where refs are listed: plain text beside the status, which git prints after ``remote:``.
2. A fetch: the packet line ``ERR``. Of a status that is no 200 git tells the number, and a fetch only breaks off.
3. A push: its report says ``ng`` of every ref. Where the client asked for no report a good answer would be a yes, so it
   gets plain text and the status.
"""

from __future__ import annotations

from collections.abc import Iterator

from vienna_kernel.call.request import Call
from vienna_kernel.decode import git
from vienna_kernel.errors import MalformedError
from vienna_proxy.answer.form import Form
from vienna_proxy.answer.problem import Answer

_FLUSH = b"0000"
_MOST_IN_A_LINE = 60_000  # a packet line holds 65,516 bytes; one goes to the band
_REPORTS = frozenset({"report-status", "report-status-v2"})
_BANDS = "side-band-64k"
_REPORT, _WORDS = b"\x01", b"\x02"


def form(answer: Answer, call: Call) -> Form:
    """The answer to whichever of git's requests this is."""
    service = call.path.rpartition("/")[2]
    content: bytes | None = None
    if call.method == "POST" and service == "git-upload-pack":
        content = _packet(f"ERR {answer.sentence}\n".encode())
    elif call.method == "POST" and service == "git-receive-pack":
        content = _report(answer, call)
    if content is None:
        return Form("text/plain; charset=utf-8", f"{answer.sentence}\n{answer.advice}\n".encode())
    return Form(f"application/x-{service}-result", content, status=200)


def _report(answer: Answer, call: Call) -> bytes | None:
    try:
        refs, capabilities = git.pushed(call.body)
    except MalformedError:
        return None
    if not _REPORTS & set(capabilities):
        return None
    lines = [f"ng {ref} {answer.sentence}\n".encode() for ref in refs]
    if any(len(line) > _MOST_IN_A_LINE for line in lines):
        return None
    report = b"".join(map(_packet, [b"unpack ok\n", *lines])) + _FLUSH
    if _BANDS not in capabilities:
        return report
    words = _packet(_WORDS + f"{answer.advice}\n".encode())
    return words + b"".join(_packet(_REPORT + part) for part in _parts(report)) + _FLUSH


def _parts(data: bytes) -> Iterator[bytes]:
    for at in range(0, len(data), _MOST_IN_A_LINE):
        yield data[at : at + _MOST_IN_A_LINE]


def _packet(line: bytes) -> bytes:
    return b"%04x" % (len(line) + 4) + line
