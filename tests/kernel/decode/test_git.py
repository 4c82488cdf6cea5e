"""What real git sends is read; a fast-forward is one only when the commits in the pack prove it."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import shutil
import subprocess
import threading
import zlib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.decode.git import MAX_UPDATES, Fetch, Update, pushed, receive_pack, upload_pack
from vienna_kernel.decode.pack import Pack
from vienna_kernel.errors import MalformedError

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

A, B, C, NONE = "a" * 40, "b" * 40, "c" * 40, "0" * 40
FLUSH, DELIM = b"0000", b"0001"


# -- bytes as git would write them


def pkt(*lines: bytes) -> bytes:
    return b"".join(b"%04x" % (len(line) + 4) + line for line in lines)


def entry(kind: int, content: bytes, *, base: bytes = b"", size: int | None = None) -> bytes:
    """One object of a pack; ``base`` stands between header and content of a delta."""
    left = len(content) if size is None else size
    first, left = kind << 4 | left & 15, left >> 4
    head = bytearray()
    while left:
        head.append(first | 0x80)
        first, left = left & 0x7F, left >> 7
    return bytes([*head, first]) + base + zlib.compress(content)


def packed(*entries: bytes, count: int | None = None, version: int = 2) -> bytes:
    number = len(entries) if count is None else count
    data = b"PACK" + version.to_bytes(4, "big") + number.to_bytes(4, "big") + b"".join(entries)
    return data + hashlib.sha1(data).digest()


def commit(*parents: str, note: str = "") -> bytes:
    lines = "".join(f"parent {parent}\n" for parent in parents)
    return f"tree {A}\n{lines}author a <a@example.com> 0 +0000\n\n{note}\n".encode()


def name_of(content: bytes, kind: bytes = b"commit") -> str:
    return hashlib.sha1(kind + b" %d\0" % len(content) + content).hexdigest()


def push(old: str, new: str, pack: bytes, ref: str = "refs/heads/main", before: bytes = b"") -> bytes:
    return before + pkt(f"{old} {new} {ref}\0report-status".encode()) + FLUSH + pack


def kind_of(body: bytes) -> str:
    (update,) = receive_pack(body)
    return update.kind


# -- real git


class Backend(ThreadingHTTPServer):
    """``git http-backend`` on a loopback port; keeps the bodies that came, decoded when they were coded."""

    def __init__(self, root: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.root = root
        self.bodies: list[tuple[str, bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Backend

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        body = self._body()
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        if self.command == "POST":
            self.server.bodies.append((path.rpartition("/")[2], body))
        said = {"GIT_PROJECT_ROOT": str(self.server.root), "GIT_HTTP_EXPORT_ALL": "1", "REMOTE_USER": "a"}
        said |= {"PATH_INFO": path, "QUERY_STRING": query, "REQUEST_METHOD": self.command}
        said |= {"CONTENT_TYPE": self.headers.get("Content-Type", ""), "CONTENT_LENGTH": str(len(body))}
        said |= {"GIT_PROTOCOL": self.headers.get("Git-Protocol", "")}
        ran = subprocess.run(
            ["git", "http-backend"], input=body, env=os.environ | said, capture_output=True, check=True
        )
        head, _, content = ran.stdout.partition(b"\r\n\r\n")
        lines = [line.decode().split(": ", 1) for line in head.split(b"\r\n")]
        status = next((int(value.split()[0]) for key, value in lines if key == "Status"), 200)
        self.send_response(status)
        for key, value in lines:
            if key != "Status":
                self.send_header(key, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET


class Repository:
    """A working copy with a bare one behind ``git http-backend``."""

    def __init__(self, path: Path, backend: Backend) -> None:
        self.path, self.backend = path, backend
        self.number = 0

    def git(self, *words: str, fails: bool = False) -> str:
        said = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0"}
        said |= {"GIT_AUTHOR_DATE": f"{1_700_000_000 + self.number} +0000"}
        said |= {"GIT_COMMITTER_DATE": f"{1_700_000_000 + self.number} +0000", "NO_PROXY": "127.0.0.1"}
        options = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "gc.auto=0"]
        ran = subprocess.run(
            ["git", *options, *words], cwd=self.path, env=os.environ | said, capture_output=True, text=True
        )
        assert fails or ran.returncode == 0, ran.stderr
        return ran.stdout.strip()

    def commit(self, text: str = "", file: str = "file") -> str:
        self.number += 1
        (self.path / file).write_text(text or f"{self.number}\n" * 50)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", f"commit {self.number}")
        return self.git("rev-parse", "HEAD")

    def push(self, *words: str, fails: bool = False) -> list[Update]:
        self.backend.bodies.clear()
        self.git("push", "-q", *words, fails=fails)
        found = [receive_pack(body) for service, body in self.backend.bodies if service == "git-receive-pack"]
        return found[-1]

    def sent(self) -> Pack:
        """The pack of the last push."""
        body = self.backend.bodies[-1][1]
        return Pack(body[body.index(b"PACK") :], chars=40)


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Repository]]:
    backend = Backend(tmp_path)
    thread = threading.Thread(target=backend.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()

    def made(*options: str) -> Repository:
        work = tmp_path / "work"
        work.mkdir()
        repository = Repository(work, backend)
        repository.git("init", "-q", "-b", "main", *options, ".")
        repository.git("init", "-q", "-b", "main", "--bare", *options, str(tmp_path / "bare.git"))
        repository.git(
            "--git-dir", str(tmp_path / "bare.git"), "config", "receive.advertisePushOptions", "true"
        )
        repository.git("remote", "add", "origin", f"{backend.url}/bare.git")
        return repository

    yield made
    backend.shutdown()
    thread.join()
    backend.server_close()


@pytest.fixture
def repository(make: Callable[..., Repository]) -> Repository:
    return make()


@needs_git
def test_a_branch_is_made_moved_and_taken_away(repository: Repository) -> None:
    first = repository.commit()
    (made,) = repository.push("origin", "main")
    assert (made.ref, made.old, made.new, made.kind) == ("refs/heads/main", None, first, "create")
    assert "report-status-v2" in made.capabilities
    second = repository.commit()
    (moved,) = repository.push("origin", "main")
    assert (moved.ref, moved.old, moved.new, moved.kind) == ("refs/heads/main", first, second, "update")
    repository.git("push", "-q", "origin", "main:other")
    (gone,) = repository.push("origin", ":other")
    assert (gone.ref, gone.old, gone.new, gone.kind) == ("refs/heads/other", second, None, "delete")


@needs_git
def test_a_forced_push_is_told_from_one_that_adds(repository: Repository) -> None:
    first = repository.commit()
    second = repository.commit()
    repository.push("origin", "main")
    repository.git("reset", "-q", "--hard", first)
    third = repository.commit("another\n")
    (forced,) = repository.push("--force", "origin", "main")
    assert (forced.old, forced.new, forced.kind) == (second, third, "force")


@needs_git
def test_a_branch_set_back_is_forced_although_nothing_is_sent(repository: Repository) -> None:
    first, second = repository.commit(), repository.commit()
    repository.push("origin", "main")
    (forced,) = repository.push("--force", "origin", f"{first}:main")
    assert (forced.old, forced.new, forced.kind) == (second, first, "force")


@needs_git
def test_what_the_server_has_already_is_not_proven(repository: Repository) -> None:
    """A fast-forward in truth, but nothing is sent that would show it."""
    first, second = repository.commit(), repository.commit()
    repository.push("origin", f"{first}:refs/heads/main", "main:other")
    (unproven,) = repository.push("origin", "main")
    assert (unproven.old, unproven.new, unproven.kind) == (first, second, "force")


@needs_git
def test_many_commits_and_merges_lead_back_to_the_old_one(repository: Repository) -> None:
    repository.commit()
    repository.push("origin", "main")
    repository.git("checkout", "-q", "-b", "side")
    for _ in range(3):
        repository.commit(file="side")
    repository.git("checkout", "-q", "main")
    for _ in range(3):
        repository.commit()
    repository.git("merge", "-q", "--no-ff", "-m", "merge", "side")
    assert [update.kind for update in repository.push("origin", "main")] == ["update"]


@needs_git
def test_several_refs_are_several_updates(repository: Repository) -> None:
    first = repository.commit()
    repository.git("tag", "light")
    repository.git("tag", "-a", "-m", "heavy", "heavy")
    repository.push("origin", "main", "main:gone", "light", "heavy")
    second = repository.commit()
    repository.git("tag", "-f", "light")
    found = repository.push(
        "--force", "--atomic", "origin", "main", ":gone", "main:new", "light", "main:refs/notes/x"
    )
    assert {(update.ref, update.old, update.new, update.kind) for update in found} == {
        ("refs/heads/main", first, second, "update"),
        ("refs/heads/gone", first, None, "delete"),
        ("refs/heads/new", None, second, "create"),
        (
            "refs/tags/light",
            first,
            second,
            "force",
        ),  # its commits prove it, yet a tag that moves is not the same tag
        ("refs/notes/x", None, second, "create"),
    }
    assert all("atomic" in update.capabilities for update in found)


@needs_git
def test_a_tag_is_made(repository: Repository) -> None:
    repository.commit()
    repository.push("origin", "main")
    repository.git("tag", "-a", "-m", "heavy", "v1")
    (made,) = repository.push("origin", "v1")
    assert (made.ref, made.kind) == ("refs/tags/v1", "create")


@needs_git
def test_push_options_are_told(repository: Repository) -> None:
    repository.commit()
    (made,) = repository.push("-o", "ci.skip", "-o", "merge_request.create", "origin", "main")
    assert made.options == ("ci.skip", "merge_request.create")


@needs_git
def test_a_large_push_tries_its_credentials_first(repository: Repository) -> None:
    repository.commit()
    repository.push("origin", "main")
    repository.git("config", "http.postBuffer", "4096")
    (repository.path / "blob").write_bytes(os.urandom(50_000))
    repository.commit()
    (moved,) = repository.push("origin", "main")
    assert moved.kind == "update"
    bodies = [body for service, body in repository.backend.bodies if service == "git-receive-pack"]
    assert bodies[0] == FLUSH
    assert receive_pack(FLUSH) == []


@needs_git
def test_commits_told_by_their_difference_are_read(repository: Repository) -> None:
    """Long messages that are nearly alike make git write commits as deltas of each other."""
    repository.commit()
    repository.push("origin", "main")
    text = "\n".join(f"{number} a long line that all of them have" for number in range(60))
    for number in range(6):
        repository.git("commit", "-q", "--allow-empty", "-m", f"{text}\n{number}")
    repository.git("repack", "-q", "-a", "-d", "-f")
    assert [update.kind for update in repository.push("origin", "main")] == ["update"]
    kinds = [entry.kind for entry in repository.sent().entries()]
    assert (kinds.count(1), kinds.count(6)) == (1, 5)


@needs_git
def test_a_thin_pack_is_read(repository: Repository) -> None:
    """Its trees and files are told by their difference to what only the server has."""
    for number in range(100):
        (repository.path / f"file{number}").write_text(f"{number}\n" * 100)
    repository.commit()
    repository.push("origin", "main")
    repository.commit("another\n" * 100 + "line\n", file="file7")
    assert [update.kind for update in repository.push("--thin", "origin", "main")] == ["update"]
    entries = list(repository.sent().entries())
    assert {entry.kind for entry in entries} == {1, 3, 7}
    assert all(isinstance(entry.base, bytes) for entry in entries if entry.kind == 7)


@needs_git
def test_sha256_repositories_are_read_too(make: Callable[..., Repository]) -> None:
    repository = make("--object-format=sha256")
    first = repository.commit()
    repository.push("origin", "main")
    second = repository.commit()
    (moved,) = repository.push("origin", "main")
    assert (moved.old, moved.new, moved.kind) == (first, second, "update")
    assert len(second) == 64


@needs_git
@pytest.mark.parametrize("version", ["0", "2"])
def test_a_fetch_says_how_much_it_wants(repository: Repository, version: str) -> None:
    repository.commit()
    repository.git("push", "-q", "origin", "main", "main:other")
    repository.commit()
    repository.push("origin", "main:third")
    copy = repository.path.parent / "copy"
    repository.backend.bodies.clear()
    url = f"{repository.backend.url}/bare.git"
    protocol = ["-c", f"protocol.version={version}"]
    repository.git(*protocol, "clone", "-q", "--depth=1", "--no-single-branch", url, str(copy))
    found = [upload_pack(body) for service, body in repository.backend.bodies]
    assert all(fetch.version == int(version) for fetch in found)
    assert [fetch.command for fetch in found][-1] == "fetch"
    assert max(fetch.wants for fetch in found) == 2
    if version == "2":
        assert found[0] == Fetch(version=2, command="ls-refs", wants=0)
    repository.commit()
    repository.push("origin", "main")
    repository.backend.bodies.clear()
    repository.git("-C", str(copy), *protocol, "fetch", "-q", "--unshallow")
    assert upload_pack(repository.backend.bodies[-1][1]).wants >= 1


# -- made by hand


def test_a_chain_of_commits_is_a_proof() -> None:
    second = commit(A)
    third = commit(B, name_of(second))
    assert kind_of(push(A, name_of(third), packed(entry(1, third), entry(1, second)))) == "update"
    assert kind_of(push(B, name_of(third), packed(entry(1, third), entry(1, second)))) == "update"
    assert kind_of(push(C, name_of(third), packed(entry(1, third), entry(1, second)))) == "force"
    assert kind_of(push(A, name_of(third), packed(entry(1, third)))) == "force"
    assert kind_of(push(A, name_of(second), packed(entry(1, third), entry(1, second)))) == "update"


@pytest.mark.parametrize(
    "content",
    [
        b"parent " + A.encode() + b"\ntree " + A.encode() + b"\n",
        b"tree " + A.encode() + b"\nauthor x\nparent " + A.encode() + b"\n",
        b"tree " + A.encode() + b"\n\nparent " + A.encode() + b"\n",
        b"tree " + A.encode() + b"\nparent " + A.upper().encode() + b"\n",
        b"tree " + A.encode() + b"\nparent " + A.encode() * 2 + b"\n",
        b"tree " + A.encode() + b"\nparent " + A.encode(),
        b"tree " + A.encode() + b"\nparent " + B.encode() + b"\nparent\t" + A.encode() + b"\n",
        b"",
    ],
)
def test_a_parent_counts_only_where_git_reads_one(content: bytes) -> None:
    assert kind_of(push(A, name_of(content), packed(entry(1, content)))) == "force"


def test_only_commits_prove_anything() -> None:
    content = commit(A)
    for kind, name in ((2, b"tree"), (3, b"blob"), (4, b"tag")):
        assert kind_of(push(A, name_of(content, name), packed(entry(kind, content)))) == "force"
        assert kind_of(push(A, name_of(content), packed(entry(kind, content)))) == "force"


def test_commits_may_stand_after_everything_else() -> None:
    second = commit(A)
    third = commit(name_of(second))
    pack = packed(entry(2, b""), entry(3, b"text"), entry(1, third), entry(4, b"tag"), entry(1, second))
    assert kind_of(push(A, name_of(third), pack)) == "update"


def test_a_shallow_commit_has_no_parents_for_this() -> None:
    second = commit(A)
    pack = packed(entry(1, second))
    assert kind_of(push(A, name_of(second), pack)) == "update"
    assert (
        kind_of(push(A, name_of(second), pack, before=pkt(f"shallow {name_of(second)}".encode()))) == "force"
    )
    assert kind_of(push(A, name_of(second), pack, before=pkt(f"shallow {A}".encode()))) == "update"


def deltas() -> tuple[bytes, bytes, bytes]:
    """A commit, the one that follows it, and the instructions that make the second of the first."""
    base = commit(A, note="x" * 200)
    target = base.replace(A.encode(), name_of(base).encode()[:40], 2).replace(
        name_of(base).encode(), A.encode(), 1
    )
    at = target.index(name_of(base).encode())
    copy_head = bytes([0x80 | 0x10, at])
    insert = bytes([40]) + name_of(base).encode()
    rest = len(base) - at - 40
    copy_rest = bytes([0x80 | 0x01 | 0x10 | 0x20, at + 40, rest & 255, rest >> 8])
    lengths = bytes([len(base) & 127 | 128, len(base) >> 7])
    return base, target, lengths * 2 + copy_head + insert + copy_rest


def test_a_delta_within_the_pack_is_undone() -> None:
    base, target, delta = deltas()
    first = entry(1, base)
    distance = len(first)
    assert distance < 16_512
    back = bytes([(distance >> 7) - 1 | 128, distance & 127]) if distance > 127 else bytes([distance])
    by_offset = packed(first, entry(6, delta, base=back))
    assert kind_of(push(A, name_of(target), by_offset)) == "update"
    by_name = packed(first, entry(7, delta, base=bytes.fromhex(name_of(base))))
    assert kind_of(push(A, name_of(target), by_name)) == "update"
    absent = packed(first, entry(7, delta, base=bytes.fromhex(B)))
    assert kind_of(push(A, name_of(target), absent)) == "force"
    later = packed(entry(7, delta, base=bytes.fromhex(name_of(base))), first)
    assert kind_of(push(A, name_of(target), later)) == "force"


def test_a_body_is_read_to_its_end() -> None:
    body = push(A, B, packed())
    (update,) = receive_pack(body)
    assert update == Update(
        ref="refs/heads/main", old=A, new=B, kind="force", capabilities=("report-status",), options=()
    )
    for cut in range(1, len(body)):
        with pytest.raises(MalformedError):
            receive_pack(body[:cut])
    with pytest.raises(MalformedError):
        receive_pack(body + b"\0")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"0",
        DELIM,
        FLUSH + b"PACK",
        FLUSH + packed(),
        pkt(f"shallow {A}".encode()) + FLUSH,
        pkt(f"{A} {B} refs/heads/main".encode()),
        pkt(f"{A} {B} refs/heads/main".encode()) + DELIM + packed(),
        pkt(f"{A} {B} refs/heads/main".encode()) + FLUSH,
        pkt(f"{A} {NONE} refs/heads/main".encode()) + FLUSH + packed(),
        pkt(f"{NONE} {NONE} refs/heads/main".encode()) + FLUSH,
        pkt(f"{A} {B} HEAD".encode()) + FLUSH + packed(),
        pkt(f"{A} {B} refs/heads/main\0a".encode(), f"{A} {B} refs/heads/main".encode()) + FLUSH + packed(),
        pkt(f"{A} {B} refs/heads/a\0a".encode(), f"{A} {B} refs/heads/b\0a".encode()) + FLUSH + packed(),
        pkt(f"{A} {B} refs/heads/a\0a\0b".encode()) + FLUSH + packed(),
        pkt(f"{A} {B}  refs/heads/a".encode()) + FLUSH + packed(),
        pkt(f"{A.upper()} {B} refs/heads/a".encode()) + FLUSH + packed(),
        pkt(f"{A[1:]} {B} refs/heads/a".encode()) + FLUSH + packed(),
        pkt(f"{A * 2} {B} refs/heads/a".encode()) + FLUSH + packed(),
        pkt(f"{A} {B} refs/heads/a\0object-format=sha256".encode()) + FLUSH + packed(),
        pkt(b"push-cert\0atomic", b"certificate version 0.1\n", b"push-cert-end\n") + FLUSH + packed(),
        pkt(f"{A} {B} refs/heads/a\0push-options".encode()) + FLUSH + packed(),
        pkt(f"{A} {B} refs/heads/a\0push-options".encode()) + FLUSH + pkt(b"\xff") + FLUSH + packed(),
        pkt(f"{A} {B} refs/heads/a\0push-options".encode()) + FLUSH + pkt(b"a") + DELIM + packed(),
        pkt(*(f"{A} {B} refs/heads/{i}".encode() for i in range(MAX_UPDATES + 1))) + FLUSH + packed(),
        pkt(b"") + FLUSH,
        b"0003" + FLUSH,
        b"FFFF" + FLUSH,
        b"000G" + FLUSH,
        b"+0a5" + FLUSH,
    ],
)
def test_a_push_that_is_not_whole_or_not_in_one_way_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedError):
        receive_pack(body)


@pytest.mark.parametrize(
    "ref",
    [
        *("refs/heads/a..b", "refs/heads/a b", "refs/heads/a~1", "refs/heads/a^", "refs/heads/a:b"),
        *("refs/heads/a?", "refs/heads/*", "refs/heads/[a", "refs/heads/a\\b", "refs/heads/a@{b"),
        *("refs/heads//a", "refs/heads/.a", "refs/heads/a.", "refs/heads/a.lock", "refs/heads/a.lock/b"),
        *("refs/heads/a/", "refs/heads/a.b./c", "refs/heads/\x7f", "refs/heads/\u2028", "refs/heads/\n"),
        *("refs", "heads/main"),
    ],
)
def test_a_ref_that_git_would_not_take_is_refused(ref: str) -> None:
    with pytest.raises(MalformedError):
        receive_pack(push(A, B, packed(), ref=ref))


@pytest.mark.parametrize(
    "ref", ["refs/heads/ü", "refs/heads/feature/a-b_c.d", "refs/for/main%topic=x", "refs/heads/@"]
)
def test_a_ref_is_told_as_it_is(ref: str) -> None:
    assert receive_pack(push(A, B, packed(), ref=ref))[0].ref == ref


def test_the_refs_of_a_push_are_told_whatever_comes_behind() -> None:
    first = f"{A} {B} refs/heads/a\0report-status side-band-64k".encode()
    body = pkt(b"shallow " + A.encode(), first, f"{A} {B} refs/heads/b".encode()) + FLUSH + b"no pack"
    assert pushed(body) == (("refs/heads/a", "refs/heads/b"), ("report-status", "side-band-64k"))
    assert pushed(FLUSH) == ((), ())
    for broken in (b"", body[:50], pkt(first) + DELIM, pkt(b"x") + FLUSH):
        with pytest.raises(MalformedError):
            pushed(broken)


def test_a_line_break_ends_a_command_as_git_reads_it() -> None:
    body = pkt(f"{A} {NONE} refs/heads/a\n".encode()) + FLUSH
    assert receive_pack(body)[0].ref == "refs/heads/a"


@pytest.mark.parametrize(
    ("body", "version", "command", "wants"),
    [
        (
            pkt(f"want {A} thin-pack\n".encode(), f"want {B}\n".encode()) + FLUSH + pkt(b"done\n"),
            0,
            "fetch",
            2,
        ),
        (
            pkt(f"want {A} thin-pack\n".encode(), f"want {A}\n".encode()) + FLUSH + pkt(b"done\n"),
            0,
            "fetch",
            1,
        ),
        (
            pkt(f"want {A}\n".encode(), b"deepen 1\n") + FLUSH + pkt(f"have {B}\n".encode()) + FLUSH,
            0,
            "fetch",
            1,
        ),
        (FLUSH, 0, "fetch", 0),
        (b"", 0, "fetch", 0),
        (pkt(b"command=ls-refs\n", b"agent=git/2\n") + DELIM + pkt(b"peel\n") + FLUSH, 2, "ls-refs", 0),
        (pkt(b"command=fetch") + DELIM + pkt(b"want a\n", b"want-ref b\n", b"done\n") + FLUSH, 2, "fetch", 2),
        (pkt(b"command=bundle-uri") + FLUSH, 2, "bundle-uri", 0),
    ],
)
def test_fetches_are_read(body: bytes, version: Literal[0, 2], command: str, wants: int) -> None:
    assert upload_pack(body) == Fetch(version=version, command=command, wants=wants)


@pytest.mark.parametrize(
    "body",
    [
        b"x",
        DELIM,
        b"0002",
        pkt(b"hello\n"),
        pkt(f"want {A[1:]}\n".encode()) + FLUSH,
        pkt(b"command=upload") + FLUSH,
        pkt(b"command=\xff") + FLUSH,
        pkt(b"command=fetch"),
        pkt(b"command=fetch") + DELIM,
        pkt(b"command=fetch") + FLUSH + FLUSH,
        pkt(b"command=fetch") + FLUSH + pkt(b"done"),
        pkt(b"command=fetch") + DELIM + DELIM + FLUSH,
        pkt(b"command=ls-refs") + FLUSH + pkt(b"command=fetch") + FLUSH,
        FLUSH + pkt(b"command=fetch") + FLUSH,
    ],
)
def test_what_is_no_fetch_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedError):
        upload_pack(body)


@given(st.binary(max_size=100), st.binary(max_size=60))
def test_any_bytes_give_updates_or_malformed(head: bytes, tail: bytes) -> None:
    data = b"PACK\0\0\0\2\0\0\0\1" + tail
    pack = data + hashlib.sha1(data).digest()
    for body in (head, pkt(head) + FLUSH + tail, push(A, B, pack), push(A, B, packed() + tail)):
        for read in (receive_pack, upload_pack, pushed):
            with contextlib.suppress(MalformedError):
                read(body)


@given(
    st.lists(st.lists(st.integers(0, 30), max_size=3), min_size=1, max_size=8),
    st.randoms(use_true_random=False),
)
def test_a_proof_is_found_exactly_where_parents_lead(shape: list[list[int]], shuffle: object) -> None:
    """Against a plain walk over the graph that the pack was made of."""
    names: list[str] = [A, B]
    contents: list[bytes] = []
    parents: dict[str, list[str]] = {}
    for number, chosen in enumerate(shape):
        these = [names[index % len(names)] for index in chosen]
        contents.append(commit(*these, note=str(number)))
        names.append(name_of(contents[-1]))
        parents[names[-1]] = these
    shuffle.shuffle(contents)  # type: ignore[attr-defined]
    pack = packed(*(entry(1, content) for content in contents))
    reached: set[str] = set()
    ahead = list(parents[names[-1]])
    while ahead:
        at = ahead.pop()
        if at not in reached:
            reached.add(at)
            ahead += parents.get(at, [])
    for old in names[:-1]:
        assert kind_of(push(old, names[-1], pack)) == ("update" if old in reached else "force")
