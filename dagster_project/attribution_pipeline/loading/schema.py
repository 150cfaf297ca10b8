"""The raw schema: its marker and its tables (ARCHITECTURE.md, "The raw schema")."""

from typing import Any

import psycopg
from psycopg import sql
from typing_extensions import LiteralString

from ..connection import describe
from ..errors import HumanError, shown
from .columns import COLUMNS, TABLES

MARKER = "attribution-workbench"

_Columns = tuple[tuple[str, str], ...]


def _record_columns(names: tuple[str, ...]) -> _Columns:
    return (
        ("source_file", "text"),
        ("record_number", "bigint"),
        *((name, "text") for name in names),
        ("raw_record", "bytea"),
    )


# Each table with its columns and types, as format_type() spells them
SHAPES: dict[str, _Columns] = {
    "loads": (
        ("load_id", "bigint"),
        ("mirrored_at", "timestamp with time zone"),
        ("raw_data_dir", "text"),
        ("run_id", "text"),
        ("files_changed", "integer"),
    ),
    "source_files": (
        ("source_file", "text"),
        ("entity", "text"),
        ("load_id", "bigint"),
        ("sha256", "text"),
        ("size_bytes", "bigint"),
        ("record_count", "bigint"),
        ("malformed_count", "bigint"),
        ("removed", "boolean"),
        ("loaded_at", "timestamp with time zone"),
    ),
    **{TABLES[entity]: _record_columns(COLUMNS[entity]) for entity in COLUMNS},
}

_PRIMARY_KEYS = {"loads": "load_id", "source_files": "source_file"}


class ForeignSchemaError(HumanError):
    """A schema that somebody else made, or tables of another shape: nothing is written to it."""


def refuse_foreign(connection: psycopg.Connection, schemas: list[str]) -> None:
    """Raise ForeignSchemaError, by name, where one of the schemas exists without our marker."""
    row = connection.execute(
        "select nspname from pg_namespace where nspname = any(%s) "
        "and obj_description(oid, 'pg_namespace') is distinct from %s order by nspname",
        (schemas, MARKER),
    ).fetchone()
    if row:
        raise ForeignSchemaError(
            f'The schema "{shown(row[0])}" in {describe(connection)} was not made by Attribution Workbench (it lacks '
            f"the comment '{MARKER}'). Nothing was written. Set PGDATABASE to another database, or the dbt variable "
            "schema_prefix to another prefix."
        )


def ensure(connection: psycopg.Connection, raw_schema: str) -> None:
    """Create the raw schema with its marker, and its tables, where they are missing. Within the caller's transaction.

    Raises ForeignSchemaError for a schema without our marker, and for a table whose columns are not those of this
    version.
    """
    refuse_foreign(connection, [raw_schema])
    if connection.execute("select 1 from pg_namespace where nspname = %s", (raw_schema,)).fetchone() is None:
        _run(connection, "create schema {}", sql.Identifier(raw_schema))
        _run(connection, "comment on schema {} is {}", sql.Identifier(raw_schema), sql.Literal(MARKER))
    for table, columns in SHAPES.items():
        _ensure_table(connection, raw_schema, table, columns)


def ensure_indexes(connection: psycopg.Connection, raw_schema: str, table: str) -> None:
    """A BRIN index on (source_file, record_number), with every page range summarised."""
    index = f"{table}_source_file_record_number"
    names = {"index": sql.Identifier(index), "table": sql.Identifier(raw_schema, table)}
    _run(connection, "create index if not exists {index} on {table} using brin (source_file, record_number)", **names)
    qualified = sql.Identifier(raw_schema, index).as_string(connection)
    connection.execute("select brin_summarize_new_values(%s::regclass)", (qualified,))


def _ensure_table(connection: psycopg.Connection, raw_schema: str, table: str, columns: _Columns) -> None:
    found = connection.execute(
        """
        select tables.relkind::text, attributes.attname, format_type(attributes.atttypid, attributes.atttypmod)
        from pg_class as tables
        inner join pg_namespace as schemas on schemas.oid = tables.relnamespace
        left join pg_attribute as attributes
            on attributes.attrelid = tables.oid and attributes.attnum > 0 and not attributes.attisdropped
        where schemas.nspname = %s and tables.relname = %s
        order by attributes.attnum
        """,
        (raw_schema, table),
    ).fetchall()
    if not found:
        _create_table(connection, raw_schema, table, columns)
    elif tuple((name, kind) for _, name, kind in found) != columns or found[0][0] != "r":
        raise ForeignSchemaError(
            f'The table "{shown(raw_schema)}".{table} in {describe(connection)} has other columns than this '
            "version expects (an older version "
            f'made it?). Nothing was written. Drop it with `drop schema "{shown(raw_schema)}" cascade`, then '
            "load again: the raw files hold everything."
        )


def _create_table(connection: psycopg.Connection, raw_schema: str, table: str, columns: _Columns) -> None:
    key = _PRIMARY_KEYS.get(table)
    definitions = [
        sql.SQL(" ").join(
            [
                sql.Identifier(name),
                sql.SQL(kind),  # type: ignore[arg-type]  # from SHAPES above
                # File names are ordered by their bytes (attribution rules, section 1)
                *([sql.SQL('collate "C"')] if name == "source_file" else []),
                *([sql.SQL("primary key")] if name == key else []),
            ]
        )
        for name, kind in columns
    ]
    _run(connection, "create table {} ({})", sql.Identifier(raw_schema, table), sql.SQL(", ").join(definitions))


def _run(connection: psycopg.Connection, template: LiteralString, *parts: sql.Composable, **named: Any) -> None:
    connection.execute(sql.SQL(template).format(*parts, **named))
