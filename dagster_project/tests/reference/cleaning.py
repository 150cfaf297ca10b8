"""Raw fields to clean values, and the reason why a record is rejected (attribution rules, sections 2 and 3)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from .dialect import ASCII_LOWER, BLANKS

MAX_CHARACTERS = 255
FIRST_YEAR, LAST_YEAR = 1970, 2100
MAX_ZONE = timedelta(hours=14)
EVENT_TYPES = ("page_view", "purchase")
KNOWN_CHANNELS = ("organic_search", "paid_search", "social", "email", "direct")

EVENT_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"[ Tt]"
    r"([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,6}))?)?"
    r"(?: ?(?:([Zz])|([+-])([0-9]{2})(?::?([0-9]{2}))?))?"
)
REVENUE = re.compile(r"([+-]?)([0-9]+)(?:\.([0-9]+))?")
DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")


class RejectedError(Exception):
    """`reason` is one of section 3's names."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class CleanEvent:
    """The thirteen columns after cleaning. Two equal ones are duplicates: that is this class's equality.

    event_time is naive and in UTC; revenue is in units of 0.0001, None on page views.
    """

    client_id: str
    event_type: str
    event_time: datetime
    session_id: str | None
    channel: str | None
    campaign_id: str | None
    utm_source: str | None
    utm_medium: str | None
    page_url: str | None
    referrer_url: str | None
    revenue: int | None
    product_id: str | None
    product_category: str | None


@dataclass(frozen=True)
class CleanClient:
    client_id: str
    registration_date: date | None
    cohort: str | None
    customer_segment: str | None


def clean_event(raw: dict[str, str]) -> CleanEvent:
    """The clean event, or `RejectedError` with the first reason that applies, in section 3's order."""
    client_id = clean_client_id(raw["client_id"])
    event_type = lower(trim(raw["event_type"]))
    if event_type not in EVENT_TYPES:
        raise RejectedError("unknown_event_type")
    time_text = trim(raw["event_time"])
    if time_text is None:
        raise RejectedError("missing_event_time")
    event_time = parse_event_time(time_text)
    if event_time is None:
        raise RejectedError("malformed_event_time")
    channel = clean_channel(raw["channel"])
    if channel is not None and len(channel) > MAX_CHARACTERS:
        raise RejectedError("malformed_channel")
    return CleanEvent(
        client_id=client_id,
        event_type=event_type,
        event_time=event_time,
        session_id=trim(raw["session_id"]),
        channel=channel,
        campaign_id=trim(raw["campaign_id"]),
        utm_source=trim(raw["utm_source"]),
        utm_medium=trim(raw["utm_medium"]),
        page_url=trim(raw["page_url"]),
        referrer_url=trim(raw["referrer_url"]),
        revenue=clean_revenue(raw["revenue"]) if event_type == "purchase" else None,
        product_id=trim(raw["product_id"]),
        product_category=trim(raw["product_category"]),
    )


def clean_client(raw: dict[str, str]) -> CleanClient:
    """A registration date that is none becomes null: the client is kept."""
    date_text = trim(raw["registration_date"])
    return CleanClient(
        client_id=clean_client_id(raw["client_id"]),
        registration_date=None if date_text is None else parse_registration_date(date_text),
        cohort=trim(raw["cohort"]),
        customer_segment=lower(trim(raw["customer_segment"])),
    )


def trim(text: str) -> str | None:
    return text.strip(BLANKS) or None


def lower(text: str | None) -> str | None:
    """ASCII letters only: `É` stays, and so does the Kelvin sign."""
    return None if text is None else text.translate(ASCII_LOWER)


def clean_client_id(text: str) -> str:
    client_id = trim(text)
    if client_id is None:
        raise RejectedError("missing_client_id")
    if len(client_id) > MAX_CHARACTERS:
        raise RejectedError("malformed_client_id")
    return client_id


def clean_channel(text: str) -> str | None:
    channel = lower(trim(text))
    if channel is None:
        return None
    return re.sub("[ -]+", "_", channel).strip("_") or None


def parse_event_time(text: str) -> datetime | None:
    """The instant in UTC, or None where the trimmed text is no event time."""
    match = EVENT_TIME.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, _, sign, zone_hours, zone_minutes = match.groups()
    if zone_minutes is not None and int(zone_minutes) > 59:
        return None
    zone = timedelta(hours=int(zone_hours or 0), minutes=int(zone_minutes or 0))
    if zone > MAX_ZONE:
        return None
    try:
        local = datetime(
            int(year),
            int(month),
            int(day),
            int(hour),
            int(minute),
            int(second or 0),
            int((fraction or "").ljust(6, "0")),
        )
        utc = local + zone if sign == "-" else local - zone
    except (ValueError, OverflowError):  # no real date or time of day, or out of Python's years 1 to 9999
        return None
    return utc if FIRST_YEAR <= utc.year <= LAST_YEAR else None


def clean_revenue(text: str) -> int:
    """Units of 0.0001, rounded half away from zero, or `RejectedError`."""
    trimmed = trim(text)
    if trimmed is None:
        raise RejectedError("missing_revenue")
    units = parse_revenue(trimmed)
    if units is None:
        raise RejectedError("malformed_revenue")
    if units < 0:
        raise RejectedError("negative_revenue")
    return units


def parse_revenue(text: str) -> int | None:
    """Units of 0.0001 with their sign; None where malformed, a magnitude of 10^14 or more included."""
    match = REVENUE.fullmatch(text)
    if match is None:
        return None
    sign, whole, fraction = match.groups()
    whole = whole.lstrip("0")
    if len(whole) > 14:
        return None
    digits = (fraction or "").ljust(5, "0")
    # Half away from zero needs the fifth decimal only: from 5 upwards, whatever follows, the magnitude goes up
    magnitude = int(whole or "0") * 10_000 + int(digits[:4]) + (1 if digits[4] >= "5" else 0)
    if magnitude >= 10**14 * 10_000:
        return None
    return -magnitude if sign == "-" else magnitude


def parse_registration_date(text: str) -> date | None:
    match = DATE.fullmatch(text)
    if match is None:
        return None
    year, month, day = (int(part) for part in match.groups())
    try:
        value = date(year, month, day)
    except ValueError:
        return None
    return value if FIRST_YEAR <= value.year <= LAST_YEAR else None
