"""What the rest of the project needs to know of the dbt project, read from its manifest."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from psycopg import sql

from attribution_pipeline import manifest


@lru_cache(maxsize=1)
def _load(path: str, changed_at: float) -> dict[str, Any]:
    return json.loads(Path(path).read_text(encoding="utf-8"))


def load_manifest() -> dict[str, Any]:
    """The manifest as dbt wrote it, read once for each version of the file."""
    path = manifest.require()
    return _load(str(path), path.stat().st_mtime)


def raw_schema() -> str:
    """The schema of the load's tables: `raw` behind the dbt variable schema_prefix."""
    return load_manifest()["sources"]["source.attribution.raw.events"]["schema"]


def raw_table(table: str) -> sql.Identifier:
    """A table of the load, for a query."""
    return sql.Identifier(raw_schema(), table)


def relation(model: str) -> sql.Identifier:
    """A model's table, for a query."""
    return relation_of(f"model.attribution.{model}")


def relation_of(unique_id: str) -> sql.Identifier:
    """The table of a model, seed or snapshot of any package, by the name that dbt tells them apart by."""
    node = load_manifest()["nodes"][unique_id]
    return sql.Identifier(node["schema"], node["alias"])


def model_schemas() -> list[str]:
    """The schemas that dbt writes to."""
    nodes = load_manifest()["nodes"].values()
    return sorted({node["schema"] for node in nodes if node["resource_type"] in ("model", "seed", "snapshot")})
