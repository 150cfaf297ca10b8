"""Asset checks of the pipeline: the files on disk, the age of the load, the share of rejected records."""

from collections.abc import Mapping
from datetime import timedelta

import dagster as dg
from psycopg import sql

from attribution_pipeline.assets.pictures import markdown_table
from attribution_pipeline.connection import connect
from attribution_pipeline.loading.recount import recount
from attribution_pipeline.manifest_facts import raw_table, relation
from attribution_pipeline.paths import raw_data_dir

REJECTED_SHARE_LIMIT = 0.05
FRESH_FOR = timedelta(hours=25)
COUNTED_UP_TO = "counted_up_to_load"


class RecountConfig(dg.Config):
    """Which files to count again on disk: those that changed since the check last passed, or (the daily run) all."""

    every_file: bool = False


def disagreements(
    on_disk: Mapping[str, int], reconciled: Mapping[str, tuple[int, int, int]]
) -> list[tuple[str, int | None, int, int, int]]:
    """Rows (file, on disk, read, staged, rejected) of files where read != staged + rejected, or the disk differs."""
    return [
        (name, on_disk.get(name), read, staged, rejected)
        for name, (read, staged, rejected) in sorted(reconciled.items())
        if read != staged + rejected or on_disk.get(name, read) != read
    ] + [(name, count, 0, 0, 0) for name, count in sorted(on_disk.items()) if name not in reconciled]


def last_counted_load(context: dg.AssetCheckExecutionContext) -> int:
    """The load up to which every file was counted, as the check's last evaluation says; 0 where there is none."""
    [key] = context.selected_asset_check_keys
    for record in context.instance.event_log_storage.get_asset_check_execution_history(key, limit=20):
        event = record.event.dagster_event if record.event else None
        # The first is this very run's, which is only planned yet
        if event and event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            value = event.asset_check_evaluation_data.metadata.get(COUNTED_UP_TO)
            return value.value or 0 if isinstance(value, dg.IntMetadataValue) else 0
    return 0


@dg.asset_check(
    asset=["staging", "load_reconciliation"],
    additional_deps=[["raw", "source_files"]],
    blocking=True,
    description="For every file: records on disk = records read = staged + rejected (attribution rules, section 1).",
)
def records_match_the_files(context: dg.AssetCheckExecutionContext, config: RecountConfig) -> dg.AssetCheckResult:
    """Counts records on disk again, independently of the database: of the files that changed since this check last
    passed (a run may have died between the load and the check), or of all."""
    counted_up_to = 0 if config.every_file else last_counted_load(context)
    with connect(application_name="attribution check", autocommit=True) as connection:
        changed = connection.execute(
            sql.SQL("select source_file, load_id from {} where not removed and load_id > %s").format(
                raw_table("source_files")
            ),
            (counted_up_to,),
        ).fetchall()
        reconciled = {
            name: (read, staged, rejected)
            for name, read, staged, rejected in connection.execute(
                sql.SQL("select source_file, records_read, records_staged, records_rejected from {}").format(
                    relation("load_reconciliation")
                )
            )
        }
    on_disk = recount(raw_data_dir(), [name for name, _ in changed])
    wrong = disagreements(on_disk, reconciled)
    if not wrong:
        counted_up_to = max([counted_up_to, *(load_id for _, load_id in changed)])
    header = ["file", "on disk", "read", "staged", "rejected"]
    return dg.AssetCheckResult(
        passed=not wrong,
        severity=dg.AssetCheckSeverity.ERROR,
        description=f"{len(wrong)} files disagree"
        if wrong
        else f"{len(on_disk)} files counted again on disk, {len(reconciled)} reconciled",
        metadata={
            "files_counted": len(on_disk),
            COUNTED_UP_TO: counted_up_to,
            **({"disagreements": markdown_table(header, wrong)} if wrong else {}),
        },
    )


@dg.asset_check(
    asset=["raw", "source_files"],
    description=f"The raw folder was mirrored within the last {FRESH_FOR / timedelta(hours=1):.0f} hours.",
)
def mirrored_lately() -> dg.AssetCheckResult:
    """Warns when the folder has not been mirrored for longer than a day and an hour."""
    with connect(application_name="attribution check", autocommit=True) as connection:
        row = connection.execute(
            sql.SQL("select max(mirrored_at), now() - max(mirrored_at) from {}").format(raw_table("loads"))
        ).fetchone()
    mirrored_at, age = row or (None, None)
    return dg.AssetCheckResult(
        passed=age is not None and age <= FRESH_FOR,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"last mirrored {mirrored_at:%Y-%m-%d %H:%M:%S %Z}" if mirrored_at else "never mirrored",
        metadata={"hours_since_mirrored": round(age / timedelta(hours=1), 2)} if age is not None else {},
    )


@dg.asset_check(
    asset=["staging", "rejected_records"],
    additional_deps=[["raw", "source_files"]],
    description=f"At most {REJECTED_SHARE_LIMIT:.0%} of all records are rejected.",
)
def rejected_share() -> dg.AssetCheckResult:
    """Warns when too large a share of the records is rejected, and shows the reasons."""
    with connect(application_name="attribution check", autocommit=True) as connection:
        reasons = connection.execute(
            sql.SQL("select entity, rejection_reason, count(*) from {} group by 1, 2 order by 3 desc, 1, 2").format(
                relation("rejected_records")
            )
        ).fetchall()
        row = connection.execute(
            sql.SQL("select coalesce(sum(record_count), 0) from {} where not removed").format(raw_table("source_files"))
        ).fetchone()
    read = int(row[0]) if row else 0
    rejected = sum(count for _, _, count in reasons)
    share = rejected / read if read else 0.0
    return dg.AssetCheckResult(
        passed=share <= REJECTED_SHARE_LIMIT,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{rejected} of {read} records rejected ({share:.1%})",
        metadata={
            "rejected_share": share,
            "rejected_by_reason": markdown_table(["entity", "reason", "records"], reasons),
        },
    )


CHECKS = [records_match_the_files, mirrored_lately, rejected_share]
