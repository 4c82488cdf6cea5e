"""``vienna policies`` against a running control plane: rules in force, their versions, and files held against them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from vienna_cli.output import Code, Failure, field
from vienna_cli.policy_files import Policies
from vienna_cli.terminal import Terminal, command
from vienna_kernel.policy.api import rule_to_api
from vienna_kernel.value import pack

Id = Annotated[str, typer.Argument(metavar="RULE", help="Its id.", show_default=False)]
Files = Annotated[list[Path], typer.Argument(metavar="FILE|FOLDER…", help="Of rules.", show_default=False)]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

RULES = (
    field("rule", "id"),
    field("name"),
    field("priority"),
    ("ACTION", lambda row: row["action"]["type"] + (" (shadow)" if row.get("shadow") else "")),
    field("enabled"),
    field("hits"),
    field("last hit", "last_hit_at"),
    field("source"),
)
VERSIONS = (
    field("version"),
    field("at"),
    field("author"),
    field("what"),
    ("CHANGE", lambda row: "; ".join(f"{c['field']}: {c['before']} → {c['after']}" for c in row["change"])),
)
DIFFERENCES = (
    field("rule"),
    field("state"),
    field("field"),
    field("in force", "before"),
    field("in file", "after"),
)
FILES = (field("name"), field("kind"), field("id"), field("rules"), field("digest"))

_PAGE = 500
_KNOWN_BY_US = ("version", "created_by", "created_at", "updated_at", "source", "read_only", "hits", "shadow_hits",
                "last_hit_at")  # fmt: skip


def register(app: typer.Typer) -> None:
    """Adds the commands to ``vienna policies``."""
    for name, work in (
        ("ls", ls),
        ("show", show),
        ("versions", versions),
        ("rollback", rollback),
        ("promote", promote),
        ("apply", apply),
        ("diff", diff),
        ("source", source),
        ("export", export),
    ):
        command(app, name)(work)


def in_force(terminal: Terminal) -> Iterator[dict[str, Any]]:
    """Every rule in force, in the order they are asked."""
    params: dict[str, Any] = {"limit": _PAGE}
    while True:
        page = terminal.client.request("GET", "/policies", params=params)
        yield from page["policies"]
        if not page["has_more"]:
            return
        params["cursor"] = page["next_cursor"]


def ls(
    terminal: Terminal,
    never: Annotated[
        bool, typer.Option("--never-fired", help="Only rules that held for nothing yet.")
    ] = False,
) -> None:
    """List the rules in force, in the order they are asked, with how often each held."""
    rows = [row for row in in_force(terminal) if not never or row["last_hit_at"] is None]
    terminal.printer.rows(rows, RULES)


def show(terminal: Terminal, rule: Id) -> None:
    """Show one rule."""
    terminal.printer.data(terminal.client.request("GET", f"/policies/{rule}"))


def versions(terminal: Terminal, rule: Id) -> None:
    """Show who changed a rule when, and what."""
    data = terminal.client.request("GET", f"/policies/{rule}/versions")
    terminal.printer.rows(data["versions"], VERSIONS, key="version")


def rollback(
    terminal: Terminal,
    rule: Id,
    version: Annotated[int, typer.Option("--to", min=1, help="The version to bring back.")],
) -> None:
    """Make an earlier version of a rule the newest."""
    changed(
        terminal, terminal.client.request("POST", f"/policies/{rule}/rollback", json={"version": version})
    )


def promote(terminal: Terminal, rule: Id, yes: Yes = False) -> None:
    """Enforce a shadow rule, after showing what it would have changed."""
    told = terminal.client.request("GET", f"/policies/{rule}/shadow")
    enforced = told["enforced"]
    terminal.printer.say(f"it would have decided {told['fired']} times since {told['since']}")
    for one in enforced["changes"]:
        terminal.printer.say(f"  {one['count']} × {one['from']} → {one['to']}")
    terminal.confirm(f"Enforce {rule}?", yes=yes)
    changed(terminal, terminal.client.request("PATCH", f"/policies/{rule}", json={"shadow": False}))


def changed(terminal: Terminal, data: Mapping[str, Any]) -> None:
    """Says what became of a change; ends with *pending* where somebody else has to approve it."""
    if data.get("change"):
        terminal.printer.data(data["change"])
        raise Failure(
            f"waits for somebody else: vienna policies changes approve {data['change']['id']}", Code.PENDING
        )
    terminal.printer.data(data)


def rules_of(terminal: Terminal, places: list[Path]) -> dict[str, dict[str, Any]]:
    """Rules of files by id, as the API takes them, each with the time zone of its page."""
    found: dict[str, dict[str, Any]] = {}
    for file in Policies.find(places, terminal.installation).of("Rules"):
        page = file.document.data
        zone = {"timezone": page["timezone"]} if page.get("timezone") else {}
        for rule in page.get("rules") or ():
            found[str(rule["id"])] = rule_to_api(pack({**zone, **rule}))
    if not found:
        raise Failure("found no rules there", Code.USAGE)
    return found


def _differences(terminal: Terminal, places: list[Path]) -> Iterator[dict[str, Any]]:
    """What a file has otherwise than what is in force, rule by rule and member by member."""
    known = {row["id"]: row for row in in_force(terminal)}
    wanted = rules_of(terminal, places)
    for name, rule in wanted.items():
        if name not in known:
            yield {"rule": name, "state": "new", "field": "", "before": None, "after": None}
            continue
        there = {key: value for key, value in known[name].items() if key not in _KNOWN_BY_US}
        for key in sorted({*there, *rule} - {"timezone"}):
            if there.get(key) != rule.get(key):
                told = {"before": there.get(key), "after": rule.get(key)}
                yield {"rule": name, "state": "changed", "field": key, **told}
    for name, row in known.items():
        if name not in wanted:
            yield {
                "rule": name,
                "state": f"only in {row['source']}",
                "field": "",
                "before": None,
                "after": None,
            }


def diff(terminal: Terminal, places: Files) -> None:
    """Show how files of rules differ from what is in force."""
    terminal.printer.rows(list(_differences(terminal, places)), DIFFERENCES, key="rule")


def apply(
    terminal: Terminal,
    places: Files,
    title: Annotated[str, typer.Option(help="What the change is about.")] = "vienna policies apply",
    yes: Yes = False,
) -> None:
    """Keep the rules of files by API: what is new or changed, all or nothing. Prefer a folder under version control."""
    wanted = rules_of(terminal, places)
    rows = [row for row in _differences(terminal, places) if row["rule"] in wanted]
    terminal.printer.rows(rows, DIFFERENCES, key="rule")
    names = dict.fromkeys(row["rule"] for row in rows)
    if not names:
        terminal.printer.say("nothing differs")
        return
    terminal.confirm(f"Change {len(names)} rules?", yes=yes)
    changes = [{"rule": wanted[name]} for name in names]
    changed(
        terminal,
        terminal.client.request("POST", "/policies/changes", json={"title": title, "changes": changes}),
    )


def source(terminal: Terminal) -> None:
    """Show the files in force, whether those on disk are newer, and what is kept by API beside them."""
    data = terminal.client.request("GET", "/policies/source")
    if terminal.printer.format != "table":
        terminal.printer.data(data)
        return
    terminal.printer.rows(data["files"], FILES, key="name")
    drift = data["drift"]
    if data["problem"]:
        terminal.printer.say(f"not in force: {data['problem']}")
    elif data["changed_on_disk"]:
        terminal.printer.say("the files on disk are newer than what is in force")
    for kind in ("rules", "mappings", "action_types"):
        if drift[kind]:
            terminal.printer.say(f"kept by API, in no file: {kind} {', '.join(drift[kind])}")
    if drift["folded_back"]:
        terminal.printer.say(
            f"in a file word for word, delete them by API: {', '.join(drift['folded_back'])}"
        )
    for one in drift["shadowing"]:
        terminal.printer.say(f"{one['rule_id']} ({one['where']}): {one['why']}")


def export(
    terminal: Terminal, folder: Annotated[Path, typer.Argument(help="Where to.", show_default=False)]
) -> None:
    """Write what is kept by API as files to be committed. Nothing that lies there is written over."""
    files = terminal.client.request("GET", "/policies/export")["files"]
    taken = [str(folder / file["name"]) for file in files if (folder / file["name"]).exists()]
    if taken:
        raise Failure(f"{', '.join(taken)} lies there already")
    for file in files:
        path = folder / file["name"]
        if not path.resolve().is_relative_to(folder.resolve()):
            raise Failure(f"{file['name']}: is not within {folder}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file["text"], encoding="utf-8")
        except OSError as error:
            raise Failure(f"cannot write {path}: {error.strerror}") from None
    terminal.printer.rows(
        [{"path": str(folder / file["name"])} for file in files], (field("path"),), key="path"
    )
