"""What every table is made of: the naming of constraints, and the columns that many share.

Timestamps are ISO 8601 UTC text with milliseconds (sortable on both engines). Ids are prefixed UUIDv7 text.
JSON columns hold canonical text.
"""

from __future__ import annotations

from sqlalchemy import Column, MetaData, String, Text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def id_() -> Column[str]:
    return Column("id", String(64), primary_key=True)


def tenant() -> Column[str]:
    return Column("tenant", String(64), nullable=False)


def json(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Text, nullable=nullable)


def at(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, String(32), nullable=nullable)
