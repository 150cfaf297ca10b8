"""What a person wants to see of a model at a glance, as Markdown in the metadata of its materialization."""

from collections.abc import Callable, Mapping
from typing import Any

import dagster as dg
import psycopg
from psycopg import sql
from typing_extensions import LiteralString

from attribution_pipeline.manifest_facts import relation


def markdown_table(header: list[str], rows: list[tuple[Any, ...]]) -> dg.MarkdownMetadataValue:
    """A Markdown table; cell values are text and never markup."""

    def cell(value: Any) -> str:
        text = "" if value is None else str(value)
        for character in "\\|<>&*_`[]":
            text = text.replace(character, f"&#{ord(character)};")
        return " ".join(text.split())[:200]

    lines = [header, ["---"] * len(header), *([cell(value) for value in row] for row in rows)]
    return dg.MetadataValue.md("\n".join("| " + " | ".join(line) + " |" for line in lines))


def _rows(connection: psycopg.Connection, query: LiteralString, model: str) -> list[tuple[Any, ...]]:
    return connection.execute(sql.SQL(query).format(relation(model))).fetchall()


def _revenue_by_channel(connection: psycopg.Connection, model: str) -> dict[str, Any]:
    query = """
        select attributed_channel, sum(attributed_revenue), count(*)
        from {} group by 1 order by 2 desc, 1 limit 50
    """
    header = ["channel", "revenue", "purchases"]
    return {"revenue_by_channel": markdown_table(header, _rows(connection, query, model))}


def _revenue_by_model_and_channel(connection: psycopg.Connection, model: str) -> dict[str, Any]:
    query = """
        select model, attributed_channel, sum(attributed_revenue)
        from {} group by 1, 2 order by 1, 3 desc, 2 limit 150
    """
    header = ["model", "channel", "revenue"]
    return {"revenue_by_channel": markdown_table(header, _rows(connection, query, model))}


def _channels(connection: psycopg.Connection, model: str) -> dict[str, Any]:
    query = """
        select channel, first_touch_revenue, last_touch_revenue, total_conversions, unique_clients
        from {} order by 2 desc, 3 desc, 1 limit 50
    """
    header = ["channel", "first-touch revenue", "last-touch revenue", "conversions", "clients"]
    return {"channel_performance": markdown_table(header, _rows(connection, query, model))}


def _rejected_by_reason(connection: psycopg.Connection, model: str) -> dict[str, Any]:
    query = "select entity, rejection_reason, count(*) from {} group by 1, 2 order by 3 desc, 1, 2"
    return {"rejected_by_reason": markdown_table(["entity", "reason", "records"], _rows(connection, query, model))}


def _reconciliation(connection: psycopg.Connection, model: str) -> dict[str, Any]:
    query = "select source_file, records_read, records_staged, records_rejected from {} order by 1 limit 200"
    header = ["file", "read", "staged", "rejected"]
    return {"reconciliation": markdown_table(header, _rows(connection, query, model))}


_PICTURES: Mapping[str, Callable[[psycopg.Connection, str], dict[str, Any]]] = {
    "first_touch_attribution": _revenue_by_channel,
    "last_touch_attribution": _revenue_by_channel,
    "multi_touch_attribution": _revenue_by_model_and_channel,
    "channel_performance": _channels,
    "rejected_records": _rejected_by_reason,
    "load_reconciliation": _reconciliation,
}


def picture(connection: psycopg.Connection, model: str) -> dict[str, Any]:
    """Metadata for a model's materialization; empty where there is nothing to show."""
    draw = _PICTURES.get(model)
    return draw(connection, model) if draw else {}
