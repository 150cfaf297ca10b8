"""The required columns of each kind of raw file, in the order of the raw tables (attribution rules, section 1)."""

from typing import Literal

Entity = Literal["event", "client"]

COLUMNS: dict[Entity, tuple[str, ...]] = {
    "event": (
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
    ),
    "client": ("client_id", "registration_date", "cohort", "customer_segment"),
}

TABLES: dict[Entity, str] = {"event": "events", "client": "clients"}
