"""A copy of all that dbt reads of a project, which unsaved text is put into."""

import contextlib
import os
import shutil
from pathlib import Path
from typing import Any

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
            self._drop(self._path(name))
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

    def _drop(self, path: Path) -> None:
        """Removes a file, and the folders that are empty without it: dbt takes every folder of packages for one."""
        path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            for folder in path.parents:
                if folder == self.root:
                    return
                folder.rmdir()

    def _sweep(self, found: dict[str, Any]) -> None:
        """Removes what an earlier process left and the project does not have."""
        wanted = {self._path(name) for name in found}
        for folder, _, names in os.walk(self.root, topdown=False):
            for name in names:
                path = Path(folder) / name
                if path not in wanted:
                    path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                if Path(folder) != self.root:
                    Path(folder).rmdir()

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
