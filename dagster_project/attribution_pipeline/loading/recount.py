"""Records counted from disk alone, without the database: the other side of the reconciliation with the files."""

from collections.abc import Iterable
from pathlib import Path

from .columns import COLUMNS
from .dialect import RecordReader
from .errors import LoadError
from .files import find, reading


def recount(raw_data_dir: Path, names: Iterable[str]) -> dict[str, int]:
    """The number of records, malformed ones included, of each named file.

    Raises LoadError where the load would (attribution rules, section 1), and for a name that is not in the folder.
    """
    files = {file.name: file for file in find(raw_data_dir)}
    counts: dict[str, int] = {}
    for name in names:
        if name not in files:
            raise LoadError(f"{name}: the file is no longer in the raw data folder {raw_data_dir}. Load again.")
        with reading(files[name]) as source:
            reader = RecordReader(source, name, COLUMNS[files[name].entity])
            for _ in reader:
                pass
            counts[name] = reader.records_read
    return counts
