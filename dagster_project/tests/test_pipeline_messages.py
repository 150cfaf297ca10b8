"""What the command line says and returns when a run cannot succeed, and when it is told to do more."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from attribution_pipeline.paths import ROOT

from .reference import generate_folder, write_folder
from .runs import Pipeline, Run, gate, prepared_manifest, schemas
from .warehouse import Database, Warehouse


@pytest.fixture
def pipeline(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Iterator[Pipeline]:
    """On an empty database."""
    prepared_manifest(tmp_path_factory)
    raw, scratch = tmp_path / "raw", tmp_path / "local"
    raw.mkdir()
    scratch.mkdir()
    write_folder(generate_folder(95, clients=10), raw)
    made = Pipeline(warehouse, scratch, raw)
    try:
        yield made
    finally:
        made.end()


def refused(outcome: tuple[int, Run]) -> str:
    """The message of a run that failed: in words, on standard error."""
    code, run = outcome
    print(run.errors)
    assert code == 1
    assert "Traceback" not in run.errors and "psycopg" not in run.errors and "Error:" not in run.errors
    return run.errors


def test_refused_before_anything_is_written(pipeline: Pipeline) -> None:
    """A schema that is not ours, the load's or a model's; a server that is down."""
    database = pipeline.warehouse.database
    with database.connect() as connection:
        connection.execute("create schema raw; create table raw.events as select 'precious' as kept")
    message = refused(pipeline.run())
    assert 'The schema "raw" in PostgreSQL' in message and "was not made by Attribution Workbench" in message
    assert schemas(database) == ["raw"]

    message = refused(pipeline.run(PGPORT="1"))
    assert "Cannot connect to PostgreSQL at" in message and "Check PGHOST" in message

    with database.connect() as connection:
        assert connection.execute("select kept from raw.events").fetchall() == [("precious",)]
        connection.execute("drop schema raw cascade; create schema marts")
    message = refused(pipeline.run())
    assert 'The schema "marts" in PostgreSQL' in message and "was not made by Attribution Workbench" in message
    assert schemas(database) == ["marts"]


def test_what_a_run_says_when_it_fails(pipeline: Pipeline, tmp_path: Path) -> None:
    """A model that does not parse; a check that blocks, with all rebuilt whole, as asked; a folder that is gone."""
    warehouse, database = pipeline.warehouse, pipeline.warehouse.database
    warehouse.load(pipeline.raw)
    warehouse.dbt("run")
    built = warehouse.snapshot()

    project = tmp_path / "dbt"
    shutil.copytree(ROOT / "dbt", project, ignore=shutil.ignore_patterns("runs", "logs", "profiles.yml"))
    model = project / "models" / "marts" / "channel_performance.sql"
    model.write_text(model.read_text() + "\n{% if %}\n")
    pipeline.project = project
    message = refused(pipeline.run())
    assert "channel_performance.sql" in message
    assert warehouse.snapshot() == built
    pipeline.project = None

    before = full_builds(database)
    with gate(database, "intermediate.int_purchases") as gated:
        run = pipeline.start("--full-refresh")
        gated.reached_by(run)
        # A file grows between the load and the check
        file = next(pipeline.raw.glob("events*.csv"))
        file.write_bytes(file.read_bytes() + b"\nx" * 3)
    message = refused((run.wait(), run))
    assert "Check failed: staging/load_reconciliation: records_match_the_files (1 files disagree)" in message
    assert all(build > before[model] for model, build in full_builds(database).items())
    assert warehouse.snapshot() == built

    shutil.rmtree(pipeline.raw)
    message = refused(pipeline.run())
    assert str(pipeline.raw) in message
    assert warehouse.snapshot() == built


def full_builds(database: Database) -> dict[str, int]:
    with database.connect() as connection:
        return dict(connection.execute("select model, full_build from intermediate.model_builds").fetchall())
