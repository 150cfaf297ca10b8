"""A run's progress as plain lines, read from Dagster's own event log while the run goes on."""

import logging
import re
import sys
import threading
import time

import dagster as dg

POLL_SECONDS = 0.25
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_OUR_ERROR = re.compile(r"attribution_pipeline(\.\w+)+: ")
_INTERRUPTIONS = ("DagsterExecutionInterruptedError", "KeyboardInterrupt")


def deepest_message(error: object) -> str:
    """The message of the innermost cause, since the outer ones only say that a step failed; or of an error of ours,
    which is written for people, whatever caused it."""
    while True:
        message = plain(getattr(error, "message", str(error)))
        if ours := _OUR_ERROR.match(message):
            return message[ours.end() :]
        cause = getattr(error, "cause", None)
        if cause is None:
            return message
        error = cause


def is_interruption(error: object) -> bool:
    """Whether the error, or what caused it, is that the run was cancelled."""
    while error is not None:
        if getattr(error, "cls_name", None) in _INTERRUPTIONS:
            return True
        error = getattr(error, "cause", None)
    return False


def plain(text: str) -> str:
    """Text without ANSI codes and outer white space."""
    return _ANSI.sub("", text).strip()


class Progress:
    """Follows one run and prints a line for each asset and for each check that did not pass."""

    def __init__(self, instance: dg.DagsterInstance, run_id: str) -> None:
        self._instance = instance
        self._run_id = run_id
        # The standard output of now: while the run goes on it is redirected
        self._stream = sys.stdout
        self._done = threading.Event()
        self._cursor: str | None = None
        self._started = time.monotonic()
        self._checks = 0
        self._warnings = 0
        self._failures: list[str] = []
        self._interrupted = False
        self.blocking_failures: list[str] = []

    def follow(self) -> None:
        """Prints until `finish` was called and every event is shown."""
        while True:
            last = self._done.is_set()
            while self._show_next():
                pass
            if last:
                return
            self._done.wait(POLL_SECONDS)

    def finish(self) -> None:
        """The run has ended: what is left is shown, then `follow` returns."""
        self._done.set()

    @property
    def interrupted(self) -> bool:
        """Whether the run ended because it was cancelled, and for no other reason."""
        return self._interrupted and not self._failures

    def failure_message(self) -> str:
        """What went wrong, in the words of the deepest cause."""
        found = self._failures + self.blocking_failures
        return (
            "The run failed.\n" + "\n".join(dict.fromkeys(found))
            if found
            else "The run failed; see its log in Dagster."
        )

    def _show_next(self) -> bool:
        connection = self._instance.get_records_for_run(self._run_id, cursor=self._cursor, limit=200)
        for record in connection.records:
            self._show(record.event_log_entry)
        self._cursor = connection.cursor
        return connection.has_more

    def _line(self, mark: str, text: str) -> None:
        print(f"{time.monotonic() - self._started:6.1f} s  {mark:<5} {text}", file=self._stream, flush=True)

    def _show(self, entry: dg.EventLogEntry) -> None:
        event = entry.dagster_event
        if event is None:
            # What our own code logs: files loaded, whom the run waits for
            if isinstance(entry.level, int) and entry.level >= logging.ERROR and entry.step_key is None:
                self._failures.append(entry.user_message)
                self._line("FAIL", entry.user_message)
            elif entry.step_key != "dbt_models":
                self._line("", entry.user_message)
        elif event.is_step_materialization:
            materialization = event.step_materialization_data.materialization
            rows = materialization.metadata.get("dagster/row_count")
            count = f"{rows.value:,} row{'' if rows.value == 1 else 's'}" if rows else ""
            self._line("ok", f"{materialization.asset_key.to_user_string():<42} {count}")
        elif event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            self._show_check(event.asset_check_evaluation_data)
        elif event.is_step_failure:
            data = event.step_failure_data
            if data.error and data.error.cls_name == "DagsterAssetCheckFailedError":
                # The check itself was shown, with its reason
                return
            if is_interruption(data.error) and not data.user_failure_data:
                self._interrupted = True
                return
            described = data.user_failure_data.description if data.user_failure_data else None
            message = plain(described) if described else deepest_message(data.error)
            self._failures.append(message)
            self._line("FAIL", f"{event.step_key}: {message.splitlines()[0] if message else 'failed'}")
        elif event.is_failure:
            error = event.job_failure_data.error
            if is_interruption(error):
                self._interrupted = True
            # Of a failed step or check it says again what that said
            elif (message := deepest_message(error) if error else "") and not (
                self._failures or self.blocking_failures
            ):
                self._failures.append(message)
        elif event.event_type == dg.DagsterEventType.RUN_SUCCESS:
            self._line("ok", f"{self._checks} checks passed, {self._warnings} warned")

    def _show_check(self, check: dg.AssetCheckEvaluation) -> None:
        if check.passed:
            self._checks += 1
            return
        name = f"{check.asset_key.to_user_string()}: {check.check_name}"
        found = f" ({plain(check.description)})" if check.description else ""
        if check.severity == dg.AssetCheckSeverity.WARN:
            self._warnings += 1
            self._line("warn", name + found)
        else:
            self.blocking_failures.append(f"Check failed: {name}{found}")
            self._line("FAIL", name + found)
