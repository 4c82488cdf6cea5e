"""Small facts that outlive the process."""

from __future__ import annotations

from sqlalchemy import Column, String, Table

from vienna_control.store.tables.columns import json, metadata

settings = Table(  # small facts that outlive the process: bundle version, freeze, installation id
    "settings",
    metadata,
    Column("name", String(64), primary_key=True),
    json("value"),
)
