"""Faults injected into the load for real: afterwards the old state stands or the new one, the next load is right."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from attribution_pipeline.loading.errors import DatabaseFailedError, LoadError
from attribution_pipeline.loading.files import Reading
from attribution_pipeline.loading.mirror import mirror
from tests.conftest import Database
from tests.test_loading import CLIENTS, EVENTS, EVENTS_HEADER, event

PROJECT = Path(__file__).resolve().parents[1]

# Loads its first argument; says when it begins; prints its peak memory in kilobytes.
# Not by ru_maxrss on Linux: that counts the parent's memory at the time of the fork
LOAD = """
import resource, sys
from attribution_pipeline.connection import connect
from attribution_pipeline.loading.mirror import mirror
with connect("load under test") as connection:
    print("begins", flush=True)
    mirror(connection, sys.argv[1], "raw", "run")
if sys.platform == "linux":
    print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
else:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""

# Sets the largest file, in bytes, that another process may write, as the user whose process it is
LIMIT_FILES = """
import os, resource, sys
backend, limit = map(int, sys.argv[1:])
if os.getuid() == 0:
    owner = os.stat(f"/proc/{backend}")
    os.setgid(owner.st_gid)
    os.setuid(owner.st_uid)
resource.prlimit(backend, resource.RLIMIT_FSIZE, (limit, limit))
"""


@pytest.fixture
def connection(database: Database) -> Iterator[psycopg.Connection]:
    with database.connect() as opened:
        yield opened


def many_events(marker: str, count: int) -> bytes:
    """`count` records (a multiple of 1,000), the marker in each."""
    block = b"".join(
        event(f"{marker}{number}", "page_view", '"a, ""quoted"" field"', "x" * 100) for number in range(1000)
    )
    return EVENTS_HEADER + block * (count // 1000)


def loaded(connection: psycopg.Connection) -> list[tuple[str, int]]:
    """The markers in raw.events with their counts, once every other session has ended."""
    others = """
        select count(*) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
    """
    for _ in range(500):
        row = connection.execute(others).fetchone()
        if row == (0,):
            break
        time.sleep(0.02)
    rows = connection.execute("select left(client_id, 1), count(*) from raw.events group by 1 order by 1").fetchall()
    recorded = connection.execute("select sum(record_count) from raw.source_files where entity = 'event'").fetchone()
    assert recorded == (sum(count for _, count in rows),)
    return rows


def start_load(folder: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", LOAD, str(folder)], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begins\n"
    return process


def test_killed_at_20_random_moments(connection: psycopg.Connection, raw_folder: Callable[..., Path]) -> None:
    folder = raw_folder(events=many_events("a", 20_000), clients=CLIENTS)
    mirror(connection, folder, "raw", "run")
    began = time.monotonic()
    raw_folder(events=many_events("b", 20_000))
    mirror(connection, folder, "raw", "run")
    usual_seconds = time.monotonic() - began
    chance = random.Random(4)
    state = "b"
    outcomes: list[str] = []
    for attempt in range(20):
        target = "a" if state == "b" else "b"
        raw_folder(events=many_events(target, 20_000))
        process = start_load(folder)
        time.sleep(usual_seconds * 1.1 * (attempt + chance.random()) / 20)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert process.returncode in (-signal.SIGKILL, 0)
        [(found, count)] = loaded(connection)
        assert count == 20_000
        assert found in (state, target)
        outcomes.append("new" if found == target else "old")
        state = found
    old, new = outcomes.count("old"), outcomes.count("new")
    print(f"killed at 20 moments within {usual_seconds * 1.1:.2f} s: {old} old, {new} new")
    assert "old" in outcomes
    raw_folder(events=many_events("c", 20_000))
    mirror(connection, folder, "raw", "run")
    assert loaded(connection) == [("c", 20_000)]


def test_the_first_load_killed_leaves_nothing(connection: psycopg.Connection, raw_folder: Callable[..., Path]) -> None:
    folder = raw_folder(events=many_events("a", 100_000), clients=CLIENTS)
    process = start_load(folder)
    time.sleep(0.1)
    process.kill()
    process.communicate()
    time.sleep(0.5)
    assert connection.execute("select to_regnamespace('raw')").fetchone() == (None,)
    mirror(connection, folder, "raw", "run")
    assert loaded(connection) == [("a", 100_000)]


def test_backend_killed_in_mid_load(
    database: Database, connection: psycopg.Connection, raw_folder: Callable[..., Path]
) -> None:
    folder = raw_folder(events=EVENTS, clients=CLIENTS)
    mirror(connection, folder, "raw", "run")
    raw_folder(events=many_events("b", 400_000))
    killed_at: list[float] = []
    with database.connect() as victim:

        def kill() -> None:
            with database.connect() as killer:
                progress = "select tuples_processed from pg_stat_progress_copy where pid = %s"
                while not killer.execute(progress, (victim.info.backend_pid,)).fetchone():
                    time.sleep(0.005)
                time.sleep(0.1)
                killer.execute("select pg_terminate_backend(%s)", (victim.info.backend_pid,))
                killed_at.append(time.monotonic())

        thread = threading.Thread(target=kill)
        thread.start()
        with pytest.raises(DatabaseFailedError, match="terminating connection due to administrator command"):
            mirror(victim, folder, "raw", "run")
        failed_at = time.monotonic()
        thread.join()
    print(f"failed {failed_at - killed_at[0]:.2f} s after the backend was killed")
    assert failed_at - killed_at[0] < 5
    assert loaded(connection) == [("c", 2)]
    mirror(connection, folder, "raw", "run")
    assert loaded(connection) == [("b", 400_000)]


@pytest.mark.parametrize("fault", ["cut", "grown", "rewritten", "replaced", "gone"])
def test_a_file_that_changes_while_it_is_read_is_refused(
    connection: psycopg.Connection, raw_folder: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    folder = raw_folder(events=EVENTS, clients=CLIENTS)
    mirror(connection, folder, "raw", "run")
    raw_folder(events=many_events("b", 10_000))
    path = folder / "events.csv"
    plain_read = Reading.read

    def read_and_change(self: Reading, size: int) -> bytes:
        block = plain_read(self, size)
        if 300_000 < self.bytes_read < 500_000 and path.exists():
            if fault == "cut":
                # In the middle of a quoted field: that is not what is wrong with it
                os.truncate(path, 400_031)
            elif fault == "grown":
                with path.open("ab") as file:
                    file.write(event("z"))
            elif fault == "rewritten":
                content = path.read_bytes()
                path.write_bytes(content[:-2] + b"y\n")
            elif fault == "replaced":
                (folder / "other").write_bytes(EVENTS)
                (folder / "other").replace(path)
            else:
                path.unlink()
        return block

    monkeypatch.setattr(Reading, "read", read_and_change)
    with pytest.raises(LoadError, match=r"events.csv: the file changed while it was read"):
        mirror(connection, folder, "raw", "run")
    assert loaded(connection) == [("c", 2)]
    monkeypatch.undo()


@pytest.mark.skipif(sys.platform != "linux", reason="limits another process's files: Linux only")
def test_disk_full(database: Database, connection: psycopg.Connection, raw_folder: Callable[..., Path]) -> None:
    """The server's backend may not write files beyond a size, as on a disk without room."""
    folder = raw_folder(events=EVENTS, clients=CLIENTS)
    mirror(connection, folder, "raw", "run")
    raw_folder(events=many_events("b", 200_000))
    segment = connection.execute("select setting::bigint from pg_settings where name = 'wal_segment_size'").fetchone()
    assert segment is not None
    with database.connect() as victim:
        # Room for the write-ahead log's files, but not for the table's
        limit = segment[0] + 2**20
        backend = victim.info.backend_pid
        subprocess.run([sys.executable, "-c", LIMIT_FILES, str(backend), str(limit)], check=True)
        with pytest.raises(DatabaseFailedError, match=r"could not (extend|write).*Nothing was changed") as raised:
            mirror(victim, folder, "raw", "run")
        print(raised.value)
    assert loaded(connection) == [("c", 2)]
    mirror(connection, folder, "raw", "run")
    assert loaded(connection) == [("b", 200_000)]


def test_one_million_records_in_flat_memory(database: Database, raw_folder: Callable[..., Path]) -> None:
    def peak_mebibytes(records: int) -> float:
        process = start_load(raw_folder(events=many_events("m", records), clients=CLIENTS))
        output, _ = process.communicate()
        assert process.returncode == 0
        return int(output) / 1024

    few, many = peak_mebibytes(50_000), peak_mebibytes(1_000_000)
    print(f"peak memory of the load: {few:.0f} MiB for 50,000 records, {many:.0f} MiB for 1,000,000")
    assert many < 300
    assert many < few + 30
