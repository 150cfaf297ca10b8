"""Incremental equals full refresh: whatever arrives in whatever order, whatever was changed, run in part or cut off."""

import random
import re
from dataclasses import replace
from pathlib import Path

import pytest

from .reference import Variables, attribute, generate_folder
from .reference.variations import shuffle_arrival
from .warehouse import (
    SCHEMA_OF,
    DbtFailedError,
    Warehouse,
    assert_equals_full_refresh,
    assert_follows_the_rules,
    replace_files,
)


def _builds(warehouse: Warehouse) -> dict[str, tuple[int, int]]:
    with warehouse.connect() as connection:
        found = connection.execute("select model, build, full_build from intermediate.model_builds")
        return {model: (build, full) for model, build, full in found}


@pytest.mark.parametrize("seed", [21, 22, 23])
def test_any_order_of_arrival(warehouse: Warehouse, tmp_path: Path, seed: int) -> None:
    """Files late, half, gone for a while, back again; at every state the marts follow the rules."""
    folder = generate_folder(seed, clients=40)
    for state in shuffle_arrival(folder, seed):
        directory = replace_files(tmp_path / "raw", state)
        warehouse.load(directory)
        warehouse.dbt("run")
        assert_follows_the_rules(warehouse, attribute(directory))
    assert_equals_full_refresh(warehouse)


def test_loading_again_rebuilds_nothing(warehouse: Warehouse, tmp_path: Path) -> None:
    directory = replace_files(tmp_path / "raw", generate_folder(31, clients=20))
    warehouse.load(directory)
    warehouse.dbt("run")
    before = _builds(warehouse)
    warehouse.load(directory)
    warehouse.dbt("run")

    incremental = set(SCHEMA_OF) - {"rejected_records", "load_reconciliation", "channel_performance"}
    assert {model: _builds(warehouse)[model] for model in incremental} == {
        model: before[model] for model in incremental
    }


def test_only_what_a_new_event_can_affect_is_redone(warehouse: Warehouse, tmp_path: Path) -> None:
    """A row written anew has another ctid or xmin: after an appended event those of one client, from its time on."""
    directory = tmp_path / "raw"
    directory.mkdir()
    header = (
        "client_id,event_type,event_time,session_id,channel,campaign_id,utm_source,utm_medium,page_url,referrer_url,"
    )
    header += "revenue,product_id,product_category\n"
    days = range(1, 29)
    lines = [
        f"client_{client},{kind},2024-01-{day:02} {hour}:00,s,email,,,,,,{revenue},,\n"
        for client in range(20)
        for day in days
        for kind, hour, revenue in (("page_view", 10, ""), ("purchase", 12, "5"))
    ]
    (directory / "events.csv").write_text(header + "".join(lines))
    (directory / "clients.csv").write_text("client_id,registration_date,cohort,customer_segment\n")
    warehouse.load(directory)
    warehouse.dbt("run")

    def versions() -> dict[tuple[str, str], str]:
        with warehouse.connect() as connection:
            return {
                (client, str(time)): version
                for client, time, version in connection.execute(
                    "select client_id, purchase_time, xmin::text || ctid::text from marts.last_touch_attribution"
                )
            }

    before = versions()
    (directory / "events.csv").write_text(
        header + "".join(lines) + "client_7,page_view,2024-01-20 11:00,s,social,,,,,,,,\n"
    )
    warehouse.load(directory)
    warehouse.dbt("run")
    after = versions()

    redone = {key for key, version in after.items() if before.get(key) != version}
    assert redone == {("client_7", f"2024-01-{day:02} 12:00:00") for day in days if day >= 20}
    assert_follows_the_rules(warehouse, attribute(directory))


CHANGES = [
    (
        "dbt_project.yml",
        r"attribution_window_days: 30",
        "attribution_window_days: 5",
        Variables(attribution_window_days=5),
    ),
    (
        "dbt_project.yml",
        r"touchpoint_event_types: \[page_view\]",
        "touchpoint_event_types: [purchase]",
        Variables(touchpoint_event_types=["purchase"]),
    ),
    (
        "dbt_project.yml",
        r"time_decay_half_life_days: 7",
        "time_decay_half_life_days: 1",
        Variables(time_decay_half_life_days=1),
    ),
]


@pytest.mark.parametrize(("file", "old", "new", "variables"), CHANGES, ids=["window", "touch types", "half-life"])
def test_a_changed_variable_rebuilds_by_itself(
    warehouse: Warehouse, tmp_path: Path, file: str, old: str, new: str, variables: Variables
) -> None:
    directory = replace_files(tmp_path / "raw", generate_folder(41, clients=30))
    project = warehouse.use_copy_of_project(tmp_path)
    warehouse.load(directory)
    warehouse.dbt("run")
    text = (project / file).read_text()
    assert re.search(old, text)
    (project / file).write_text(re.sub(old, new, text))
    warehouse.dbt("run")

    assert_follows_the_rules(warehouse, attribute(directory, variables))
    assert_equals_full_refresh(warehouse)


def test_changed_sql_and_macros_rebuild_the_model_and_its_descendants_alone(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    directory = replace_files(tmp_path / "raw", generate_folder(42, clients=30))
    project = warehouse.use_copy_of_project(tmp_path)
    warehouse.load(directory)
    warehouse.dbt("run")
    before = _builds(warehouse)

    model = project / "models" / "marts" / "last_touch_attribution.sql"
    model.write_text(model.read_text().replace("'direct'", "'unattributed'"))
    warehouse.dbt("run")
    channels = {row["attributed_channel"] for row in warehouse.rows("last_touch_attribution")}
    assert "unattributed" in channels and "direct" not in channels
    rebuilt = {name for name, build in _builds(warehouse).items() if build[1] != before[name][1]}
    assert rebuilt == {"last_touch_attribution", "channel_performance", "rejected_records", "load_reconciliation"}

    # A macro that another macro calls: everything that cleans text follows
    macro = project / "macros" / "cleaning" / "clean_text.sql"
    macro.write_text(macro.read_text().replace("'_', 'g')", "'~', 'g')"))
    warehouse.dbt("run")
    assert any("~" in (row["channel"] or "") for row in warehouse.rows("int_touchpoints"))
    assert_equals_full_refresh(warehouse)


@pytest.mark.parametrize(
    "subset",
    [
        ["stg_event_records", "stg_events"],
        [
            "stg_event_records",
            "stg_event_duplicates",
            "stg_events",
            "int_purchases",
            "int_touchpoints",
            "int_purchase_touches",
        ],
        ["int_purchases", "int_purchase_attribution", "first_touch_attribution", "multi_touch_attribution"],
    ],
    ids=["without the duplicates", "touches alone", "intermediate without staging"],
)
def test_a_subset_with_stale_parents_does_not_fail(warehouse: Warehouse, tmp_path: Path, subset: list[str]) -> None:
    """A file arrives that repeats events of another; then two steps at a time, each with parents of another age."""
    folder = generate_folder(52, clients=30)
    name, file = next((name, file) for name, file in folder.items() if name.startswith("events"))
    warehouse.load(replace_files(tmp_path / "raw", folder))
    warehouse.dbt("run")
    more = {**folder, "events_again.csv": replace(file), **generate_folder(53, clients=30)}
    warehouse.load(replace_files(tmp_path / "raw", more))
    warehouse.dbt("run", "--select", *subset)
    warehouse.dbt("run", "--select", "multi_touch_attribution", "last_touch_attribution")
    warehouse.dbt("run")

    assert name in more
    assert_follows_the_rules(warehouse, attribute(tmp_path / "raw"))
    assert_equals_full_refresh(warehouse)


def test_subsets_in_any_order_then_all(warehouse: Warehouse, tmp_path: Path) -> None:
    folder = generate_folder(51, clients=40)
    states = shuffle_arrival(folder, 51, steps=5)
    warehouse.load(replace_files(tmp_path / "raw", states[0]))
    warehouse.dbt("run")
    rng = random.Random(51)
    for state in states[1:]:
        warehouse.load(replace_files(tmp_path / "raw", state))
        chosen = rng.sample(sorted(SCHEMA_OF), k=5)
        warehouse.dbt("run", "--select", *chosen, *(["--full-refresh"] if rng.random() < 0.4 else []))
    warehouse.dbt("run")

    assert_follows_the_rules(warehouse, attribute(tmp_path / "raw"))
    assert_equals_full_refresh(warehouse)


@pytest.mark.parametrize("broken", ["int_touchpoints", "stg_event_duplicates", "int_purchase_attribution"])
def test_a_run_that_died_half_way_then_a_subset_then_all(warehouse: Warehouse, tmp_path: Path, broken: str) -> None:
    """A model fails in the middle of its transaction; what came before it is built, what comes after is not."""
    folder = generate_folder(61, clients=30)
    first, *_, last = shuffle_arrival(folder, 61)
    warehouse.load(replace_files(tmp_path / "raw", first))
    warehouse.dbt("run")
    project = warehouse.use_copy_of_project(tmp_path)
    warehouse.dbt("run")
    warehouse.load(replace_files(tmp_path / "raw", last))
    before = warehouse.snapshot()[broken]

    config = project / "dbt_project.yml"
    whole = config.read_text()
    hook = f'{{{{ \\"select 1 / 0\\" if model.name == \'{broken}\' else \\"select 1\\" }}}}'
    config.write_text(
        whole.replace(
            '    +post-hook: "{{ record_build() }}"', f'    +post-hook: ["{{{{ record_build() }}}}", "{hook}"]'
        )
    )
    with pytest.raises(DbtFailedError, match=f"{broken}.*\n?.*division by zero"):
        warehouse.dbt("run")
    assert warehouse.snapshot()[broken] == before
    config.write_text(whole)
    warehouse.dbt("run", "--select", "int_purchase_attribution", "stg_clients")
    warehouse.dbt("run")

    assert_follows_the_rules(warehouse, attribute(tmp_path / "raw"))
    assert_equals_full_refresh(warehouse)


def test_a_duplicate_whose_raw_text_changes_keeps_no_old_text(warehouse: Warehouse, tmp_path: Path) -> None:
    header = (
        "client_id,event_type,event_time,session_id,channel,campaign_id,utm_source,utm_medium,page_url,referrer_url,"
    )
    header += "revenue,product_id,product_category\n"
    line = "{},page_view,2024-01-01 10:00,s,email,,,,,,,,\n"
    directory = tmp_path / "raw"
    directory.mkdir()
    (directory / "clients.csv").write_text("client_id,registration_date,cohort,customer_segment\n")
    for text in ("c", "  c  "):
        (directory / "events.csv").write_text(header + line.format("c") + line.format(text))
        warehouse.load(directory)
        warehouse.dbt("run")
        assert_follows_the_rules(warehouse, attribute(directory))
    assert_equals_full_refresh(warehouse)


def test_no_field_is_too_long(warehouse: Warehouse, tmp_path: Path) -> None:
    """Ids, channels and texts of 200 KB that do not compress: too long for any index."""
    directory = replace_files(tmp_path / "raw", generate_folder(91, clients=3))
    long = random.Random(91).randbytes(100_000).hex()
    fields = (
        "client_id,event_type,event_time,session_id,channel,campaign_id,utm_source,utm_medium,page_url,referrer_url,"
    )
    lines = [
        f"{long},page_view,2024-01-01 10:00,s,email,,,,,,,,",
        f"c,page_view,2024-01-01 10:00,s,{long},,,,,,,,",
        f"c,page_view,{long},s,email,,,,,,,,",
        f"c,purchase,2024-01-01 10:00,s,email,,,,,,{'9' * 200_000},,",
        f"c,purchase,2024-01-01 10:00,{long},email,{long},{long},{long},{long},{long},{'0' * 200_000}5.5,{long},{long}",
    ]
    (directory / "events_long.csv").write_text(fields + "revenue,product_id,product_category\n" + "\n".join(lines))
    columns = "client_id,registration_date,cohort,customer_segment"
    (directory / "clients_long.csv").write_text(f"{columns}\n{long},{long},{long},{long}\nc,{long},{long},{long}\n")
    warehouse.load(directory)
    warehouse.dbt("run")

    assert_follows_the_rules(warehouse, attribute(directory))
