"""Records to the text format of COPY, a batch at a time. Pure: no input or output."""

from collections.abc import Sequence
from operator import itemgetter

from .dialect import Batch

_NULL = "\\N"


def escape(field: str) -> str:
    """A field in COPY's text format."""
    return field.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


class CopyText:
    """Turns the records of one file into lines of source_file, record_number, the required columns, raw_record."""

    def __init__(self, source_file: str, header: Sequence[str], columns: Sequence[str]) -> None:
        positions = [header.index(column) for column in columns]
        # With the columns as they stand in the file nothing needs to be picked
        self._pick = None if positions == list(range(len(header))) else itemgetter(*positions)
        self._prefix = escape(source_file) + "\t"
        self._no_fields = ("\t" + _NULL) * len(columns)

    def encode(self, batch: Batch) -> bytes:
        """The batch as COPY wants it, in UTF-8."""
        lines = self._plain(batch) if batch.plain else self._any(batch)
        return "".join(lines).encode()

    def _plain(self, batch: Batch) -> list[str]:
        prefix = self._prefix
        rows = batch.records if self._pick is None else map(self._pick, batch.records)
        lines = map("\t".join, rows)  # type: ignore[arg-type]  # a plain batch has no raw bytes
        return [f"{prefix}{number}\t{line}\t\\N\n" for number, line in enumerate(lines, batch.first_number)]

    def _any(self, batch: Batch) -> list[str]:
        prefix, pick = self._prefix, self._pick
        lines: list[str] = []
        for number, record in enumerate(batch.records, batch.first_number):
            if isinstance(record, bytes):
                lines.append(f"{prefix}{number}{self._no_fields}\t\\\\x{record.hex()}\n")
                continue
            # NUL separates while the fields are escaped: a record that holds one is malformed
            line = "\0".join(record if pick is None else pick(record))
            if "\\" in line or "\t" in line or "\n" in line or "\r" in line:
                line = escape(line)
            line = line.replace("\0", "\t")
            lines.append(f"{prefix}{number}\t{line}\t\\N\n")
        return lines
