"""Raw files to records, byte by byte (attribution rules, section 1).

Deliberately not the csv module: its dialect differs where it matters (blank lines, text after a closing quote, NUL).
"""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Entity = Literal["event", "client"]

EVENT_COLUMNS = (
    "client_id",
    "event_type",
    "event_time",
    "session_id",
    "channel",
    "campaign_id",
    "utm_source",
    "utm_medium",
    "page_url",
    "referrer_url",
    "revenue",
    "product_id",
    "product_category",
)
CLIENT_COLUMNS = ("client_id", "registration_date", "cohort", "customer_segment")
COLUMNS_OF: dict[Entity, tuple[str, ...]] = {"event": EVENT_COLUMNS, "client": CLIENT_COLUMNS}
PATTERN_OF: dict[Entity, str] = {"event": "events*.csv", "client": "clients*.csv"}

RECORD_LIMIT_BYTES = 64 * 1024 * 1024
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
COMMA, QUOTE, CARRIAGE_RETURN, LINE_FEED = b',"\r\n'

# What trimming removes, in fields and in header names (attribution rules, section 2)
BLANKS = " \t\r\n"
ASCII_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


class LoadStoppedError(Exception):
    """What stops the whole load: `source_file` is None where the folder itself is at fault."""

    def __init__(self, source_file: str | None, problem: str) -> None:
        super().__init__(problem if source_file is None else f"{source_file}: {problem}")
        self.source_file = source_file


@dataclass(frozen=True)
class RawRecord:
    """One record after the header. A malformed one has no fields, any other has no raw bytes."""

    source_file: str
    record_number: int
    fields: dict[str, str] | None
    raw: bytes | None


@dataclass(frozen=True)
class RawFile:
    source_file: str
    entity: Entity
    records: list[RawRecord]


def name_in_bytes(source_file: str) -> bytes:
    """The order of files is the order of the bytes of their names."""
    return os.fsencode(source_file)


def read_folder(raw_dir: Path, record_limit: int = RECORD_LIMIT_BYTES) -> list[RawFile]:
    """Every events*.csv and clients*.csv directly in the folder, in the order of the bytes of their names."""
    if not raw_dir.is_dir():
        raise LoadStoppedError(None, f"the raw data folder {raw_dir} is missing")
    names = sorted((entry.name for entry in raw_dir.iterdir()), key=name_in_bytes)
    files: list[RawFile] = []
    for name in names:
        for entity, pattern in PATTERN_OF.items():
            if fnmatch.fnmatchcase(name, pattern):
                files.append(read_file(raw_dir / name, entity, record_limit))
    for entity, pattern in PATTERN_OF.items():
        if not any(file.entity == entity for file in files):
            raise LoadStoppedError(None, f"the raw data folder {raw_dir} holds no {pattern}")
    return files


def read_file(path: Path, entity: Entity, record_limit: int = RECORD_LIMIT_BYTES) -> RawFile:
    if not path.is_file():
        raise LoadStoppedError(path.name, "is not a regular file")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise LoadStoppedError(path.name, f"cannot be read: {error.strerror}") from error
    lines = split_records(path.name, content.removeprefix(BYTE_ORDER_MARK), record_limit)
    header = next(lines, None)
    if header is None:
        raise LoadStoppedError(path.name, "is empty: it has no header")
    names = [field.decode("utf-8", errors="replace").strip(BLANKS).translate(ASCII_LOWER) for field in header[1]]
    place_of: dict[str, int] = {}
    for column in COLUMNS_OF[entity]:
        if names.count(column) != 1:
            problem = "missing" if column not in names else "named twice"
            raise LoadStoppedError(path.name, f"column {column} is {problem}")
        place_of[column] = names.index(column)
    records = [
        _record(path.name, number, raw, fields, len(names), place_of)
        for number, (raw, fields) in enumerate(lines, start=1)
    ]
    return RawFile(path.name, entity, records)


def _record(
    source_file: str, number: int, raw: bytes, fields: list[bytes], width: int, place_of: dict[str, int]
) -> RawRecord:
    """`malformed_record` of section 3: another number of fields than the header, a NUL, or bytes not UTF-8."""
    malformed = RawRecord(source_file, number, fields=None, raw=raw)
    if len(fields) != width or b"\0" in raw:
        return malformed
    try:
        texts = [field.decode("utf-8") for field in fields]
    except UnicodeDecodeError:
        return malformed
    return RawRecord(source_file, number, {column: texts[place] for column, place in place_of.items()}, raw=None)


def split_records(source_file: str, content: bytes, record_limit: int) -> Iterator[tuple[bytes, list[bytes]]]:
    """Each record, the header included, as (its bytes without the line end, its fields without their quotes)."""
    position = 0
    number = 0
    while position < len(content):
        if content[position] in (CARRIAGE_RETURN, LINE_FEED):
            position += 1  # a line without any character; of a CRLF, the LF is then one more of them
            continue
        end, fields = _one_record(source_file, number, content, position, record_limit)
        yield content[position:end], fields
        position = end
        number += 1


def _one_record(
    source_file: str, number: int, content: bytes, start: int, record_limit: int
) -> tuple[int, list[bytes]]:
    """One record from `start`: (the position of its line end or the file's, its fields)."""
    which = "the header" if number == 0 else f"record {number}"
    fields: list[bytes] = []
    field = bytearray()
    at_field_start = True
    quoted = False
    position = start
    while position < len(content):
        byte = content[position]
        if quoted and byte == QUOTE and content[position + 1 : position + 2] == b'"':
            field.append(QUOTE)
            position += 1
        elif quoted and byte == QUOTE:
            quoted = False  # what follows up to the comma is appended, as in a field without quotes
        elif quoted:
            field.append(byte)
        elif byte == QUOTE and at_field_start:
            quoted = True
        elif byte in (CARRIAGE_RETURN, LINE_FEED):
            break
        elif byte == COMMA:
            fields.append(bytes(field))
            field = bytearray()
        else:
            field.append(byte)
        at_field_start = byte == COMMA and not quoted
        position += 1
        if position - start > record_limit:
            raise LoadStoppedError(source_file, f"{which} is longer than {record_limit} bytes")
    if quoted:
        raise LoadStoppedError(source_file, f"{which} has a quoted field that never closes")
    fields.append(bytes(field))
    return position, fields
