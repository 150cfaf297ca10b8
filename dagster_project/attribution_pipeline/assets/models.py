"""The dbt project as assets: one for each model, dbt's data tests as asset checks."""

import importlib.metadata
import json
import re
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtCliResource, DbtProject, dbt_assets
from dagster_dbt.errors import DagsterDbtError
from packaging.version import Version
from psycopg import sql

from attribution_pipeline import manifest
from attribution_pipeline.assets.pictures import picture
from attribution_pipeline.connection import connect
from attribution_pipeline.manifest_facts import relation_of
from attribution_pipeline.paths import dbt_profiles_dir, dbt_project_dir
from attribution_pipeline.resources import Writer

TARGETS_KEPT = 5
SECONDS_A_RUN_MAY_TAKE = 24 * 60 * 60
# What dbt's messages end with: ` > in macro a (macros/a.sql) > called by model b (models/b.sql)`
CALLED = re.compile(r" > (?:in|called by) (\w+) \S+ \(([^)]+)\)")


class BuildConfig(dg.Config):
    """How to build: `full_refresh` rebuilds the selected models whole, whatever they were built from."""

    full_refresh: bool = False


class Translator(DagsterDbtTranslator):
    """Groups are the layers: staging, intermediate, marts."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        return dbt_resource_props["fqn"][1] if dbt_resource_props["resource_type"] == "model" else None


def project() -> DbtProject:
    """The dbt project; code references are relative to it. `prepare_if_dev` is never called: see manifest.py."""
    return DbtProject(
        project_dir=dbt_project_dir(), profiles_dir=dbt_profiles_dir(), target_path=manifest.target_path()
    )


class InstalledDbt(DbtCliResource):
    """dbt without two things that dagster-dbt does in every run, which cost it seconds and which nothing here needs."""

    @cached_property
    def _cli_version(self) -> Version:
        # `dbt --version` starts a process that asks the package index whether there is a newer one
        return Version(importlib.metadata.version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> Any:
        # It is for statistics that are not fetched; and whatever is raised in there is swallowed, also a cancellation
        return None


def dbt_command() -> DbtCliResource:
    """The dbt of this very Python environment, whatever is on the PATH."""
    executable = shutil.which("dbt", path=str(Path(sys.executable).parent)) or "dbt"
    # Its base class takes a project; of a subclass the checker sees the field's type alone
    return InstalledDbt(project_dir=project(), dbt_executable=executable)  # pyright: ignore[reportArgumentType]


def build_arguments(full_refresh: bool) -> list[str]:
    """Arguments of `dbt build`; unit tests stay out, they say nothing of the data."""
    return ["build", "--exclude-resource-type", "unit_test", *(["--full-refresh"] if full_refresh else [])]


def failures(run_results: Path, nodes: Mapping[str, Any]) -> list[str]:
    """One line for each failed model and test of a dbt run: name, file, and dbt's message (the database's words).

    Of the macros that dbt says the error came through, those of the project itself are left.
    """
    if not run_results.exists():
        return []
    lines = []
    for result in json.loads(run_results.read_text(encoding="utf-8"))["results"]:
        if result["status"] in ("error", "fail"):
            node = nodes.get(result["unique_id"], {})
            message = CALLED.sub(_own_macro, " ".join((result.get("message") or "").split()))
            lines.append(f"{node.get('name', result['unique_id'])} ({node.get('original_file_path', '?')}): {message}")
    return lines


def _own_macro(called: re.Match[str]) -> str:
    return called[0] if called[1] == "macro" and (dbt_project_dir() / called[2]).exists() else ""


def target_dir(run_id: str) -> Path:
    """A target folder of the run's own, so that runs do not disturb one another; of the old ones a few are kept."""
    runs = dbt_project_dir() / "target" / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    for old in sorted(runs.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)[TARGETS_KEPT:]:
        # Another run may still be at work in a young one
        if time.time() - old.stat().st_mtime > SECONDS_A_RUN_MAY_TAKE:
            shutil.rmtree(old, ignore_errors=True)
    target = runs / run_id
    # What parsing found is there already: parsing again costs every run seconds
    parsed = manifest.target_path() / "partial_parse.msgpack"
    if parsed.exists():
        target.mkdir(exist_ok=True)
        shutil.copy(parsed, target)
    return target


def with_facts(connection: psycopg.Connection, event: dg.Output[Any]) -> dg.Output[Any]:
    """The event of a finished model or seed with what a person wants to see: its row count, a picture of the marts."""
    unique_id = str(event.metadata["unique_id"].value)
    try:
        row = connection.execute(sql.SQL("select count(*) from {}").format(relation_of(unique_id))).fetchone()
        facts = {"dagster/row_count": row[0] if row else 0, **picture(connection, unique_id.rsplit(".", 1)[-1])}
    except psycopg.OperationalError:
        # A server that is gone is dbt's to tell, in its own words
        return event
    return event.with_metadata({**event.metadata, **facts})


@dbt_assets(
    manifest=manifest.require(),
    project=project(),
    name="dbt_models",
    dagster_dbt_translator=Translator(
        settings=DagsterDbtTranslatorSettings(enable_code_references=True, enable_source_tests_as_checks=True)
    ),
)
def dbt_models(
    context: dg.AssetExecutionContext, dbt: DbtCliResource, writer: Writer, config: BuildConfig
) -> Iterator[Any]:
    """Builds the selected models and runs their data tests in one `dbt build`; events come as soon as dbt has them."""
    invocation = dbt.cli(build_arguments(config.full_refresh), context=context, target_path=target_dir(context.run_id))
    writer.ends(invocation.process)
    try:
        with (
            writer.held(),
            connect(application_name=f"attribution facts {context.run_id[:8]}", autocommit=True) as connection,
        ):
            for event in invocation.stream():
                yield with_facts(connection, event) if isinstance(event, dg.Output) else event
    except DagsterDbtError as error:
        found = failures(invocation.target_path / "run_results.json", invocation.manifest["nodes"])
        # What no model is to blame for: a project that does not parse, a hook that refuses
        said = str(error).rpartition("Errors parsed from dbt logs:")[2].strip()
        raise dg.Failure(description="\n".join(found) or said, allow_retries=False) from error
