"""Ending what a cancelled run is doing: at once, and in the database and in dbt as well."""

import _thread
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

DBT_SECONDS = 5


@contextmanager
def interruptible() -> Iterator[None]:
    """Cancelling raises KeyboardInterrupt here: for no other exception does psycopg cancel the query in the server."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {number: signal.signal(number, signal.default_int_handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def interrupt_main_thread() -> None:
    """From another thread: as if the run was cancelled, also where the main thread waits for something."""
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None:
        signal.pthread_kill(main, signal.SIGINT)
    else:
        _thread.interrupt_main()


def end(process: "subprocess.Popen[Any]") -> None:
    """Ends dbt where it still runs; it cancels its queries when it is interrupted."""
    if process.poll() is not None:
        return
    if process.stdout:
        # Nobody reads it any more: it must not wait for that
        process.stdout.close()
    if os.name == "nt":
        process.terminate()
    else:
        process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=DBT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
