"""Everything that Dagster shows: `dagster dev` in this folder opens with it. Importing this never parses dbt."""

import dagster as dg

from attribution_pipeline.assets.models import dbt_command, dbt_models
from attribution_pipeline.assets.raw import raw_files
from attribution_pipeline.automation import daily, everything, freshness, hourly, raw_folder_changed
from attribution_pipeline.checks.pipeline import CHECKS
from attribution_pipeline.resources import Writer

defs = dg.Definitions(
    assets=[raw_files, dbt_models],
    asset_checks=CHECKS,
    jobs=[everything, freshness],
    schedules=[daily, hourly],
    sensors=[raw_folder_changed],
    resources={"dbt": dbt_command(), "writer": Writer()},
    # One process for a run: it holds the writer lock, and each further process would import everything again
    executor=dg.in_process_executor,
)
