"""One reader for each protocol that a mapping file may name.

The libraries that take GraphQL and SQL apart are heavy; they are loaded when a request first needs them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from vienna_kernel.protocol import (
    aws_json,
    aws_query,
    git,
    graphql,
    jsonrpc,
    kubernetes,
    mcp,
    plain,
    postgrest,
    sql,
    websocket,
)
from vienna_kernel.protocol.reader import Reader

PROTOCOLS: Mapping[str, Reader] = MappingProxyType(
    {
        "rest": plain.reading("json"),
        "json": plain.reading("json"),
        "form": plain.reading("form"),
        "multipart": plain.reading("multipart"),
        "graphql": graphql.READER,
        "jsonrpc": jsonrpc.READER,
        "mcp": mcp.READER,
        "aws-query": aws_query.READER,
        "aws-json": aws_json.READER,
        "aws-rest": plain.reading("json", "xml", "bytes", "text"),
        "k8s": kubernetes.READER,
        "sql-http": sql.READER,
        "postgrest": postgrest.READER,
        "git-smart-http": git.READER,
        "websocket": websocket.READER,
        "opaque": plain.OPAQUE,
    }
)
