"""The generator's vocabulary: spellings of one value, and values that are none (attribution rules, section 2)."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from .cleaning import parse_event_time, trim

NBSP = "\u00a0"
FIRST_INSTANT = datetime(1970, 1, 1)
LAST_INSTANT = datetime(2100, 12, 31, 23, 59, 59, 999_999)

# Different clients to the rules, the same one to many a collation, trim or lower case
ODD_CLIENT_IDS = (
    "{}é",
    "{}e\u0301",
    "{}\\",
    "{}'",
    "{}%s",
    NBSP + "{}",
    "{}\u200b",
    "CLIENT {}",
    "{0},{0}",
    '{} "x"',
    "\u2028{}",
)

DIRECT_CHANNELS = ("direct", "Direct", " DIRECT ", "", "-", " - -", "_", "-direct-", "\tdirect\n", "__direct")
CHANNELS = (
    *("organic_search", "paid_search", "social", "email") * 3,
    *("Organic Search", "paid  -  search", "PAID-SEARCH", "_email_", " Social\t"),
    *DIRECT_CHANNELS[:6],
    # Kept and warned about
    *(
        "affiliate",
        "Émail",
        "EMA\u0130L",
        "so\u017fial",
        "e" + NBSP + "mail",
        "paid_ search",
        "-\temail",
        "c" * 255,
        "é" * 255,
    ),
    # 257 characters, 255 after cleaning
    "-" + "d" * 255 + "-",
)

VALID_REVENUES = (
    *("19.99", "100", "33.3333", "0.0001", "0.0002", "0.0003", "7.00005", "12.345", "250.50", "1.0"),
    *("0", "-0", "-0.00004", "-0.00004999999", "+5", "+0.00", "0.00005", "00.00004999", "007", "0.0007"),
    *("99999999999999.9999", "99999999999999.99994", "99999999999999", "12345678901234.5678"),
    *("0" * 5_000 + "42.5", "1." + "0" * 300 + "1", "2.0000" + "4" + "9" * 300, " 8.25 ", "\t3\n"),
)
MALFORMED_REVENUES = (
    *("1e2", "5.", ".5", "+", "-", "--5", "+-5", "- 5", "$5", "5,00", "1_000", "NaN", "Infinity", "0x10", "5 5", "5f"),
    *("100000000000000", "99999999999999.99995", "-100000000000000", "9" * 30, "-" + "9" * 5_000, "1" + "0" * 20_000),
    *(
        NBSP + "5",
        "5" + NBSP,
        "\u0665",
        "\uff15",
        "5\u0660",
        "\u22125",
        "5\x0b",
        "\ufeff5",
        "1.5.0",
        "5.-1",
        "5\n5",
        "\u00b2",
    ),
)
NEGATIVE_REVENUES = ("-0.00005", "-19.99", "-1", "-99999999999999.99994", "-000.0001")

MALFORMED_TIMES = (
    *("2023-01-05", "now", "today", "infinity", "-infinity", "epoch", "1672912800", "20230105T100000", "2023-01-05 10"),
    *("05/01/2023 10:00", "01-05-2023 10:00:00", "2023-1-5 10:00:00", "2023-01-05 1:00:00", "2023-01-05 10:00:0"),
    *(
        "2023-02-29 10:00:00",
        "2100-02-29 10:00:00",
        "1900-02-29 00:00",
        "2023-04-31T10:00:00",
        "2023-13-01 10:00",
        "2023-00-10 10:00",
    ),
    *(
        "2023-01-00 10:00",
        "2023-01-05 24:00",
        "2023-01-05 24:00:00",
        "2023-01-05 23:60",
        "2023-01-05 23:59:60",
        "2023-01-05 10:00:00.",
        "0000-01-01 00:00",
    ),
    *(
        "2023-01-05 10:00:00.1234567",
        "2023-01-05 10:00:00,5",
        "2023-01-05 10:00.5",
        "2023-01-05 10:00:00:00",
        "2023-01-05 -10:00",
    ),
    *(
        "2023-01-05T10:00:00 PST",
        "2023-01-05 10:00:00 UTC",
        "2023-01-05 10:00:00+14:01",
        "2023-01-05 10:00:00-14:01",
        "2023-01-05 10:00:00+1401",
    ),
    *(
        "2023-01-05 10:00:00+15",
        "2023-01-05 10:00:00+1",
        "2023-01-05 10:00:00+05:60",
        "2023-01-05 10:00:00+05:3",
        "2023-01-05 10:00:00+530",
    ),
    *(
        "2023-01-05 10:00:00  Z",
        "2023-01-05 10:00:00\tZ",
        "2023-01-05 10:00:00 + 05",
        "2023-01-05 10:00:00ZZ",
        "2023-01-05 10:00:00+",
        "2023-01-05 10:00:00Z+01",
    ),
    *(
        "2023-01-05  10:00:00",
        "2023-01-05_10:00:00",
        "2023-01-05\t10:00:00",
        "2023-01-05\n10:00:00",
        "2023-01-05T 10:00:00",
        "2023-01-05 T10:00",
    ),
    *(
        "2023-01-05 10:00:00" + NBSP,
        NBSP + "2023-01-05 10:00:00",
        "2023-01-05 10:00:00\x0b",
        "2023-01-05" + NBSP + "10:00:00",
        "\ufeff2023-01-05 10:00",
    ),
    *(
        "\u0662\u0660\u0662\u0663-01-05 10:00:00",
        "2023-01-0\u0665 10:00:00",
        "\uff12023-01-05 10:00",
        "2023\u201001\u201005 10:00",
        "2023-01-05 10:00:00\u221205",
    ),
    *(
        "1969-12-31 23:59:59.999999",
        "2101-01-01 00:00:00",
        "0001-01-01 00:00:00",
        "0001-01-01 00:00+14",
        "9999-12-31 23:59:59-14:00",
    ),
    *(
        "1970-01-01 00:30:00+00:31",
        "1970-01-01 13:59:59+14:00",
        "2100-12-31 23:30:00-00:30",
        "2100-12-31 10:00-14:00",
        "12023-01-05 10:00",
        "+2023-01-05 10:00",
    ),
    *(
        "2023-01-05 BC",
        "2023-01-05 10:00:00 BC",
        "2023-W01-4 10:00",
        "2023-005 10:00",
        "Jan 5 2023 10:00",
        "2023-01-05 10:00 AM",
        "allballs",
        "2023-01-05 J10:00",
    ),
)
# At the edge and inside it: what the zone decides
EDGE_TIMES = (
    *("1969-12-31 23:30:00-00:30", "1969-12-31T10:00-14:00", "1970-01-01 00:00", "1970-01-01 14:00:00+14:00"),
    *(
        "2100-12-31 23:59:59.999999",
        "2101-01-01 00:00:00+00:01",
        "2101-01-01 13:59:59.999999 +14",
        "2100-12-31 09:59:59-14",
    ),
    *("2024-02-29 23:59:59.999999Z", "2000-02-29t00:00z", "2023-03-01 00:00-0000", "2023-01-05 10:00:00 -1400"),
)

REGISTRATION_DATES = (
    *("2022-01-09", " 2022-07-14 ", "1970-01-01", "2100-12-31", "2024-02-29", "2000-02-29"),
    # Null with a warning
    *(
        "2023-02-29",
        "2100-02-29",
        "1969-12-31",
        "2101-01-01",
        "2022-1-9",
        "2022-01-09T00:00",
        "09.01.2022",
        "now",
        "",
        "infinity",
    ),
    *(
        "2022-01-09 BC",
        "0000-01-01",
        "\u0662\u0660\u0662\u0662-01-09",
        NBSP + "2022-01-09",
        "20220109",
        "2022-01-09 00:00:00",
        "0001-01-01",
    ),
)

URLS = (
    "https://shop.example/",
    "https://shop.example/ünïcode/😀",
    'https://shop.example/a,"b",c',
    "https://shop.example/two\nlines",
    "https://shop.example/cr\rand\r\ncrlf",
    "https://shop.example/<script>alert(1)</script>",
    "https://shop.example/\\N",
    "\\N",
    "NULL",
    "\\.",
    "{}'\";--",
    "",
    "  ",
)

EVENT_SPOILERS: dict[str, tuple[str, ...]] = {
    "client_id": ("", " \t ", "x" * 256, "é" * 256, "\r\n"),
    "event_type": ("", "click", "page view", "purchase" + NBSP, "purcha\u017fe", "page-view", "refund"),
    "event_time": ("", "", "", "", " ", "\n", *MALFORMED_TIMES * 2, *EDGE_TIMES * 2),
    "channel": ("c" * 256, "é" * 256, "e" * 128 + "-" + "e" * 128, "- " + "z" * 256 + " -"),
    "revenue": ("", "", "", "", "  ", "\t", *MALFORMED_REVENUES * 2, *NEGATIVE_REVENUES * 3),
}
CLIENT_SPOILERS: dict[str, tuple[str, ...]] = {"client_id": ("", "\t", "y" * 256)}
# How often a column is the spoiled one, relative to the others
SPOILED_SHARE = {"client_id": 8, "event_type": 6, "event_time": 45, "channel": 6, "revenue": 35}

BROKEN_BYTES = (b"\x00", b"\xff", b"\xc3", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"caf\xe9")


def within_years(time: datetime) -> datetime:
    return min(max(time, FIRST_INSTANT), LAST_INSTANT)


def padded(rng: random.Random, text: str) -> str:
    """The same after trimming."""
    blanks = ("", "", "", "", "", " ", "\t", "  ", "\n", "\r\n")
    return rng.choice(blanks) + text + rng.choice(blanks)


def respelled(rng: random.Random, name: str) -> str:
    """The same after lower case and trimming."""
    return rng.choice((name, name, name, name.upper(), name.title(), padded(rng, name)))


def written_time(rng: random.Random, utc: datetime) -> str:
    """One of the many spellings of an instant."""
    offset = rng.choice((0, 0, 0, 0, 120, -300, 330, 840, -840, 59, -1, -90))
    zone = _zone(rng, offset)
    if zone is None:
        offset, zone = 0, ""
    local = utc + timedelta(minutes=offset)
    text = local.strftime(f"%Y-%m-%d{rng.choice((' ', ' ', 'T', 'T', 't'))}%H:%M")
    fraction = f"{local.microsecond:06d}"
    if local.second or local.microsecond or rng.random() < 0.7:
        text += f":{local.second:02d}"
        if local.microsecond and rng.random() < 0.5:
            text += "." + fraction.rstrip("0")
        elif local.microsecond or rng.random() < 0.5:
            kept = len(fraction.rstrip("0"))
            text += "." + fraction[: max(1, rng.randint(kept, 6))]
    return padded(rng, text + zone)


def _zone(rng: random.Random, offset: int) -> str | None:
    """`offset` in minutes; None where the text shall name no zone."""
    sign = "-" if offset < 0 else "+"
    hours, minutes = divmod(abs(offset), 60)
    spellings = [f"{sign}{hours:02d}{minutes:02d}", f"{sign}{hours:02d}:{minutes:02d}"]
    if minutes == 0:
        spellings.append(f"{sign}{hours:02d}")
    if offset == 0:
        if rng.random() < 0.5:
            return None
        spellings += ["Z", "z", "-00", "-0000"]
    return rng.choice(("", "", " ")) + rng.choice(spellings)


def rewritten_time(rng: random.Random, text: str) -> str:
    """Another spelling of the same instant; what is no time stays as it is."""
    utc = parse_event_time(trim(text) or "")
    return text if utc is None else written_time(rng, utc)


def rewritten_channel(rng: random.Random, channel: str) -> str:
    """Another spelling of the same channel: `_` may be a run of spaces and hyphens, and any end goes away."""
    respelt = channel.replace("_", rng.choice(("_", " ", "-", " - "))) if "__" not in channel.strip("_") else channel
    if "_ " in channel or " _" in channel:  # two underscores after cleaning: only the ends are free
        respelt = channel
    return rng.choice(("", " ", "-", "_ ")) + respelt.strip(" \t\r\n") + rng.choice(("", " ", "--", " _"))


def rewritten_revenue(rng: random.Random, text: str) -> str:
    """Another spelling of the same amount, where one is easily had."""
    revenue = text.strip()
    if not revenue[:1].isdigit() or not revenue.isascii():
        return text
    return rng.choice(("", "+", "000", " +0")) + revenue + rng.choice(("0" if "." in revenue else ".0", "", "\t"))


def malformed_record(rng: random.Random, fields: dict[str, str]) -> bytes:
    """A record that is malformed whatever the columns: its width, a NUL, bytes that are not UTF-8."""
    simple = [text.encode() for text in fields.values() if not set(text) & set('",\r\n')]
    width = len(fields)
    row = [*simple, *[b""] * width][:width]
    kind = rng.choice(("short", "long", "broken", "broken", "blank", "quoted"))
    if kind == "short":
        return b",".join(row[: width - 2] or [b"x"]) or b" "
    if kind == "long":
        # Beyond whatever further columns a file may have
        return b",".join([*row, *[b""] * 5])
    if kind == "blank":
        return rng.choice((b" ", b"\t", b'""', b'" "', b'"\n"', b'"a"b'))
    place = rng.randrange(width)
    broken = rng.choice(BROKEN_BYTES)
    row[place] = row[place] + broken if kind == "broken" else b'"line\none, ""' + broken + b'"'
    return b",".join(row)
