from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.errors import MalformedError
from vienna_kernel.keyring import Algorithm, VerifyingKey
from vienna_kernel.ledger.checkpoint import (
    Checkpoint,
    checkpoint_note,
    key_hash,
    open_note,
    read_note,
    verifier_key,
)
from vienna_kernel.signing import SigningKey

KEY = SigningKey.generate_from(b"log".ljust(32, b"."))
PUBLIC = KEY.verifying()
AT = "2026-01-05T10:00:00.000Z"
NOTE = checkpoint_note("vienna/test", 1273, b"r" * 32, AT, KEY)


def test_a_note_is_read_back() -> None:
    assert open_note(NOTE, PUBLIC) == Checkpoint("vienna/test", 1273, b"r" * 32, AT)


def test_a_note_may_leave_out_when_it_was_signed() -> None:
    note = checkpoint_note("vienna/test", 0, b"r" * 32, "", KEY)
    assert note.startswith("vienna/test\n0\ncnJycnJycnJycnJycnJycnJycnJycnJycnJycnJycnI=\n\n— vienna/test ")
    assert open_note(note, PUBLIC) == Checkpoint("vienna/test", 0, b"r" * 32, "")


def test_a_size_has_19_digits_at_most() -> None:
    root = "A" * 43 + "="
    assert read_note(f"a\n{'9' * 19}\n{root}\n\n— a AAAA\n").size == 10**19 - 1
    with pytest.raises(MalformedError):
        read_note(f"a\n{'9' * 20}\n{root}\n\n— a AAAA\n")


def test_what_is_refused_names_its_place_and_none_of_its_text() -> None:
    root = "A" * 43 + "="
    for text, where in (
        ("secret\n1\n", "checkpoint"),
        (f"secret\n01\n{root}\n", "checkpoint line 2"),
        ("secret\n1\nAAAA\n", "checkpoint line 3"),
        ("secret\n1\nsecret!\n", "checkpoint line 3"),
        (f"secret\n1\n{'A' * 42}B=\n", "checkpoint line 3"),
    ):
        with pytest.raises(MalformedError) as refused:
            read_note(text + "\n— secret AAAA\n")
        assert refused.value.where == where
        assert refused.value.why
        assert "secret" not in str(refused.value)
    for note in ("secret", "secret\n\nsecret AAAA\n", "secret\n" * 10_000):
        with pytest.raises(MalformedError, match=r"^note: (?!.*secret)"):
            read_note(note)


def test_key_hash_and_signature_are_those_of_signed_note() -> None:
    """The example in the documentation of Go's sumdb/note package."""
    name, blob = "PeterNeumann", b64decode("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    key = VerifyingKey(kid="", algorithm=Algorithm.ED25519, material=blob[1:])
    assert verifier_key(name, key) == "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    line = b64decode(
        "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
    )
    assert line[:4] == key_hash(name, key.material)
    assert key.verify(text.encode(), line[4:])


def test_the_vector_holds() -> None:
    data = json.loads((Path(__file__).parents[2] / "vectors" / "ledger" / "trail.json").read_text())
    name, _, blob = data["key"].split("+", 2)
    key = VerifyingKey(kid="", algorithm=Algorithm.ED25519, material=b64decode(blob)[1:])
    said = open_note(data["note"], key)
    assert said is not None
    assert (said.origin, said.size, said.root.hex()) == (name, 7, data["roots"][7])


@given(st.integers(0, len(NOTE) - 1), st.characters())
def test_a_note_with_one_character_changed_is_not_opened(at: int, character: str) -> None:
    changed = NOTE[:at] + character + NOTE[at + 1 :]
    assert (open_note(changed, PUBLIC) is not None) == (changed == NOTE)


@given(st.text(max_size=200))
def test_opening_is_total(text: str) -> None:
    assert open_note(text, PUBLIC) is None


def test_another_signature_beside_ours_does_no_harm() -> None:
    witness = SigningKey.generate_from(b"witness".ljust(32, b"."))
    other = checkpoint_note("witness", 1273, b"r" * 32, AT, witness).split("\n\n")[1]
    text, ours = NOTE.split("\n\n")
    for signatures in (ours + other, other + ours, other + ours + other):
        assert open_note(f"{text}\n\n{signatures}", PUBLIC) is not None
    assert open_note(f"{text}\n\n{other}", PUBLIC) is None


def test_a_signature_under_another_name_is_none() -> None:
    stranger = SigningKey.generate_from(b"x" * 32)
    assert open_note(checkpoint_note("vienna/test", 1, b"r" * 32, AT, stranger), PUBLIC) is None
    renamed = NOTE.replace("— vienna/test", "— vienna/other")
    assert open_note(renamed, PUBLIC) is None


def test_every_byte_of_a_signature_counts() -> None:
    head, _, blob = NOTE.rstrip("\n").rpartition(" ")
    signature = b64decode(blob)
    assert len(signature) == 4 + 64  # the name of the key, and what it signed
    for at in range(len(signature)):
        changed = signature[:at] + bytes([signature[at] ^ 1]) + signature[at + 1 :]
        assert open_note(f"{head} {b64encode(changed).decode()}\n", PUBLIC) is None, at
    assert open_note(f"{head} {blob}\n", PUBLIC) is not None


def test_a_revoked_key_opens_nothing() -> None:
    assert open_note(NOTE, replace(PUBLIC, revoked_at=datetime(2026, 1, 5, tzinfo=UTC))) is None


def test_unknown_extension_lines_are_ignored() -> None:
    signed, signature = f"vienna/test\n1273\n{'A' * 43}=\n", "\n— vienna/test AAAA\n"
    at, other = f"at {AT}\n", "extension of tomorrow\n"
    for lines, said in (
        ("", ""),
        (other, ""),
        (at + other, AT),
        (other + at, AT),
        (at + "at 2027\n", AT),
        (at + "\n" + other, AT),  # the last empty line is the one that ends the text
    ):
        assert read_note(signed + lines + signature) == Checkpoint("vienna/test", 1273, bytes(32), said)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n1\n",
        "origin\n01\n" + "A" * 43 + "=\n",
        "origin\n-1\n" + "A" * 43 + "=\n",
        "origin\n١\n" + "A" * 43 + "=\n",
        "origin\n1\nAAAA\n",
        "origin\n1\n" + "A" * 42 + "B=\n",
        "\n1\n" + "A" * 43 + "=\n",
        "origin\n" + "9" * 30 + "\n" + "A" * 43 + "=\n",
    ],
)
def test_what_is_no_checkpoint_is_malformed(text: str) -> None:
    with pytest.raises(MalformedError):
        read_note(text + "\n— origin AAAA\n")


@pytest.mark.parametrize(
    "note", ["", "text\n\n", "text\n\n— a\n", "text\n\nno dash AAAA\n", "text\n\n— a AAAA", "x" * 70_000]
)
def test_what_is_no_note_is_malformed(note: str) -> None:
    with pytest.raises(MalformedError):
        read_note(note)


@pytest.mark.parametrize(
    "ending",
    ["", "\n", "\n\n", "\n— a AAAA", "\n— a AAAA\n\n", "\n- a AAAA\n", "\n—  AAAA\n", "\n— a AAA\n", "— a AAAA\n",
     "\n— a AAAA\n— b AAAA", "\n— a b AAAA\n"],
    ids=repr,
)  # fmt: skip
def test_a_checkpoint_without_signatures_below_it_is_no_note(ending: str) -> None:
    text = f"a\n1\n{'A' * 43}=\n"
    assert read_note(text + "\n— a AAAA\n").size == 1
    with pytest.raises(MalformedError, match=r"^note"):
        read_note(text + ending)


def test_a_note_of_64_kib_is_read_and_a_larger_one_is_not() -> None:
    text, signature = NOTE.split("\n\n")
    for size, read in ((64 * 1024, True), (64 * 1024 + 1, False)):
        padded = f"{text}\n{'x' * (size - len(NOTE) - 1)}\n\n{signature}"
        assert len(padded) == size
        if read:
            assert read_note(padded).size == 1273
        else:
            with pytest.raises(MalformedError, match="larger than 65536 bytes"):
                read_note(padded)


@pytest.mark.parametrize(
    ("origin", "at"), [("", AT), ("two words", AT), ("plus+sign", AT), ("line\n", AT), ("a", "b c")]
)
def test_what_would_not_stay_on_its_line_is_refused(origin: str, at: str) -> None:
    with pytest.raises(ValueError, match="white space"):
        checkpoint_note(origin, 1, b"r" * 32, at, KEY)


def test_a_log_key_is_ed25519() -> None:
    with pytest.raises(MalformedError, match=r"^log key: a log is signed with Ed25519$"):
        verifier_key("a", SigningKey.generate_from(b"s" * 32, Algorithm.HS256).verifying())
