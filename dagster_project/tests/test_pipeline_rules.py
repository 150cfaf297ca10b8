"""The pipeline against the golden cases and against the independent model, on PostgreSQL 18 and 15."""

import csv
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from psycopg import sql

from .conftest import create_database, drop_database
from .reference import Variables, attribute, generate, generate_folder, write_folder
from .reference.generator import Folder
from .reference.variations import add_records, page_view, shift_time, split_into_files
from .warehouse import SCHEMA_OF, Warehouse, assert_follows_the_rules

CASES = Path(__file__).parent / "cases"
CLIENTS_PER_SEED = 60


@pytest.fixture(params=["warehouse", "warehouse15"], ids=["postgres18", "postgres15"])
def each_warehouse(request: pytest.FixtureRequest) -> Warehouse:
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("case", ["clean", "edges"])
def test_golden_case(each_warehouse: Warehouse, case: str) -> None:
    each_warehouse.load(CASES / case / "raw")
    each_warehouse.dbt("build", "--exclude-resource-type", "unit_test")

    for path in sorted((CASES / case / "expected").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        assert path.stem in SCHEMA_OF
        assert each_warehouse.text(path.stem, header) == sorted(tuple(row) for row in rows), path.stem


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_random_clients(each_warehouse: Warehouse, tmp_path: Path, seed: int) -> None:
    """60 clients a run, each a case of its own: 240 in all, the same on either server."""
    generate(tmp_path, seed, CLIENTS_PER_SEED)
    each_warehouse.load(tmp_path)
    each_warehouse.dbt("run")

    assert_follows_the_rules(each_warehouse, attribute(tmp_path))


@pytest.mark.parametrize(
    "variables",
    [
        Variables(
            attribution_window_days=7, time_decay_half_life_days=0.5, multi_touch_models=["time_decay", "linear"]
        ),
        Variables(attribution_window_days=0, touchpoint_event_types=["page_view", "purchase"], multi_touch_models=[]),
        Variables(attribution_window_days=45, touchpoint_event_types=["purchase"], time_decay_half_life_days=30),
    ],
    ids=["seven days", "both types, no window", "purchases as touches"],
)
def test_variables(warehouse: Warehouse, tmp_path: Path, variables: Variables) -> None:
    generate(tmp_path, 11, CLIENTS_PER_SEED)
    warehouse.load(tmp_path)
    warehouse.dbt("run", variables=vars(variables))

    assert_follows_the_rules(warehouse, attribute(tmp_path, variables))


@pytest.fixture
def elsewhere(
    warehouse: Warehouse, server: dict, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Warehouse]:
    """A database with another collation, time zone (with DST), date style and number formatting than ours."""
    database = create_database(server, "locale_provider icu icu_locale 'de-AT-u-kn-true'")
    with database.connect() as connection:
        for setting in (
            "timezone = 'America/New_York'",
            "datestyle = 'German, DMY'",
            "intervalstyle = 'sql_standard'",
            "extra_float_digits = 0",
            "bytea_output = 'escape'",
            "standard_conforming_strings = on",
        ):
            connection.execute(sql.SQL(f"alter database {database.name} set {setting}"))  # type: ignore[arg-type]
    monkeypatch.setenv("PGDATABASE", database.name)
    yield Warehouse(database, tmp_path / "elsewhere")
    drop_database(server, database)


def test_session_time_zone_and_collation_change_nothing(elsewhere: Warehouse, tmp_path: Path) -> None:
    folder = tmp_path / "raw"
    generate(folder, 3, CLIENTS_PER_SEED)
    elsewhere.load(folder)
    elsewhere.dbt("run")

    assert_follows_the_rules(elsewhere, attribute(folder))
    with elsewhere.connect() as connection:
        assert connection.execute("show timezone").fetchone() == ("America/New_York",)
        assert connection.execute("select 'events_10' < 'events_2'").fetchone() == (False,)


CREDITS = ["client_id", "attributed_channel", "attributed_revenue", "days_to_conversion", "attribution_basis"]


def _marts(warehouse: Warehouse, folder: Folder, directory: Path) -> dict[str, list[tuple[str, ...]]]:
    directory.mkdir()
    write_folder(folder, directory)
    warehouse.load(directory)
    warehouse.dbt("run")
    return {model: warehouse.text(model, CREDITS) for model in ("first_touch_attribution", "last_touch_attribution")}


def test_shifting_all_times_changes_no_credit(warehouse: Warehouse, tmp_path: Path) -> None:
    folder = generate_folder(5, CLIENTS_PER_SEED, malformed=False, edges_of_time=False)
    before = _marts(warehouse, folder, tmp_path / "before")
    after = _marts(warehouse, shift_time(folder, timedelta(days=117, hours=3, microseconds=1)), tmp_path / "after")

    assert before == after


def test_splitting_a_file_changes_no_credit(warehouse: Warehouse, tmp_path: Path) -> None:
    folder = generate_folder(6, CLIENTS_PER_SEED, malformed=False, edges_of_time=False)
    name = max((name for name in folder if name.startswith("events")), key=lambda name: len(folder[name].records))
    before = _marts(warehouse, folder, tmp_path / "before")
    after = _marts(warehouse, split_into_files(folder, name, 3), tmp_path / "after")

    assert before == after


@pytest.mark.parametrize("added", ["just after the first purchase", "31 days before the last purchase"])
def test_a_touch_outside_a_purchases_window_changes_nothing_of_its_credit(
    warehouse: Warehouse, tmp_path: Path, added: str
) -> None:
    """For each client: a touch that other purchases of it may well see, but this one must not."""
    folder = generate_folder(8, CLIENTS_PER_SEED, malformed=False, edges_of_time=False)
    before = _credits(warehouse, folder, tmp_path / "before")
    times: dict[str, list[datetime]] = {}
    for row in warehouse.rows("int_purchases", ["client_id", "purchase_time"]):
        times.setdefault(row["client_id"], []).append(row["purchase_time"])
    chosen, touches = set(), []
    for client, found in times.items():
        first, last = min(found), max(found)
        after = added == "just after the first purchase"
        chosen.add((client, first if after else last))
        time = first + timedelta(microseconds=1) if after else last - timedelta(days=31)
        touches.append(page_view(client, time, random.Random(client).choice(["social", "email"])))
    name = next(name for name in folder if name.startswith("events"))
    after_it = _credits(warehouse, add_records(folder, name, "event", touches), tmp_path / "after")

    assert {key: after_it[key] for key in chosen} == {key: before[key] for key in chosen}
    assert len(chosen) > CLIENTS_PER_SEED / 3
    assert after_it != before


def _credits(
    warehouse: Warehouse, folder: Folder, directory: Path
) -> dict[tuple[str, datetime], list[tuple[str, ...]]]:
    """By client and time of purchase: channel and revenue in either model. (A touch before the window may tell why
    there is no credit, outside_window, but never moves any.)"""
    _marts(warehouse, folder, directory)
    found: dict[tuple[str, datetime], list[tuple[str, ...]]] = {}
    for model in ("first_touch_attribution", "last_touch_attribution"):
        for row in sorted(warehouse.rows(model), key=lambda row: str(row["purchase_id"])):
            key = (row["client_id"], row["purchase_time"])
            found.setdefault(key, []).append((model, row["attributed_channel"], str(row["attributed_revenue"])))
    return found
