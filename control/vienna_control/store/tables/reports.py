"""Reports that were asked for, and what each says."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, Text

from vienna_control.store.tables.columns import at, id_, json, metadata, tenant

reports = Table(
    "reports",
    metadata,
    id_(),
    tenant(),
    Column("type", String(10), nullable=False),  # summary | detailed | audit
    Column("format", String(4), nullable=False),  # json | csv | pdf: what was asked for first
    Column("status", String(10), nullable=False),  # generating | ready | failed
    Column("attempts", Integer, nullable=False, default=0),
    Column("author", String(128), nullable=False),
    at("from_at"),
    at("to_at"),
    json("filters"),
    json("content", nullable=True),  # reports.content.Report
    Column("digest", String(80)),  # sha256:<hex> of the text in ``content``
    Column("error", Text, nullable=False, default=""),
    at("created_at"),
    at("finished_at", nullable=True),
    Index(None, "tenant", "created_at"),
    Index(None, "status", "created_at"),
)
