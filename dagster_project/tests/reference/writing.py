"""Generated records to bytes: every liberty that the dialect leaves a file (attribution rules, section 1)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from .dialect import BYTE_ORDER_MARK, COLUMNS_OF, Entity

LINE_ENDS = (b"\n", b"\r\n", b"\r")


def write_file(path: Path, entity: Entity, records: Sequence[dict[str, str] | bytes], rng: random.Random) -> None:
    """`records`: raw text by column, or the bytes of a malformed record."""
    columns = list(COLUMNS_OF[entity])
    if rng.random() < 0.5:
        rng.shuffle(columns)
    if rng.random() < 0.3:
        for extra in ("note", "Client ID", ""):
            columns.insert(rng.randint(0, len(columns)), extra)
    line_ends = rng.choice(((b"\n",), (b"\n",), (b"\r\n",), (b"\r",), LINE_ENDS))
    blank_lines = rng.choice((0.0, 0.0, 0.05))
    quoting = rng.choice((0.0, 0.1, 1.0))

    content = bytearray(BYTE_ORDER_MARK if rng.random() < 0.3 else b"")
    if blank_lines:
        content += rng.choice(line_ends)
    content += b",".join(_header_name(rng, column) for column in columns)
    for record in records:
        content += rng.choice(line_ends)
        if rng.random() < blank_lines:
            content += rng.choice(line_ends) * rng.randint(1, 3)
        content += record if isinstance(record, bytes) else _line(rng, record, columns, quoting)
    if rng.random() < 0.7:
        content += rng.choice(line_ends)
    path.write_bytes(content)


def _header_name(rng: random.Random, column: str) -> bytes:
    name = rng.choice((column, column, column.upper(), f" {column}\t"))
    return _quoted(name).encode() if rng.random() < 0.2 else name.encode()


def _line(rng: random.Random, record: dict[str, str], columns: Sequence[str], quoting: float) -> bytes:
    """Extra columns hold what would be wrong elsewhere."""
    fields = [record.get(column, rng.choice(("", "x,y", 'a "note"', "\r\n"))) for column in columns]
    return ",".join(_field(rng, field, quoting) for field in fields).encode()


def _field(rng: random.Random, text: str, quoting: float) -> str:
    must = text.startswith('"') or any(mark in text for mark in ",\r\n")
    if not must and rng.random() >= quoting:
        return text
    if len(text) > 1 and rng.random() < 0.1:
        # Text after the closing quote is appended: quote a head that takes in all that needs it
        cut = max([text.rfind(mark) + 1 for mark in ",\r\n"] + [1 if text.startswith('"') else 0])
        if text[cut : cut + 1] != '"':
            return _quoted(text[:cut]) + text[cut:]
    return _quoted(text)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
