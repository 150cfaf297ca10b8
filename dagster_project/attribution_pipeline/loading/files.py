"""The raw files of a folder: which they are, what they hold, and whether they stood still while they were read."""

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..errors import shown
from .columns import Entity
from .errors import LoadError

_ENTITIES: dict[str, Entity] = {"events": "event", "clients": "client"}
_SUFFIX = ".csv"
_HASH_BLOCK_BYTES = 1024 * 1024


@dataclass(frozen=True)
class RawFile:
    """A raw file as it was found. `size_bytes` and `modified_ns` (nanoseconds) must be the same after it was read."""

    path: Path
    name: str
    entity: Entity
    size_bytes: int
    modified_ns: int


def matches(name: str) -> Entity | None:
    """Which kind of raw file a name stands for: events*.csv, clients*.csv, in this case of letters; None for any
    other."""
    if name.endswith(_SUFFIX):
        for stem, entity in _ENTITIES.items():
            if name.startswith(stem) and len(name) >= len(stem) + len(_SUFFIX):
                return entity
    return None


def find(raw_data_dir: Path) -> list[RawFile]:
    """The raw files directly in the folder, in the order of the bytes of their names (attribution rules, section 1).

    Raises LoadError: the folder is missing, or holds no events file or no clients file, or a matching name is no
    readable regular file.
    """
    folder = shown(str(raw_data_dir))
    try:
        names = [name for name in os.listdir(raw_data_dir) if matches(name)]  # noqa: PTH208 - names alone, whatever their bytes
    except FileNotFoundError:
        raise LoadError(
            f"The raw data folder {folder} does not exist. Nothing was unloaded. Create it, or set RAW_DATA_DIR."
        ) from None
    except NotADirectoryError:
        raise LoadError(
            f"The raw data folder {folder} is not a folder. Nothing was unloaded. Correct RAW_DATA_DIR."
        ) from None
    except OSError as error:
        raise LoadError(
            f"The raw data folder {folder} cannot be read: {error.strerror}. Nothing was unloaded."
        ) from error
    files = [_look_at(raw_data_dir, name) for name in sorted(names, key=os.fsencode)]
    for stem, entity in _ENTITIES.items():
        if not any(file.entity == entity for file in files):
            raise LoadError(
                f"The raw data folder {folder} holds no {stem}*.csv file. Nothing was unloaded. Add one (a "
                "header alone will do), or set RAW_DATA_DIR."
            )
    return files


class Reading:
    """One pass over a raw file's bytes, hashing them."""

    def __init__(self, file: RawFile, descriptor: int) -> None:
        self._file = file
        self._descriptor = descriptor
        self._hash = hashlib.sha256()
        self.bytes_read = 0

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def read(self, size: int) -> bytes:
        try:
            block = os.read(self._descriptor, size)
        except OSError as error:
            raise LoadError(
                f"{shown(self._file.name)}: cannot be read: {error.strerror}. Nothing was changed."
            ) from error
        self._hash.update(block)
        self.bytes_read += len(block)
        return block


@contextmanager
def reading(file: RawFile) -> Iterator[Reading]:
    """The file's bytes; LoadError when its size or time differ before and after, whatever else went wrong on such
    bytes."""
    try:
        # Not blocking: a pipe put in the file's place must not hang the load
        descriptor = os.open(file.path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise _unreadable(file.name, error.strerror or "unknown reason") from error
    try:
        _check_unchanged(file, os.fstat(descriptor))
        source = Reading(file, descriptor)
        try:
            yield source
        except LoadError:
            _check_unchanged_on_disk(file)
            raise
        _check_unchanged_on_disk(file)
        if source.bytes_read != file.size_bytes:
            raise _changed(file)
    finally:
        os.close(descriptor)


def content_hash(file: RawFile) -> str:
    """SHA-256 of the whole file, in hexadecimal."""
    with reading(file) as source:
        while source.read(_HASH_BLOCK_BYTES):
            pass
        return source.sha256


def _look_at(raw_data_dir: Path, name: str) -> RawFile:
    entity = matches(name)
    assert entity is not None
    try:
        name.encode()
    except UnicodeEncodeError:
        raise LoadError(f"{shown(name)}: the name of this file is not UTF-8. Rename it, then load again.") from None
    path = raw_data_dir / name
    try:
        found = path.stat()
    except FileNotFoundError:
        raise _unreadable(
            name,
            "a link to something that does not exist"
            if path.is_symlink()
            else "it went away while the folder was read",
        ) from None
    except OSError as error:
        raise _unreadable(name, error.strerror or "unknown reason") from error
    if not stat.S_ISREG(found.st_mode):
        raise _unreadable(name, _kind(found.st_mode))
    if not os.access(path, os.R_OK):
        raise _unreadable(name, "Permission denied")
    return RawFile(path, name, entity, found.st_size, found.st_mtime_ns)


def _kind(mode: int) -> str:
    kinds = {
        stat.S_IFDIR: "a folder",
        stat.S_IFIFO: "a pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFBLK: "a device",
        stat.S_IFCHR: "a device",
    }
    return kinds.get(stat.S_IFMT(mode), "something else than a file")


def _unreadable(name: str, reason: str) -> LoadError:
    return LoadError(
        f"{shown(name)}: no readable regular file ({reason}). Nothing was changed. Correct or remove it, then "
        "load again."
    )


def _check_unchanged_on_disk(file: RawFile) -> None:
    try:
        now = file.path.stat()
    except OSError as error:
        raise _changed(file) from error
    _check_unchanged(file, now)


def _check_unchanged(file: RawFile, now: os.stat_result) -> None:
    if (now.st_size, now.st_mtime_ns) != (file.size_bytes, file.modified_ns):
        raise _changed(file)


def _changed(file: RawFile) -> LoadError:
    return LoadError(
        f"{shown(file.name)}: the file changed while it was read. Nothing was changed. Load again when it is complete."
    )
