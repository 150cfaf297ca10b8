"""Raw bytes to records, streaming: the CSV dialect of the attribution rules, section 1.

Python's compiled `csv` reader, not strict, is that dialect: a quote opens a quoted field only as the field's first
character, `""` inside is a quote, what follows the closing quote is appended, and LF, CRLF or a bare CR ends a record.
What it does not do is done here: blocks that end anywhere, quotes that never close, malformed records with their raw
bytes, and the size limit.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple, Protocol

from .errors import LoadError
from .long_record import LongRecord, is_text, split_fields

RECORD_LIMIT_BYTES = 64 * 1024 * 1024
# Small blocks keep the reader's rows in the processor's cache: larger ones were measured slower
BLOCK_BYTES = 112 * 1024
# A record that has not ended by then is collected without parsing it again and again
LONG_RECORD_BYTES = 1024 * 1024

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
BLANKS = " \t\r\n"

# Lone surrogates, which decoding never yields: surrogateescape makes only U+DC80 to U+DCFF
_NUL = "\udc00"  # Python 3.10's csv refuses NUL
_END = "\udc01"  # a line of its own after a block: it comes back alone, unless a quote is still open

_ASCII_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


class Source(Protocol):
    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end of the file."""
        ...


class Batch(NamedTuple):
    """Consecutive records: fields exactly as read, or the raw bytes (without the line end) of a malformed record.

    `plain` promises that no record is malformed and no field holds a backslash, a tab or a line end.
    """

    first_number: int
    records: Sequence[list[str] | bytes]
    plain: bool


class _Block(NamedTuple):
    records: list[list[str] | bytes]
    plain: bool
    rest: bytes


class RecordReader:
    """The records of one raw file, in batches. The header is read at once, the records while iterating (once).

    `header` is the names as they count (trimmed, ASCII lower case); `records_read` is the number of records yielded so
    far.

    Raises LoadError, naming the file and the column or record: an empty file, a required column missing or named twice,
    a quoted field that never closes, a record over 64 MiB.
    """

    def __init__(
        self, source: Source, source_file: str, required: Sequence[str], block_bytes: int = BLOCK_BYTES
    ) -> None:
        # Another library may have lowered this process-wide limit
        csv.field_size_limit(max(csv.field_size_limit(), RECORD_LIMIT_BYTES))
        self._source = source
        self._file = source_file
        self._block_bytes = block_bytes
        self._buffer = b""
        self._at_end = False
        self._width: int | None = None
        self.records_read = 0
        self._blocks = self._read_blocks()
        header = next(self._blocks, None)
        if header is None:
            raise LoadError(
                f"{source_file}: the file is empty, there is no header. Give it its header, or take it out of "
                "the folder."
            )
        self.header = [name.strip(BLANKS).translate(_ASCII_LOWER) for name in _names(header.records[0])]
        self._check_header(required)
        self._width = len(self.header)

    def __iter__(self) -> Iterator[Batch]:
        for block in self._blocks:
            if block.records:
                first_number = self.records_read + 1
                self.records_read += len(block.records)
                yield Batch(first_number, block.records, block.plain)

    def _check_header(self, required: Sequence[str]) -> None:
        for column in required:
            count = self.header.count(column)
            if count != 1:
                problem = "is missing" if count == 0 else f"is named {count} times"
                raise LoadError(
                    f"{self._file}: the required column {column} {problem} in the header. Correct the header, "
                    "then load again."
                )

    def _read_blocks(self) -> Iterator[_Block]:
        """The header in a block of its own, then blocks of finished records."""
        self._fill(len(BYTE_ORDER_MARK))
        self._buffer = self._buffer.removeprefix(BYTE_ORDER_MARK)
        while self._buffer or not self._at_end:
            if len(self._buffer) > LONG_RECORD_BYTES:
                # A line without any character is no record
                self._buffer = self._buffer.lstrip(b"\r\n")
                if self._buffer:
                    yield self._long_record()
                continue
            # Doubling keeps the work linear when a record does not end
            self._fill(max(self._block_bytes, 2 * len(self._buffer)))
            block = self._finished_records()
            if block is not None:
                yield block

    def _fill(self, size: int) -> None:
        """Read until the buffer holds `size` bytes, or the file ends."""
        parts = [self._buffer]
        missing = size - len(self._buffer)
        while missing > 0 and not self._at_end:
            part = self._source.read(missing)
            self._at_end = not part
            missing -= len(part)
            parts.append(part)
        self._buffer = b"".join(parts)

    def _finished_records(self) -> _Block | None:
        """Take the finished records off the buffer: only the header while it is not known; none when the first has not
        ended."""
        data = self._buffer
        if self._at_end:
            if not data.endswith((b"\n", b"\r")):
                data += b"\n"
            cut = len(data)
        else:
            # A CR at the very end may be the first half of a CRLF
            cut = max(data.rfind(b"\n"), data.rfind(b"\r", 0, len(data) - 1)) + 1
        lines, tail = (data, b"") if cut == len(data) else (data[:cut], data[cut:])
        if self._width is None:
            return self._take_header(lines, tail)
        block = _parse(lines, self._width)
        if block.rest and self._at_end:
            raise self._never_closed(len(block.records))
        self._buffer = block.rest + tail
        return block

    def _take_header(self, lines: bytes, tail: bytes) -> _Block | None:
        for raw, fields, rest in _each_record(lines):
            if fields is None:
                if self._at_end:
                    raise self._never_closed(0)
                self._buffer = raw + rest + tail
                return None
            self._buffer = rest + tail
            return _Block([fields], False, b"")
        self._buffer = tail
        return None

    def _long_record(self) -> _Block:
        """The record at the start of the buffer, which is long: collected to its end without parsing it from the start
        each time."""
        record = LongRecord(self._buffer)
        # One byte more than the limit may be a CR whose LF has not been read
        while record.end is None and not self._at_end and len(record.data) <= RECORD_LIMIT_BYTES + 1:
            part = self._source.read(LONG_RECORD_BYTES)
            self._at_end = not part
            record.extend(part)
        if record.end is None and self._at_end and not record.finish():
            raise self._never_closed(0)
        if record.end is None or record.end > RECORD_LIMIT_BYTES:
            raise LoadError(
                f"{self._file}: {self._which(0)} is over {RECORD_LIMIT_BYTES // 2**20} MiB (a quoted field that "
                "never closes, or no line ends?). "
                "Correct the file, then load again."
            )
        raw, self._buffer = record.take()
        del record
        fields = [field.decode("utf-8", "surrogateescape") for field in split_fields(raw, self._width)]
        malformed = self._width is not None and (len(fields) != self._width or not is_text(raw))
        return _Block([raw if malformed else fields], False, b"")

    def _never_closed(self, records_before: int) -> LoadError:
        return LoadError(
            f"{self._file}: {self._which(records_before)} has a quoted field that never closes. "
            "Correct the file (was it cut while being written?), then load again."
        )

    def _which(self, records_before: int) -> str:
        return "the header" if self._width is None else f"record {self.records_read + records_before + 1}"


def _names(header: list[str] | bytes) -> list[str]:
    assert isinstance(header, list)
    return header


def _parse(lines: bytes, width: int) -> _Block:
    """The records of whole lines; `rest` is a last record whose quote is still open."""
    if not lines:
        return _Block([], True, b"")
    try:
        text = lines.decode()
    except UnicodeDecodeError:
        return _parse_one_by_one(lines, width)
    if "\0" in text:
        return _parse_one_by_one(lines, width)
    reader = csv.reader(chain(io.StringIO(text, newline=""), (_END,)))
    rows = list(reader)
    last = rows.pop()
    one_line_each = reader.line_num - 1 == len(rows)
    lengths = set(map(len, rows))
    if 0 in lengths:
        # A line without any character is no record
        lengths.remove(0)
        rows = [row for row in rows if row]
    if lengths and lengths != {width}:
        return _parse_one_by_one(lines, width)
    rest = b"" if last == [_END] else _last_lines(lines, _line_ends(",".join(last)))
    plain = one_line_each and "\\" not in text and "\t" not in text
    return _Block([*rows], plain, rest)


def _parse_one_by_one(lines: bytes, width: int) -> _Block:
    """As _parse, but able to give the raw bytes of malformed records."""
    records: list[list[str] | bytes] = []
    rest = b""
    for raw, fields, _ in _each_record(lines, keep_rest=False):
        if fields is None:
            rest = raw
        elif len(fields) != width or not is_text(raw):
            records.append(raw)
        else:
            records.append(fields)
    return _Block(records, False, rest)


def _each_record(lines: bytes, keep_rest: bool = True) -> Iterator[tuple[bytes, list[str] | None, bytes]]:
    """Raw bytes without the line end, fields, and the bytes after the record; no fields, and the raw bytes whole,
    while a quote is open."""
    split = lines.splitlines(keepends=True)
    decoded = (line.decode("utf-8", "surrogateescape").replace("\0", _NUL) for line in split)
    reader = csv.reader(chain(decoded, (_END,)))
    start = 0
    for fields in reader:
        end = reader.line_num
        raw = b"".join(split[start:end])
        if end > len(split):
            if fields != [_END]:
                yield raw, None, b""
            return
        start = end
        if fields:
            yield _without_line_end(raw), fields, b"".join(split[end:]) if keep_rest else b""


def _without_line_end(raw: bytes) -> bytes:
    return raw[:-2] if raw.endswith(b"\r\n") else raw[:-1]


def _line_ends(text: str) -> int:
    return text.count("\n") + text.count("\r") - text.count("\r\n")


def _last_lines(lines: bytes, count: int) -> bytes:
    return b"".join(lines.splitlines(keepends=True)[-count:])
