"""By hand: tables replaced or damaged, foreign schemas, dbt beside a run or beside itself, variables without sense."""

import time
from pathlib import Path

import psycopg
import pytest
from typing_extensions import LiteralString

from .reference import attribute, generate_folder
from .warehouse import (
    DbtFailedError,
    Warehouse,
    assert_equals_full_refresh,
    assert_follows_the_rules,
    assert_same,
    replace_files,
)


def test_what_changes_while_a_model_is_built_is_left_for_the_next_build(warehouse: Warehouse, tmp_path: Path) -> None:
    """A load commits between the reading of a model's parents and the end of its transaction."""
    directory = replace_files(tmp_path / "raw", generate_folder(54, clients=20))
    warehouse.load(directory)
    warehouse.dbt("run")
    warehouse.load(replace_files(directory, generate_folder(55, clients=20)))
    with warehouse.connect(autocommit=False) as holder:
        # Reading goes on, writing waits: the model has settled what it consumes, and stands before its delete
        holder.execute("lock table staging.stg_event_records in share mode")
        run = warehouse.start_dbt("run", "--select", "stg_event_records")
        _wait_for_writers(warehouse, 1)
        warehouse.load(replace_files(directory, generate_folder(56, clients=20)))
        holder.rollback()
    assert run.wait(timeout=120) == 0
    warehouse.dbt("run")

    assert_follows_the_rules(warehouse, attribute(directory))
    assert_equals_full_refresh(warehouse)


def _wait_for_writers(warehouse: Warehouse, count: int) -> None:
    """Until so many builds of stg_event_records wait for a lock."""
    with warehouse.connect() as observer:
        query = """
            select count(*) from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock' and query like '%stg_event_records%'
        """
        deadline = time.monotonic() + 60
        while observer.execute(query).fetchone() != (count,):
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_a_table_replaced_by_hand_is_rebuilt(warehouse: Warehouse, tmp_path: Path) -> None:
    directory = replace_files(tmp_path / "raw", generate_folder(71, clients=20))
    warehouse.load(directory)
    warehouse.dbt("run")
    with warehouse.connect() as connection:
        connection.execute("alter table intermediate.int_touchpoints rename to mine")
        connection.execute("create table intermediate.int_touchpoints as select * from intermediate.mine limit 3")
    warehouse.dbt("run")
    assert_follows_the_rules(warehouse, attribute(directory))

    with warehouse.connect() as connection:
        connection.execute("drop schema raw cascade")
    warehouse.load(replace_files(directory, generate_folder(72, clients=20)))
    warehouse.dbt("run")
    assert_follows_the_rules(warehouse, attribute(directory))


def test_a_schema_that_is_not_ours_is_refused_by_name(warehouse: Warehouse, tmp_path: Path) -> None:
    warehouse.load(replace_files(tmp_path / "raw", generate_folder(81, clients=5)))
    with warehouse.connect() as connection:
        connection.execute(
            "create schema marts; create table marts.precious (id int); insert into marts.precious values (1)"
        )
    with pytest.raises(DbtFailedError, match=r'The schema "marts" in database .* is not ours'):
        warehouse.dbt("run")
    with warehouse.connect() as connection:
        assert connection.execute("select id from marts.precious").fetchall() == [(1,)]
        ours = "select nspname from pg_namespace where nspname in ('staging', 'intermediate')"
        assert connection.execute(ours).fetchall() == []


def test_dbt_by_hand_is_refused_while_another_holds_the_lock(warehouse: Warehouse, tmp_path: Path) -> None:
    warehouse.load(replace_files(tmp_path / "raw", generate_folder(82, clients=5)))
    with psycopg.connect(**warehouse.database.settings, autocommit=True, application_name="the other run") as holder:
        holder.execute("select pg_advisory_lock(hashtextextended('attribution-workbench:raw', 0))")
        with pytest.raises(DbtFailedError, match="Another run is writing: the other run"):
            warehouse.dbt("run")
        holder.execute("select pg_advisory_unlock_all()")
        warehouse.dbt("run")


def test_schema_prefix_keeps_dev_and_prod_apart(warehouse: Warehouse, tmp_path: Path) -> None:
    directory = replace_files(tmp_path / "raw", generate_folder(83, clients=5))
    warehouse.load(directory)
    warehouse.dbt("run")
    before = warehouse.snapshot()
    with warehouse.connect() as connection:
        connection.execute("create schema dev_raw; comment on schema dev_raw is 'attribution-workbench'")
        for table in ("events", "clients", "source_files", "loads"):
            connection.execute(f"create table dev_raw.{table} (like raw.{table} including all)")  # type: ignore[arg-type]
    warehouse.dbt("run", variables={"schema_prefix": "dev_"})
    with warehouse.connect() as connection:
        assert connection.execute("select count(*) from dev_staging.stg_events").fetchone() == (0,)
        connection.execute("drop schema dev_raw, dev_staging, dev_intermediate, dev_marts cascade")
    assert_same(warehouse.snapshot(), before)


def test_two_runs_of_dbt_by_hand_at_once_double_nothing(warehouse: Warehouse, tmp_path: Path) -> None:
    """A transaction of the test holds the first model back until both runs want it."""
    directory = replace_files(tmp_path / "raw", generate_folder(92, clients=20))
    warehouse.load(directory)
    warehouse.dbt("run")
    warehouse.load(replace_files(directory, generate_folder(93, clients=20)))
    with warehouse.connect(autocommit=False) as holder:
        holder.execute("lock table staging.stg_event_records in share mode")
        runs = [warehouse.start_dbt("run") for _ in range(2)]
        _wait_for_writers(warehouse, 2)
        holder.rollback()
    assert [run.wait(timeout=120) for run in runs] == [0, 0]

    assert_follows_the_rules(warehouse, attribute(directory))
    assert_equals_full_refresh(warehouse)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"attribution_window_days": -1}, "attribution_window_days must be a number of days from 0"),
        ({"attribution_window_days": 4_000_000}, "attribution_window_days must be"),
        ({"attribution_window_days": float("nan")}, "attribution_window_days must be"),
        ({"attribution_window_days": "30 days"}, "attribution_window_days must be"),
        ({"time_decay_half_life_days": 0}, "time_decay_half_life_days must be"),
        ({"multi_touch_models": ["linear", "linear"]}, "multi_touch_models may hold each of"),
        ({"multi_touch_models": "linear"}, "multi_touch_models must be a list"),
        ({"touchpoint_event_types": ["click"]}, "touchpoint_event_types may hold"),
        ({"schema_prefix": "Dev-"}, "schema_prefix may hold"),
    ],
)
def test_variables_that_make_no_sense_stop_the_run(
    warehouse: Warehouse, variables: dict[str, object], message: str
) -> None:
    with pytest.raises(DbtFailedError, match=message):
        warehouse.dbt("run", variables=variables)


@pytest.mark.parametrize("damage", ["truncate raw.events", "drop table raw.events", "drop table raw.source_files"])
def test_raw_tables_damaged_by_hand_are_loaded_again(
    warehouse: Warehouse, tmp_path: Path, damage: LiteralString
) -> None:
    directory = replace_files(tmp_path / "raw", generate_folder(94, clients=10))
    warehouse.load(directory)
    warehouse.dbt("run")
    with warehouse.connect() as connection:
        connection.execute(damage)
    warehouse.load(directory)
    warehouse.dbt("run")

    assert_follows_the_rules(warehouse, attribute(directory))
    assert_equals_full_refresh(warehouse)


def test_a_full_refresh_loads_every_file_again(warehouse: Warehouse, tmp_path: Path) -> None:
    directory = replace_files(tmp_path / "raw", generate_folder(95, clients=10))
    warehouse.load(directory)
    with warehouse.connect() as connection:
        connection.execute("delete from raw.events where record_number = 1")
        before = connection.execute("select count(*) from raw.events").fetchone()
    assert not warehouse.load(directory).changed
    assert all(file.status != "unchanged" for file in warehouse.load(directory, reload=True).files)
    with warehouse.connect() as connection:
        assert connection.execute("select count(*) from raw.events").fetchone() != before
