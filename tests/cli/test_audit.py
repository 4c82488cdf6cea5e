"""``audit verify`` offline: a real trail in SQLite, its public key, and somebody who edits rows."""

import json
import sqlite3
from contextlib import closing

import pytest

from vienna_kernel.keyring import Purpose
from vienna_kernel.ledger.entry import EntryType, entry_body
from vienna_kernel.ledger.trail import GENESIS, Tree, chain_hash, checkpoint_note, leaf_hash, verifier_key
from vienna_kernel.signing import SigningKey

KEY = SigningKey.generate_from(bytes(range(32)))
OTHER = SigningKey.generate_from(bytes(32))
ORIGIN = "vienna/test"
SIZE = 20


def at(index):
    return f"2026-01-01T00:00:{index:02d}.000Z"


@pytest.fixture
def trail(tmp_path):
    """A database with twenty entries under one checkpoint, and its key beside it."""
    database = tmp_path / "vienna.db"
    with closing(sqlite3.connect(database)) as db, db:
        db.execute(
            "CREATE TABLE entries (id, tenant, type, at, agent_id, intent_id, body, leaf, arrival, idx, previous)"
        )
        db.execute("CREATE TABLE checkpoints (size, root, head, note, at)")
        tree, link = Tree(), GENESIS
        for index in range(SIZE):
            facts = {"id": f"aud-{index}", "tenant": "default", "at": at(index), "agent_id": None}
            facts |= {"intent_id": f"int-{index}"}
            body = entry_body(type=EntryType.INTENT_SUBMITTED, actor="test", data={"n": index}, **facts)
            leaf = leaf_hash(body)
            row = (f"aud-{index}", "default", "intent_submitted", at(index), None, f"int-{index}", body)
            db.execute(
                "INSERT INTO entries VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                (*row, leaf.hex(), index, index, link.hex()),
            )
            link = chain_hash(link, leaf)
            tree.append(leaf)
        note = checkpoint_note(ORIGIN, SIZE, tree.root(), at(30), KEY)
        db.execute(
            "INSERT INTO checkpoints VALUES (?,?,?,?,?)", (SIZE, tree.root().hex(), link.hex(), note, at(30))
        )
    (tmp_path / "key.json").write_text(json.dumps(KEY.jwk()))
    (tmp_path / "note").write_text(note)
    return database


def edit(database, statement, *values):
    with closing(sqlite3.connect(database)) as db, db:
        db.execute(statement, values)


VERIFY = ("audit", "verify", "--db", "vienna.db", "--key", "key.json")


def test_an_untouched_trail_verifies(cli, trail):
    done = cli(*VERIFY, "-o", "json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["valid"], said["entries"], said["checkpoints"]) == (True, SIZE, 1)


def test_one_byte_edited_names_the_entry(cli, trail):
    body = bytearray(sqlite3.connect(trail).execute("SELECT body FROM entries WHERE idx = 7").fetchone()[0])
    body[len(body) // 2] ^= 1
    edit(trail, "UPDATE entries SET body = ? WHERE idx = 7", bytes(body))
    done = cli(*VERIFY)
    assert done.returncode == 5
    assert "broken at entry 7 (aud-7)" in done.stderr


def test_a_missing_entry_is_named(cli, trail):
    edit(trail, "DELETE FROM entries WHERE idx = 4")
    done = cli(*VERIFY, "-o", "json")
    assert done.returncode == 5
    assert json.loads(done.stdout)["break"]["index"] == 4


def test_a_cut_tail_is_found_by_a_checkpoint_kept_elsewhere(cli, trail):
    edit(trail, "DELETE FROM entries")
    edit(trail, "DELETE FROM checkpoints")
    assert cli(*VERIFY).returncode == 0, "an empty trail alone tells nothing"
    done = cli(*VERIFY, "--checkpoint", "note")
    assert done.returncode == 5
    assert "20 were signed" in done.stderr


def test_another_key_verifies_nothing(cli, trail):
    (trail.parent / "key.json").write_text(json.dumps(OTHER.jwk()))
    assert cli(*VERIFY).returncode == 5


def test_keys_come_as_jwk_as_a_set_and_as_note_tools_write_them(cli, trail):
    file = trail.parent / "key.json"
    public = KEY.verifying(Purpose.LOG)
    for text in (json.dumps({"keys": [public.jwk()]}), verifier_key(ORIGIN, public)):
        file.write_text(text)
        assert cli(*VERIFY).returncode == 0, text


def test_entries_that_have_no_index_yet_are_counted_apart(cli, trail):
    edit(trail, "UPDATE entries SET idx = NULL, previous = NULL WHERE idx = 999")
    edit(
        trail,
        "INSERT INTO entries (id, tenant, type, at, body, leaf, arrival) VALUES ('aud-x', 'd', 't', '', x'00', '', 99)",
    )
    assert json.loads(cli(*VERIFY, "-o", "json").stdout)["pending"] == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("audit", "verify", "--db", "vienna.db"), "--db needs --key"),
        (("audit", "verify", "--key", "key.json"), "name it with --db"),
        (("audit", "verify", "--db", "none.db", "--key", "key.json"), "no database at none.db"),
        (("audit", "verify", "--db", "vienna.db", "--key", "vienna.db"), "cannot read key file"),
        (("audit", "verify", "--db", "vienna.db", "--key", "note"), "holds no key"),
    ],
)
def test_wrong_use(cli, trail, arguments, says):
    done = cli(*arguments)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_is_no_database(cli, trail):
    trail.write_bytes(b"not a database at all, but long enough to be looked at" * 30)
    done = cli(*VERIFY)
    assert done.returncode == 1
    assert "cannot read a trail" in done.stderr
