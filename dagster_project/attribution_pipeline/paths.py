"""Where things are: everything is relative to the checkout, and each place can be moved by one environment variable."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def local_dir() -> Path:
    """The git-ignored folder of what runs leave behind (`ATTRIBUTION_LOCAL_DIR`)."""
    return Path(os.environ.get("ATTRIBUTION_LOCAL_DIR") or ROOT / ".local")


def raw_data_dir() -> Path:
    """The folder of raw files (`RAW_DATA_DIR`; a relative one counts from the checkout)."""
    return ROOT / (os.environ.get("RAW_DATA_DIR") or "data/raw")


def dbt_project_dir() -> Path:
    """The dbt project (`DBT_PROJECT_DIR`, dbt's own variable)."""
    return Path(os.environ.get("DBT_PROJECT_DIR") or ROOT / "dbt")


def dbt_profiles_dir() -> Path:
    """The folder of dbt's profiles.yml (`DBT_PROFILES_DIR`, dbt's own variable)."""
    return Path(os.environ.get("DBT_PROFILES_DIR") or dbt_project_dir())
