"""The pipeline from the command line: `python -m attribution_pipeline.cli pipeline`.

Runs everything through Dagster, shows it live, prints the result as tables, and exits with 1 and a plain message when
anything failed."""

import argparse
import contextlib
import os
import signal
import sys
import threading
import uuid
from pathlib import Path
from types import FrameType

import dagster as dg

from attribution_pipeline.errors import HumanError
from attribution_pipeline.paths import local_dir
from attribution_pipeline.progress import Progress
from attribution_pipeline.report import print_report

LOGS_KEPT = 5


def ensure_dagster_home() -> None:
    """History lives in the local folder: without a home Dagster would lose it and leave a temporary folder."""
    home = Path(os.environ.setdefault("DAGSTER_HOME", str(local_dir() / "dagster_home")))
    home.mkdir(parents=True, exist_ok=True)


def log_of(run_id: str) -> Path:
    """A file of the run's own for dbt's output; of the old ones a few are kept."""
    folder = local_dir() / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    for old in sorted(folder.glob("dbt-*.log"), key=lambda path: path.stat().st_mtime, reverse=True)[LOGS_KEPT:]:
        old.unlink(missing_ok=True)
    return folder / f"dbt-{run_id[:8]}.log"


def run_everything(full_refresh: bool) -> int:
    """Runs the job in this process; returns the exit code."""
    # Imported late: a missing manifest or profile is a message, not a traceback
    from attribution_pipeline.definitions import defs

    job = defs.resolve_job_def("everything")
    with dg.DagsterInstance.get() as instance:
        run_id = str(uuid.uuid4())
        progress = Progress(instance, run_id)
        follower = threading.Thread(target=progress.follow, daemon=True)
        follower.start()
        log_file = log_of(run_id)
        try:
            # dbt's own output would drown the progress; it is kept for whoever looks for it
            with log_file.open("w", encoding="utf-8") as log, contextlib.redirect_stdout(log):
                result = job.execute_in_process(
                    instance=instance,
                    run_id=run_id,
                    raise_on_error=False,
                    run_config={
                        "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
                        "ops": {
                            name: {"config": {"full_refresh": full_refresh}}
                            for name in ("load_raw_files", "dbt_models")
                        },
                    },
                    tags={"attribution/started_by": f"command line, pid {os.getpid()}"},
                )
                succeeded = result.success
        finally:
            progress.finish()
            follower.join(timeout=10)
        if _interrupted.is_set() or progress.interrupted:
            # Dagster has handlers of its own meanwhile, turns the interruption into a failed run and comes back here
            raise KeyboardInterrupt
        if not succeeded:
            print(f"\n{progress.failure_message()}\n(dbt's own output: {log_file})", file=sys.stderr)
            return 1
        print_report()
        return 1 if progress.blocking_failures else 0


_interrupted = threading.Event()


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    _interrupted.set()
    raise KeyboardInterrupt


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code (130 when interrupted)."""
    parser = argparse.ArgumentParser(prog="attribution_pipeline.cli", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    pipeline = commands.add_parser("pipeline", help="load, materialize everything, print the result")
    pipeline.add_argument(
        "--full-refresh", action="store_true", help="load every file again, rebuild every model whole"
    )
    commands.add_parser("report", help="print channel performance and the reconciliation")
    options = parser.parse_args(arguments)
    # SIGINT too: whoever starts us in the background may have left it ignored
    for received in (signal.SIGINT, signal.SIGTERM):
        signal.signal(received, _interrupt)
    ensure_dagster_home()
    try:
        if options.command == "report":
            print_report()
            return 0
        return run_everything(options.full_refresh)
    except HumanError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Cancelled: nothing half-written is left, the next run carries on.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
