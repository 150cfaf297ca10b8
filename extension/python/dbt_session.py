"""One warm dbt: a process that imports dbt once and answers requests on its public `dbtRunner`.

Reads JSON requests, one a line, on standard input: `{"id", "method", "params"}`, and `{"cancel": id}`. Writes JSON
lines on what was standard output: `{"ready": {…}}` or `{"failed": {…}}` first, then for each request any number of
`{"id", "event"}` and one `{"id", "result"}` or `{"id", "error": {"kind", "message"}}`. Nothing that dbt prints can
reach that pipe. One request runs at a time, in their order: whoever asks decides what goes first. The end of standard
input ends the process, whatever it does, and its queries on the server.

`compile` works on a shadow of the project, into which unsaved text goes, and holds the manifest in memory. dbt parses a
file by its Jinja alone, so while the tags of a text stay what they were, the manifest stays right and only that node is
compiled anew; else dbt parses what changed. `invoke` works on the project itself. Both have target folders of their
own.
"""

import contextlib
import gc
import io
import json
import os
import queue
import signal
import sys
import threading
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

# A folder of the workspace that is called dbt must not stand in for dbt; the files beside this one are found even by an
# interpreter that leaves them out (PYTHONSAFEPATH)
here = str(Path(__file__).resolve().parent)
sys.path[:] = [here, *(place for place in sys.path if place and Path(place).resolve() != Path.cwd() and place != here)]

from dbt_compiler import Compiler, Json, RequestError, readable, run_dbt  # noqa: E402 - found by the line above

# What a watcher wants to know of, although dbt tells it to its log file only
NODE_EVENTS = {"NodeStart", "NodeFinished"}


class Pipe:
    """The way back: whole lines, whoever writes."""

    def __init__(self) -> None:
        self._stream = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
        self._lock = threading.Lock()
        # What dbt, its adapters and anybody's macros print goes nowhere
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.close(nowhere)
        sys.stdout = io.StringIO()

    def send(self, message: Json) -> None:
        """Writes one line. Whoever listened may be gone, which the reader of requests notices."""
        line = json.dumps(message, default=str)
        with self._lock, contextlib.suppress(OSError, ValueError):
            self._stream.write(line + "\n")
            self._stream.flush()


def free_folder(base: Path) -> Path:
    """A folder that no other process uses; ours until this one ends."""
    for number in range(1, 100):
        folder = base.with_name(f"{base.name}-{number}")
        folder.mkdir(parents=True, exist_ok=True)
        handle = (folder / "lock").open("a")
        try:
            if sys.platform == "win32":
                import msvcrt

                msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            handle.close()
            continue
        LOCKS.append(handle)
        return folder
    raise RequestError("internal", f"No folder is free in {base.parent}.")


# Open for as long as the process lives: closing a file gives up its lock
LOCKS: list[Any] = []


class Session:
    """Answers requests one after the other."""

    def __init__(self, pipe: Pipe, setup: Json) -> None:
        self.pipe = pipe
        self.setup = setup
        self.requests: queue.Queue[Json | None] = queue.Queue()
        self.current: int | None = None
        self.cancelled: set[int] = set()
        self._guard = threading.Lock()
        self._compilers: dict[str, Compiler] = {}
        self._folders: dict[str, Path] = {}

    def listen(self) -> None:
        """Reads requests until nobody can make any; runs beside the work."""
        for line in sys.stdin.buffer:
            message = json.loads(line)
            if "cancel" in message:
                with self._guard:
                    self.cancelled.add(message["cancel"])
                    if self.current == message["cancel"]:
                        stop_queries()
                        interrupt()
            else:
                self.requests.put(message)
        stop_queries()
        os._exit(0)

    def serve(self) -> None:
        """Works until the process ends."""
        while True:
            try:
                self._answer(self.requests.get())
            except KeyboardInterrupt:
                # Of a request that was through by then
                continue

    def _answer(self, request: Json | None) -> None:
        if request is None:
            return
        number = request["id"]
        with self._guard:
            if number in self.cancelled:
                self.pipe.send({"id": number, "error": {"kind": "cancelled", "message": "Cancelled."}})
                return
            self.current = number
        try:

            def event(what: Json) -> None:
                self.pipe.send({"id": number, "event": what})

            answer: Json = {"result": getattr(self, "do_" + request["method"])(request["params"], event)}
        except RequestError as failure:
            answer = {"error": {"kind": failure.kind, "message": str(failure)}}
        except KeyboardInterrupt:
            answer = {"error": {"kind": "cancelled", "message": "Cancelled."}}
        except Exception as error:  # whatever it is, somebody waits for its words
            answer = {"error": {"kind": type(error).__name__, "message": readable(str(error))}}
        with self._guard:
            self.current = None
            if number in self.cancelled:
                self.cancelled.discard(number)
                answer = {"error": {"kind": "cancelled", "message": "Cancelled."}}
        self.pipe.send({"id": number, **answer})

    # ---- what can be asked

    def do_compile(self, params: Json, event: Any) -> Json:
        """`{project, file (relative; null: inline), text, snippet}` → the SQL."""
        compiler = self._compiler(params["project"])
        return compiler.inline(params, event) if params.get("file") is None else compiler.compile(params, event)

    def do_parse(self, params: Json, event: Any) -> Json:
        """`{project}`: brings the manifest in memory up to the files."""
        compiler = self._compiler(params["project"])
        compiler.refresh(event)
        return {"nodes": len(compiler.manifest.nodes)}

    def do_invoke(self, params: Json, event: Any) -> Json:
        """`{project, args}`: any command of dbt, its events one by one → its results."""
        options = self._options(self._folder(params["project"]), has_target=params["args"][0] != "deps")

        def heard(message: Any) -> None:
            told = event_of(message)
            if told is not None:
                event(told)

        result = run_dbt(
            [*params["args"], *options, "--project-dir", params["project"]], None, [heard], failed_is_result=True
        )
        return result_of(result)

    def _compiler(self, project: str) -> Compiler:
        if project not in self._compilers:
            folder = self._folder(project)
            self._compilers[project] = Compiler(project, folder, self._options(folder))
        return self._compilers[project]

    def _folder(self, project: str) -> Path:
        if project not in self._folders:
            import hashlib

            name = f"{Path(project).name}-{hashlib.sha256(project.encode()).hexdigest()[:12]}"
            self._folders[project] = free_folder(Path(self.setup["folder"]) / name / self.setup["role"])
        # The profile may name files relative to it
        os.chdir(project)
        return self._folders[project]

    def _options(self, folder: Path, has_target: bool = True) -> list[str]:
        # `dbt deps` makes nothing of a project, and refuses to be told where to put it
        from dbt.cli.resolvers import default_profiles_dir

        profiles = self.setup.get("profilesDirectory") or os.environ.get("DBT_PROFILES_DIR") or default_profiles_dir()
        target = self.setup.get("target")
        return [
            *("--profiles-dir", str(profiles), "--log-path", str(folder / "logs")),
            *(["--target-path", str(folder / "target")] if has_target else []),
            *("--log-level", "none", "--log-level-file", "none", "--no-use-colors"),
            *(["--target", target] if target else []),
        ]


def event_of(message: Any) -> Json | None:
    """An event of dbt as whoever watches gets it; None for what nobody wants."""
    from google.protobuf.json_format import MessageToDict

    name, level = message.info.name, message.info.level
    if level == "debug" and name not in NODE_EVENTS:
        return None
    data = MessageToDict(message.data, preserving_proto_field_name=True)
    return {
        "name": name,
        "level": level,
        "message": readable(message.info.msg),
        "node": data.pop("node_info", None),
        "data": data,
    }


def result_of(result: Any) -> Json:
    """What an invocation came to, as JSON: `results` of nodes, or `names` of a list."""
    if isinstance(result, list):
        return {"names": [str(one) for one in result], "results": []}
    return {
        "names": [],
        "results": [
            {
                "uniqueId": one.node.unique_id,
                "status": str(one.status),
                "message": readable(one.message) if one.message else None,
                "failures": one.failures,
                "seconds": one.execution_time,
                "sql": getattr(one.node, "compiled_code", None),
                "relation": getattr(one.node, "relation_name", None),
            }
            for one in getattr(result, "results", None) or []
            if getattr(one, "node", None) is not None
        ],
    }


def stop_queries() -> None:
    """Cancels what every connection of this process runs on the server; psycopg2 allows it from any thread."""
    module = sys.modules.get("psycopg2.extensions")
    if module is None:
        return
    for thing in gc.get_objects():
        if isinstance(thing, module.connection):
            with contextlib.suppress(Exception):
                thing.cancel()


def interrupt() -> None:
    """As Ctrl-C does: dbt then closes what it has open, and ends the invocation."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    else:
        import _thread

        _thread.interrupt_main()


def main() -> None:
    """Serves until standard input ends. The first line says how: `{folder, role, profilesDirectory, target}`."""
    pipe = Pipe()
    setup = json.loads(sys.stdin.buffer.readline())
    session = Session(pipe, setup)
    # Before dbt is imported, which takes seconds: the end of standard input must end that too
    threading.Thread(target=session.listen, daemon=True).start()
    try:
        import dbt.cli.main  # noqa: F401 - only to be warm when somebody asks

        core = distribution("dbt-core")
    except (ImportError, PackageNotFoundError) as error:
        pipe.send({"failed": {"kind": "no_dbt", "message": f"dbt cannot be imported: {error}"}})
        return
    # Where another dbt is installed in its place, this file goes
    pipe.send(
        {"ready": {"version": core.version, "installed": str(core.locate_file(f"dbt_core-{core.version}.dist-info"))}}
    )
    session.serve()


if __name__ == "__main__":
    main()
