"""One writer at a time: who waits is told for whom, can give up, and hears when the lock is lost."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from attribution_pipeline.connection import ConnectionFailedError, connect, describe
from attribution_pipeline.errors import HumanError, shown
from attribution_pipeline.writer import WaitCanceledError, WriterLockLostError, current_holder, hold
from tests.conftest import Database


@pytest.fixture
def other(database: Database) -> Iterator[psycopg.Connection]:
    with database.connect() as opened:
        yield opened


def silent(message: str) -> None:
    raise AssertionError(f"nobody should wait: {message}")


def test_the_holder_is_named_and_the_lock_is_given_back(other: psycopg.Connection) -> None:
    assert current_holder(other, "raw") is None
    with hold(connect, "raw", "run A " + "é" * 80, silent) as lock:
        holder = current_holder(other, "raw")
        assert holder is not None
        assert holder.backend_pid == lock.backend_pid
        assert holder.who == ("run A " + "?" * 80)[:63]
        assert current_holder(other, "another") is None
        key = other.execute("select pg_try_advisory_lock(hashtextextended('attribution-workbench:raw', 0))").fetchone()
        assert key == (False,)
    assert current_holder(other, "raw") is None


def test_another_schema_is_another_lock(database: Database) -> None:
    with hold(connect, "raw", "A", silent), hold(connect, "dev_raw", "B", silent):
        pass


def test_the_second_waits_says_for_whom_and_then_works(database: Database) -> None:
    messages: list[str] = []
    order: list[str] = []

    def second() -> None:
        with hold(connect, "raw", "B", messages.append, poll_seconds=0.05, repeat_seconds=0.3):
            order.append("B")

    with hold(connect, "raw", "run A", silent) as lock:
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.8)
        order.append("A")
    thread.join(timeout=10)
    assert order == ["A", "B"]
    assert 2 <= len(messages) <= 4
    assert messages[0].startswith(f"Waiting for run A (backend {lock.backend_pid}) since 2")


def test_waiting_can_be_given_up(other: psycopg.Connection) -> None:
    messages: list[str] = []
    with hold(connect, "raw", "A", silent):
        with (
            pytest.raises(WaitCanceledError),
            hold(connect, "raw", "B", messages.append, poll_seconds=0.05, should_stop=lambda: bool(messages)),
        ):
            pass
        sessions = "select count(*) from pg_stat_activity where application_name = 'B'"
        ends_by = time.monotonic() + 5
        while other.execute(sessions).fetchone() != (0,):
            assert time.monotonic() < ends_by
            time.sleep(0.02)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_waiting_is_interrupted_by_a_signal(database: Database) -> None:
    code = (
        "from attribution_pipeline import writer, connection\n"
        "try:\n"
        "    with writer.hold(connection.connect, 'raw', 'B', lambda line: print('waiting', flush=True)): pass\n"
        "except KeyboardInterrupt: print('interrupted')\n"
    )
    with hold(connect, "raw", "A", silent):
        project = Path(__file__).resolve().parents[1]
        process = subprocess.Popen([sys.executable, "-c", code], cwd=project, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        os.kill(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=5)
        assert output == "interrupted\n"


def test_a_lost_lock_is_noticed(other: psycopg.Connection) -> None:
    heard: list[tuple[float, str]] = []
    with (
        pytest.raises(WriterLockLostError, match="terminating connection due to administrator command"),
        hold(connect, "raw", "A", silent, on_lost=lambda reason: heard.append((time.monotonic(), reason))) as lock,
    ):
        lock.check()
        began = time.monotonic()
        other.execute("select pg_terminate_backend(%s)", (lock.backend_pid,))
        while not heard and time.monotonic() < began + 5:
            time.sleep(0.01)
        print(f"noticed after {heard[0][0] - began:.2f} s: {heard[0][1]}")
        assert heard[0][0] - began < 2
        with pytest.raises(WriterLockLostError):
            lock.check()


def test_the_body_s_own_error_comes_first(other: psycopg.Connection) -> None:
    with pytest.raises(ZeroDivisionError), hold(connect, "raw", "A", silent) as lock:
        other.execute("select pg_terminate_backend(%s)", (lock.backend_pid,))
        time.sleep(0.5)
        raise ZeroDivisionError
    assert current_holder(other, "raw") is None


def test_a_shared_holder_is_waited_for_and_named(database: Database) -> None:
    """dbt by hand holds the lock shared for a moment."""
    messages: list[str] = []
    with database.connect(application_name="dbt by hand", autocommit=False) as dbt:
        dbt.execute("select pg_try_advisory_xact_lock_shared(hashtextextended('attribution-workbench:raw', 0))")
        with (
            pytest.raises(WaitCanceledError),
            hold(connect, "raw", "B", messages.append, should_stop=lambda: bool(messages), poll_seconds=0.05),
        ):
            pass
    assert "dbt by hand" in messages[0]


@pytest.fixture
def no_variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str | None], Path]:
    def set_up(content: str | None) -> Path:
        for name in [name for name in os.environ if name.startswith("PG")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("ATTRIBUTION_LOCAL_DIR", str(tmp_path))
        if content is not None:
            (tmp_path / "connection.json").write_text(content)
        return tmp_path

    return set_up


def test_no_connection_file(no_variables: Callable[[str | None], Path]) -> None:
    folder = no_variables(None)
    with pytest.raises(ConnectionFailedError, match="Start it with `npm run db`") as raised:
        connect("test")
    assert str(folder / "connection.json") in str(raised.value)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"host": "h", "port": "canary"}', '{"password": "canary"}'])
def test_a_damaged_connection_file(no_variables: Callable[[str | None], Path], content: str) -> None:
    no_variables(content)
    with pytest.raises(HumanError, match=r"connection\.json cannot be read") as raised:
        connect("test")
    assert "canary" not in str(raised.value)


def test_a_dead_server(no_variables: Callable[[str | None], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    no_variables('{"host": "127.0.0.1", "port": 1, "user": "u", "password": "canary", "dbname": "d"}')
    with pytest.raises(
        ConnectionFailedError, match=r"127\.0\.0\.1:1, database d, user u: .*refused.*npm run db"
    ) as raised:
        connect("test")
    assert "canary" not in str(raised.value)
    monkeypatch.setenv("PGHOST", "127.0.0.1")
    monkeypatch.setenv("PGPORT", "1")
    with pytest.raises(ConnectionFailedError, match="Check PGHOST"):
        connect("test")


def test_our_server_is_meant_whatever_other_variables_say(
    database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import json

    settings = {**database.settings, "password": database.settings.get("password", "")}
    (tmp_path / "connection.json").write_text(json.dumps(settings))
    monkeypatch.setenv("ATTRIBUTION_LOCAL_DIR", str(tmp_path))
    stray = {
        "PGHOSTADDR": "192.0.2.1",
        "PGPORT": "1",
        "PGDATABASE": "x",
        "PGUSER": "x",
        "PGSSLMODE": "require",
        "PGOPTIONS": "-c x",
    }
    with monkeypatch.context() as variables:
        variables.delenv("PGHOST")
        for name, value in stray.items():
            variables.setenv(name, value)
        with connect("test") as connection:
            assert connection.info.dbname == database.name
            assert database.name in describe(connection)
        described = describe()
    where = f"{settings['host']}:{settings['port']}"
    assert described == f"PostgreSQL at {where}, database {database.name}, user {settings['user']}"


def test_text_is_shown_safely() -> None:
    assert shown("a\n\x1b[31mé\udcff\u202e") == "a\\n\\x1b[31mé\\xff\\u202e"
