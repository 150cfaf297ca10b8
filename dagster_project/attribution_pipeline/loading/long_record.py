"""Records of megabytes: found and split by searching, in memory close to their size (a compiled reader would take
eight times that)."""

import re

_FIELD_START, _UNQUOTED, _QUOTED = range(3)
_ENDS_UNQUOTED = re.compile(rb'[\r\n]|,"')
# Pairs of quotes and what stands before them, a bounded number at a time: each costs the matcher a little memory
_PAIRS = re.compile(rb'(?:[^"]*""){0,1000}')
_COMMA, _QUOTE = b",", b'"'


class LongRecord:
    """One record that arrives in parts: each byte is looked at once. `end` is where it ends, None while that is not
    known."""

    def __init__(self, start: bytes) -> None:
        self.data = bytearray(start)
        self.end: int | None = None
        self._position = 0
        self._state = _FIELD_START
        self._search()

    def extend(self, part: bytes) -> None:
        self.data += part
        self._search()

    def finish(self) -> bool:
        """The file ends here. False when a quoted field is still open."""
        data = self.data
        if self._state == _QUOTED and not (self._position < len(data) and data[self._position] == ord(_QUOTE)):
            return False
        self.end = len(data)
        if data.endswith(b"\r") and self._state != _QUOTED:
            self.end -= 1
        return True

    def take(self) -> tuple[bytes, bytes]:
        """The record without its line end, and the bytes after it."""
        assert self.end is not None
        after = self.end + (2 if self.data[self.end : self.end + 2] == b"\r\n" else 1)
        return bytes(memoryview(self.data)[: self.end]), bytes(memoryview(self.data)[after:])

    def _search(self) -> None:
        data = self.data
        while self._position < len(data):
            if self._state == _QUOTED:
                pairs = _PAIRS.match(data, self._position)
                if pairs and pairs.end() > self._position:
                    self._position = pairs.end()
                    continue
                quote = data.find(_QUOTE, self._position)
                if quote < 0:
                    self._position = len(data)
                elif quote + 1 == len(data):
                    # The next byte says whether this quote closes the field or is one of two
                    self._position = quote
                    return
                else:
                    self._state, self._position = _UNQUOTED, quote + 1
            elif self._state == _FIELD_START and data[self._position] == ord(_QUOTE):
                self._state, self._position = _QUOTED, self._position + 1
            else:
                self._state = _UNQUOTED
                found = _ENDS_UNQUOTED.search(data, self._position)
                if found is None:
                    self._state = _FIELD_START if data.endswith(_COMMA) else _UNQUOTED
                    self._position = len(data)
                elif found.group() == b',"':
                    self._state, self._position = _QUOTED, found.end()
                elif found.group() == b"\r" and found.end() == len(data):
                    # The next byte says whether this is half of a CRLF
                    self._position = found.start()
                    return
                else:
                    self.end = found.start()
                    return


def split_fields(raw: bytes, width: int | None = None) -> list[bytes]:
    """The fields of one whole record. Of a record with more than `width` fields only `width` + 1: enough to know that
    it is malformed."""
    fields: list[bytes] = []
    position = 0
    while width is None or len(fields) <= width:
        quoted = b""
        if raw.startswith(_QUOTE, position):
            close = _closing_quote(raw, position + 1)
            quoted = raw[position + 1 : close].replace(b'""', b'"')
            position = close + 1
        comma = raw.find(_COMMA, position)
        end = len(raw) if comma < 0 else comma
        fields.append(quoted + raw[position:end])
        if comma < 0:
            break
        position = comma + 1
    return fields


def is_text(raw: bytes) -> bool:
    """Whether the bytes are UTF-8 without a NUL: otherwise the record is malformed (attribution rules, section 3)."""
    if b"\0" in raw:
        return False
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _closing_quote(raw: bytes, position: int) -> int:
    while (pairs := _PAIRS.match(raw, position)) and pairs.end() > position:
        position = pairs.end()
    return raw.find(_QUOTE, position)
