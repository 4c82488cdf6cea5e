"""``mappings``: checked strictly, proposed from descriptions and traffic, held against both."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from vienna_cli.main import main

SHOP = {
    "openapi": "3.1.0",
    "info": {"title": "Shop", "version": "7"},
    "servers": [{"url": "https://api.shop.example/v1"}],
    "paths": {
        "/gadgets": {"get": {"tags": ["Gadgets"]}, "post": {"tags": ["Gadgets"]}},
        "/gadgets/{id}": {"get": {}, "delete": {}},
        "/rebates/payouts": {
            "post": {
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": ["amount", "currency"],
                                "properties": {"amount": {"type": "integer"}, "currency": {"type": "string"}},
                            }
                        }
                    },
                }
            }
        },
        "/#old": {"get": {}},
    },
}
MAPPING = """\
apiVersion: vienna/v1
kind: Mapping
id: desk
version: v1
hosts: [desk.example]
protocol: rest
actions:
  - action: close_ticket
    match: {methods: [POST], path: "/tickets/{ticket}/close"}
    target: "desk:{ticket}"
    params: {ticket: {from: path}}
    effect: write  # guessed: POST
    default_tier: T1
  - action: get_ticket
    match: {methods: [GET], path: "/tickets/{ticket}"}
    target: "desk:{ticket}"
    params: {ticket: {from: path}}
    effect: read
    default_tier: T0
"""
CASES = """\
cases:
  - name: a ticket is closed
    request: "POST https://desk.example/tickets/T-1/close"
    expect: [{action: close_ticket}]
"""


@pytest.fixture
def shop(tmp_path: Path) -> str:
    (tmp_path / "shop.json").write_text(json.dumps(SHOP, indent=1))
    return "shop.json"


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "desk.yaml").write_text(MAPPING)
    (tmp_path / "policies" / "desk_cases.yaml").write_text(CASES)
    return tmp_path / "policies"


@dataclass
class Done:
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Done]:
    """``vienna`` in this process, where it is about what is said and not about the process."""
    monkeypatch.chdir(tmp_path)
    for name in ("VIENNA_API_KEY", "VIENNA_URL", "VIENNA_CONFIG", "VIENNA_POLICIES", "VIENNA_OUTPUT"):
        monkeypatch.delenv(name, raising=False)

    def call(*arguments: str) -> Done:
        monkeypatch.setattr("sys.argv", ["vienna", *arguments])
        try:
            main()
            code: Any = 0
        except SystemExit as end:
            code = end.code or 0
        told = capsys.readouterr()
        return Done(int(code), told.out, told.err)

    return call


def data(done: Any, code: int = 0) -> Any:
    assert done.returncode == code, f"{done.stdout}{done.stderr}"
    return json.loads(done.stdout)


# import-openapi


def test_a_proposal_is_written_holds_and_passes_its_cases(cli, shop, tmp_path):
    done = cli("mappings", "import-openapi", shop, "-o", "policies/shop.yaml")
    assert done.returncode == 0, done.stderr
    assert ["spend", "T2", "1", "create_rebate_payout"] in [line.split() for line in done.stdout.splitlines()]
    assert "GET /#old   shop.json:" in done.stdout
    assert "5 actions, each a guess to be reviewed" in done.stderr
    checked = cli("mappings", "check", "--strict", "policies/shop.yaml")
    assert checked.returncode == 0, checked.stderr
    assert "policies/shop.yaml: 17 lines are guesses that nobody has reviewed" in checked.stderr
    tested = cli("mappings", "test", "--strict", "policies/shop.yaml")
    assert (tested.returncode, "5 cases passed" in tested.stderr) == (0, True), tested.stderr
    again = cli("mappings", "import-openapi", shop, "-o", "policies/shop.yaml")
    assert again.returncode == 2
    assert "there already; --force writes over it" in again.stderr
    before = (tmp_path / "policies" / "shop.yaml").read_text()
    assert cli("mappings", "import-openapi", shop, "-o", "policies/shop.yaml", "--force").returncode == 0
    assert (tmp_path / "policies" / "shop.yaml").read_text() == before


def test_without_a_file_the_mapping_is_printed_and_the_rest_is_said(cli, run, shop):
    done = cli("mappings", "import-openapi", shop, "--only", "DELETE *")
    assert done.returncode == 0
    assert done.stdout.startswith("# A proposal, made of shop.json (Shop 7).\n")
    assert "- action: delete_gadget\n" in done.stdout
    assert "1 delete T2, such as delete_gadget" in done.stderr
    whole = run("mappings", "import-openapi", shop)
    assert "not mapped: GET /#old (shop.json:" in whole.stderr


def test_a_proposal_as_data(run, shop):
    told = data(run("mappings", "import-openapi", shop, "--format", "json", "--methods", "post,delete"))
    assert (told["id"], told["hosts"], told["operations"], told["actions"], told["not_wanted"]) == (
        "shop",
        ["api.shop.example"],
        3,
        3,
        3,
    )
    assert told["skipped"] == []
    assert "kind: Mapping" in told["mapping"]
    assert told["cases"].startswith("# Examples to start from")
    assert {(row["effect"], row["tier"]) for row in told["counts"]} == {
        ("write", "T1"),
        ("spend", "T2"),
        ("delete", "T2"),
    }


def test_gzip_yaml_and_standard_input(cli, shop, tmp_path):
    packed = gzip.compress(json.dumps(SHOP).encode())
    (tmp_path / "shop.json.gz").write_bytes(packed)
    (tmp_path / "shop.yaml").write_text(json.dumps(SHOP))
    outputs = {
        cli("mappings", "import-openapi", name, stdin=stdin).stdout.partition("\n")[2]
        for name, stdin in ((shop, ""), ("shop.json.gz", ""), ("shop.yaml", ""), ("-", json.dumps(SHOP)))
    }
    assert len(outputs) == 1
    assert "delete_gadget" in outputs.pop()


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["nowhere.json"], 2, "cannot read nowhere.json: No such file"),
        (["shop.json", "-o", "json"], 2, "a mapping file ends in .yaml (how to print is --format)"),
        (["shop.json", "--id", "Shop"], 2, "--id 'Shop': expected lower-case letters"),
        (["shop.json", "--host", "Shop"], 2, "--host: 'Shop' is no lower-case host"),
        (["shop.json", "--tag", "Gadgest"], 1, "no tag of it is 'Gadgest'; did you mean 'Gadgets'?"),
        (["shop.json", "--only", "PATCH *"], 1, "shop.json:12:2: no operation of it is 'PATCH *'"),
        (["broken.json"], 1, "broken.json:2:10: not JSON: Expecting"),
        (["typo.yaml"], 1, "typo.yaml:2:1: unknown key 'pathes'; did you mean 'paths'?"),
        (["old.yaml"], 1, "old.yaml:1:1: version '1.2' is not read"),
        (["cut.gz"], 1, "cannot unpack cut.gz"),
        (["nohost.yaml"], 1, "the description names no host that can be used: give --host"),
    ],
)
def test_what_cannot_be_done_is_said_with_its_place(run, shop, tmp_path, arguments, code, says):
    (tmp_path / "broken.json").write_text('{"openapi": "3.0.0",\n "paths" }')
    (tmp_path / "typo.yaml").write_text("openapi: 3.0.0\npathes: {}\n")
    (tmp_path / "old.yaml").write_text("swagger: '1.2'\npaths: {}\n")
    (tmp_path / "cut.gz").write_bytes(gzip.compress(b"{}" * 99)[:20])
    (tmp_path / "nohost.yaml").write_text("openapi: 3.0.0\npaths: {/a: {get: {}}}\n")
    done = run("mappings", "import-openapi", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_the_mappings_that_are_there_are_minded(run, shop, desk):
    assert (
        run("mappings", "import-openapi", shop, "--only", "GET *", "-o", "policies/shop.yaml").returncode == 0
    )
    whole = run("mappings", "import-openapi", shop, "-q", "--format", "json")
    assert data(whole)["actions"] == 5
    told = run("mappings", "import-openapi", shop)
    assert "it takes the place of the mapping 'shop'" in told.stderr
    other = run("mappings", "import-openapi", shop, "--id", "other")
    assert "2 of its actions take requests of other mappings; --missing leaves them out" in other.stderr
    assert "action: list_other_gadgets" in other.stdout
    missing = run("mappings", "import-openapi", shop, "--missing", "-o", "policies/more.yaml")
    assert missing.returncode == 0, missing.stderr
    assert run("mappings", "check", "--strict", "policies").returncode == 1  # the case of desk
    assert "id: shop_more\n" in (desk / "more.yaml").read_text()
    nothing = run("mappings", "import-openapi", shop, "--missing")
    assert (nothing.returncode, nothing.stdout) == (0, "")
    assert "every operation of it is mapped already" in nothing.stderr


def test_a_big_description_is_told_as_it_goes(run, tmp_path):
    paths = {f"/things{i}/{{id}}": {"get": {}} for i in range(300)}
    (tmp_path / "big.json").write_text(json.dumps({**SHOP, "paths": paths}))
    done = run("mappings", "import-openapi", "big.json", "-o", "big.yaml")
    assert "250 of 300 operations" in done.stderr
    assert (
        "250" not in run("mappings", "import-openapi", "big.json", "-o", "big.yaml", "--force", "-q").stderr
    )


# learn

LINES = [
    {"method": "GET", "url": "https://api.shop.example/gadgets/1?expand=x", "agent": "a"},
    {"method": "GET", "url": "https://api.shop.example/gadgets/2", "agent": "b"},
    {"method": "POST", "url": "https://api.shop.example/gadgets", "body": {"title": "canary", "n": 5}},
    {"method": "POST", "url": "https://desk.example/tickets/T-1/close"},
    {"method": "GET", "url": "https://other.example/users/acme"},
]


@pytest.fixture
def lines(tmp_path: Path) -> str:
    (tmp_path / "calls.jsonl").write_text("\n".join(map(json.dumps, LINES)))
    return "calls.jsonl"


def test_mappings_are_learned_from_a_file(cli, lines, desk):
    done = cli("mappings", "learn", "--from", lines, "-o", "learned")
    assert done.returncode == 0, done.stderr
    assert "1 of 5 calls are mapped already" in done.stderr
    written = sorted(path.name for path in (desk.parent / "learned").iterdir())
    assert written == ["other.yaml", "other_cases.yaml", "shop.yaml", "shop_cases.yaml"]
    text = (desk.parent / "learned" / "shop.yaml").read_text()
    assert "  # seen 2 times by 2 agents\n  - action: get_gadget\n" in text
    assert "title: {from: json}" in text
    assert "canary" not in text + (desk.parent / "learned" / "shop_cases.yaml").read_text()
    tested = cli("mappings", "test", "--strict", "learned")
    assert (tested.returncode, "3 cases passed" in tested.stderr) == (0, True), tested.stderr
    assert cli("mappings", "learn", "--from", lines, "-o", "learned").returncode == 2


def test_one_host_and_named_variables_printed(run, lines):
    done = run("mappings", "learn", "--from", lines, "--host", "other.example", "--variable", "/users/{name}")
    assert done.returncode == 0, done.stderr
    assert 'path: "/users/{name}"' in done.stdout
    assert "hosts: [other.example]" in done.stdout
    rows = data(run("mappings", "learn", "--from", lines, "--format", "json"))
    assert [(row["id"], row["actions"]) for row in rows] == [("shop", 2), ("desk", 1), ("other", 1)]


def test_a_har_file(run, tmp_path):
    entry = {"request": {"method": "PUT", "url": "https://a.example/x/1", "headers": []}}
    (tmp_path / "a.har").write_text(json.dumps({"log": {"entries": [entry]}}))
    assert "action: replace_x" in run("mappings", "learn", "--from", "a.har").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--from", "bad.jsonl"], 1, "bad.jsonl:2: expected one request as JSON on the line"),
        (["--from", "nowhere"], 2, "cannot read nowhere"),
        (["--from", "ip.jsonl"], 1, "10.0.0.1: 10.0.0.1: nothing of it can be mapped"),
        (["--since", "soon"], 2, "--since: expected a duration such as 60s, 30m, 4h or 1d"),
        ([], 2, "no key for"),
        (["--url", "http://127.0.0.1:1"], 6, "no control plane at"),
    ],
)
def test_what_cannot_be_learned(run, tmp_path, monkeypatch, arguments, code, says):
    (tmp_path / "bad.jsonl").write_text('{"method": "GET", "url": "https://a.example/"}\nnope\n')
    (tmp_path / "ip.jsonl").write_text('{"method": "GET", "url": "https://10.0.0.1/"}\n')
    if "--url" in arguments:
        monkeypatch.setenv("VIENNA_API_KEY", "vos_live_k1_none")
    done = run("mappings", "learn", *arguments)
    assert done.returncode == code, done.stderr
    assert says in done.stderr


def test_nothing_left_to_learn(run, desk, tmp_path):
    (tmp_path / "calls.jsonl").write_text(json.dumps(LINES[3]))
    done = run("mappings", "learn", "--from", "calls.jsonl")
    assert (done.returncode, done.stdout) == (0, "")
    assert "every recorded call is mapped" in done.stderr


# coverage


def test_coverage_of_a_file(run, lines, desk):
    told = data(run("mappings", "coverage", "--from", lines, "policies", "-o", "json"))
    assert (told["calls"], told["mapped"]) == (5, 1)
    hosts = {
        row["host"]: (row["calls"], row["mapped"], row["percent"], row["mappings"]) for row in told["hosts"]
    }
    assert hosts == {
        "api.shop.example": (3, 0, 0.0, []),
        "other.example": (1, 0, 0.0, []),
        "desk.example": (1, 1, 100.0, ["desk"]),
    }
    assert [(row["method"], row["path"], row["calls"], row["agents"]) for row in told["unmapped"]] == [
        ("GET", "/gadgets/{}", 2, 2),
        ("POST", "/gadgets", 1, 0),
        ("GET", "/users/acme", 1, 0),
    ]
    desk_rows = [
        (row["action"], row["calls"], row["case"]) for row in told["actions"] if row["mapping"] == "desk"
    ]
    assert desk_rows == [("close_ticket", 1, True), ("get_ticket", 0, False)]
    table = run("mappings", "coverage", "--from", lines, "policies")
    assert table.returncode == 0
    assert ["desk.example", "1", "100", "desk"] in [line.split() for line in table.stdout.splitlines()]
    assert ["desk", "get_ticket", "0", "no"] in [line.split() for line in table.stdout.splitlines()]
    assert "1 of 5 calls are mapped" in table.stderr
    for kind in ("yaml", "jsonl"):
        assert run("mappings", "coverage", "--from", lines, "-o", kind).returncode == 0


def test_coverage_of_a_description(run, shop, desk):
    (desk / "shop.yaml").write_text(
        MAPPING.replace("id: desk", "id: shop")
        .replace("desk.example", "api.shop.example")
        .replace("/tickets/", "/v1/gadgets/")
    )
    told = data(run("mappings", "coverage", "--offline", "--openapi", shop, "policies", "-o", "json"))[
        "openapi"
    ]
    assert (told["operations"], told["hosts"]) == (5, ["api.shop.example"])
    assert [row["operation"] for row in told["not_mapped"]] == [
        "GET /v1/gadgets",
        "POST /v1/gadgets",
        "DELETE /v1/gadgets/{id}",
        "POST /v1/rebates/payouts",
    ]
    assert all(row["where"].startswith("shop.json:") for row in told["not_mapped"])
    assert told["not_documented"] == [
        {"request": "POST /v1/gadgets/{ticket}/close", "mapping": "shop", "action": "close_ticket"}
    ]
    assert [row["operation"] for row in told["not_readable"]] == ["GET /#old"]
    table = run("mappings", "coverage", "--offline", "--openapi", shop, "policies")
    assert "1 of 5 operations of shop.json are mapped; 1 mapped requests are not in it" in table.stderr


# check, test, schema


def test_strict_wants_a_case_for_every_action(run, desk):
    for verb in ("check", "test"):
        done = run("mappings", verb, "policies")
        assert done.returncode == 0, done.stderr
        assert "1 complaints in strict mode" in done.stderr
        strict = run("mappings", verb, "policies", "--strict")
        assert strict.returncode == 1
        assert (
            "policies/desk.yaml:14:5 actions[1].action: the action 'get_ticket' has no case" in strict.stderr
        )
    assert "1 lines are guesses" in run("mappings", "check", "policies").stderr


def test_the_schema_for_editors_accepts_the_shipped_files_words(run):
    schema = data(run("mappings", "schema"))
    assert schema["title"] == "MappingModel"
    assert {"hosts", "actions", "protocol"} <= set(schema["properties"])
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize("verb", ["import-openapi", "learn", "coverage", "schema", "check", "test"])
def test_help(run, verb):
    done = run("mappings", verb, "--help")
    assert done.returncode == 0
    assert all(len(line) <= 80 for line in done.stdout.splitlines())
