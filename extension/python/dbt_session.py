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
import re
import shutil
import signal
import sys
import threading
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

# A folder of the workspace that is called dbt must not stand in for dbt
sys.path[:] = [place for place in sys.path if place and Path(place).resolve() != Path.cwd()]

Json = dict[str, Any]

# Where dbt reads a project's files, by the keys of dbt_project.yml
FOLDERS = {
    "model-paths": ["models"],
    "macro-paths": ["macros"],
    "test-paths": ["tests"],
    "seed-paths": ["seeds"],
    "snapshot-paths": ["snapshots"],
    "analysis-paths": ["analyses"],
    "function-paths": ["functions"],
    "docs-paths": [],
    "packages-install-path": "dbt_packages",
}
SUFFIXES = {".sql", ".yml", ".yaml", ".md", ".csv", ".py", ".txt"}
# A password stays in the file that the person put it into: dbt reads the profile from there
PROFILES = {"profiles.yml", "profiles.yaml"}
TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
DELIMITER = re.compile(r"\{\{|\{%|\{#|\}\}|%\}|#\}")
# What a watcher wants to know of, although dbt tells it to its log file only
NODE_EVENTS = {"NodeStart", "NodeFinished"}


class RequestError(Exception):
    """A request that has no answer, and why."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


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


def tags_of(text: str) -> list[str] | None:
    """The Jinja of a text, which is all that dbt parses; None where it cannot be told apart from the rest."""
    if DELIMITER.search(TAG.sub("", text)):
        return None
    return TAG.findall(text)


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


class Shadow:
    """A copy of all that dbt reads of a project, kept current, with unsaved text in place of one file's."""

    def __init__(self, project: Path, folder: Path) -> None:
        self.project = project
        # Deep enough that a path out of the project stays below the folder
        self.root = folder / "shadow" / "a" / "b" / "c" / "d"
        self.root.mkdir(parents=True, exist_ok=True)
        self._known: dict[str, tuple[int, int]] = {}
        self._overlay: str | None = None

    def sync(self) -> set[str]:
        """Copies what changed on disk, and names it."""
        found = dict(self._files())
        changed: set[str] = set()
        for name in self._known.keys() - found.keys():
            self._path(name).unlink(missing_ok=True)
            changed.add(name)
        for name, stamp in found.items():
            if self._known.get(name) != stamp:
                changed.add(name)
                if name != self._overlay:
                    self._copy(name)
        if not self._known:
            self._sweep(found)
        self._known = found
        return changed

    def lay(self, name: str, text: str) -> bool:
        """Puts an unsaved text in the place of a file; whether the shadow changed by it."""
        changed = self.lift(name)
        path = self._path(name)
        if path.exists() and path.read_bytes() == text.encode():
            return changed
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_bytes(text.encode())
        self._overlay = name
        return True

    def lift(self, but: str | None = None) -> bool:
        """Takes an unsaved text away again; whether there was one of another file than `but`."""
        name = self._overlay
        if name is None or name == but:
            return False
        self._overlay = None
        self._path(name).unlink(missing_ok=True)
        if name in self._known:
            self._copy(name)
        return True

    def text(self, name: str) -> str | None:
        """What the shadow has for a file."""
        try:
            return self._path(name).read_bytes().decode()
        except (OSError, UnicodeDecodeError):
            return None

    def _path(self, name: str) -> Path:
        return Path(os.path.normpath(self.root / name))

    def _copy(self, name: str) -> None:
        source, target = self.project / name, self._path(name)
        with contextlib.suppress(OSError):
            there, here = source.stat(), target.stat() if target.exists() else None
            if here and (here.st_mtime_ns, here.st_size) == (there.st_mtime_ns, there.st_size):
                return
            target.parent.mkdir(parents=True, exist_ok=True)
            # With its time, by which dbt tells what changed
            shutil.copy2(source, target)

    def _sweep(self, found: Json) -> None:
        """Removes what an earlier process left and the project does not have."""
        wanted = {self._path(name) for name in found}
        for folder, _, names in os.walk(self.root):
            for name in names:
                path = Path(folder) / name
                if path not in wanted:
                    path.unlink(missing_ok=True)

    def _files(self) -> Any:
        import yaml

        try:
            config = yaml.safe_load((self.project / "dbt_project.yml").read_text("utf-8"))
        except (OSError, yaml.YAMLError, UnicodeDecodeError):
            config = {}
        config = config if isinstance(config, dict) else {}
        yield from self._in(".", deep=False)
        seen: set[str] = set()
        for key, default in FOLDERS.items():
            value = config.get(key, default)
            for folder in value if isinstance(value, list) else [value]:
                if isinstance(folder, str) and folder not in seen and "{" not in folder:
                    seen.add(folder)
                    yield from self._in(folder, deep=True)

    def _in(self, folder: str, deep: bool) -> Any:
        pending = [folder]
        # dbt follows links, and so do we, but never round in a circle
        seen: set[str] = set()
        while pending:
            current = pending.pop()
            real = os.path.realpath(self.project / current)
            if real in seen:
                continue
            seen.add(real)
            try:
                entries = list(os.scandir(self.project / current))
            except OSError:
                continue
            for entry in entries:
                name = os.path.normpath(f"{current}/{entry.name}")
                if entry.is_dir():
                    if deep and not entry.name.startswith("."):
                        pending.append(name)
                elif Path(entry.name).suffix in SUFFIXES and entry.name not in PROFILES:
                    with contextlib.suppress(OSError):
                        stat = entry.stat()
                        yield name, (stat.st_mtime_ns, stat.st_size)


class Compiler:
    """Compiles texts of one project on a manifest that is held in memory."""

    def __init__(self, project: str, folder: Path, options: list[str]) -> None:
        self.shadow = Shadow(Path(project), folder)
        self.options = [*options, "--project-dir", str(self.shadow.root)]
        self.manifest: Any = None
        self._stale = True
        # Files whose text on disk is newer than the manifest's, while their Jinja is the same
        self._behind: set[str] = set()
        self._failure: RequestError | None = None
        # By file: the text of which the manifest was made
        self._parsed: dict[str, str | None] = {}

    def refresh(self, event: Any, file: str | None = None, text: str | None = None) -> str | None:
        """Brings the manifest up to the files, and to the unsaved text of one. Returns why it is an older one."""
        if file is not None and self.manifest is not None and file not in self._parsed:
            self._parsed[file] = self.shadow.text(file)
        self._behind |= self.shadow.sync()
        self._stale |= bool(self._behind - {file})
        if file is None or text is None:
            self._stale |= self.shadow.lift()
        elif self._stale or not self._same(file, text):
            self._stale |= self.shadow.lay(file, text) or file in self._behind
        else:
            self._stale |= self.shadow.lift(file)
        if not self._stale and self._failure is None:
            return None
        if self._stale or self._failure is None:
            event({"phase": "parse"})
            self._stale, self._behind, self._failure = False, set(), None
            try:
                self.manifest = self._run(["parse"], None)
                self._parsed = {}
            except RequestError as failure:
                self._failure = failure
                self._stale = failure.kind == "KeyboardInterrupt"
        if file is not None and text is not None and self._failure is None:
            self._parsed[file] = self.shadow.text(file)
        if self._failure is None:
            return None
        # What does not parse elsewhere need not keep this text from being shown
        if self.manifest is None or file is None or text is None or not self._same(file, text):
            raise self._failure
        return str(self._failure)

    def compile(self, params: Json, event: Any) -> Json:
        """The SQL of a node, whose file has this text; or of a snippet, as if it stood in that file."""
        file, text = params["file"], params["text"]
        older = self.refresh(event, file, text)
        node = self._node(file)
        event({"phase": "compile"})
        kept = node.raw_code
        try:
            node.raw_code = (params.get("snippet") or text).strip()
            done = self._compile(["--select", "fqn:" + ".".join(node.fqn)])
            found = next((one.node for one in done.results if one.node.unique_id == node.unique_id), None)
            if found is None or found.compiled_code is None:
                raise RequestError("no_node", f"dbt does not compile {node.name}.")
            code = found.compiled_code
        finally:
            node.raw_code = kept
        return {
            "sql": code,
            "uniqueId": node.unique_id,
            "name": node.name,
            "materialized": getattr(node.config, "materialized", None),
            "relation": node.relation_name,
            "older": older,
        }

    def inline(self, params: Json, event: Any) -> Json:
        """The SQL of a text that stands in no file of the project."""
        older = self.refresh(event)
        event({"phase": "compile"})
        done = self._compile(["--inline", params["text"]])
        node = done.results[0].node
        return {
            "sql": node.compiled_code,
            "uniqueId": node.unique_id,
            "name": "",
            "materialized": None,
            "relation": None,
            "older": older,
        }

    def _same(self, file: str, text: str) -> bool:
        if self.manifest is None:
            return False
        parsed = self._parsed.get(file)
        if parsed is None:
            return False
        tags = tags_of(text)
        return tags is not None and tags == tags_of(parsed)

    def _node(self, file: str) -> Any:
        name = self.manifest.metadata.project_name
        paths = {os.path.normpath(file)}
        for node in self.manifest.nodes.values():
            if node.package_name == name and os.path.normpath(node.original_file_path) in paths:
                return node
        for nodes in self.manifest.disabled.values():
            for node in nodes:
                if node.package_name == name and os.path.normpath(node.original_file_path) in paths:
                    raise RequestError("disabled", f"{node.name} is disabled, so dbt does not compile it.")
        raise RequestError("no_node", f"{file} is no model, test, snapshot or analysis of the project.")

    def _compile(self, selection: list[str]) -> Any:
        for node in self.manifest.nodes.values():
            if getattr(node, "compiled", False):
                # An ephemeral model is compiled once for each manifest, else
                node.compiled, node.compiled_code = False, None
                node.extra_ctes_injected, node.extra_ctes = False, []
                node._pre_injected_sql = None
        return self._run(["compile", "--no-populate-cache", *selection], self.manifest)

    def _run(self, args: list[str], manifest: Any) -> Any:
        return run_dbt([*args, "--no-write-json", *self.options], manifest)


def run_dbt(
    args: list[str], manifest: Any = None, callbacks: list[Any] | None = None, failed_is_result: bool = False
) -> Any:
    """One invocation of dbt. `failed_is_result`: results of which some failed are no failure."""
    from dbt.cli.main import dbtRunner

    errors: list[str] = []

    def note(event: Any) -> None:
        if event.info.level == "error":
            errors.append(event.info.msg)

    done = dbtRunner(manifest=manifest, callbacks=[note, *(callbacks or [])]).invoke(args)
    if done.exception is not None:
        kind = type(done.exception).__name__
        message = str(done.exception)
        # dbt tells of some faults in its log alone
        if kind in ("DbtRuntimeError", "DbtBaseException") and "inline query" in message and errors:
            kind, message = "CompilationError", "\n".join(errors)
        raise RequestError(kind, readable(message))
    if not done.success and (done.result is None or not failed_is_result):
        results = getattr(done.result, "results", None) or []
        messages = [str(one.message) for one in results if getattr(one, "message", None)] or errors
        raise RequestError("DbtRuntimeError", readable("\n".join(messages) or "dbt failed without a word."))
    return done.result


def readable(message: str) -> str:
    """A message without values that may be secrets."""
    for name, value in os.environ.items():
        if len(value) > 3 and re.search("PASS|SECRET|TOKEN", name, re.IGNORECASE):
            message = message.replace(value, "***")
    return re.sub(r"\x1b\[[0-9;]*m", "", message)


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
        options = self._options(self._folder(params["project"]))

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

    def _options(self, folder: Path) -> list[str]:
        from dbt.cli.resolvers import default_profiles_dir

        profiles = self.setup.get("profilesDirectory") or os.environ.get("DBT_PROFILES_DIR") or default_profiles_dir()
        target = self.setup.get("target")
        return [
            *(
                "--profiles-dir",
                str(profiles),
                "--target-path",
                str(folder / "target"),
                "--log-path",
                str(folder / "logs"),
            ),
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
