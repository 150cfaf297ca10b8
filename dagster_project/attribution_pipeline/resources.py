"""The one writer: a run's process holds the lock from its first step to its last."""

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg
from pydantic import PrivateAttr

from attribution_pipeline import writer as writer_lock
from attribution_pipeline.connection import connect
from attribution_pipeline.interruption import end, interrupt_main_thread
from attribution_pipeline.manifest_facts import raw_schema

PID_VARIABLE = "ATTRIBUTION_WRITER_PID"


class Writer(dg.ConfigurableResource):
    """Waits until no other run writes, says for whom it waits, and then is the only one until the run ends.

    The lock covers load and dbt: all steps of a run share one process (in_process_executor), which sets this up once.
    """

    _lock: writer_lock.WriterLock | None = PrivateAttr(default=None)
    _processes: "list[subprocess.Popen[Any]]" = PrivateAttr(default_factory=list)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["Writer"]:
        log = context.log
        run_id = context.run_id or "unknown"
        runs_here = threading.current_thread() is threading.main_thread()

        def stop(message: str) -> None:
            if log:
                log.error(message)
            # A query may run for long: another run that has the lock by now must not meet it
            if runs_here:
                interrupt_main_thread()

        with writer_lock.hold(
            connect,
            raw_schema(),
            who=f"attribution run {run_id[:8]} pid {os.getpid()}",
            on_wait=lambda message: log.info(message) if log else None,
            on_lost=stop,
        ) as lock:
            self._lock = lock
            os.environ[PID_VARIABLE] = str(lock.backend_pid)
            try:
                yield self
            finally:
                for process in self._processes:
                    end(process)
                os.environ.pop(PID_VARIABLE, None)
                self._lock = None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Around whatever writes: where the lock was lost meanwhile, the step fails and says so."""
        try:
            yield
        except GeneratorExit:
            raise
        except BaseException as error:
            self._fail_if_lost(error)
            raise
        self._fail_if_lost(None)

    def ends(self, process: "subprocess.Popen[Any]") -> None:
        """A process that writes for the run ends, by itself or by us, before another run may begin. (A step that was
        interrupted in Dagster's own code never comes back to ours, so it cannot see to that.)"""
        self._processes.append(process)

    def _fail_if_lost(self, error: BaseException | None) -> None:
        if self._lock and self._lock.lost:
            raise dg.Failure(description=self._lock.lost, allow_retries=False) from error
