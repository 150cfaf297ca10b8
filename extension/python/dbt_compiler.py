"""Texts of a project compiled by dbt on a manifest that is held in memory, and any other invocation of dbt."""

import os
import re
from pathlib import Path
from typing import Any

from dbt_shadow import Shadow

Json = dict[str, Any]

TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
DELIMITER = re.compile(r"\{\{|\{%|\{#|\}\}|%\}|#\}")


class RequestError(Exception):
    """A request that has no answer, and why."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def tags_of(text: str) -> list[str] | None:
    """The Jinja of a text, which is all that dbt parses; None where it cannot be told apart from the rest."""
    if DELIMITER.search(TAG.sub("", text)):
        return None
    return TAG.findall(text)


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
