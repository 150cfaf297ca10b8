"""What Dagster shows: definitions load without dbt, the asset graph is as pinned, the automation decides rightly."""

import json
import os
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from unittest import mock

import dagster as dg
import pytest

from attribution_pipeline import manifest
from attribution_pipeline.automation import decide, folder_signature
from attribution_pipeline.checks.pipeline import disagreements, records_match_the_files
from attribution_pipeline.paths import ROOT

from .reference import generate
from .warehouse import Warehouse

SNAPSHOT = Path(__file__).parent / "snapshots" / "asset_graph.json"


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    manifest.prepare()
    from attribution_pipeline.definitions import defs

    return defs


def asset_graph(definitions: dg.Definitions) -> dict[str, object]:
    """Each asset with its group, kinds, parents, columns, code references and checks (blocking or not)."""
    graph = definitions.resolve_asset_graph()
    found = {}
    for key in sorted(graph.get_all_asset_keys()):
        node = graph.get(key)
        columns = node.metadata.get("dagster/column_schema")
        references = node.metadata.get("dagster/code_references")
        found[key.to_user_string()] = {
            "group": node.group_name,
            "kinds": sorted(node.kinds),
            "parents": sorted(parent.to_user_string() for parent in node.parent_keys),
            "described": bool(node.description),
            "columns": [f"{column.name} {column.type}" for column in columns.columns] if columns else [],
            "code": sorted(
                Path(reference.file_path).resolve().relative_to(ROOT).as_posix()
                for reference in references.code_references
            )
            if references
            else [],
            "checks": sorted(
                f"{check.name}{' (blocking)' if graph.get_check_spec(check).blocking else ''}"
                for check in node.check_keys
            ),
        }
    return found


def test_the_asset_graph_is_as_pinned(definitions: dg.Definitions) -> None:
    """After an intended change: ATTRIBUTION_UPDATE_SNAPSHOTS=1 pytest tests/test_definitions.py"""
    graph = asset_graph(definitions)
    if os.environ.get("ATTRIBUTION_UPDATE_SNAPSHOTS"):
        SNAPSHOT.parent.mkdir(exist_ok=True)
        SNAPSHOT.write_text(json.dumps(graph, indent=1) + "\n")
    assert graph == json.loads(SNAPSHOT.read_text())


def test_every_asset_says_what_it_is_and_where(definitions: dg.Definitions) -> None:
    for name, asset in asset_graph(definitions).items():
        assert isinstance(asset, dict)
        assert asset["described"], name
        assert asset["code"], name
        assert asset["columns"] or name == "raw/source_files", name


def test_every_data_test_is_a_check(definitions: dg.Definitions) -> None:
    tests = {
        node["name"]
        for node in json.loads(manifest.manifest_path().read_text())["nodes"].values()
        if node["resource_type"] == "test"
    }
    graph = definitions.resolve_asset_graph()
    checks = {check.name for check in graph.asset_check_keys}
    assert tests <= checks
    assert checks - tests == {"records_match_the_files", "mirrored_lately", "rejected_share"}


def test_one_process_for_a_run(definitions: dg.Definitions) -> None:
    assert definitions.resolve_job_def("everything").executor_def is dg.in_process_executor


def test_importing_never_parses_dbt(tmp_path: Path) -> None:
    """With a dbt project that cannot be parsed, the prepared manifest still serves; dbt itself is not even imported."""
    manifest.prepare()
    broken = tmp_path / "dbt"
    (broken / "target" / "dagster").mkdir(parents=True)
    (broken / "target" / "dagster" / "manifest.json").write_bytes(manifest.manifest_path().read_bytes())
    (broken / "dbt_project.yml").write_text((ROOT / "dbt" / "dbt_project.yml").read_text())
    (broken / "models").mkdir()
    (broken / "models" / "broken.sql").write_text("{{ this does not parse")
    (tmp_path / "profiles.yml").write_text((ROOT / "stack" / "profiles.template.yml").read_text())
    script = (
        "import sys; from attribution_pipeline.definitions import defs; "
        "print(len(list(defs.resolve_asset_graph().get_all_asset_keys())), 'dbt.parser' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT / "dagster_project",
        env={**os.environ, "DBT_PROJECT_DIR": str(broken), "DBT_PROFILES_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["18", "False"], done.stderr


def test_without_a_manifest_the_message_says_what_to_do(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "attribution_pipeline.cli", "report"],
        cwd=ROOT / "dagster_project",
        env={
            **os.environ,
            "DBT_PROJECT_DIR": str(tmp_path),
            "ATTRIBUTION_LOCAL_DIR": str(tmp_path),
            "DAGSTER_HOME": str(tmp_path / "home"),
            "PGHOST": "",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "npm run" in done.stderr


def test_the_manifest_is_parsed_again_only_when_the_project_changed(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "dbt_project.yml").write_text("name: a")
    (tmp_path / "models" / "one.sql").write_text("select 1")
    before = manifest.project_stamp(tmp_path)
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "noise").write_text("x")
    assert manifest.project_stamp(tmp_path) == before
    (tmp_path / "models" / "one.sql").rename(tmp_path / "models" / "two.sql")
    assert manifest.project_stamp(tmp_path) != before


def test_the_schedule_counts_every_file_again(definitions: dg.Definitions) -> None:
    schedule = definitions.resolve_schedule_def("daily")
    assert schedule.default_status == dg.DefaultScheduleStatus.STOPPED
    context = dg.build_schedule_context(scheduled_execution_time=datetime(2024, 5, 6, 5, tzinfo=timezone.utc))
    [request] = schedule.evaluate_tick(context).run_requests or []
    assert request.run_key == "2024-05-06"
    check = "staging__load_reconciliation_records_match_the_files"
    assert request.run_config["ops"][check]["config"] == {"every_file": True}
    dg.validate_run_config(definitions.resolve_job_def("everything"), request.run_config)


def test_freshness_is_looked_at_without_loading(definitions: dg.Definitions) -> None:
    job = definitions.resolve_job_def("freshness")
    assert [node.name for node in job.nodes] == ["raw__source_files_mirrored_lately"]
    assert not job.asset_layer.executable_asset_keys
    schedule = definitions.resolve_schedule_def("hourly")
    assert schedule.default_status == dg.DefaultScheduleStatus.STOPPED
    assert schedule.job_name == "freshness"


def test_the_sensor_runs_once_the_folder_stands_still(
    definitions: dg.Definitions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sensor = definitions.resolve_sensor_def("raw_folder_changed")
    assert sensor.default_status == dg.DefaultSensorStatus.STOPPED
    monkeypatch.setenv("RAW_DATA_DIR", str(tmp_path / "raw"))
    cursor: str | None = None
    with dg.DagsterInstance.ephemeral() as instance:

        def look() -> tuple[int, str]:
            nonlocal cursor
            context = dg.build_sensor_context(instance=instance, cursor=cursor, definitions=definitions)
            result = sensor.evaluate_tick(context)
            cursor = result.cursor
            return len(result.run_requests or []), result.skip_message or ""

        runs, reason = look()
        assert runs == 0 and "cannot be read" in reason
        (tmp_path / "raw").mkdir()
        (tmp_path / "raw" / "events.csv").write_text("a")
        assert [look()[0], look()[0], look()[0]] == [0, 1, 0]
        (tmp_path / "raw" / "events.csv").write_text("ab")
        first = look()
        (tmp_path / "raw" / "events.csv").write_text("abc")
        assert [first[0], look()[0], look()[0], look()[0]] == [0, 0, 1, 0]
        assert "stand still" in first[1]
        (tmp_path / "raw" / "notes.txt").write_text("not a raw file")
        assert look()[0] == 0


def test_a_folder_that_returns_to_what_it_was_has_changed_again() -> None:
    cursor: str | None = None
    runs = []
    for signature in ("a", "a", "b", "b", "a", "a"):
        run, cursor = decide(cursor, signature)
        runs.append(run)
    assert runs == [False, True, False, True, False, True]


def test_a_dangling_link_counts_as_a_change(tmp_path: Path) -> None:
    before = folder_signature(tmp_path)
    (tmp_path / "events.csv").symlink_to(tmp_path / "nowhere")
    assert folder_signature(tmp_path) != before


def test_the_recount_covers_what_changed_since_it_last_passed(
    definitions: dg.Definitions, warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = dg.define_asset_job("recount", selection=dg.AssetSelection.checks(records_match_the_files))
    recount = dg.Definitions.merge(definitions, dg.Definitions(jobs=[job])).resolve_job_def("recount")
    monkeypatch.setenv("RAW_DATA_DIR", str(tmp_path))
    generate(tmp_path, 7, 5)
    events = next(tmp_path.glob("events*.csv"))
    with dg.DagsterInstance.ephemeral() as instance:

        def counted(every_file: bool = False) -> tuple[bool, int]:
            config = {"ops": {records_match_the_files.op.name: {"config": {"every_file": every_file}}}}
            result = recount.execute_in_process(instance=instance, raise_on_error=False, run_config=config)
            [evaluation] = result.get_asset_check_evaluations()
            return evaluation.passed, int(str(evaluation.metadata["files_counted"].value))

        warehouse.load(tmp_path)
        warehouse.dbt("run")
        files = len(list(tmp_path.glob("*.csv")))
        assert [counted(), counted()] == [(True, files), (True, 0)]
        # A run that died after its load, then one that finds nothing changed
        events.write_bytes(events.read_bytes() + b"\nx")
        warehouse.load(tmp_path)
        warehouse.load(tmp_path)
        assert counted() == (False, 1)
        warehouse.dbt("run")
        assert [counted(), counted()] == [(True, 1), (True, 0)]
        events.write_bytes(events.read_bytes() + b"\nx")
        assert [counted(), counted(every_file=True)] == [(True, 0), (False, files)]


def test_disagreements_between_disk_and_database() -> None:
    assert disagreements({"a": 3}, {"a": (3, 2, 1), "b": (5, 5, 0)}) == []
    assert disagreements({}, {"a": (3, 2, 0)}) == [("a", None, 3, 2, 0)]
    assert disagreements({"a": 4}, {"a": (3, 2, 1)}) == [("a", 4, 3, 2, 1)]
    assert disagreements({"new": 1}, {}) == [("new", 1, 0, 0, 0)]


def test_a_finished_seed_is_counted_like_a_model(definitions: dg.Definitions, monkeypatch: pytest.MonkeyPatch) -> None:
    from attribution_pipeline import manifest_facts
    from attribution_pipeline.assets import models

    nodes = {"seed.attribution.channel_names": {"schema": "seeds", "alias": "channel_names"}}
    monkeypatch.setattr(manifest_facts, "load_manifest", lambda: {"nodes": nodes})
    connection = mock.Mock()
    connection.execute.return_value.fetchone.return_value = (2,)
    event = dg.Output(None, metadata={"unique_id": "seed.attribution.channel_names"})
    assert models.with_facts(connection, event).metadata["dagster/row_count"] == dg.IntMetadataValue(2)
    assert connection.execute.call_args.args[0].as_string() == 'select count(*) from "seeds"."channel_names"'


def test_a_failure_names_the_macros_of_the_project_alone(definitions: dg.Definitions, tmp_path: Path) -> None:
    from attribution_pipeline.assets import models

    message = (
        "Compilation Error in model labels (models/marts/labels.sql)\n  Not a number of days.\n\n"
        "  > in macro check_days (macros/variables.sql)\n  > called by macro statement (macros/etc/statement.sql)\n"
        "  > called by model labels (models/marts/labels.sql)"
    )
    results = tmp_path / "run_results.json"
    failed = {"unique_id": "model.attribution.labels", "status": "error", "message": message}
    results.write_text(json.dumps({"results": [failed]}), encoding="utf-8")
    nodes = {"model.attribution.labels": {"name": "labels", "original_file_path": "models/marts/labels.sql"}}
    assert models.failures(results, nodes) == [
        "labels (models/marts/labels.sql): Compilation Error in model labels (models/marts/labels.sql) "
        "Not a number of days. > in macro check_days (macros/variables.sql)"
    ]
