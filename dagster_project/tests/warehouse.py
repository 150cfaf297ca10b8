"""The real pipeline on a real database, for tests: the load, dbt in this process (imported once), and its tables."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import yaml
from dbt.cli.main import dbtRunner
from psycopg import sql

from attribution_pipeline.loading.mirror import mirror
from attribution_pipeline.loading.report import LoadReport
from attribution_pipeline.manifest import project_stamp
from attribution_pipeline.paths import ROOT

from .reference import COLUMNS, Marts, as_text, write_folder
from .reference.generator import Folder

SCHEMAS = {
    "staging": [
        "stg_event_records",
        "stg_event_duplicates",
        "stg_events",
        "stg_client_records",
        "stg_clients",
        "rejected_records",
        "load_reconciliation",
    ],
    "intermediate": ["int_touchpoints", "int_purchases", "int_purchase_attribution", "int_purchase_touches"],
    "marts": [
        "first_touch_attribution",
        "last_touch_attribution",
        "channel_performance",
        "multi_touch_attribution",
    ],
}
SCHEMA_OF = {model: schema for schema, models in SCHEMAS.items() for model in models}

Row = tuple[str, ...]


@dataclass(frozen=True)
class Database:
    """A fresh database. `settings` is what libpq needs to reach it."""

    settings: dict[str, Any]

    @property
    def name(self) -> str:
        return self.settings["dbname"]

    def connect(self, **more: Any) -> psycopg.Connection:
        return psycopg.connect(**{"autocommit": True, **self.settings, **more})

    @property
    def environment(self) -> dict[str, str]:
        """libpq's variables, for processes of their own."""
        names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}
        return {names[key]: str(value) for key, value in self.settings.items() if key in names and value != ""}


class DbtFailedError(Exception):
    """dbt did not succeed; the message is what it said."""


class Warehouse:
    """A database of our own: `load` a folder, run `dbt`, look at the tables."""

    def __init__(self, database: Database, scratch: Path) -> None:
        self.database = database
        self.project = ROOT / "dbt"
        self._scratch = scratch
        # Parsing is most of a run on small data: once for each state of the project and its variables
        self._manifests: dict[tuple[str, ...], Any] = {}
        profiles = scratch / "profiles"
        profiles.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "stack" / "profiles.template.yml", profiles / "profiles.yml")

    def connect(self, **more: Any) -> psycopg.Connection:
        return self.database.connect(**more)

    def clear(self) -> None:
        """Drops our schemas."""
        with self.connect() as connection:
            for schema in ("raw", *SCHEMAS):
                connection.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(schema)))

    def load(self, folder: Path, reload: bool = False) -> LoadReport:
        with self.connect(autocommit=False) as connection:
            return mirror(connection, folder, "raw", "test", reload=reload)

    def dbt(self, command: str, *arguments: str, variables: Mapping[str, Any] | None = None) -> list[Any]:
        """Runs dbt as a person would by hand, and gives its results. Raises DbtFailedError with dbt's messages."""
        given = [] if variables is None else ["--vars", yaml.safe_dump(dict(variables))]
        key = (project_stamp(self.project), *given)
        if key not in self._manifests:
            parsed = dbtRunner().invoke(self._command_line("parse", *given))
            if not parsed.success:
                raise DbtFailedError(str(parsed.exception))
            self._manifests[key] = parsed.result
        result = dbtRunner(manifest=self._manifests[key]).invoke(self._command_line(command, *arguments, *given))
        found = list(getattr(result.result, "results", []) or [])
        if not result.success:
            messages = [f"{node.node.name}: {node.message}" for node in found if str(node.status) in ("error", "fail")]
            raise DbtFailedError("\n".join(messages) or str(result.exception))
        return found

    def start_dbt(self, command: str, *arguments: str) -> subprocess.Popen[bytes]:
        """The same in a process of its own, with a target folder of its own."""
        target = tempfile.mkdtemp(dir=self._scratch)
        dbt = Path(sys.executable).with_name("dbt")
        return subprocess.Popen([dbt, *self._command_line(command, *arguments, "--target-path", target)])

    def _command_line(self, command: str, *arguments: str) -> list[str]:
        settings = ["--project-dir", str(self.project), "--profiles-dir", str(self._scratch / "profiles")]
        settings += ["--target-path", str(self._target()), "--log-path", str(self._scratch / "logs")]
        return ["--quiet", "--no-use-colors", command, *settings, *arguments]

    def use_copy_of_project(self, folder: Path) -> Path:
        """From now on dbt runs a copy of the project, which a test may change."""
        self.project = folder / "dbt"
        shutil.copytree(ROOT / "dbt", self.project, ignore=shutil.ignore_patterns("target", "logs", "profiles.yml"))
        return self.project

    def rows(self, model: str, columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
        """All rows of a model as dictionaries, numbers and times as Python has them."""
        names = sql.SQL(", ").join(map(sql.Identifier, columns)) if columns else sql.SQL("*")
        with self.connect() as connection:
            query = sql.SQL("select {} from {}").format(names, sql.Identifier(SCHEMA_OF[model], model))
            cursor = connection.execute(query)
            header = [column.name for column in cursor.description or []]
            return [dict(zip(header, row, strict=True)) for row in cursor]

    def text(self, model: str, columns: Sequence[str]) -> list[Row]:
        """Rows as sorted text, in the format of the expected files of the golden cases."""
        return as_text(self.rows(model, columns), columns)

    def snapshot(self) -> dict[str, list[str]]:
        """Every table of every layer, each row as PostgreSQL writes it, sorted."""
        with self.connect() as connection:
            return {
                model: sorted(
                    row[0]
                    for row in connection.execute(
                        sql.SQL("select t::text from {} as t").format(sql.Identifier(schema, model))
                    )
                )
                for schema, models in SCHEMAS.items()
                for model in models
            }

    def _target(self) -> Path:
        return self._scratch / ("target" if self.project == ROOT / "dbt" else "target_of_copy")


def assert_same(actual: Mapping[str, list[str]], expected: Mapping[str, list[str]]) -> None:
    """Every table has the same rows; the message names the table and shows rows of either side alone."""
    for model, rows in expected.items():
        if actual[model] != rows:
            surplus = [row for row in actual[model] if row not in set(rows)][:3]
            missing = [row for row in rows if row not in set(actual[model])][:3]
            raise AssertionError(f"{model}: surplus {surplus}, missing {missing}")


def assert_follows_the_rules(warehouse: Warehouse, expected: Marts) -> None:
    """The marts equal the independent model's, row for row; time_decay credits may differ by one unit of 0.0001."""
    for model, columns in COLUMNS.items():
        if model == "multi_touch_attribution":
            continue
        actual = as_text(map(_comparable, warehouse.rows(model, columns)), columns)
        assert actual == as_text(map(_comparable, expected.table(model)), columns), model
    assert_same_credits(warehouse.rows("multi_touch_attribution"), expected.multi_touch_attribution)


def assert_same_credits(actual: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    """linear and position_based to the unit, time_decay within one; weights to nine decimals."""

    def key(row: dict[str, Any]) -> tuple[str, ...]:
        names = ("client_id", "purchase_time", "model", "touch_position", "attributed_channel", "touch_time")
        return (*(str(row[name]) for name in names), str(row["attributed_revenue"]))

    assert len(actual) == len(expected)
    for found, wanted in zip(sorted(actual, key=key), sorted(expected, key=key), strict=True):
        assert key(found)[:-1] == key(wanted)[:-1]
        allowed = 1 if wanted["model"] == "time_decay" else 0
        assert abs(found["attributed_revenue"] - wanted["attributed_revenue"]) * 10000 <= allowed, (found, wanted)
        assert abs(found["weight"] - wanted["weight"]) < 1e-9, (found, wanted)


def _comparable(row: dict[str, Any]) -> dict[str, Any]:
    """JSON has no order of its keys."""
    return {
        name: json.dumps(value, sort_keys=True) if isinstance(value, dict) else value for name, value in row.items()
    }


def replace_files(directory: Path, folder: Folder, seed: int = 0) -> Path:
    """The folder holds these files and no others from now on."""
    directory.mkdir(exist_ok=True)
    for path in directory.iterdir():
        path.unlink()
    write_folder(folder, directory, seed)
    return directory


def assert_equals_full_refresh(warehouse: Warehouse) -> None:
    """Every table stays as it is when all are rebuilt whole."""
    incremental = warehouse.snapshot()
    warehouse.dbt("run", "--full-refresh")
    assert_same(incremental, warehouse.snapshot())
