"""Bodies of every kind, decoded: warm in a loop, and cold, each in a process that decodes it for the first time.

Nothing heavy is imported here: what a decoder loads, it loads when it is first used.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

from bench.measure import Task

_MUTATION = """
mutation Merge($id: ID!, $how: PullRequestMergeMethod = SQUASH, $dry: Boolean!) {
  first: mergePullRequest(input: {pullRequestId: $id, mergeMethod: $how}) @skip(if: $dry) { pullRequest { ...Facts } }
  second: closeIssue(input: {issueId: "I_1"}) { issue { id state } }
}
fragment Facts on PullRequest { id number merged mergedAt author { login } labels(first: 10) { nodes { name } } }
"""
_SQL = (
    "INSERT INTO sales.daily (day, region, total) SELECT toDate(at), region, sum(amount) FROM sales.orders AS o "
    "JOIN sales.customers AS c ON o.customer = c.id WHERE at >= '2026-01-01' AND region IN ('eu', 'us') "
    "GROUP BY toDate(at), region"
)
_XML = b"<Delete xmlns='http://s3.amazonaws.com/doc/2006-03-01/'>" + b"".join(
    b"<Object><Key>logs/2026/%d.gz</Key><VersionId>v%d</VersionId></Object>" % (i, i) for i in range(20)
) + b"</Delete>"  # fmt: skip
_MULTIPART = (
    b'--x\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nassistants\r\n'
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\n'
    + b"some text " * 500
    + b"\r\n--x--\r\n"
)
_MAIL = (
    b"From: Bot <bot@shop.example>\r\nTo: Ann <ann@shop.example>, bob@other.example\r\n"
    b"Subject: =?utf-8?b?w7xiZXI=?=\r\n"
    b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nhello\r\n"
    b'--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename="a.pdf"\r\n'
    b"Content-Transfer-Encoding: base64\r\n\r\n"
    + base64.encodebytes(b"x" * 3000).replace(b"\n", b"\r\n")
    + b"\r\n--b--\r\n"
)  # fmt: skip


def _xml() -> object:
    from vienna_kernel.decode import xml

    return xml.loads(_XML)


def _multipart() -> object:
    from vienna_kernel.decode import multipart

    return multipart.loads(_MULTIPART, "multipart/form-data; boundary=x")


def _mail() -> object:
    from vienna_kernel.decode import mime

    return mime.loads(_MAIL)


def _protocol(name: str, request: str, options: dict[str, str]) -> Callable[[], object]:
    """The parts of a request, its body decoded before."""
    from vienna_kernel.call.request import Call, canonicalise
    from vienna_kernel.decode import form
    from vienna_kernel.mapping.body import decode
    from vienna_kernel.mapping.cases import parse_request
    from vienna_kernel.protocol.read import PROTOCOLS

    reader, call = PROTOCOLS[name], canonicalise(parse_request(request))
    if not isinstance(call, Call):
        raise AssertionError(f"the request is to be canonical: {call}")
    content, query = decode(call, reader.kinds(call.method, options)), form.pairs(call.query.encode())

    def parts() -> object:
        found = reader.parts(call, query, content, options)
        if not isinstance(found, tuple):
            raise AssertionError(f"the request is to be read: {found}")
        return found

    return parts


def _graphql() -> Callable[[], object]:
    body = json.dumps({"query": _MUTATION, "variables": {"id": "PR_1", "dry": False}})
    return _protocol(
        "graphql", f"POST https://api.example/graphql\ncontent-type: application/json\n\n{body}\n", {}
    )


def _sql() -> Callable[[], object]:
    request = f"POST https://ch.example/?database=sales\ncontent-type: text/plain\n\n{_SQL}\n"
    return _protocol("sql-http", request, {"dialect": "clickhouse"})


def _ready(do: Callable[[], object]) -> Callable[[], Callable[[], object]]:
    return lambda: do


BODIES: dict[str, Callable[[], Callable[[], object]]] = {
    "XML, 20 objects": _ready(_xml),
    "multipart, 5 kB file": _ready(_multipart),
    "mail, 3 kB attached": _ready(_mail),
    "GraphQL, 2 mutations": _graphql,
    "SQL, an insert from a join": _sql,
}
"""Each is made ready by its function; what that gives is timed."""


def tasks() -> Iterator[Task]:
    for name, ready in BODIES.items():
        yield Task(group="body", name=name, do=ready())


def first_use(name: str) -> float:
    """Processor seconds of the first use, in a process of its own that has all else loaded."""
    command = [sys.executable, "-m", "bench.kernel_bodies", name]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _main() -> None:
    do = BODIES[sys.argv[1]]()
    begun = time.process_time()
    do()
    print(time.process_time() - begun)


if __name__ == "__main__":
    _main()
