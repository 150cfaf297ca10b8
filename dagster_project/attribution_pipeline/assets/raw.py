"""The load as assets: the raw folder mirrored into raw.events and raw.clients, in one transaction."""

from collections.abc import Iterator

import dagster as dg
import psycopg
from psycopg import sql

from attribution_pipeline.assets.pictures import markdown_table
from attribution_pipeline.connection import connect, describe
from attribution_pipeline.errors import shown
from attribution_pipeline.interruption import interruptible
from attribution_pipeline.loading.columns import COLUMNS, Entity
from attribution_pipeline.loading.mirror import LoadReport, mirror
from attribution_pipeline.loading.schema import MARKER, ForeignSchemaError
from attribution_pipeline.manifest_facts import model_schemas, raw_schema, raw_table
from attribution_pipeline.paths import raw_data_dir
from attribution_pipeline.resources import Writer

CODE = dg.CodeReferencesMetadataValue(
    code_references=[dg.LocalFileCodeReference(file_path=__file__, label="load")],
)


def _spec(table: str, description: str, entity: Entity | None) -> dg.AssetSpec:
    metadata: dict[str, object] = {"dagster/code_references": CODE}
    if entity:
        fields = [("source_file", "text"), ("record_number", "bigint"), *((name, "text") for name in COLUMNS[entity])]
        metadata["dagster/column_schema"] = dg.TableSchema(
            columns=[dg.TableColumn(name, kind) for name, kind in [*fields, ("raw_record", "bytea")]]
        )
    return dg.AssetSpec(
        ["raw", table], group_name="raw", kinds={"postgres", "csv"}, description=description, metadata=metadata
    )


SPECS = [
    _spec("events", "Every record of the raw events files, each field as text exactly as it was read.", "event"),
    _spec("clients", "Every record of the raw clients files, each field as text exactly as it was read.", "client"),
    _spec("source_files", "The raw files known to the load: content hash, records read, gone or not.", None),
]


def files_table(report: LoadReport) -> dg.MarkdownMetadataValue:
    """What the load did to each file, as a Markdown table."""
    return markdown_table(
        ["file", "status", "records", "malformed"],
        [(file.name, file.status, file.records, file.malformed) for file in report.files],
    )


def refuse_foreign_schemas(connection: psycopg.Connection) -> None:
    """dbt refuses them as well, but by then the load would have written.

    Raises ForeignSchemaError for a schema that dbt would write to and that somebody else made.
    """
    with connection.transaction():
        row = connection.execute(
            "select nspname from pg_namespace where nspname = any(%s) "
            "and obj_description(oid, 'pg_namespace') is distinct from %s order by nspname",
            (model_schemas(), MARKER),
        ).fetchone()
    if row:
        raise ForeignSchemaError(
            f'The schema "{shown(row[0])}" in {describe(connection)} was not made by Attribution Workbench (it lacks '
            f"the comment '{MARKER}'). Nothing was written. Set PGDATABASE to another database, or the dbt variable "
            "schema_prefix to another prefix."
        )


class LoadConfig(dg.Config):
    """How to load: with `full_refresh` every file is loaded again, also those that did not change."""

    full_refresh: bool = False


@dg.multi_asset(specs=SPECS, name="load_raw_files")
def raw_files(context: dg.AssetExecutionContext, writer: Writer, config: LoadConfig) -> Iterator[dg.MaterializeResult]:
    """Mirrors the raw folder: new and changed files are loaded, files that are gone are unloaded, all or nothing."""
    with (
        writer.held(),
        interruptible(),
        connect(application_name=f"attribution load {context.run_id[:8]}") as connection,
    ):
        context.log.info(f"Writing to {describe(connection)}")
        refuse_foreign_schemas(connection)
        report = mirror(
            connection,
            raw_data_dir(),
            raw_schema(),
            context.run_id,
            on_progress=context.log.info,
            reload=config.full_refresh,
        )
        counts = dict(
            connection.execute(
                sql.SQL("select entity, sum(record_count)::bigint from {} where not removed group by entity").format(
                    raw_table("source_files")
                )
            ).fetchall()
        )
    for table, entity in (("events", "event"), ("clients", "client")):
        yield dg.MaterializeResult(
            asset_key=["raw", table],
            metadata={
                "dagster/row_count": counts.get(entity, 0),
                "files": files_table(report),
                "summary": report.summary(),
            },
        )
    yield dg.MaterializeResult(asset_key=["raw", "source_files"], metadata={"dagster/row_count": len(report.files)})
