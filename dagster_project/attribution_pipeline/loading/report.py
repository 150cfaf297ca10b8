"""What a load did, file by file, and how to say so in plain lines."""

from dataclasses import dataclass, field
from typing import Literal

from ..errors import shown

Status = Literal["new", "changed", "unchanged", "removed"]


@dataclass(frozen=True)
class FileReport:
    """One raw file: `records` counts the malformed ones too; both are 0 for a removed file. `size_bytes`, `seconds` as
    they say."""

    name: str
    entity: str
    status: Status
    records: int
    malformed: int
    size_bytes: int
    seconds: float


@dataclass(frozen=True)
class LoadReport:
    """One load: every file in the folder, and those that were unloaded because they are gone."""

    load_id: int
    raw_data_dir: str
    raw_schema: str
    files: list[FileReport] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def files_changed(self) -> int:
        return sum(file.status != "unchanged" for file in self.files)

    @property
    def changed(self) -> bool:
        return self.files_changed > 0

    def summary(self) -> str:
        """The load in one sentence."""
        if not self.changed:
            return f"Nothing changed: all {len(self.files)} files are loaded already."
        parts = []
        for status in ("new", "changed", "unchanged", "removed"):
            count = sum(file.status == status for file in self.files)
            if count:
                parts.append(f"{count} {'gone and unloaded' if status == 'removed' else status}")
        read = [file for file in self.files if file.status in ("new", "changed")]
        malformed = sum(file.malformed for file in read)
        return (
            f"{', '.join(parts)}; {sum(file.records for file in read)} records loaded"
            f"{f', {malformed} of them malformed' if malformed else ''} in {self.seconds:.1f} s."
        )

    def lines(self) -> list[str]:
        """One line per file, then the summary."""
        return [*(file_line(file) for file in self.files), self.summary()]


def file_line(file: FileReport) -> str:
    """One file as a plain line."""
    if file.status == "removed":
        return f"{shown(file.name)}: gone from the folder, unloaded"
    malformed = f", {file.malformed} malformed" if file.malformed else ""
    timing = f", {file.seconds:.1f} s" if file.status in ("new", "changed") else ""
    return f"{shown(file.name)}: {file.status}, {file.records} records{malformed}{timing}"
