"""Faults in the middle of whole runs, injected for real: nothing half-written is seen, and the next run is right."""

import os
import random
import re
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from attribution_pipeline.loading.columns import COLUMNS
from attribution_pipeline.paths import ROOT

from .reference import attribute, generate_folder, write_folder
from .reference.variations import shuffle_arrival
from .runs import (
    OwnServer,
    Pipeline,
    Run,
    blocked_by,
    gate,
    leftovers,
    prepared_manifest,
    raw_rows,
    terminate,
    wait_for,
    writer_backend,
)
from .warehouse import SCHEMA_OF, Database, Warehouse, assert_follows_the_rules, assert_same

KILLED = "terminating connection due to administrator command"


@pytest.fixture
def pipeline(warehouse: Warehouse, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """An earlier state of the raw folder is loaded and built; the folder has changed since."""
    prepared_manifest(tmp_path_factory)
    with prepared(warehouse, tmp_path) as made:
        yield made


@contextmanager
def prepared(warehouse: Warehouse, tmp_path: Path) -> Iterator[Pipeline]:
    earlier, *_, later = shuffle_arrival(generate_folder(91, clients=30), 91)
    raw, scratch = tmp_path / "raw", tmp_path / "local"
    raw.mkdir()
    scratch.mkdir()
    write_folder(earlier, raw)
    warehouse.load(raw)
    warehouse.dbt("run")
    for path in raw.iterdir():
        path.unlink()
    write_folder(later, raw)
    made = Pipeline(warehouse, scratch, raw)
    try:
        yield made
    finally:
        made.end()


def assert_right(pipeline: Pipeline) -> None:
    assert_follows_the_rules(pipeline.warehouse, attribute(pipeline.raw))


def failed(run: Run, since: float, within: float, what: str) -> None:
    """The run fails in time, and its process ends with 1, without a traceback and with nothing left behind."""
    run.says("FAIL")
    seconds = time.monotonic() - since
    assert run.wait() == 1
    print(f"{what}: failed after {seconds:.1f} s, ended after {time.monotonic() - since:.1f} s: {run.errors.strip()}")
    assert "Traceback" not in run.errors
    assert seconds < within
    wait_for(lambda: not run.left_behind(), "its processes to end", 5)


def test_backends_killed_in_mid_run(pipeline: Pipeline) -> None:
    """Row 1: the load's backend, a model's and the lock's, one after the other; then a run that is left alone."""
    warehouse, database = pipeline.warehouse, pipeline.warehouse.database
    loaded, built = raw_rows(database), warehouse.snapshot()
    seen = []

    with gate(database, "raw.events") as load:
        run = pipeline.start()
        backend = load.reached_by(run)
        failed(run, terminate(database, backend), 5, "load's backend killed")
    assert KILLED in run.errors
    assert raw_rows(database) == loaded
    assert warehouse.snapshot() == built

    with gate(database, "intermediate.int_purchase_attribution") as model:
        run = pipeline.start()
        backend = model.reached_by(run)
        # What does not depend on it goes on; with that done, the time is the failure's own
        run.falls_silent(1)
        failed(run, terminate(database, backend), 5, "model's backend killed")
    # libpq's words: the one that dbt uses loses the server's last ones
    assert "int_purchase_attribution" in run.errors and "server closed the connection" in run.errors
    seen.append(warehouse.snapshot())

    with gate(database, "intermediate.int_purchase_attribution") as model:
        run = pipeline.start()
        model.reached_by(run)
        lock = writer_backend(database)
        assert lock
        failed(run, terminate(database, lock), 5, "lock's backend killed")
    assert "writer lock was lost" in run.errors and KILLED in run.errors
    seen.append(warehouse.snapshot())

    code, run = pipeline.run()
    assert code == 0, run.errors
    assert_right(pipeline)
    final = warehouse.snapshot()
    for snapshot in seen:
        assert [model for model, rows in snapshot.items() if rows not in (built[model], final[model])] == []
        assert snapshot["int_purchase_attribution"] == built["int_purchase_attribution"]


def cancel(run: Run) -> float:
    """Interrupts the process alone, as `kill` does and a closed terminal does not; the seconds until it is gone."""
    began = time.monotonic()
    run.process.send_signal(signal.SIGINT)
    assert run.wait(20) == 130, run.errors
    return time.monotonic() - began


def nothing_left(pipeline: Pipeline, run: Run, since: float) -> None:
    wait_for(lambda: not run.left_behind() and not leftovers(pipeline.warehouse.database), "nothing to be left", 10)
    print(f"nothing left after {time.monotonic() - since:.1f} s")


def test_cancelled_and_killed(pipeline: Pipeline) -> None:
    """Row 4: cancelled in mid-load and in mid-dbt, then killed in mid-dbt with the next run right behind it."""
    warehouse, database = pipeline.warehouse, pipeline.warehouse.database
    loaded, built = raw_rows(database), warehouse.snapshot()

    with gate(database, "raw.events") as load:
        run = pipeline.start()
        load.reached_by(run)
        began = time.monotonic()
        print(f"cancelled in mid-load: {cancel(run):.1f} s")
        nothing_left(pipeline, run, began)
    assert raw_rows(database) == loaded

    with gate(database, "staging.stg_event_records") as model:
        run = pipeline.start()
        model.reached_by(run)
        began = time.monotonic()
        print(f"cancelled in mid-dbt: {cancel(run):.1f} s")
        nothing_left(pipeline, run, began)
    assert warehouse.snapshot()["stg_event_records"] == built["stg_event_records"]

    with gate(database, "staging.stg_event_records") as model:
        run = pipeline.start()
        stray = model.reached_by(run)
        run.process.kill()
        run.wait()
        # The next one starts while the killed one's model is still in its transaction
        following = pipeline.start()
        wait_for(lambda: writer_backend(database), "the next run to hold the lock")
        wait_for(lambda: blocked_by(database, stray), "the next run to wait for the killed one's model")
    assert following.wait() == 0, following.errors
    wait_for(lambda: not run.left_behind(), "its processes to end", 5)
    assert_right(pipeline)


def test_pipelines_at_once(pipeline: Pipeline) -> None:
    """Row 4: two by hand, the sensor's, the schedule's: one works, the others say for whom they wait."""
    database = pipeline.warehouse.database
    with gate(database, "intermediate.int_touchpoints") as model:
        first = pipeline.start()
        model.reached_by(first)
        second = pipeline.start()
        automatic = [pipeline.start_process("-m", "tests.runs", which) for which in ("sensor", "schedule")]
        for waiting in (second, *automatic):
            waiting.says(rf"Waiting for attribution run \w+ pid {first.process.pid} \(backend \d+\) since")
        print(f"a waiting run cancelled: {cancel(second):.1f} s")
        wait_for(lambda: not second.left_behind(), "its processes to end", 5)
        assert "Cancelled" in second.errors
        assert first.process.poll() is None
        assert model.reached_by(first)
    assert first.wait() == 0, first.errors
    assert [run.wait() for run in automatic] == [0, 0], [run.errors for run in automatic]
    assert_right(pipeline)
    incremental = pipeline.warehouse.snapshot()
    pipeline.warehouse.dbt("run", "--full-refresh")
    assert_same(incremental, pipeline.warehouse.snapshot())

    # Warnings do not fail a run; where it writes is said before it writes
    warned = first.says(r"\d+ checks passed, [1-9]\d* warned")
    where = first.output.index("Writing to PostgreSQL ")
    assert where < first.output.index("loaded") < first.output.index(warned)
    assert f"database {database.name}, user" in first.output


def builds(database: Database) -> dict[str, int]:
    with database.connect() as connection:
        return dict(connection.execute("select model, build from intermediate.model_builds").fetchall())


def last_build(database: Database) -> int:
    with database.connect() as connection:
        row = connection.execute("select last_value from intermediate.build_number").fetchone()
    assert row
    return row[0]


def has_begun(database: Database, build: int, run: Run) -> bool:
    return run.process.poll() is not None or last_build(database) >= build


def test_dbt_killed_half_way_then_a_subset_then_all(pipeline: Pipeline, tmp_path: Path) -> None:
    """Row 5: by SIGKILL at random moments; what it leaves in its transactions is rolled back or committed whole."""
    warehouse, database = pipeline.warehouse, pipeline.warehouse.database
    warehouse.load(pipeline.raw)
    before = builds(database)
    moments = random.Random(5).sample(range(1, len(SCHEMA_OF) + 1), 4)
    reached = []
    for moment in moments:
        begun = last_build(database)
        run = pipeline.start_process("-m", "dbt.cli.main", "run", "--quiet", "--project-dir", str(ROOT / "dbt"))
        # A model that begins takes the next number
        wait_for(partial(has_begun, database, begun + moment, run), "a model to begin")
        run.process.kill()
        run.wait()
        wait_for(lambda: not leftovers(database), "the killed dbt's sessions to end")
        reached.append(sum(build != before.get(model) for model, build in builds(database).items()))
    print(f"killed when {moments} models had begun: {reached} of {len(before)} had a new build")
    warehouse.dbt("run", "--select", "int_purchase_attribution", "stg_clients", "multi_touch_attribution")
    warehouse.dbt("run")
    assert_right(pipeline)
    incremental = warehouse.snapshot()
    warehouse.dbt("run", "--full-refresh")
    assert_same(incremental, warehouse.snapshot())


@pytest.fixture
def own_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OwnServer]:
    """A server to break; its programs are in ATTRIBUTION_POSTGRES15_BIN, which `npm test` sets."""
    programs = os.environ.get("ATTRIBUTION_POSTGRES15_BIN")
    if not programs:
        if os.environ.get("ATTRIBUTION_ALLOW_NO_PG15") == "1":
            pytest.skip("no programs of PostgreSQL 15 (allowed by ATTRIBUTION_ALLOW_NO_PG15=1)")
        pytest.fail("ATTRIBUTION_POSTGRES15_BIN must name the folder of PostgreSQL 15's programs")
    server = OwnServer(Path(programs))
    try:
        server.start()
        for name in [name for name in os.environ if name.startswith("PG")]:
            monkeypatch.delenv(name)
        for name, value in Database(server.settings).environment.items():
            monkeypatch.setenv(name, value)
        yield server
    finally:
        server.remove()


def test_server_stopped_at_once_and_disk_full(
    own_server: OwnServer, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Rows 2 and 7, on a server of its own: what fails says why, soon, and the next run is right."""
    prepared_manifest(tmp_path_factory)
    warehouse = Warehouse(Database(own_server.settings), tmp_path / "warehouse")
    with prepared(warehouse, tmp_path) as pipeline:
        stopped_at_once(pipeline, own_server)
        if sys.platform == "linux":
            disk_full(pipeline, own_server)
        code, run = pipeline.run()
        assert code == 0, run.errors
        assert_right(pipeline)


def stopped_at_once(pipeline: Pipeline, server: OwnServer) -> None:
    warehouse, database = pipeline.warehouse, pipeline.warehouse.database
    with gate(database, "staging.stg_event_records") as model:
        run = pipeline.start()
        model.reached_by(run)
        loaded, built = raw_rows(database), warehouse.snapshot()
        server.stop_at_once()
        failed(run, time.monotonic(), 10, "server stopped at once")
    assert "writer lock was lost" in run.errors and "server closed the connection" in run.errors
    print(f"answers {server.start():.1f} s after it was started again")
    assert raw_rows(database) == loaded
    after = warehouse.snapshot()
    assert after["stg_event_records"] == built["stg_event_records"]
    assert after["channel_performance"] == built["channel_performance"]


def disk_full(pipeline: Pipeline, server: OwnServer) -> None:
    """The operating system refuses to let a model's table grow, as on a disk without room."""
    warehouse, database = pipeline.warehouse, pipeline.warehouse.database
    lines = [",".join(COLUMNS["event"]), *(f"bulk,page_view,2024-01-01,{number}" + "," * 9 for number in range(20_000))]
    (pipeline.raw / "events_bulk.csv").write_text("\n".join(lines))
    built = warehouse.snapshot()
    with gate(database, "staging.stg_event_records") as model:
        run = pipeline.start()
        server.limit_files(model.reached_by(run), 2 * 1024 * 1024)
    began = time.monotonic()
    failed(run, began, 60, "disk full")
    assert re.search(r"stg_event_records \(.*could not (extend|write)", run.errors), run.errors
    assert server.answers() and "terminating any other active server processes" not in server.log_since_start()
    assert warehouse.snapshot()["stg_event_records"] == built["stg_event_records"]
