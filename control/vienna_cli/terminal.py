"""What every command is given, and how a command is registered so that it takes the options all share."""

from __future__ import annotations

import inspect
import shutil
import sys
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import typer

from vienna_cli.config import Access, Installation
from vienna_cli.output import Code, Failure, Format, Printer
from vienna_client import ViennaClient

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="vienna.yaml.", envvar="VIENNA_CONFIG", show_default=False),
]
UrlOption = Annotated[
    str | None, typer.Option("--url", help="Control plane.", envvar="VIENNA_URL", show_default=False)
]
OutputOption = Annotated[Format, typer.Option("--output", "-o", help="How to print.", envvar="VIENNA_OUTPUT")]
FormatOption = Annotated[Format, typer.Option("--format", help="How to print.", envvar="VIENNA_OUTPUT")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Only ids and errors.")]


def called() -> str:
    """How this command is called here: ``vienna`` where that is found, else the launcher of the checkout."""
    launcher = Path(sys.executable).parents[2] / "vienna"
    if shutil.which("vienna") or not launcher.is_file():
        return "vienna"
    return "./vienna" if launcher.parent == Path.cwd() else str(launcher)


class Terminal:
    """Where a command reads its settings and prints its results.

    Attributes:
        printer: Prints in the format asked for.
        config: The file named, if one was.
        url: The control plane named, if one was.
    """

    def __init__(self, config: Path | None, url: str | None, output: Format, *, quiet: bool) -> None:
        self.printer = Printer(output, quiet=quiet)
        self.config = config
        self.url = url

    @cached_property
    def installation(self) -> Installation:
        return Installation.find(self.config)

    @cached_property
    def client(self) -> ViennaClient:
        """The control plane, spoken to directly: never through a proxy that the environment names."""
        access = Access.find(self.installation, self.url)
        return ViennaClient(access.url, api_key=access.api_key, use_proxy=False)

    @cached_property
    def stranger(self) -> ViennaClient:
        """The control plane, spoken to without a key: by whoever is about to get one."""
        return ViennaClient(Access.place(self.installation, self.url), api_key="", use_proxy=False)

    @property
    def interactive(self) -> bool:
        """Whether somebody can be asked."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    def ask(self, question: str, *, option: str) -> str:
        """An answer typed at the terminal. Without one: usage error that names the option to give instead."""
        if not self.interactive:
            raise Failure(f"{question}: give {option}", Code.USAGE)
        return str(typer.prompt(question, err=True)).strip()

    def secret(self, question: str, *, file: Path | None, option: str, twice: bool = False) -> str:
        """The first line of a file (``-``: standard input), else typed unseen. Never an argument: those are seen."""
        if file is not None:
            try:
                text = sys.stdin.readline() if str(file) == "-" else file.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                why = getattr(error, "strerror", None) or "not text"
                raise Failure(f"cannot read {file}: {why}", Code.USAGE) from None
            return text.partition("\n")[0].strip()
        if not self.interactive:
            raise Failure(f"{question}: give {option}", Code.USAGE)
        return str(typer.prompt(question, err=True, hide_input=True, confirmation_prompt=twice))

    def confirm(self, question: str, *, yes: bool) -> None:
        """Returns when it was agreed to; otherwise the command ends."""
        if yes:
            return
        if not self.interactive:
            raise Failure(f"{question} Give --yes to agree", Code.USAGE)
        if not typer.confirm(question, err=True):
            raise Failure("not done", Code.DENIED)


_SHARED = (
    ("config", ConfigOption, None),
    ("url", UrlOption, None),
    ("output", OutputOption, Format.TABLE),
    ("quiet", QuietOption, False),
)


def command[**P](
    app: typer.Typer, name: str, *, writes: bool = False
) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Registers a function whose first parameter is the terminal; the shared options fill it.

    ``writes``: it makes files, which its own ``-o`` names; how to print is ``--format`` alone.
    """

    def register(work: Callable[P, None]) -> Callable[P, None]:
        own = list(inspect.signature(work, eval_str=True).parameters.values())[1:]
        keyword = inspect.Parameter.KEYWORD_ONLY
        asked = [(n, FormatOption if writes and n == "output" else a, d) for n, a, d in _SHARED]
        shared = [inspect.Parameter(n, keyword, default=d, annotation=a) for n, a, d in asked]
        parameters = [item.replace(kind=keyword) for item in own] + shared

        def run(**said: Any) -> None:
            config, url, output, quiet = (said.pop(name) for name, _, _ in _SHARED)
            terminal: Any = Terminal(config, url, output, quiet=quiet)
            work(terminal, **said)

        run.__name__, run.__doc__ = work.__name__, work.__doc__
        run.__annotations__ = {item.name: item.annotation for item in parameters}
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # read by inspect
        app.command(name)(run)
        return work

    return register


def noun(help: str) -> typer.Typer:
    """A group of commands about one noun."""
    return typer.Typer(
        help=help,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
        pretty_exceptions_enable=False,
    )
