"""Rows of the tables as plain data: JSON columns in and out, and the few statements that every noun needs.

1. JSON columns hold compact text with sorted keys; values of the law are packed (``value.pack``) before they come here.
2. What is done for every call is compiled once and then sent as text (``add``, ``change``, ``Prepared``): building and
   compiling a statement anew costs several times what the database does with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any, cast

import orjson
from sqlalchemy import ColumnDefault, Connection, Select, Table, bindparam, insert, update
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler

type Row = Mapping[str, Any]


def _exact(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(f"{type(value).__name__} is not JSON")


def dump(data: Any) -> str:
    """JSON text of plain data; a decimal becomes a string."""
    return orjson.dumps(data, default=_exact, option=orjson.OPT_SORT_KEYS).decode()


def load(text: str | None) -> Any:
    """Data of a JSON column; None for NULL."""
    return None if text is None else orjson.loads(text)


def first(conn: Connection, query: Select[Any]) -> Row | None:
    """The first row of a query, or None."""
    return cast(Row | None, conn.execute(query).mappings().first())


def every(conn: Connection, query: Select[Any]) -> Sequence[Row]:
    """All rows of a query."""
    return cast(Sequence[Row], conn.execute(query).mappings().all())


def add(conn: Connection, table: Table, **values: Any) -> None:
    """Insert one row; columns that are left out get their default."""
    _insert(table, tuple(values), conn.dialect).run(conn, values)


def change(conn: Connection, table: Table, id: str, **values: Any) -> int:
    """Update the row with this ``id``; returns how many there were (0 or 1)."""
    return change_by(conn, table, {"id": id}, **values)


def change_by(conn: Connection, table: Table, key: Mapping[str, str], **values: Any) -> int:
    """Update the rows whose columns are as ``key`` says; returns how many there were."""
    given = {f"new_{name}": value for name, value in values.items()}
    given |= {f"row_{name}": value for name, value in key.items()}
    return _update(table, tuple(key), tuple(values), conn.dialect).run(conn, given)


class Prepared:
    """A query with named bind parameters, compiled at its first use.

    Its rows come as the driver gives them: text, numbers, bytes; a boolean may be 0 or 1.
    """

    def __init__(self, query: Select[Any]) -> None:
        self._query = query
        self._names = tuple(column.name for column in query.selected_columns)

    def first(self, conn: Connection, **values: Any) -> Row | None:
        """The first row, or None."""
        row = _compiled(self._query, conn.dialect).first(conn, values)
        return None if row is None else dict(zip(self._names, row, strict=True))

    def every(self, conn: Connection, **values: Any) -> list[Row]:
        """All rows; for queries that are few by their nature."""
        found = _compiled(self._query, conn.dialect).every(conn, values)
        return [dict(zip(self._names, row, strict=True)) for row in found]

    def scalar(self, conn: Connection, **values: Any) -> Any:
        """The first column of the first row, or None."""
        row = _compiled(self._query, conn.dialect).first(conn, values)
        return None if row is None else row[0]


class _Statement:
    """The text of a statement for one dialect, and the order of its parameters.

    It goes to the driver on the transaction that the connection has begun; faults come as SQLAlchemy's own.
    """

    def __init__(self, compiled: SQLCompiler, fixed: Mapping[str, Any]) -> None:
        self._text = str(compiled)
        self._fixed = {**compiled.params, **fixed}
        self._order = compiled.positiontup

    def run(self, conn: Connection, values: Mapping[str, Any]) -> int:
        """How many rows were touched."""
        cursor = self._execute(conn, values)
        try:
            return cursor.rowcount
        finally:
            cursor.close()

    def first(self, conn: Connection, values: Mapping[str, Any]) -> Sequence[Any] | None:
        cursor = self._execute(conn, values)
        try:
            return cast(Sequence[Any] | None, cursor.fetchone())
        finally:
            cursor.close()

    def every(self, conn: Connection, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        cursor = self._execute(conn, values)
        try:
            return cast(Sequence[Sequence[Any]], cursor.fetchall())
        finally:
            cursor.close()

    def _execute(self, conn: Connection, values: Mapping[str, Any]) -> DBAPICursor:
        given: Any = {**self._fixed, **values}
        if self._order is not None:
            given = tuple([given[name] for name in self._order])
        faults = conn.dialect.loaded_dbapi.Error
        cursor = conn.connection.cursor()
        try:
            cursor.execute(self._text, given)
        except faults as error:
            cursor.close()
            raise DBAPIError.instance(self._text, given, error, faults, dialect=conn.dialect) from error
        return cursor


@cache
def _compiled(query: Select[Any], dialect: Dialect) -> _Statement:
    return _Statement(query.compile(dialect=dialect), {})


@cache
def _insert(table: Table, names: tuple[str, ...], dialect: Dialect) -> _Statement:
    defaults = {
        column.name: column.default.arg
        for column in table.columns
        if column.name not in names and isinstance(column.default, ColumnDefault) and column.default.is_scalar
    }
    every_name = (*names, *defaults)
    statement = insert(table).values({name: bindparam(name) for name in every_name})
    return _Statement(statement.compile(dialect=dialect), defaults)


@cache
def _update(table: Table, key: tuple[str, ...], names: tuple[str, ...], dialect: Dialect) -> _Statement:
    statement = (
        update(table)
        .where(*[table.c[name] == bindparam(f"row_{name}") for name in key])
        .values({name: bindparam(f"new_{name}") for name in names})
    )
    return _Statement(statement.compile(dialect=dialect), {})
