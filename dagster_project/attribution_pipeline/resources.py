"""The one writer: a run's process holds the lock from its first step to its last."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from attribution_pipeline import writer as writer_lock
from attribution_pipeline.connection import connect
from attribution_pipeline.manifest_facts import raw_schema

PID_VARIABLE = "ATTRIBUTION_WRITER_PID"


class Writer(dg.ConfigurableResource):
    """Waits until no other run writes, says for whom it waits, and then is the only one until the run ends.

    The lock covers load and dbt: all steps of a run share one process (in_process_executor), which sets this up once.
    """

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["Writer"]:
        log = context.log
        run_id = context.run_id or "unknown"
        with writer_lock.hold(
            connect,
            raw_schema(),
            who=f"attribution run {run_id[:8]} pid {os.getpid()}",
            on_wait=lambda message: log.info(message) if log else None,
            on_lost=lambda message: log.error(message) if log else None,
        ) as lock:
            os.environ[PID_VARIABLE] = str(lock.backend_pid)
            try:
                yield self
            finally:
                os.environ.pop(PID_VARIABLE, None)
