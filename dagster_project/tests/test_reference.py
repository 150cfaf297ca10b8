"""The independent model against the golden cases, its own credit and properties, and the sample. No database."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from tests.reference import Marts, Variables, as_text, attribute, generate_folder, write_folder
from tests.reference.credit import split, weights
from tests.reference.dialect import CLIENT_COLUMNS, EVENT_COLUMNS
from tests.reference.generator import Folder
from tests.reference.variations import add_records, page_view, shift_time, shuffle_arrival, split_into_files

CASES = Path(__file__).parent / "cases"
SAMPLE = Path(__file__).parents[2] / "data" / "raw"
GOLDEN = [
    pytest.param(path.parents[1], path, id=f"{path.parents[1].name}-{path.stem}")
    for path in sorted(CASES.glob("*/expected/*.csv"))
]
DAY_MICROSECONDS = 86_400_000_000
MARTS = (
    "first_touch_attribution",
    "last_touch_attribution",
    "channel_performance",
    "multi_touch_attribution",
    "stg_clients",
)


# --- Golden cases


@pytest.mark.parametrize(("case", "expected"), GOLDEN)
def test_golden_case(case: Path, expected: Path) -> None:
    with expected.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    marts = attribute(case / "raw")
    assert as_text(marts.table(expected.stem), header) == sorted(tuple(row) for row in rows)


# --- Credit


@pytest.mark.parametrize("model", ["linear", "time_decay", "position_based"])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 11, 30])
@pytest.mark.parametrize("units", [0, 1, 2, 3, 100_000, 333_333, 10**18 - 1])
def test_credits_sum_to_the_revenue_and_lie_within_one_unit_of_their_share(model: str, count: int, units: int) -> None:
    ages = [day * DAY_MICROSECONDS + 1 for day in range(count - 1, -1, -1)]
    shares = weights(model, ages, 7)
    credits = split(units, shares)
    assert sum(credits) == units
    assert all(abs(credit - units * Fraction(share)) < 1 for credit, share in zip(credits, shares, strict=True))
    assert abs(sum(Fraction(share) for share in shares) - 1) < Fraction(1, 10**50)


def test_units_left_over_go_to_the_largest_remainders_and_of_equal_ones_to_the_later_touch() -> None:
    assert split(100_000, weights("linear", [0, 0, 0], 7)) == [33_333, 33_333, 33_334]
    assert split(2, weights("linear", [0, 0, 0], 7)) == [0, 1, 1]
    # Shares 0.4, 0.1, 0.1, 0.4: the later of the two largest
    assert split(1, weights("position_based", [0] * 4, 7)) == [0, 0, 0, 1]
    # Shares 1.2, 0.3, 0.3, 1.2: one unit left, and 0.3 is more than 0.2
    assert split(3, weights("position_based", [0] * 4, 7)) == [1, 0, 1, 1]


def test_time_decay_halves_with_each_half_life() -> None:
    ages = [21 * DAY_MICROSECONDS, 14 * DAY_MICROSECONDS, 7 * DAY_MICROSECONDS]
    assert split(700_000, weights("time_decay", ages, 7)) == [100_000, 200_000, 400_000]
    # Equal ages are equal weights, to the unit
    assert split(30, weights("time_decay", [5, 5, 5], 7)) == [10, 10, 10]
    # A half-life so short that the earlier touch has nothing left
    assert split(10, weights("time_decay", [30 * DAY_MICROSECONDS, 29 * DAY_MICROSECONDS], 0.001)) == [0, 10]


def test_position_based_weights() -> None:
    assert weights("position_based", [0], 7) == [1]
    assert weights("position_based", [0, 0], 7) == [Fraction(1, 2)] * 2
    assert weights("position_based", [0] * 4, 7) == [Fraction(2, 5), Fraction(1, 10), Fraction(1, 10), Fraction(2, 5)]


# --- Generated folders


def attribute_folder(folder: Folder, directory: Path, seed: int = 0) -> Marts:
    write_folder(folder, directory, seed)
    return attribute(directory)


def marts_as_text(marts: Marts) -> dict[str, list[tuple[str, ...]]]:
    return {name: as_text(marts.table(name)) for name in MARTS}


def test_the_same_seed_writes_the_same_bytes_and_another_one_others(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_folder(generate_folder(seed, clients=5), tmp_path / name, seed)
    contents = {
        name: {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("a", "b", "c")
    }
    assert contents["a"] == contents["b"] != contents["c"]


def test_generated_folders_reach_every_reason_and_every_basis(tmp_path: Path) -> None:
    reasons: Counter[str] = Counter()
    bases: Counter[str] = Counter()
    for seed in range(4):
        marts = attribute_folder(generate_folder(seed, clients=60), tmp_path / str(seed), seed)
        reasons.update(row["rejection_reason"] for row in marts.rejected_records)
        bases.update(row["attribution_basis"] for row in marts.first_touch_attribution)
    assert set(bases) == {"marketing_touch", "direct_visit", "outside_window", "no_touch"}
    assert set(reasons) == {
        *("malformed_record", "missing_client_id", "malformed_client_id", "unknown_event_type"),
        *("missing_event_time", "malformed_event_time", "malformed_channel", "missing_revenue", "malformed_revenue"),
        *("negative_revenue", "duplicate", "superseded"),
    }


def test_revenue_is_conserved_by_every_model(tmp_path: Path) -> None:
    marts = attribute_folder(generate_folder(11), tmp_path, 11)
    total = sum(row["revenue"] for row in marts.stg_events if row["event_type"] == "purchase")
    totals: Counter[str] = Counter()
    for row_ in marts.multi_touch_attribution:
        totals[row_["model"]] += row_["attributed_revenue"]
    for name in ("first_touch_attribution", "last_touch_attribution"):
        totals[name] = sum(row["attributed_revenue"] for row in marts.table(name))
    assert totals == dict.fromkeys(totals, total) and len(totals) == 5


def test_how_a_file_is_written_changes_nothing(tmp_path: Path) -> None:
    folder = generate_folder(3)
    first, other = attribute_folder(folder, tmp_path / "1", 1), attribute_folder(folder, tmp_path / "2", 2)
    assert first == other


def test_splitting_a_file_in_place_changes_no_mart(tmp_path: Path) -> None:
    folder = generate_folder(5)
    largest = max(folder, key=lambda name: len(folder[name].records))
    split_up = split_into_files(folder, largest, parts=4)
    assert len(split_up) == len(folder) + 3
    assert marts_as_text(attribute_folder(split_up, tmp_path / "split")) == marts_as_text(
        attribute_folder(folder, tmp_path / "whole")
    )


def test_shifting_time_moves_times_and_no_credit(tmp_path: Path) -> None:
    folder = generate_folder(6, malformed=False, edges_of_time=False)
    by = timedelta(days=-4_321, hours=5, microseconds=17)
    before = attribute_folder(folder, tmp_path / "before")
    after = attribute_folder(shift_time(folder, by), tmp_path / "after")
    for row_ in before.multi_touch_attribution:
        row_["purchase_time"] += by
        row_["touch_time"] = row_["touch_time"] and row_["touch_time"] + by
    assert before.multi_touch_attribution == after.multi_touch_attribution
    assert before.channel_performance == after.channel_performance


@pytest.mark.parametrize("distance", [timedelta(microseconds=-1), timedelta(days=31)])
def test_a_touch_after_a_purchase_or_31_days_before_changes_no_credit_of_it(
    tmp_path: Path, distance: timedelta
) -> None:
    folder = generate_folder(8, edges_of_time=False)
    before = attribute_folder(folder, tmp_path / "before")
    purchase = before.first_touch_attribution[len(before.first_touch_attribution) // 2]
    key = (purchase["client_id"], purchase["purchase_time"])
    added = page_view(purchase["client_id"], purchase["purchase_time"] - distance)
    after = attribute_folder(add_records(folder, "events_zz.csv", "event", [added]), tmp_path / "after")
    assert len(after.stg_events) == len(before.stg_events) + 1
    assert credit_of(after, key) == credit_of(before, key) != []


def credit_of(marts: Marts, key: tuple[str, datetime]) -> list[tuple[str, ...]]:
    rows = [row for row in marts.multi_touch_attribution if (row["client_id"], row["purchase_time"]) == key]
    return as_text(rows)


def test_states_of_arrival_end_in_the_folder_itself(tmp_path: Path) -> None:
    folder = generate_folder(9, clients=10)
    states = shuffle_arrival(folder, seed=9)
    assert states[-1] == folder
    for number, state in enumerate(states):
        attribute_folder(state, tmp_path / str(number))


# --- Variables


def test_a_purchase_may_be_a_touch_but_never_of_itself(tmp_path: Path) -> None:
    def purchase(time: str, channel: str) -> str:
        values = {"client_id": "c", "event_type": "purchase", "event_time": time, "channel": channel, "revenue": "1"}
        return ",".join(values.get(column, "") for column in EVENT_COLUMNS)

    lines = [",".join(EVENT_COLUMNS), purchase("2024-01-01 10:00", "social"), purchase("2024-01-02 10:00", "email")]
    (tmp_path / "events.csv").write_text("\n".join(lines))
    (tmp_path / "clients.csv").write_text(",".join(CLIENT_COLUMNS))
    marts = attribute(tmp_path, Variables(touchpoint_event_types=["page_view", "purchase"]))
    by_time = [(row["attributed_channel"], row["attribution_basis"]) for row in marts.last_touch_attribution]
    assert by_time == [("direct", "no_touch"), ("social", "marketing_touch")]
    marts = attribute(tmp_path)
    assert {row["attribution_basis"] for row in marts.last_touch_attribution} == {"no_touch"}


# --- The sample


def test_sample_channel_performance() -> None:
    assert as_text(attribute(SAMPLE).channel_performance) == [
        ("direct", "269.4000", "269.4000", "5", "5"),
        ("email", "191.6000", "761.4900", "14", "12"),
        ("organic_search", "505.9000", "139.9000", "7", "6"),
        ("paid_search", "321.7500", "110.2500", "5", "5"),
        ("social", "277.4900", "285.1000", "9", "8"),
    ]


def test_sample_reconciliation_and_rejections() -> None:
    marts = attribute(SAMPLE)
    assert as_text(marts.load_reconciliation) == [
        ("clients.csv", "client", "24", "23", "1"),
        ("events.csv", "event", "92", "88", "4"),
    ]
    rejected = [(row["source_file"], row["record_number"], row["rejection_reason"]) for row in marts.rejected_records]
    assert sorted(rejected) == [
        ("clients.csv", 20, "superseded"),
        ("events.csv", 50, "duplicate"),
        ("events.csv", 53, "missing_event_time"),
        ("events.csv", 54, "malformed_event_time"),
        ("events.csv", 61, "negative_revenue"),
    ]
    read = sum(row["records_read"] for row in marts.load_reconciliation)
    assert len(rejected) / read <= 0.05


def test_sample_page_says_what_first_and_last_touch_say() -> None:
    """data/raw/README.md, its table of stories: client, purchase, revenue, first and last channel."""
    told: list[tuple[str, ...]] = []
    client_id = ""
    for line in (SAMPLE / "README.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 7:
            client_id = cells[0].strip("`") or client_id
            if cells[2].startswith("2024-"):
                told.append((client_id, *cells[2:6]))
    marts = attribute(SAMPLE)
    computed = [
        (
            first["client_id"],
            f"{first['purchase_time']:%Y-%m-%d %H:%M}",
            str(first["attributed_revenue"].quantize(Decimal("0.01"))),
            first["attributed_channel"],
            last["attributed_channel"],
        )
        for first, last in zip(marts.first_touch_attribution, marts.last_touch_attribution, strict=True)
    ]
    assert sorted(told) == sorted(computed)
