"""The independent model's reader and cleaning: the dialect of raw files, times, revenue, channels. No database."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.reference import LoadStoppedError
from tests.reference.cleaning import clean_channel, parse_event_time, parse_registration_date, parse_revenue
from tests.reference.dialect import CLIENT_COLUMNS, EVENT_COLUMNS, read_file, read_folder
from tests.reference.shapes import EDGE_TIMES, MALFORMED_REVENUES, MALFORMED_TIMES, NEGATIVE_REVENUES, VALID_REVENUES


def short(text: str) -> str:
    """A test's name: some texts are thousands of characters long."""
    return ascii(text)[:40]


# --- The dialect


def events_file(folder: Path, content: bytes) -> Path:
    path = folder / "events.csv"
    path.write_bytes(content)
    return path


HEADER = ",".join(EVENT_COLUMNS).encode()
WIDTH = len(EVENT_COLUMNS)


def row(client_id: bytes) -> bytes:
    return client_id + b"," * (WIDTH - 1)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (b"plain", "plain"),
        (b'5" heel', '5" heel'),
        (b'"a,""b"",c"', 'a,"b",c'),
        (b'"two\nlines"', "two\nlines"),
        (b'"cr\rcrlf\r\n"', "cr\rcrlf\r\n"),
        (b'"quoted" and more', "quoted and more"),
        (b'"quoted"and "more"', 'quotedand "more"'),
        (b'""', ""),
        (b'""""', '"'),
        (b'""appended', "appended"),
        (b' "not first"', ' "not first"'),
        (b'"ends in comma,"', "ends in comma,"),
        ("ünï😀".encode(), "ünï😀"),
    ],
)
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_a_field_is_read_untrimmed_and_without_its_quotes(
    tmp_path: Path, field: bytes, value: str, line_end: bytes
) -> None:
    path = events_file(tmp_path, line_end.join([HEADER, row(field), row(b"next")]))
    records = read_file(path, "event").records
    assert [record.fields and record.fields["client_id"] for record in records] == [value, "next"]


def test_lines_without_any_character_are_skipped_and_not_counted(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbf\n\r\n" + HEADER + b"\n\n" + row(b"one") + b"\r\r\n\n" + row(b"two") + b"\r\n\r\n"
    records = read_file(events_file(tmp_path, content), "event").records
    assert [(record.record_number, record.fields and record.fields["client_id"]) for record in records] == [
        (1, "one"),
        (2, "two"),
    ]


@pytest.mark.parametrize(
    "malformed",
    [
        b" ",
        b'""',
        b"short,row",
        row(b"long") + b",",
        row(b"n\x00l"),
        row(b"\xff"),
        row(b"\xed\xa0\x80"),
        row(b'"\n\xc3"'),
        row(b"\xc0\x80"),
    ],
)
def test_a_malformed_record_keeps_its_bytes_and_its_number(tmp_path: Path, malformed: bytes) -> None:
    content = b"\r\n".join([HEADER, row(b"one"), malformed, row(b"three")])
    records = read_file(events_file(tmp_path, content), "event").records
    assert [record.raw for record in records] == [None, malformed, None]
    assert [record.record_number for record in records] == [1, 2, 3]


def test_header_names_are_trimmed_in_any_case_and_order_and_further_ones_ignored(tmp_path: Path) -> None:
    columns = [*reversed(EVENT_COLUMNS), "note", "note"]
    header = ",".join(f'" {column.upper()}\t"' for column in columns)
    content = f"{header}\n{','.join(columns)}".encode()
    (record,) = read_file(events_file(tmp_path, content), "event").records
    assert record.fields == {column: column for column in EVENT_COLUMNS}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\n\n", "empty"),
        (HEADER.replace(b"revenue", b"amount"), "column revenue is missing"),
        (HEADER + b", Revenue ", "column revenue is named twice"),
        (HEADER + b"\n" + row(b"one") + b"\n" + row(b'"open'), "record 2 has a quoted field that never closes"),
        (b'"' + HEADER, "the header has a quoted field that never closes"),
        (HEADER + b"\n" + row(b"x" * 990), "record 1 is longer"),
    ],
)
def test_what_stops_the_load_names_the_file_and_the_place(tmp_path: Path, content: bytes, says: str) -> None:
    with pytest.raises(LoadStoppedError, match=rf"events\.csv: .*{says}"):
        read_file(events_file(tmp_path, content), "event", record_limit=1_000)


def test_a_folder_needs_both_entities_and_regular_files(tmp_path: Path) -> None:
    with pytest.raises(LoadStoppedError, match="missing"):
        read_folder(tmp_path / "nowhere")
    events_file(tmp_path, HEADER)
    (tmp_path / "Clients.csv").write_text("")
    with pytest.raises(LoadStoppedError, match=r"holds no clients\*\.csv"):
        read_folder(tmp_path)
    (tmp_path / "clients.csv").write_text(",".join(CLIENT_COLUMNS))
    assert [file.source_file for file in read_folder(tmp_path)] == ["clients.csv", "events.csv"]
    (tmp_path / "events_folder.csv").mkdir()
    with pytest.raises(LoadStoppedError, match=r"events_folder\.csv: is not a regular file"):
        read_folder(tmp_path)


# --- Cleaning


@pytest.mark.parametrize("text", MALFORMED_TIMES, ids=short)
def test_malformed_event_time(text: str) -> None:
    assert parse_event_time(text) is None


@pytest.mark.parametrize("text", EDGE_TIMES, ids=short)
def test_event_time_at_the_edge_is_valid(text: str) -> None:
    assert parse_event_time(text) is not None


def test_event_time_is_stored_in_utc_with_microseconds() -> None:
    noon = datetime(2024, 2, 29, 12)
    for text in ("2024-02-29 12:00", "2024-02-29T14:00:00.0+02", "2024-02-28t22:00 -1400", "2024-02-29 12:00:00z"):
        assert parse_event_time(text) == noon
    assert parse_event_time("2024-02-29 12:00:00.5") == noon + timedelta(microseconds=500_000)
    assert parse_event_time("1969-12-31 23:30-01:00") == datetime(1970, 1, 1, 0, 30)


@pytest.mark.parametrize("text", MALFORMED_REVENUES, ids=short)
def test_malformed_revenue(text: str) -> None:
    assert parse_revenue(text) is None


def test_revenue_in_units_of_a_ten_thousandth() -> None:
    assert all((parse_revenue(text.strip()) or 0) >= 0 for text in VALID_REVENUES)
    assert all((parse_revenue(text) or 0) < 0 for text in NEGATIVE_REVENUES)
    known = {"7.00005": 70_001, "7.000049": 70_000, "-0.00004": 0, "+5": 50_000, "-0.00005": -1, "000.5": 5_000}
    assert {text: parse_revenue(text) for text in known} == known
    assert parse_revenue("99999999999999.99994") == 10**18 - 1


@pytest.mark.parametrize(
    ("text", "channel"),
    [
        (" Paid Search", "paid_search"),
        ("paid  -  search", "paid_search"),
        ("-", None),
        ("_", None),
        (" - ", None),
        ("__Direct-", "direct"),
        ("Émail", "Émail"),
        ("a__b", "a__b"),
        ("e\u00a0mail", "e\u00a0mail"),
    ],
)
def test_channel(text: str, channel: str | None) -> None:
    assert clean_channel(text) == channel


def test_registration_date() -> None:
    assert parse_registration_date("2024-02-29") is not None
    for text in ("2023-02-29", "1969-12-31", "2101-01-01", "2024-2-9", "2024-02-29 00:00", "0000-01-01"):
        assert parse_registration_date(text) is None
