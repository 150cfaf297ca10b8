"""dbt's manifest, prepared before anything imports the definitions: parsing in every worker costs seconds each time.

`python -m attribution_pipeline.manifest` parses when a file of the dbt project changed since the last time, and
otherwise does nothing.
"""

import hashlib
import importlib.metadata
import subprocess
import sys
import time
from pathlib import Path

from attribution_pipeline.errors import HumanError
from attribution_pipeline.paths import dbt_profiles_dir, dbt_project_dir

PARTS_OF_A_PROJECT = ("models", "macros", "tests", "seeds", "snapshots", "analyses", "dbt_project.yml", "packages.yml")


def target_path() -> Path:
    """A target folder of Dagster's own: dbt by hand, with whatever variables, writes its manifest to dbt's."""
    return dbt_project_dir() / "target" / "dagster"


def manifest_path() -> Path:
    """Where the manifest is."""
    return target_path() / "manifest.json"


def _stamp_path() -> Path:
    return manifest_path().with_name("manifest.stamp")


def project_stamp(project_dir: Path) -> str:
    """A hash of dbt's version, the folder, and every file that dbt parses: the manifest is stale where it differs."""
    digest = hashlib.sha256()
    digest.update(f"{importlib.metadata.version('dbt-core')}\0{project_dir}\0".encode())
    for part in PARTS_OF_A_PROJECT:
        top = project_dir / part
        files = sorted(path for path in top.rglob("*") if path.is_file()) if top.is_dir() else [top]
        for path in files:
            if path.exists():
                content = path.read_bytes()
                digest.update(f"{path.relative_to(project_dir)}\0{len(content)}\0".encode())
                digest.update(content)
    return digest.hexdigest()


def is_current() -> bool:
    """Whether the manifest was made from the project as it is now."""
    stamp = _stamp_path()
    return manifest_path().exists() and stamp.exists() and stamp.read_text() == project_stamp(dbt_project_dir())


def require() -> Path:
    """The manifest's path, for the definitions.

    Raises HumanError where there is none: importing must never parse.
    """
    if not manifest_path().exists():
        raise HumanError(
            f"There is no dbt manifest at {manifest_path()}. "
            "Prepare it with `npm run setup`, or in dagster_project/ with `python -m attribution_pipeline.manifest`."
        )
    return manifest_path()


def prepare() -> str:
    """Parses the dbt project where the manifest is missing or stale; returns one line that says what was done.

    Raises HumanError with dbt's own words (file and line among them) where the project does not parse; the last good
    manifest stays.
    """
    if is_current():
        return "dbt manifest is current"
    started = time.monotonic()
    project_dir = dbt_project_dir()
    stamp = project_stamp(project_dir)
    command = [sys.executable, "-m", "dbt.cli.main", "--no-use-colors", "--quiet", "parse"]
    command += [
        "--project-dir",
        str(project_dir),
        "--profiles-dir",
        str(dbt_profiles_dir()),
        "--target-path",
        str(target_path()),
    ]
    done = subprocess.run(
        command, cwd=project_dir, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    if done.returncode != 0:
        raise HumanError(f"The dbt project in {project_dir} does not parse:\n{(done.stdout + done.stderr).strip()}")
    _stamp_path().write_text(stamp)
    return f"dbt project parsed ({time.monotonic() - started:.1f} s)"


if __name__ == "__main__":
    try:
        print(prepare())
    except HumanError as error:
        sys.exit(str(error))
