"""The load as assets: the raw folder mirrored into raw.events and raw.clients, in one transaction."""

from collections.abc import Iterator

import dagster as dg
from psycopg import sql

from attribution_pipeline.assets.pictures import markdown_table
from attribution_pipeline.connection import connect, describe
from attribution_pipeline.interruption import interruptible
from attribution_pipeline.loading.columns import COLUMNS, Entity
from attribution_pipeline.loading.mirror import LoadReport, mirror
from attribution_pipeline.loading.schema import refuse_foreign
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
        # dbt refuses them as well, but by then the load would have written
        with connection.transaction():
            refuse_foreign(connection, model_schemas())
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
