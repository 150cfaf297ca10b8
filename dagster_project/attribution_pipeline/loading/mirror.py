"""The mirror of the raw folder in the raw schema: one transaction, so that the whole folder is loaded or nothing
changes."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus
from typing_extensions import LiteralString

from ..connection import check_server, describe
from ..errors import shown
from ..last_words import LastWords
from . import schema
from .columns import COLUMNS, TABLES, Entity
from .copytext import CopyText
from .dialect import RecordReader
from .errors import DatabaseFailedError, LoadError
from .files import RawFile, content_hash, find, reading
from .report import FileReport, LoadReport, Status, file_line

__all__ = ["DatabaseFailedError", "LoadError", "LoadReport", "mirror"]

# While a COPY runs, the client does not hear of an error: a COPY is ended, and another begun, after so many bytes
COPY_BYTES = 32 * 1024 * 1024
PROGRESS_SECONDS = 2.0


@dataclass(frozen=True)
class _Known:
    """A row of raw.source_files."""

    entity: Entity
    sha256: str
    size_bytes: int
    records: int
    malformed: int
    removed: bool


@dataclass(frozen=True)
class _Loaded:
    records: int
    malformed: int
    sha256: str


def mirror(
    connection: psycopg.Connection,
    raw_data_dir: Path | str,
    raw_schema: str,
    run_id: str | None,
    on_progress: Callable[[str], None] = lambda line: None,
    reload: bool = False,
) -> LoadReport:
    """Make the raw schema hold what the folder holds now (attribution rules, section 1), in one transaction that is
    committed.

    New and changed files are loaded, files that are gone are unloaded; when nothing changed, only a row in raw.loads
    is added; with `reload` every file is loaded again. `connection` must not be in a transaction. `on_progress`
    receives plain lines, at most one every 2 s within a file.

    Raises LoadError (the files), ForeignSchemaError (the schema), UnsuitableServerError or DatabaseFailedError
    (PostgreSQL, in its own words): then everything is as it was before.
    """
    if connection.info.transaction_status not in (TransactionStatus.IDLE, TransactionStatus.UNKNOWN):
        raise ValueError("mirror() needs a connection that is not in a transaction: it commits its own")
    folder = Path(raw_data_dir)
    files = find(folder)
    with _in_human_words(connection):
        check_server(connection)
        with connection.transaction():
            return _Mirror(connection, folder, raw_schema, on_progress, reload).run(files, run_id)


@contextmanager
def _in_human_words(connection: psycopg.Connection) -> Iterator[None]:
    where = describe(connection)
    last_words = LastWords(connection)
    try:
        yield
    except psycopg.Error as error:
        raise DatabaseFailedError(
            f"The load failed in {where}: {last_words.of(error)}. Nothing was changed. "
            "Remove the cause, then load again."
        ) from error
    finally:
        last_words.stop_listening()


class _Mirror:
    """One load. Everything happens within the caller's transaction."""

    def __init__(
        self,
        connection: psycopg.Connection,
        folder: Path,
        raw_schema: str,
        on_progress: Callable[[str], None],
        reload: bool,
    ) -> None:
        self._connection = connection
        self._folder = folder
        self._schema = raw_schema
        self._on_progress = on_progress
        self._reload = reload

    def run(self, files: list[RawFile], run_id: str | None) -> LoadReport:
        began = time.monotonic()
        connection = self._connection
        # A long load is no reason to stop it
        connection.execute("set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0")
        schema.ensure(connection, self._schema)
        # Whoever writes without the writer lock waits here, and does not mix with this load
        connection.execute(self._sql("lock table {} in share row exclusive mode", "source_files"))
        load_id = self._next_load_id()
        known = self._known_files()
        names = {file.name for file in files}
        gone = {name: row for name, row in known.items() if name not in names and not row.removed}
        reports: list[FileReport] = []
        for name, row in gone.items():
            self._unload(name, row.entity)
            self._mark_removed(name, load_id)
            reports.append(FileReport(name, row.entity, "removed", 0, 0, row.size_bytes, 0.0))
            self._on_progress(file_line(reports[-1]))
        for file in files:
            reports.append(self._mirror_file(file, known.get(file.name), load_id))
        reports.sort(key=lambda report: report.name.encode())
        for entity, table in TABLES.items():
            if any(report.entity == entity and report.status != "unchanged" for report in reports):
                schema.ensure_indexes(connection, self._schema, table)
                connection.execute(self._sql("analyze {}", table))
        report = LoadReport(load_id, str(self._folder), self._schema, reports, time.monotonic() - began)
        connection.execute(
            self._sql(
                "insert into {} (load_id, mirrored_at, raw_data_dir, run_id, files_changed) values (%s, "
                "clock_timestamp(), %s, %s, %s)",
                "loads",
            ),
            (load_id, shown(str(self._folder)), run_id, report.files_changed),
        )
        self._on_progress(report.summary())
        return report

    def _mirror_file(self, file: RawFile, known: _Known | None, load_id: int) -> FileReport:
        if (
            known is not None
            and not known.removed
            and known.size_bytes == file.size_bytes
            and known.sha256 == content_hash(file)
            and not self._reload
            and self._is_there(file.name, file.entity, known.records)
        ):
            return FileReport(file.name, file.entity, "unchanged", known.records, known.malformed, file.size_bytes, 0.0)
        began = time.monotonic()
        status: Status = "new" if known is None or known.removed else "changed"
        # A new one too: what somebody's hand left of it must not stand beside it
        self._unload(file.name, file.entity)
        loaded = self._copy_file(file)
        self._remember(file, loaded, load_id)
        report = FileReport(
            file.name, file.entity, status, loaded.records, loaded.malformed, file.size_bytes, time.monotonic() - began
        )
        self._on_progress(file_line(report))
        return report

    def _is_there(self, name: str, entity: Entity, records: int) -> bool:
        """Whether the records of a file that is said to be loaded are there: somebody may have emptied the table."""
        if records == 0:
            return True
        statement = self._sql("select exists (select 1 from {} where source_file = %s)", TABLES[entity])
        return self._connection.execute(statement, (name,)).fetchone() == (True,)

    def _copy_file(self, file: RawFile) -> _Loaded:
        """Read the file once: hash it and send its records."""
        malformed = 0
        columns = COLUMNS[file.entity]
        next_line = time.monotonic() + PROGRESS_SECONDS
        with reading(file) as source:
            reader = RecordReader(source, shown(file.name), columns)
            text = CopyText(file.name, reader.header, columns)
            # The pieces of one file, each one COPY long, read on from the same reader
            batches = iter(reader)
            more = True
            while more:
                before = reader.records_read
                sent_bytes = 0
                with self._connection.cursor() as cursor:
                    with cursor.copy(self._copy_statement(file.entity)) as copy:
                        more = False
                        for batch in batches:
                            block = text.encode(batch)
                            copy.write(block)
                            sent_bytes += len(block)
                            if not batch.plain:
                                malformed += sum(isinstance(record, bytes) for record in batch.records)
                            if time.monotonic() >= next_line:
                                next_line = time.monotonic() + PROGRESS_SECONDS
                                self._on_progress(_progress_line(file, source.bytes_read, reader.records_read))
                            if sent_bytes >= COPY_BYTES:
                                more = True
                                break
                    if cursor.rowcount != reader.records_read - before:
                        raise LoadError(
                            f"{shown(file.name)}: {reader.records_read - before} records were sent, but "
                            f"PostgreSQL took {cursor.rowcount} "
                            "(a trigger or a rule on the raw tables?). Nothing was changed."
                        )
        return _Loaded(reader.records_read, malformed, source.sha256)

    def _copy_statement(self, entity: Entity) -> sql.Composed:
        names = ["source_file", "record_number", *COLUMNS[entity], "raw_record"]
        return sql.SQL("copy {} ({}) from stdin (format text, encoding 'UTF8')").format(
            sql.Identifier(self._schema, TABLES[entity]), sql.SQL(", ").join(map(sql.Identifier, names))
        )

    def _next_load_id(self) -> int:
        """Microseconds of the clock, never smaller than before: load_id grows also when the clock goes back."""
        clock = "(extract(epoch from clock_timestamp()) * 1000000)::bigint"
        statement = f"select greatest({clock}, coalesce(max(load_id) + 1, 0)) from {{}}"
        row = self._connection.execute(self._sql(statement, "loads")).fetchone()
        assert row is not None
        return row[0]

    def _known_files(self) -> dict[str, _Known]:
        statement = "select source_file, entity, sha256, size_bytes, record_count, malformed_count, removed from {}"
        rows = self._connection.execute(self._sql(statement, "source_files"))
        return {name: _Known(*values) for name, *values in rows}

    def _unload(self, name: str, entity: Entity) -> None:
        self._connection.execute(self._sql("delete from {} where source_file = %s", TABLES[entity]), (name,))

    def _mark_removed(self, name: str, load_id: int) -> None:
        statement = (
            "update {} set removed = true, load_id = %s, record_count = 0, malformed_count = 0, loaded_at = "
            "clock_timestamp() "
            "where source_file = %s"
        )
        self._connection.execute(self._sql(statement, "source_files"), (load_id, name))

    def _remember(self, file: RawFile, loaded: _Loaded, load_id: int) -> None:
        statement = """
            insert into {} (source_file, entity, load_id, sha256, size_bytes, record_count, malformed_count, removed,
            loaded_at) values (%s, %s, %s, %s, %s, %s, %s, false, clock_timestamp())
            on conflict (source_file) do update set
                load_id = excluded.load_id, sha256 = excluded.sha256, size_bytes = excluded.size_bytes,
                record_count = excluded.record_count, malformed_count = excluded.malformed_count,
                removed = false, loaded_at = excluded.loaded_at
        """
        values = (file.name, file.entity, load_id, loaded.sha256, file.size_bytes, loaded.records, loaded.malformed)
        self._connection.execute(self._sql(statement, "source_files"), values)

    def _sql(self, template: LiteralString, table: str) -> sql.Composed:
        return sql.SQL(template).format(sql.Identifier(self._schema, table))


def _progress_line(file: RawFile, bytes_read: int, records: int) -> str:
    share = 100 * bytes_read // file.size_bytes if file.size_bytes else 100
    return f"{shown(file.name)}: {records} records, {share} % read"
