"""``./vienna``: finds a Python that fits, builds once, says what is wrong, and passes on what it was given.

The interpreter is a script that plays ``-m venv`` and ``-m pip`` and leaves the rest to the real one, so that no
network is needed; `.ci/run` builds the real environment with the real launcher.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = (
    "vienna",
    "pyproject.toml",
    "requirements.lock",
    "requirements-dev.lock",
    "proxy/vienna_client/pyproject.toml",
)

PLAYED = r"""#!/bin/sh
case "$1 $2" in
"-m venv")
    mkdir -p "$3/bin" && cp "$0" "$3/bin/python"
    printf '#!/bin/sh\nprintf "%%s\\n" "in $PWD" "$@"\n' >"$3/bin/vienna" && chmod +x "$3/bin/vienna"
    echo venv >>"$PLAY_LOG" ;;
"-m pip") echo "pip $*" >>"$PLAY_LOG"; [ -z "${PLAY_FAIL:-}" ] || exit 7 ;;
*) case "$2" in *version_info\[:2\]*) echo "3 13 3.13.0 at $0" ;; *) exec @REAL@ "$@" ;; esac ;;
esac
"""


class Checkout:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "played.log"
        self.python = folder / "fake python"
        for file in FILES:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / file, folder / file)
        self.python.write_text(PLAYED.replace("@REAL@", f"'{sys.executable}'"))
        self.python.chmod(0o755)

    def env(self, **more: str) -> dict[str, str]:
        base = {"PATH": os.defpath, "HOME": str(self.folder), "VIENNA_NO_UV": "1", "PLAY_LOG": str(self.log)}
        return {**base, "VIENNA_PYTHON": str(self.python), **more}

    def run(
        self, *arguments: str, program: Path | None = None, cwd: Path | None = None, **env: str
    ) -> subprocess.CompletedProcess[str]:
        command = [str(program or self.folder / "vienna"), *arguments]
        environment = {key: value for key, value in self.env(**env).items() if value}
        return subprocess.run(
            command, env=environment, cwd=cwd, capture_output=True, text=True, check=False, timeout=30
        )

    @property
    def played(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    folder = tmp_path / "a checkout"
    folder.mkdir()
    return Checkout(folder.resolve())


def test_the_first_run_builds_and_the_second_does_not(checkout: Checkout) -> None:
    first = checkout.run("approvals", "ls")
    assert first.returncode == 0, first.stderr
    assert "first run" in first.stderr
    built = checkout.played
    assert any("--require-hashes -r" in line and "requirements.lock" in line for line in built)
    second = checkout.run("approvals", "ls")
    assert (second.returncode, second.stderr) == (0, "")
    assert checkout.played == built


def test_arguments_and_the_working_folder_arrive_unchanged(checkout: Checkout, tmp_path: Path) -> None:
    link = tmp_path / "link to vienna"
    link.symlink_to(checkout.folder / "vienna")
    run = checkout.run("run", "--", "echo", "two words", "$HOME", program=link, cwd=tmp_path)
    assert run.stdout.splitlines() == [f"in {tmp_path.resolve()}", "run", "--", "echo", "two words", "$HOME"]


def test_a_changed_lock_is_noticed(checkout: Checkout) -> None:
    checkout.run("--version")
    count = len(checkout.played)
    with (checkout.folder / "requirements.lock").open("a") as lock:
        lock.write("# newer\n")
    assert "the lock changed" in checkout.run("--version").stderr
    assert len(checkout.played) > count


def test_tests_get_the_tools_they_need_and_keep_them(checkout: Checkout) -> None:
    checkout.run("--version")
    checkout.run("test", "-q")
    assert any("requirements-dev.lock" in line for line in checkout.played)
    count = len(checkout.played)
    checkout.run("--version")
    checkout.run("test")
    assert len(checkout.played) == count


def test_a_python_that_is_too_old_is_named(checkout: Checkout) -> None:
    old = checkout.folder / "python3"
    old.write_text("#!/bin/sh\necho 3 11 3.11.7 at /opt/old/python3\n")
    old.chmod(0o755)
    run = checkout.run("demo", VIENNA_PYTHON=str(old))
    assert run.returncode == 1
    assert "found Python 3.11.7 at /opt/old/python3, need 3.13" in run.stderr
    assert not (checkout.folder / ".venv").exists()


def test_an_incomplete_python_is_named_with_what_it_lacks(checkout: Checkout) -> None:
    broken = checkout.folder / "python3"
    broken.write_text(
        "#!/bin/sh\ncase $2 in *version_info*) echo 3 13 3.13.1 at /b/python3 ;;"
        " *) echo \"ModuleNotFoundError: No module named 'ensurepip'\" >&2; exit 1 ;; esac\n"
    )
    broken.chmod(0o755)
    run = checkout.run("demo", VIENNA_PYTHON=str(broken))
    assert run.returncode == 1
    assert "3.13.1 at /b/python3, but it is incomplete" in run.stderr
    assert "ensurepip" in run.stderr


def test_a_build_that_failed_is_done_again(checkout: Checkout) -> None:
    failed = checkout.run("--version", PLAY_FAIL="1")
    assert failed.returncode == 7
    assert "Run the same command again" in failed.stderr
    assert checkout.run("--version").returncode == 0


def test_two_first_runs_at_once_build_once(checkout: Checkout) -> None:
    runs = [
        subprocess.Popen(
            [checkout.folder / "vienna", str(number)], env=checkout.env(), stdout=subprocess.PIPE, text=True,
            stderr=subprocess.DEVNULL,
        )
        for number in range(4)
    ]  # fmt: skip
    said = [run.communicate(timeout=30)[0].splitlines()[1:] for run in runs]
    assert said == [["0"], ["1"], ["2"], ["3"]]
    assert checkout.played.count("venv") == 1


def test_what_may_not_be_compiled_later_is_compiled_at_once(checkout: Checkout) -> None:
    checkout.run("--version")
    (packages,) = [line for line in checkout.played if "requirements.lock" in line]
    assert "--no-compile" in packages
    checkout.run("test", PYTHONDONTWRITEBYTECODE="1")
    (packages,) = [line for line in checkout.played if "requirements-dev.lock" in line]
    assert "--no-compile" not in packages
