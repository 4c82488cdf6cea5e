"""The trail's vector in another language, on another library's cryptography; and that it notices what is wrong."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "vectors"


def test_node_finds_the_trail_sound_and_any_change_of_it(tool: Callable[..., str], tmp_path: Path) -> None:
    def run(file: Path) -> tuple[int, list[str]]:
        done = subprocess.run(
            [tool("node"), FOLDER / "ledger.mjs", file],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.stderr == ""
        return done.returncode, done.stdout.splitlines()

    whole = FOLDER / "ledger" / "trail.json"
    assert run(whole) == (0, ["55 checks, 0 do not hold"])
    text, changed = whole.read_text(encoding="utf-8"), tmp_path / "trail.json"
    data = json.loads(text)
    for old, new, says in (
        ("aud-3", "aud-x", "entry 3: leaf"),
        (data["entries"][4]["leaf"], "00" * 32, "entry 4: leaf"),
        (data["entries"][5]["previous"], "11" * 32, "entry 5: link"),
        (data["roots"][6], "22" * 32, "root of 6"),
        (data["inclusion"][2][0], "33" * 32, "inclusion of 2"),
        (data["consistency"][5][0], "44" * 32, "consistency from 5"),
        ("vienna/vectors", "vienna/others", "note"),
    ):
        changed.write_text(text.replace(old, new), encoding="utf-8")
        code, lines = run(changed)
        assert code == 1
        assert says in lines, (says, lines)
