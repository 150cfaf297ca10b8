"""What starts runs: the job for everything, a daily schedule, a sensor on the raw folder; the two are off at first."""

import hashlib
import json
from pathlib import Path

import dagster as dg

from attribution_pipeline.checks.pipeline import RecountConfig, mirrored_lately, records_match_the_files
from attribution_pipeline.loading.files import matches
from attribution_pipeline.paths import raw_data_dir

everything = dg.define_asset_job(
    "everything",
    selection=dg.AssetSelection.all() | dg.AssetSelection.all_asset_checks(),
    description="Load the raw folder, build every model, run every check.",
)

freshness = dg.define_asset_job(
    "freshness",
    selection=dg.AssetSelection.checks(mirrored_lately),
    description="Warn when the raw folder has not been mirrored lately; loads nothing and writes nothing.",
)


@dg.schedule(
    job=freshness, cron_schedule="0 * * * *", execution_timezone="UTC", default_status=dg.DefaultScheduleStatus.STOPPED
)
def hourly() -> dg.RunRequest:
    """The freshness check by itself, each hour: the daily run cannot warn that it did not happen."""
    return dg.RunRequest()


@dg.schedule(
    job=everything, cron_schedule="0 5 * * *", execution_timezone="UTC", default_status=dg.DefaultScheduleStatus.STOPPED
)
def daily(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Everything, each day at 05:00 UTC, with the records of every file counted again on disk."""
    return dg.RunRequest(
        run_key=context.scheduled_execution_time.date().isoformat(),
        run_config=dg.RunConfig(ops={records_match_the_files.op.name: RecountConfig(every_file=True)}),
    )


def folder_signature(folder: Path) -> str:
    """A hash of the raw files' names, sizes (bytes) and times (nanoseconds): it differs when the folder has changed.

    Raises FileNotFoundError where the folder is gone.
    """
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        if matches(path.name):
            try:
                found = path.stat()
                digest.update(f"{path.name}\0{found.st_size}\0{found.st_mtime_ns}\0".encode("utf-8", "surrogateescape"))
            except OSError:
                digest.update(f"{path.name}\0unreadable\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def decide(cursor: str | None, signature: str) -> tuple[bool, str]:
    """Whether to run, and the next cursor: a change counts when it has stood still from one look to the next, so that
    a file is not read while it is being written."""
    ran, seen = json.loads(cursor) if cursor else (None, None)
    if signature != ran and signature == seen:
        return True, json.dumps([signature, signature])
    return False, json.dumps([ran, signature])


@dg.sensor(job=everything, minimum_interval_seconds=30, default_status=dg.DefaultSensorStatus.STOPPED)
def raw_folder_changed(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    """Runs everything when a raw file was added, changed or removed, once the folder stands still for a look (30 s)."""
    folder = raw_data_dir()
    try:
        signature = folder_signature(folder)
    except OSError as error:
        return dg.SensorResult(
            skip_reason=f"The raw folder {folder} cannot be read: {error.strerror}", cursor=context.cursor
        )
    run, cursor = decide(context.cursor, signature)
    if run:
        # No run key: a folder that returns to what it once was has changed as well
        return dg.SensorResult(run_requests=[dg.RunRequest()], cursor=cursor)
    reason = "changed; waiting for it to stand still" if json.loads(cursor)[0] != signature else "unchanged"
    return dg.SensorResult(skip_reason=f"{folder}: {reason}", cursor=cursor)
