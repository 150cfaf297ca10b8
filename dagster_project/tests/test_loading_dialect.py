"""The record reader, rule by rule (attribution rules, section 1), and against an independent byte-by-byte reader."""

import io
import random
from collections.abc import Sequence

import pytest

from attribution_pipeline.loading import dialect
from attribution_pipeline.loading.dialect import RECORD_LIMIT_BYTES, RecordReader
from attribution_pipeline.loading.errors import LoadError
from attribution_pipeline.loading.long_record import split_fields
from tests.reference.dialect import LoadStoppedError, split_records

Record = list[str] | bytes


def records(
    content: bytes, required: Sequence[str] = ("a", "b"), block_bytes: int = dialect.BLOCK_BYTES
) -> list[Record]:
    found: list[Record] = []
    for batch in RecordReader(io.BytesIO(content), "events.csv", required, block_bytes):
        assert batch.first_number == len(found) + 1
        found += batch.records
    return found


@pytest.mark.parametrize(
    ("rule", "content", "expected"),
    [
        (
            "LF, CRLF and a bare CR end a record, mixed",
            b"1,2\n3,4\r\n5,6\r7,8",
            [["1", "2"], ["3", "4"], ["5", "6"], ["7", "8"]],
        ),
        ("a final line end adds no record", b"1,2\n", [["1", "2"]]),
        ("commas and line ends in quotes are data", b'"1,\r\n2","\r"\n', [["1,\r\n2", "\r"]]),
        ("two quotes inside are one", b'"a""b",""""\n', [['a"b', '"']]),
        ("a quote elsewhere is data", b'5" heel,a"b"\n', [['5" heel', 'a"b"']]),
        ("a quote after a space is data", b' "x",y\n', [[' "x"', "y"]]),
        ("what follows the closing quote is appended", b'"a"b,"c" "d"\n', [["ab", 'c "d"']]),
        ("a line without any character is skipped", b"\n1,2\n\r\n\r\r3,4\n\n", [["1", "2"], ["3", "4"]]),
        ("a line of spaces is a record", b"  \n1,2\n", [b"  ", ["1", "2"]]),
        ("a line of one empty quoted field is a record", b'""\n1,2\n', [b'""', ["1", "2"]]),
        ("a malformed record keeps its bytes", b'1,2\n1,"x\ny",3\r\n4,5\n', [["1", "2"], b'1,"x\ny",3', ["4", "5"]]),
        ("fewer fields", b"1\n,\n", [b"1", ["", ""]]),
        ("a NUL makes a record malformed", b'1,2\n\0,x\n3,"\0"\n', [["1", "2"], b"\0,x", b'3,"\0"']),
        (
            "so do bytes that are not UTF-8",
            b"1,2\n\xff,x\n\xed\xa0\x80,x\n3,4\n",
            [["1", "2"], b"\xff,x", b"\xed\xa0\x80,x", ["3", "4"]],
        ),
        ("fields are not trimmed", b" 1 ,\t2\x0b\n", [[" 1 ", "\t2\x0b"]]),
        ("only LF and CR end a line", "1\u2028,2\x85\x1c\x0c\n".encode(), [["1\u2028", "2\x85\x1c\x0c"]]),
        ("a byte-order mark inside the file is data", b"\xef\xbb\xbf1,2\n", [["\ufeff1", "2"]]),
        ("backslashes are data", b"\\N,\\.\n\\.\n", [["\\N", "\\."], b"\\."]),
    ],
)
def test_rule(rule: str, content: bytes, expected: list[Record], monkeypatch: pytest.MonkeyPatch) -> None:
    for header in (b"a,b\n", b'\xef\xbb\xbf\r\n\n"A" , b\r\n'):
        for block_bytes in (1, 2, 3, 7, dialect.BLOCK_BYTES):
            assert records(header + content, block_bytes=block_bytes) == expected, (rule, block_bytes)
    monkeypatch.setattr(dialect, "LONG_RECORD_BYTES", 2)
    for block_bytes in (1, 5):
        assert records(b"a,b\n" + content, block_bytes=block_bytes) == expected, (rule, "long records", block_bytes)


def test_header_names_are_trimmed_case_ignored_in_any_order_further_ones_ignored() -> None:
    reader = RecordReader(io.BytesIO(b' \tB ,\xff\xfe,"A\r\n",x,x\n1,2,3,4,5'), "events.csv", ("a", "b"))
    assert reader.header == ["b", "\udcff\udcfe", "a", "x", "x"]
    assert [batch.records for batch in reader] == [[["1", "2", "3", "4", "5"]]]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\r\n\n\r", "empty"),
        (b"a,c\n1,2\n", "column b is missing"),
        (b"a,b,B \n1,2,3\n", "column b is named 2 times"),
        (b"a,\xe2\x84\xaab\n", "column b is missing"),
        (b"a;b\n", "column a is missing"),
        (b'a,b,"c\n1,2,3\n', "the header has a quoted field that never closes"),
        (b'a,b\n1,2\n3,"4\n5,6\n', "record 2 has a quoted field that never closes"),
        (b'a,b\n1,2\n3,4\n"', "record 3 has a quoted field that never closes"),
    ],
)
def test_what_stops_the_load_names_file_and_place(content: bytes, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for long_bytes in (dialect.LONG_RECORD_BYTES, 1):
        monkeypatch.setattr(dialect, "LONG_RECORD_BYTES", long_bytes)
        for block_bytes in (1, 3, dialect.BLOCK_BYTES):
            with pytest.raises(LoadError, match=words) as raised:
                records(content, block_bytes=block_bytes)
            assert "events.csv" in str(raised.value)


class Endless:
    """A source that repeats a few bytes without end after a start, and counts what was taken."""

    def __init__(self, start: bytes, repeated: bytes) -> None:
        self._ahead = start
        self._repeated = repeated * (2**20 // len(repeated))
        self.taken = 0

    def read(self, size: int, /) -> bytes:
        self._ahead = self._ahead or self._repeated
        block, self._ahead = self._ahead[:size], self._ahead[size:]
        self.taken += len(block)
        return block


@pytest.mark.parametrize(
    ("start", "repeated"),
    [(b"", b"x"), (b"1,2\n", b"x"), (b"1,2\n", b"x,"), (b"1,2\n", b'""'), (b'1,2\n"', b'""'), (b'1,2\n1,"', b"x,\r\n")],
    ids=repr,
)
def test_a_record_over_the_limit_stops_the_load_without_reading_on(start: bytes, repeated: bytes) -> None:
    endless = Endless(b"a,b\n" + start, repeated)
    with pytest.raises(LoadError, match=f"record {1 + start.count(b'2')} is over 64 MiB"):
        for _ in RecordReader(endless, "events.csv", ("a", "b")):
            pass
    assert endless.taken < RECORD_LIMIT_BYTES + 4 * 2**20


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r", b""])
def test_a_record_of_exactly_the_limit_is_read(line_end: bytes) -> None:
    record = b"1," + b"x" * (RECORD_LIMIT_BYTES - 2)
    [found, *more] = records(b"a,b\n" + record + line_end + (b"3,4" if line_end else b""))
    assert found == ["1", "x" * (RECORD_LIMIT_BYTES - 2)]
    assert more == ([["3", "4"]] if line_end else [])
    with pytest.raises(LoadError, match="record 1 is over 64 MiB"):
        records(b"a,b\n" + record + b"x" + line_end)


def test_random_bytes_agree_with_an_independent_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """20,000 short files of the bytes that matter, in blocks of random size, the long-record reader included."""
    chance = random.Random(20240229)
    pieces = [
        b",",
        b'"',
        b"\n",
        b"\r",
        b"\r\n",
        b"a",
        b" ",
        b'""',
        b"\0",
        b"\xff",
        "é".encode(),
        b"\\",
        b"\t",
        b'",',
        b'"\n',
    ]
    for _ in range(20_000):
        content = b"a,b\n" + b"".join(chance.choices(pieces, k=chance.randrange(24)))
        monkeypatch.setattr(dialect, "LONG_RECORD_BYTES", chance.choice([1, 4, 16, 2**20]))
        try:
            expected: object = [
                [field.decode() for field in fields] if _well_formed(raw, fields) else raw
                for raw, fields in list(split_records("events.csv", content, 10**9))[1:]
            ]
        except LoadStoppedError:
            expected = LoadError
        try:
            found: object = records(content, block_bytes=chance.choice([1, 2, 3, 5, 8, 13, 2**17]))
        except LoadError:
            found = LoadError
        assert found == expected, content


def test_splitting_a_long_record_agrees_with_an_independent_reader() -> None:
    chance = random.Random(7)
    for _ in range(5_000):
        raw = b"".join(chance.choices([b",", b'"', b"\n", b"x", b'""', b'",'], k=1 + chance.randrange(12)))
        try:
            found = list(split_records("events.csv", raw, 10**9))
        except LoadStoppedError:
            continue
        if len(found) == 1 and found[0][0] == raw:
            assert split_fields(raw) == found[0][1], raw


def _well_formed(raw: bytes, fields: list[bytes]) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return len(fields) == 2 and b"\0" not in raw
