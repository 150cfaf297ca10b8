"""What the tests share: a fresh database each, on the server that connection.py's rules find."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from attribution_pipeline.connection import connect
from attribution_pipeline.paths import ROOT

from .warehouse import Database, Warehouse

# In the server's own C collation no test of byte order could fail
NOT_IN_BYTE_ORDER = "locale_provider icu icu_locale 'en-US' locale 'C'"


def create_database(server: dict[str, Any], options: str = "") -> Database:
    """A new database from template0; drop it with drop_database."""
    name = f"load_{uuid4().hex[:12]}"
    with psycopg.connect(autocommit=True, **server) as admin:
        admin.execute(f"create database {name} template template0 {options}")  # type: ignore[arg-type]
    return Database({**server, "dbname": name})


def drop_database(server: dict[str, Any], database: Database) -> None:
    with psycopg.connect(autocommit=True, **server) as admin:
        admin.execute(f"drop database if exists {database.name} with (force)")  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def server() -> dict[str, Any]:
    """The test server, as connection.py finds it (`npm test` sets ATTRIBUTION_LOCAL_DIR)."""
    with connect("attribution tests", autocommit=True) as connection:
        info = connection.info
        return {
            "host": info.host,
            "port": info.port,
            "user": info.user,
            "password": info.password,
            "dbname": "postgres",
        }


@pytest.fixture
def database(server: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A fresh database, to which libpq's variables point as well."""
    fresh = create_database(server)
    for name in [name for name in os.environ if name.startswith("PG")]:
        monkeypatch.delenv(name)
    for name, value in fresh.environment.items():
        monkeypatch.setenv(name, value)
    yield fresh
    drop_database(server, fresh)


@pytest.fixture(scope="session")
def postgres15() -> dict[str, Any] | None:
    """A PostgreSQL 15 server: ATTRIBUTION_POSTGRES15 names a connection.json. Without one the test fails."""
    path = os.environ.get("ATTRIBUTION_POSTGRES15")
    if not path:
        if os.environ.get("ATTRIBUTION_ALLOW_NO_PG15") == "1":
            pytest.skip("no PostgreSQL 15 (allowed by ATTRIBUTION_ALLOW_NO_PG15=1)")
        pytest.fail("ATTRIBUTION_POSTGRES15 must name the connection.json of a PostgreSQL 15 server")
    content = json.loads(Path(path).read_text())
    return {key: content[key] for key in ("host", "port", "user", "password", "dbname")}


@pytest.fixture
def raw_folder(tmp_path: Path) -> Callable[..., Path]:
    """Writes raw files, by default a minimal folder of one events and one clients file, and gives the folder."""

    def write(**files: bytes | None) -> Path:
        folder = tmp_path / "raw"
        folder.mkdir(exist_ok=True)
        for name, content in files.items():
            path = folder / f"{name}.csv"
            if content is None:
                path.unlink()
            else:
                path.write_bytes(content)
        return folder

    return write


@pytest.fixture(scope="session")
def _warehouse(server: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    fresh = create_database(server, NOT_IN_BYTE_ORDER)
    yield Warehouse(fresh, tmp_path_factory.mktemp("warehouse"))
    drop_database(server, fresh)


@pytest.fixture
def warehouse(_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    """An empty warehouse on PostgreSQL 18; a worker's tests share its database, so that dbt need not parse again."""
    return _prepared(_warehouse, monkeypatch)


@pytest.fixture(scope="session")
def _warehouse15(postgres15: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    fresh = create_database(postgres15, NOT_IN_BYTE_ORDER)
    yield Warehouse(fresh, tmp_path_factory.mktemp("warehouse15"))
    drop_database(postgres15, fresh)


@pytest.fixture
def warehouse15(_warehouse15: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    """The same on PostgreSQL 15."""
    return _prepared(_warehouse15, monkeypatch)


def _prepared(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    for name in [name for name in os.environ if name.startswith("PG")]:
        monkeypatch.delenv(name)
    for name, value in warehouse.database.environment.items():
        monkeypatch.setenv(name, value)
    warehouse.project = ROOT / "dbt"
    warehouse.clear()
    return warehouse
