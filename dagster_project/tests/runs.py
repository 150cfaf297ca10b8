"""The pipeline as a real process, gates that stop it at a known place, and PostgreSQL servers that a test may break.

`python -m tests.runs sensor` (or `schedule`) evaluates the automation and executes what it asks for, as Dagster's
daemon does.
"""

import fcntl
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import pytest

from attribution_pipeline import manifest
from attribution_pipeline.paths import ROOT
from attribution_pipeline.writer import current_holder

from .warehouse import SCHEMAS, Database, Warehouse

PROJECT = Path(__file__).resolve().parents[1]
CLI = ["-m", "attribution_pipeline.cli", "pipeline"]
PATIENCE_SECONDS = 150.0

Found = TypeVar("Found")


def wait_for(look: Callable[[], Found | None], what: str, seconds: float = PATIENCE_SECONDS) -> Found:
    """What `look` finds, as soon as it is true."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, f"waited {seconds:.0f} s for {what}"
        time.sleep(0.02)
    return found


def prepared_manifest(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The shared manifest, made current by one worker while the others wait."""
    with (tmp_path_factory.getbasetemp().parent / "manifest.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        manifest.prepare()


@dataclass
class Run:
    """A process in a session of its own, so that whatever it leaves behind can be found."""

    process: "subprocess.Popen[bytes]"
    out: Path
    err: Path

    @property
    def output(self) -> str:
        return self.out.read_text()

    @property
    def errors(self) -> str:
        return self.err.read_text()

    def wait(self, seconds: float = PATIENCE_SECONDS) -> int:
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {seconds} s:\n{self.output}\n{self.errors}") from None

    def says(self, pattern: str, seconds: float = PATIENCE_SECONDS) -> str:
        """The first match of `pattern` in its output, once it is there."""

        def look() -> "re.Match[str] | None":
            found = re.search(pattern, self.output + self.errors)
            assert found or self.process.poll() is None, f"ended without {pattern!r}:\n{self.output}\n{self.errors}"
            return found

        return wait_for(look, f"{pattern!r} in the output", seconds).group()

    def falls_silent(self, seconds: float) -> None:
        """Waits until it has said nothing for so long."""
        size, since = -1, time.monotonic()
        while time.monotonic() < since + seconds:
            if (now := self.out.stat().st_size) != size:
                size, since = now, time.monotonic()
            time.sleep(0.05)

    def left_behind(self) -> list[str]:
        """Processes that it started and that still run."""
        table = subprocess.run(["ps", "-e", "-o", "pgid=,stat=,args="], capture_output=True, text=True, check=True)
        rows = [line.split(maxsplit=2) for line in table.stdout.splitlines()]
        return [row[-1] for row in rows if row[0] == str(self.process.pid) and not row[1].startswith("Z")]

    def kill_all(self) -> None:
        if self.left_behind():
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@dataclass
class Pipeline:
    """Starts the pipeline on a warehouse's database, with a Dagster home of its own."""

    warehouse: Warehouse
    scratch: Path
    raw: Path
    project: Path | None = None
    runs: list[Run] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        home = self.scratch / "dagster_home"
        home.mkdir(parents=True, exist_ok=True)
        (home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
        profiles = self.scratch / "profiles"
        profiles.mkdir(exist_ok=True)
        shutil.copy(ROOT / "stack" / "profiles.template.yml", profiles / "profiles.yml")
        # Without compiled bytecode every process would compile Dagster and dbt again, for seconds
        others = ("PG", "DBT_", "DAGSTER_", "PYTHONDONTWRITEBYTECODE")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(others)}
        return {
            **kept,
            **self.warehouse.database.environment,
            "RAW_DATA_DIR": str(self.raw),
            "ATTRIBUTION_LOCAL_DIR": str(self.scratch),
            "DAGSTER_HOME": str(home),
            "DBT_PROFILES_DIR": str(profiles),
            # Parsed already, by the dbt in this process: the same profile and variables, so its cache is good
            "DBT_TARGET_PATH": str(self.warehouse._target()),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "NO_COLOR": "1",
            **({"DBT_PROJECT_DIR": str(self.project)} if self.project else {}),
        }

    def start(self, *arguments: str, **environment: str) -> Run:
        return self.start_process(*CLI, *arguments, **environment)

    def start_process(self, *arguments: str, **environment: str) -> Run:
        out, err = (self.scratch / f"run{len(self.runs)}.{name}" for name in ("out", "err"))
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=PROJECT,
                env={**self.environment, **environment},
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
        self.runs.append(Run(process, out, err))
        return self.runs[-1]

    def run(self, *arguments: str, **environment: str) -> tuple[int, Run]:
        run = self.start(*arguments, **environment)
        return run.wait(), run

    def end(self) -> None:
        for run in self.runs:
            run.kill_all()


@dataclass
class Gate:
    """A table that can be read but not written: who writes to it waits here, in the middle of its transaction."""

    connection: psycopg.Connection
    database: Database

    def reached_by(self, run: Run) -> int:
        """The backend that waits, once one does."""

        def look() -> list[int]:
            found = blocked_by(self.database, self.connection.info.backend_pid)
            assert found or run.process.poll() is None, f"ended before the gate:\n{run.output}\n{run.errors}"
            return found

        return wait_for(look, "somebody at the gate")[0]


@contextmanager
def gate(database: Database, table: str) -> Iterator[Gate]:
    connection = database.connect(autocommit=False)
    try:
        connection.execute(f"lock table {table} in share mode")  # type: ignore[arg-type]
        yield Gate(connection, database)
    finally:
        # Not as a context: the server may be gone
        connection.close()


def blocked_by(database: Database, backend: int) -> list[int]:
    """The backends that wait for a lock that this one holds."""
    with database.connect() as looker:
        found = looker.execute("select pid from pg_stat_activity where %s = any(pg_blocking_pids(pid))", (backend,))
        return [pid for (pid,) in found]


def leftovers(database: Database) -> list[tuple[Any, ...]]:
    """Sessions of the pipeline and of dbt, and advisory locks, that are still there."""
    with database.connect(application_name="looker") as connection:
        return connection.execute(
            """
            select application_name, state, query from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
                and (application_name like 'attribution %' or application_name like 'dbt%')
            union all
            select 'lock', mode, pid::text from pg_locks
            where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())
            """
        ).fetchall()


def writer_backend(database: Database) -> int | None:
    """The backend that holds the one-writer lock."""
    with database.connect() as connection:
        holder = current_holder(connection, "raw")
    return holder.backend_pid if holder else None


def terminate(database: Database, backend: int) -> float:
    """Kills a backend; the moment at which."""
    with database.connect() as connection:
        connection.execute("select pg_terminate_backend(%s)", (backend,))
    return time.monotonic()


def raw_rows(database: Database) -> list[tuple[Any, ...]]:
    """What the load made visible."""
    with database.connect() as connection:
        return connection.execute(
            "select t::text from raw.events as t union all select t::text from raw.clients as t "
            "union all select t::text from raw.source_files as t order by 1"
        ).fetchall()


def schemas(database: Database) -> list[str]:
    with database.connect() as connection:
        found = connection.execute(
            "select nspname from pg_namespace where nspname = any(%s) order by 1", (["raw", *SCHEMAS],)
        )
        return [name for (name,) in found]


class OwnServer:
    """A PostgreSQL server that a test may break. As root it runs under another account, from where that can reach."""

    def __init__(self, programs: Path) -> None:
        root = os.getuid() == 0
        self._base = Path(tempfile.mkdtemp(prefix="attribution-faults-", dir="/var/tmp" if root else None))
        self._account: dict[str, Any] = {}
        if root:
            names = {entry.pw_name: entry for entry in pwd.getpwall()}
            account = names.get("postgres") or names["nobody"]
            self._account = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
            os.chown(self._base, account.pw_uid, account.pw_gid)
        self._programs = self._reachable(programs)
        self._data = self._base / "data"
        self._log = self._base / "log"
        self._process: subprocess.Popen[Any] | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        # Small files of the write-ahead log, so that a limit on the size of files leaves room for them
        self._call("initdb", "-D", str(self._data), "-U", "attribution", "-A", "trust", "-E", "UTF8", "--locale=C")
        with (self._data / "postgresql.conf").open("a") as settings:
            settings.write(
                f"port = {self.port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\n"
                "shared_buffers = 64MB\njit = off\n"
            )

    @property
    def settings(self) -> dict[str, Any]:
        return {"host": "127.0.0.1", "port": self.port, "user": "attribution", "password": "", "dbname": "postgres"}

    def start(self) -> float:
        """Starts it and waits until it answers; gives the seconds."""
        began = time.monotonic()
        with self._log.open("ab") as log:
            self._log_at_start = log.tell()
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._data],
                cwd=self._base,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self._account,
            )
        wait_for(self.answers, "the server to answer", 60)
        return time.monotonic() - began

    def stop_at_once(self) -> None:
        """Immediate shutdown: no connection is ended in order, the next start recovers."""
        assert self._process
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(30)
        self._process = None

    def limit_files(self, backend: int, size: int) -> None:
        """One backend may write no file beyond `size` bytes. The server's account says so: root may not be allowed."""
        import resource

        def limit() -> None:
            resource.prlimit(backend, resource.RLIMIT_FSIZE, (size, size))

        subprocess.run(["true"], preexec_fn=limit, check=True, cwd="/", **self._account)

    def log_since_start(self) -> str:
        return self._log.read_text()[self._log_at_start :]

    def remove(self) -> None:
        if self._process:
            self.stop_at_once()
        shutil.rmtree(self._base)

    def answers(self) -> bool:
        assert self._process and self._process.poll() is None, self.log_since_start()
        try:
            with psycopg.connect(**self.settings, connect_timeout=5):
                return True
        except psycopg.OperationalError:
            return False

    def _reachable(self, programs: Path) -> Path:
        look = ["ls", programs / "postgres"]
        if subprocess.run(look, capture_output=True, cwd="/", check=False, **self._account).returncode == 0:
            return programs
        shutil.copytree(programs.parent, self._base / "programs", symlinks=True)
        subprocess.run(["chmod", "-R", "a+rX", str(self._base / "programs")], check=True)
        return self._base / "programs" / programs.name

    def _call(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._programs / program, *arguments, "--no-sync", "--wal-segsize=1"],
            cwd=self._base,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
            **self._account,
        )
        assert done.returncode == 0, done.stderr

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
        return {**kept, "LC_ALL": "C"}


def _execute_automation(which: str) -> int:
    """Evaluates the sensor (twice: the folder has to stand still) or the schedule, and executes its run request."""
    from datetime import datetime, timezone

    import dagster as dg

    from attribution_pipeline.definitions import daily, defs, raw_folder_changed

    with dg.DagsterInstance.get() as instance:
        if which == "sensor":
            first = raw_folder_changed(dg.build_sensor_context(instance=instance))
            assert isinstance(first, dg.SensorResult) and not first.run_requests
            second = raw_folder_changed(dg.build_sensor_context(instance=instance, cursor=first.cursor))
            assert isinstance(second, dg.SensorResult) and second.run_requests
            [request] = second.run_requests
        else:
            now = datetime(2024, 6, 1, 5, tzinfo=timezone.utc)
            request = daily(dg.build_schedule_context(instance=instance, scheduled_execution_time=now))
            assert isinstance(request, dg.RunRequest)
        job = defs.resolve_job_def("everything")
        result = job.execute_in_process(
            instance=instance, run_config=request.run_config, tags=dict(request.tags), raise_on_error=False
        )
        return 0 if result.success else 1


if __name__ == "__main__":
    sys.exit(_execute_automation(sys.argv[1]))
