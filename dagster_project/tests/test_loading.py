"""The mirror of the raw folder: what is loaded, what is left alone, and what stops it (rules, section 1)."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from attribution_pipeline.connection import UnsuitableServerError
from attribution_pipeline.loading.columns import COLUMNS
from attribution_pipeline.loading.errors import LoadError
from attribution_pipeline.loading.files import find, matches
from attribution_pipeline.loading.mirror import LoadReport, mirror
from attribution_pipeline.loading.recount import recount
from attribution_pipeline.loading.schema import ForeignSchemaError
from tests.conftest import Database, create_database, drop_database

EVENTS_HEADER = ",".join(COLUMNS["event"]).encode() + b"\n"
CLIENTS_HEADER = ",".join(COLUMNS["client"]).encode() + b"\n"
CLIENTS = CLIENTS_HEADER + b"c1,2024-01-01,spring,retail\n"


def event(client: str, *rest: str) -> bytes:
    return ",".join([client, *rest, *[""] * (12 - len(rest))]).encode() + b"\n"


EVENTS = EVENTS_HEADER + event("c1", "page_view") + event("c2", "purchase")


@pytest.fixture
def connection(database: Database) -> Iterator[psycopg.Connection]:
    with database.connect() as opened:
        yield opened


def statuses(report: LoadReport) -> dict[str, str]:
    return {file.name: file.status for file in report.files}


def state(connection: psycopg.Connection) -> list[Any]:
    """Everything in the raw schema, the physical place of each row included, but for raw.loads."""
    return [
        connection.execute(f"select ctid, * from raw.{table} order by ctid").fetchall()  # type: ignore[arg-type]
        for table in ("events", "clients", "source_files")
    ]


def test_every_field_arrives_as_it_was_read(connection: psycopg.Connection, raw_folder: Callable[..., Path]) -> None:
    fields = [
        " c1\t",
        "\\N",
        "\\.",
        "a\\tb",
        'q"uote',
        "x,y",
        "l\r\nf",
        "",
        "é€😀",
        "\x01\x7f\u2028",
        "+1",
        "<b>",
        "'; drop",
    ]
    quoted = ",".join('"' + field.replace('"', '""') + '"' for field in fields).encode()
    events = EVENTS_HEADER + quoted + b"\n" + event("c2") + b"too,few\n" + b"\xff" + event("c3") + event("c4")
    report = mirror(connection, raw_folder(events=events, clients=CLIENTS), "raw", "run")
    assert [(file.records, file.malformed) for file in report.files] == [(1, 0), (5, 2)]
    rows = connection.execute("select * from raw.events order by record_number").fetchall()
    assert [row[:2] for row in rows] == [("events.csv", number) for number in range(1, 6)]
    assert list(rows[0][2:]) == [*fields, None]
    assert list(rows[1][2:]) == ["c2", *[""] * 12, None]
    assert list(rows[2][2:]) == [*[None] * 13, b"too,few"]
    assert list(rows[3][2:]) == [*[None] * 13, b"\xff" + event("c3").rstrip(b"\n")]
    assert connection.execute("select * from raw.clients").fetchall() == [
        ("clients.csv", 1, "c1", "2024-01-01", "spring", "retail", None)
    ]


def test_columns_in_any_order_and_further_ones(connection: psycopg.Connection, raw_folder: Callable[..., Path]) -> None:
    names = [*reversed(COLUMNS["event"]), "further"]
    events = ",".join(name.upper() for name in names).encode() + b"\n" + ",".join(names).encode() + b"\n"
    mirror(connection, raw_folder(events=events, clients=CLIENTS), "raw", "run")
    [row] = connection.execute("select * from raw.events").fetchall()
    assert list(row[2:-1]) == list(COLUMNS["event"])


def test_nothing_changed_touches_nothing_but_loads(
    connection: psycopg.Connection, raw_folder: Callable[..., Path]
) -> None:
    folder = raw_folder(events=EVENTS, clients=CLIENTS)
    first = mirror(connection, folder, "raw", "first")
    before = state(connection)
    os.utime(folder / "events.csv", (1, 1))
    lines: list[str] = []
    second = mirror(connection, folder, "raw", "second", lines.append)
    assert state(connection) == before
    assert not second.changed
    assert lines == ["Nothing changed: all 2 files are loaded already."] == [second.summary()]
    loads = connection.execute(
        "select load_id, run_id, files_changed, raw_data_dir from raw.loads order by 1"
    ).fetchall()
    assert loads == [(first.load_id, "first", 2, str(folder)), (second.load_id, "second", 0, str(folder))]
    assert second.load_id > first.load_id


def test_new_changed_removed_and_returned_files(
    connection: psycopg.Connection, raw_folder: Callable[..., Path]
) -> None:
    def known() -> dict[str, tuple[Any, ...]]:
        rows = connection.execute("select source_file, load_id, record_count, removed from raw.source_files")
        return {name: tuple(values) for name, *values in rows}

    def clients_seen() -> list[tuple[Any, ...]]:
        return connection.execute(
            "select source_file, record_number, client_id from raw.events order by 1, 2"
        ).fetchall()

    folder = raw_folder(events=EVENTS, events_2=EVENTS, clients=CLIENTS)
    first = mirror(connection, folder, "raw", "run")
    assert statuses(first) == {"clients.csv": "new", "events.csv": "new", "events_2.csv": "new"}

    raw_folder(events_2=EVENTS_HEADER + event("c3") + event("c1") + event("c2"))
    changed = mirror(connection, folder, "raw", "run")
    assert statuses(changed) == {"clients.csv": "unchanged", "events.csv": "unchanged", "events_2.csv": "changed"}
    assert known()["events_2.csv"] == (changed.load_id, 3, False)
    assert known()["events.csv"] == (first.load_id, 2, False)
    assert [row for row in clients_seen() if row[0] == "events_2.csv"] == [
        ("events_2.csv", 1, "c3"),
        ("events_2.csv", 2, "c1"),
        ("events_2.csv", 3, "c2"),
    ]

    raw_folder(events_2=None)
    lines: list[str] = []
    removed = mirror(connection, folder, "raw", "run", lines.append)
    assert statuses(removed)["events_2.csv"] == "removed"
    assert "events_2.csv: gone from the folder, unloaded" in lines
    assert known()["events_2.csv"] == (removed.load_id, 0, True)
    assert {row[0] for row in clients_seen()} == {"events.csv"}
    assert not mirror(connection, folder, "raw", "run").changed

    raw_folder(events_2=EVENTS)
    returned = mirror(connection, folder, "raw", "run")
    assert statuses(returned)["events_2.csv"] == "new"
    assert known()["events_2.csv"] == (returned.load_id, 2, False)
    assert first.load_id < changed.load_id < removed.load_id < returned.load_id


def test_load_id_grows_when_the_clock_goes_back(
    connection: psycopg.Connection, raw_folder: Callable[..., Path]
) -> None:
    folder = raw_folder(events=EVENTS, clients=CLIENTS)
    mirror(connection, folder, "raw", "run")
    connection.execute("update raw.loads set load_id = 9000000000000000000")
    assert mirror(connection, folder, "raw", "run").load_id == 9000000000000000001


@pytest.mark.parametrize(
    ("name", "entity"),
    [
        ("events.csv", "event"),
        ("events_2024-01.csv", "event"),
        ("eventsclients.csv", "event"),
        ("clients.csv", "client"),
        ("Events.csv", None),
        ("events.CSV", None),
        ("events.csv.gz", None),
        ("my_events.csv", None),
        ("event.csv", None),
        ("eventscsv", None),
    ],
)
def test_which_names_match(name: str, entity: str | None) -> None:
    assert matches(name) == entity


def test_files_stand_in_the_order_of_the_bytes_of_their_names(raw_folder: Callable[..., Path]) -> None:
    folder = raw_folder(
        **dict.fromkeys(("events_é", "events_b", "events_B", "events_10", "events_2", "clients"), EVENTS)
    )
    (folder / "events_sub").mkdir()
    assert [file.name for file in find(folder)] == [
        f"{name}.csv" for name in ("clients", "events_10", "events_2", "events_B", "events_b", "events_é")
    ]


def test_hostile_file_names_are_loaded_as_they_are(
    connection: psycopg.Connection, raw_folder: Callable[..., Path]
) -> None:
    names = ["events\\N.csv", "events\t\n'\"$(touch x);%s{}.csv", "events é.csv"]
    folder = raw_folder(clients=CLIENTS)
    for name in names:
        (folder / name).write_bytes(EVENTS)
    mirror(connection, folder, "raw", "run")
    rows = connection.execute(
        "select source_file, count(*) from raw.events group by source_file order by source_file"
    ).fetchall()
    assert rows == [(name, 2) for name in sorted(names, key=str.encode)]


def test_a_link_to_a_file_is_a_file(
    connection: psycopg.Connection, raw_folder: Callable[..., Path], tmp_path: Path
) -> None:
    folder = raw_folder(clients=CLIENTS)
    (tmp_path / "elsewhere").write_bytes(EVENTS)
    (folder / "events.csv").symlink_to(tmp_path / "elsewhere")
    assert mirror(connection, folder, "raw", "run").files_changed == 2


Fault = Callable[[Path], object]
FAULTS: list[tuple[str, Fault, str]] = [
    ("folder gone", shutil.rmtree, "does not exist"),
    ("no events file", lambda folder: (folder / "events.csv").unlink(), r"no events\*.csv"),
    ("no clients file", lambda folder: (folder / "clients.csv").unlink(), r"no clients\*.csv"),
    (
        "a folder of that name",
        lambda folder: (folder / "events_x.csv").mkdir(),
        r"events_x.csv: no readable regular file \(a folder",
    ),
    (
        "a dangling link",
        lambda folder: (folder / "events_x.csv").symlink_to("gone"),
        r"events_x.csv: .*a link to something",
    ),
    ("a pipe", lambda folder: os.mkfifo(folder / "events_x.csv"), r"events_x.csv: .*a pipe"),
    ("0 bytes", lambda folder: (folder / "events_x.csv").write_bytes(b""), "events_x.csv: .*empty"),
    (
        "column missing",
        lambda folder: (folder / "events_x.csv").write_bytes(CLIENTS),
        "events_x.csv: .*event_type is missing",
    ),
    (
        "column named twice",
        lambda folder: (folder / "events_x.csv").write_bytes(EVENTS.replace(b"revenue", b"revenue,Revenue")),
        "events_x.csv: .*revenue is named 2 times",
    ),
    (
        "quote never closed",
        lambda folder: (folder / "events_x.csv").write_bytes(EVENTS + b'"' + EVENTS * 9000),
        "events_x.csv: record 3 has a quoted field that never closes",
    ),
    (
        "record over 64 MiB",
        lambda folder: (folder / "events_x.csv").write_bytes(EVENTS + b"x" * (64 * 2**20 + 1)),
        "events_x.csv: record 3 is over 64 MiB",
    ),
    (
        "name not UTF-8",
        lambda folder: Path(os.fsdecode(os.fsencode(folder) + b"/events_\xff.csv")).write_bytes(EVENTS),
        r"events_\\xff.csv: the name of this file is not UTF-8",
    ),
]


@pytest.mark.parametrize(("fault", "words"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS])
def test_what_stops_the_load_leaves_everything_as_it_was(
    connection: psycopg.Connection, raw_folder: Callable[..., Path], fault: Fault, words: str
) -> None:
    folder = raw_folder(events=EVENTS, clients=CLIENTS)
    mirror(connection, folder, "raw", "run")
    before = state(connection)
    # A good change ahead of the fault must not be kept either
    raw_folder(clients=CLIENTS + CLIENTS[len(CLIENTS_HEADER) :])
    fault(folder)
    with pytest.raises(LoadError, match=words) as raised:
        mirror(connection, folder, "raw", "run")
    str(raised.value).encode()
    assert state(connection) == before
    assert connection.info.transaction_status.name == "IDLE"


def test_an_unreadable_file_stops_the_load() -> None:
    """Looked at by a process that is not root, which reads everything."""
    code = (
        "import os, sys; from pathlib import Path; from attribution_pipeline.loading.files import find\n"
        "if os.getuid() == 0: os.setgid(65534); os.setuid(65534)\n"
        "try: find(Path(sys.argv[1]))\n"
        "except Exception as error: print(error)"
    )
    # Not in pytest's folder, which is closed to others
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "events.csv").write_bytes(EVENTS)
        (folder / "clients.csv").write_bytes(CLIENTS)
        (folder / "events.csv").chmod(0)
        project = Path(__file__).resolve().parents[1]
        done = subprocess.run(
            [sys.executable, "-c", code, name], cwd=project, capture_output=True, text=True, check=False
        )
    assert "events.csv: no readable regular file (Permission denied)" in done.stdout, done.stderr


def test_a_one_megabyte_field_and_a_64_mib_field_are_loaded(
    connection: psycopg.Connection, raw_folder: Callable[..., Path]
) -> None:
    megabyte = "é\\\t" * 250_000
    largest = "\\" * (64 * 2**20 - 13)
    events = EVENTS_HEADER + event(megabyte) + b'"' + b"y\n" * 2**20 + b'"' + event("") + event(largest) + event("c1")
    report = mirror(connection, raw_folder(events=events, clients=CLIENTS), "raw", "run")
    assert [(file.records, file.malformed) for file in report.files] == [(1, 0), (4, 0)]
    rows = connection.execute(
        "select octet_length(client_id), md5(client_id) from raw.events order by record_number"
    ).fetchall()
    assert [length for length, _ in rows] == [1_000_000, 2 * 2**20, len(largest), 2]
    sums = connection.execute("select md5(%s), md5(repeat(%s, %s)), md5(%s)", (megabyte, "y\n", 2**20, "c1")).fetchone()
    assert sums is not None
    assert (rows[0][1], rows[1][1], rows[3][1]) == sums


def test_a_long_malformed_record_keeps_its_bytes(
    connection: psycopg.Connection, raw_folder: Callable[..., Path]
) -> None:
    raw = b'"' + b"\xff\n" * 2**21 + b'"'
    mirror(connection, raw_folder(events=EVENTS_HEADER + raw + b"\r\n" + event("c1"), clients=CLIENTS), "raw", "run")
    rows = connection.execute("select raw_record, client_id from raw.events order by record_number").fetchall()
    assert rows == [(raw, None), (None, "c1")]


@pytest.mark.parametrize("comment", [None, "somebody else's"])
def test_a_schema_without_our_marker_is_refused_by_name(
    connection: psycopg.Connection, raw_folder: Callable[..., Path], comment: str | None
) -> None:
    connection.execute("create schema raw; create table raw.events (precious int)")
    if comment:
        connection.execute("comment on schema raw is 'somebody else''s'")
    with pytest.raises(
        ForeignSchemaError, match=r'schema "raw" in PostgreSQL .* was not made by Attribution Workbench'
    ):
        mirror(connection, raw_folder(events=EVENTS, clients=CLIENTS), "raw", "run")
    tables = connection.execute("select relname from pg_class where relnamespace = 'raw'::regnamespace").fetchall()
    assert tables == [("events",)]


def test_a_table_of_another_shape_is_refused(connection: psycopg.Connection, raw_folder: Callable[..., Path]) -> None:
    folder = raw_folder(events=EVENTS, clients=CLIENTS)
    mirror(connection, folder, "raw", "run")
    connection.execute("alter table raw.clients drop column cohort")
    with pytest.raises(ForeignSchemaError, match=r'table "raw".clients .* has other columns'):
        mirror(connection, folder, "raw", "run")


def test_two_schemas_live_side_by_side(connection: psycopg.Connection, raw_folder: Callable[..., Path]) -> None:
    folder = raw_folder(events=EVENTS, clients=CLIENTS)
    odd = 'de"v {} raw'
    mirror(connection, folder, "raw", "run")
    assert statuses(mirror(connection, folder, odd, "run")) == {"clients.csv": "new", "events.csv": "new"}
    marker = connection.execute(
        "select obj_description(oid, 'pg_namespace') from pg_namespace where nspname = %s", (odd,)
    )
    assert marker.fetchone() == ("attribution-workbench",)


def test_indexes_are_summarised_and_statistics_gathered(
    connection: psycopg.Connection, raw_folder: Callable[..., Path]
) -> None:
    folder = raw_folder(events=EVENTS + event("c1", "page_view") * 50_000, clients=CLIENTS)
    mirror(connection, folder, "raw", "run")
    raw_folder(events_2=EVENTS + event("c2", "page_view") * 50_000)
    mirror(connection, folder, "raw", "run")
    # Nothing is left to summarise
    assert connection.execute(
        "select brin_summarize_new_values('raw.events_source_file_record_number'::regclass)"
    ).fetchone() == (0,)
    assert connection.execute("select reltuples from pg_class where oid = 'raw.events'::regclass").fetchone() == (
        100_004,
    )


def test_a_database_that_is_not_utf8_is_refused(server: dict[str, Any], raw_folder: Callable[..., Path]) -> None:
    latin = create_database(server, "encoding 'LATIN1' locale 'C'")
    try:
        with (
            latin.connect() as connection,
            pytest.raises(UnsuitableServerError, match="encoding LATIN1; UTF8 is needed"),
        ):
            mirror(connection, raw_folder(events=EVENTS, clients=CLIENTS), "raw", "run")
    finally:
        drop_database(server, latin)


def test_it_works_on_postgres_15(postgres15: dict[str, Any], raw_folder: Callable[..., Path]) -> None:
    database = create_database(postgres15)
    folder = raw_folder(events=EVENTS + b"bad\n", clients=CLIENTS)
    try:
        with database.connect() as connection:
            assert connection.info.server_version // 10000 == 15
            assert mirror(connection, folder, "raw", "run").files_changed == 2
            raw_folder(events=EVENTS)
            assert mirror(connection, folder, "raw", "run").files_changed == 1
            assert connection.execute("select count(*), count(raw_record) from raw.events").fetchone() == (2, 0)
    finally:
        drop_database(postgres15, database)


def test_recount_agrees_with_the_load(connection: psycopg.Connection, raw_folder: Callable[..., Path]) -> None:
    folder = raw_folder(events=EVENTS * 3 + b"\n\nbad\n" + b'"a\nb"' + event(""), events_2=EVENTS, clients=CLIENTS)
    mirror(connection, folder, "raw", "run")
    loaded = dict(connection.execute("select source_file, record_count from raw.source_files").fetchall())
    assert recount(folder, loaded) == loaded == {"clients.csv": 1, "events.csv": 10, "events_2.csv": 2}
    with pytest.raises(LoadError, match=r"gone.csv: the file is no longer in the raw data folder"):
        recount(folder, ["gone.csv"])


def test_a_connection_in_a_transaction_is_refused(database: Database, raw_folder: Callable[..., Path]) -> None:
    with database.connect(autocommit=False) as connection:
        folder = raw_folder(events=EVENTS, clients=CLIENTS)
        mirror(connection, folder, "raw", "run")
        connection.execute("select 1")
        with pytest.raises(ValueError, match="not in a transaction"):
            mirror(connection, folder, "raw", "run")
