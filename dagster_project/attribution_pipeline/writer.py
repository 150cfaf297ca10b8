"""The one-writer lock: who holds it may write to our schemas, everybody else waits (ARCHITECTURE.md, "One writer").

A session advisory lock on a connection of its own: it is gone by itself when the process or its connection dies. It is
taken by polling, so that waiting can be interrupted, and the holder is named meanwhile.
"""

import selectors
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Protocol

import psycopg
from psycopg.pq import ConnStatus

from .errors import HumanError, shown
from .last_words import LastWords

POLL_SECONDS = 0.5
REPEAT_SECONDS = 30.0

_KEY = "hashtextextended('attribution-workbench:' || %s, 0)"


class ConnectionFactory(Protocol):
    """`connection.connect`, or one like it."""

    def __call__(self, application_name: str, autocommit: bool) -> psycopg.Connection: ...


class WriterLockLostError(HumanError):
    """The lock's connection ended while the lock was held: another writer may have begun."""


class WaitCanceledError(HumanError):
    """Waiting for the lock was given up."""


@dataclass(frozen=True)
class Holder:
    """Who holds the lock: the backend's process id, its application name, and since when."""

    backend_pid: int
    who: str
    since: datetime | None

    def describe(self) -> str:
        """The holder in a few words, fit for a log line."""
        since = f" since {self.since.astimezone(timezone.utc):%Y-%m-%d %H:%M:%S} UTC" if self.since else ""
        return f"{shown(self.who) or 'an unnamed connection'} (backend {self.backend_pid}){since}"


class WriterLock:
    """The lock while it is held. `backend_pid` is the backend that holds it; `lost` says why it no longer does."""

    def __init__(self, connection: psycopg.Connection, on_lost: Callable[[str], None] | None) -> None:
        self.backend_pid = connection.info.backend_pid
        self.lost: str | None = None
        self._connection = connection
        self._on_lost = on_lost
        self._last_words = LastWords(connection)
        self._released = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="writer-lock", daemon=True)
        self._watcher.start()

    def check(self) -> None:
        """Raise WriterLockLostError when the lock's connection is gone (noticed within a second)."""
        if self.lost:
            raise WriterLockLostError(self.lost)

    def release(self) -> None:
        """Stop watching, give the lock back and close its connection."""
        self._released.set()
        self._watcher.join()
        with suppress(psycopg.Error):
            if not self._connection.closed:
                self._connection.execute("select pg_advisory_unlock_all()")
        self._connection.close()

    def _watch(self) -> None:
        """An idle connection becomes readable only when the server says something: mostly that it is ending."""
        pgconn = self._connection.pgconn
        with selectors.DefaultSelector() as selector:
            selector.register(pgconn.socket, selectors.EVENT_READ)
            while not self._released.is_set():
                if not selector.select(timeout=0.2):
                    continue
                try:
                    pgconn.consume_input()
                    # Parses what came: a notice, a changed setting, or the server's last words
                    pgconn.is_busy()
                    ended, reason = pgconn.status != ConnStatus.OK, "the connection ended"
                except psycopg.Error as error:
                    ended, reason = True, self._last_words.of(error)
                if ended and not self._released.is_set():
                    self._report(reason)
                    return

    def _report(self, reason: str) -> None:
        self.lost = (
            f"The writer lock was lost: {reason}. Another run may write now, so this one must stop. "
            "Look whether the database was restarted, then start the run again."
        )
        if self._on_lost:
            self._on_lost(self.lost)


@contextmanager
def hold(
    connection_factory: ConnectionFactory,
    raw_schema: str,
    who: str,
    on_wait: Callable[[str], None],
    poll_seconds: float = POLL_SECONDS,
    repeat_seconds: float = REPEAT_SECONDS,
    should_stop: Callable[[], bool] = lambda: False,
    on_lost: Callable[[str], None] | None = None,
) -> Iterator[WriterLock]:
    """Hold the lock of one raw schema while the body runs; wait for it as long as it takes.

    `who` becomes the connection's application_name. `on_wait` receives a line that names the holder: at once, when the
    holder changes, and every `repeat_seconds`. `should_stop` is asked at every poll. `on_lost` is called, from another
    thread, within a second of the lock's connection being lost.

    Raises WaitCanceledError when `should_stop` says so, and WriterLockLostError when the body ends well but the lock
    was lost under it.
    """
    connection = connection_factory(application_name=who, autocommit=True)
    try:
        _take(connection, raw_schema, on_wait, poll_seconds, repeat_seconds, should_stop)
    except BaseException as error:
        connection.close()
        if isinstance(error, psycopg.Error):
            raise WriterLockLostError(
                f"The connection was lost while waiting for the writer lock: {' '.join(str(error).split())}. "
                "Start the run again."
            ) from error
        raise
    lock = WriterLock(connection, on_lost)
    try:
        yield lock
    finally:
        lock.release()
    lock.check()


def current_holder(connection: psycopg.Connection, raw_schema: str) -> Holder | None:
    """Who holds the lock of a raw schema in this database, shared holders (dbt by hand) included; None when it is
    free."""
    row = connection.execute(
        f"""
        select locks.pid, activity.application_name, activity.state_change
        from pg_locks as locks
        inner join pg_database as databases on databases.oid = locks.database
        left join pg_stat_activity as activity on activity.pid = locks.pid
        where
            locks.locktype = 'advisory' and locks.granted and locks.objsubid = 1
            and databases.datname = current_database()
            and ((locks.classid::bigint << 32) | locks.objid::bigint) = {_KEY}
            and locks.pid <> pg_backend_pid()
        order by activity.state_change, locks.pid
        limit 1
        """,
        (raw_schema,),
    ).fetchone()
    return None if row is None else Holder(row[0], row[1] or "", row[2])


def _take(
    connection: psycopg.Connection,
    raw_schema: str,
    on_wait: Callable[[str], None],
    poll_seconds: float,
    repeat_seconds: float,
    should_stop: Callable[[], bool],
) -> None:
    told_of: int | None = None
    told_at = 0.0
    while not _try(connection, raw_schema):
        if should_stop():
            raise WaitCanceledError("Waiting for the other run to end was canceled; nothing was written.")
        holder = current_holder(connection, raw_schema)
        if holder and (holder.backend_pid != told_of or time.monotonic() - told_at >= repeat_seconds):
            on_wait(f"Waiting for {holder.describe()}: only one run writes at a time.")
            told_of, told_at = holder.backend_pid, time.monotonic()
        time.sleep(poll_seconds)


def _try(connection: psycopg.Connection, raw_schema: str) -> bool:
    row = connection.execute(f"select pg_try_advisory_lock({_KEY})", (raw_schema,)).fetchone()
    assert row is not None
    return row[0]
