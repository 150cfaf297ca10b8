"""Raw folder to marts by brute force: every purchase against every event (attribution rules, sections 3 to 6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from .cleaning import CleanClient, CleanEvent, RejectedError, clean_client, clean_event, trim
from .credit import split, weights
from .dialect import CLIENT_COLUMNS, EVENT_COLUMNS, Entity, RawFile, RawRecord, name_in_bytes, read_folder

Row = dict[str, Any]

DAY = timedelta(hours=24)
MICROSECOND = timedelta(microseconds=1)

# The columns of each table, in the order of the rules
COLUMNS: dict[str, tuple[str, ...]] = {
    "stg_events": (*EVENT_COLUMNS, "source_file", "record_number"),
    "stg_clients": CLIENT_COLUMNS,
    "rejected_records": (
        "source_file",
        "record_number",
        "rejection_reason",
        "entity",
        "client_id",
        "raw_fields",
        "raw_record",
    ),
    "load_reconciliation": ("source_file", "entity", "records_read", "records_staged", "records_rejected"),
    "first_touch_attribution": (
        "client_id",
        "purchase_time",
        "attributed_channel",
        "attributed_revenue",
        "first_touch_time",
        "days_to_conversion",
        "attribution_basis",
    ),
    "last_touch_attribution": (
        "client_id",
        "purchase_time",
        "attributed_channel",
        "attributed_revenue",
        "last_touch_time",
        "days_to_conversion",
        "attribution_basis",
    ),
    "channel_performance": (
        "channel",
        "first_touch_revenue",
        "last_touch_revenue",
        "total_conversions",
        "unique_clients",
    ),
    "multi_touch_attribution": (
        "client_id",
        "purchase_time",
        "model",
        "touch_position",
        "attributed_channel",
        "attributed_revenue",
        "weight",
        "touch_time",
    ),
}


@dataclass(frozen=True)
class Variables:
    """The dbt variables that the rules name, with their defaults."""

    attribution_window_days: float = 30
    touchpoint_event_types: Sequence[str] = ("page_view",)
    time_decay_half_life_days: float = 7
    multi_touch_models: Sequence[str] = ("linear", "time_decay", "position_based")


@dataclass
class Marts:
    """Each table as a list of rows: dicts with `COLUMNS[table]`.

    Times are naive datetimes in UTC, dates `date`, money `Decimal` with four places, `weight` float. `raw_fields` is
    a dict of the untrimmed text of the required columns, None for a malformed record; `raw_record` is that record's
    bytes without its line end, None for all others.
    """

    stg_clients: list[Row] = field(default_factory=list)
    stg_events: list[Row] = field(default_factory=list)
    rejected_records: list[Row] = field(default_factory=list)
    load_reconciliation: list[Row] = field(default_factory=list)
    first_touch_attribution: list[Row] = field(default_factory=list)
    last_touch_attribution: list[Row] = field(default_factory=list)
    channel_performance: list[Row] = field(default_factory=list)
    multi_touch_attribution: list[Row] = field(default_factory=list)

    def table(self, name: str) -> list[Row]:
        return getattr(self, name)


@dataclass(frozen=True)
class StagedEvent:
    """An event and its place: the order of section 4 is time, then the bytes of the file name, then the number."""

    event: CleanEvent
    record: RawRecord

    def order(self) -> tuple[datetime, bytes, int]:
        return (self.event.event_time, name_in_bytes(self.record.source_file), self.record.record_number)


@dataclass(frozen=True)
class StagedClient:
    client: CleanClient
    record: RawRecord


def attribute(raw_dir: Path, variables: Variables | None = None) -> Marts:
    """Everything that the pipeline computes from this folder; `LoadStoppedError` where the load must stop."""
    variables = variables or Variables()
    files = read_folder(raw_dir)
    marts = Marts()
    events = _stage_events(files, marts)
    clients = _stage_clients(files, marts)
    marts.stg_events = [_event_row(staged) for staged in events]
    marts.stg_clients = [_client_row(staged.client) for staged in clients]
    _reconcile(files, [*events, *clients], marts)
    purchases = [staged for staged in events if staged.event.event_type == "purchase"]
    for purchase in purchases:
        _attribute_purchase(purchase, events, variables, marts)
    marts.channel_performance = _channel_performance(purchases, marts)
    return marts


def _stage_events(files: list[RawFile], marts: Marts) -> list[StagedEvent]:
    """Valid events in the order of section 4, the earliest of equal ones."""
    valid: list[StagedEvent] = []
    for record in _records(files, "event", marts):
        try:
            valid.append(StagedEvent(clean_event(record.fields or {}), record))
        except RejectedError as rejected:
            _reject(record, "event", rejected.reason, marts)
    staged: list[StagedEvent] = []
    seen: set[CleanEvent] = set()
    for candidate in sorted(valid, key=StagedEvent.order):
        if candidate.event in seen:
            _reject(candidate.record, "event", "duplicate", marts)
        else:
            seen.add(candidate.event)
            staged.append(candidate)
    return staged


def _stage_clients(files: list[RawFile], marts: Marts) -> list[StagedClient]:
    """Valid clients: of the rows with the same client_id the last, by file name in bytes, then record number."""
    last: dict[str, StagedClient] = {}
    for record in _records(files, "client", marts):
        try:
            client = clean_client(record.fields or {})
        except RejectedError as rejected:
            _reject(record, "client", rejected.reason, marts)
            continue
        if client.client_id in last:
            _reject(last[client.client_id].record, "client", "superseded", marts)
        last[client.client_id] = StagedClient(client, record)
    return list(last.values())


def _records(files: list[RawFile], entity: Entity, marts: Marts) -> list[RawRecord]:
    """The entity's well-formed records, files in the order of the bytes of their names; the others are rejected."""
    well_formed: list[RawRecord] = []
    for file in files:
        if file.entity != entity:
            continue
        for record in file.records:
            if record.fields is None:
                _reject(record, entity, "malformed_record", marts)
            else:
                well_formed.append(record)
    return well_formed


def _reject(record: RawRecord, entity: Entity, reason: str, marts: Marts) -> None:
    marts.rejected_records.append(
        {
            "source_file": record.source_file,
            "record_number": record.record_number,
            "rejection_reason": reason,
            "entity": entity,
            "client_id": None if record.fields is None else trim(record.fields["client_id"]),
            "raw_fields": record.fields,
            "raw_record": record.raw,
        }
    )


def _reconcile(files: list[RawFile], staged: Sequence[StagedEvent | StagedClient], marts: Marts) -> None:
    for file in files:
        read = len(file.records)
        kept = sum(1 for one in staged if one.record.source_file == file.source_file)
        rejected = sum(1 for row in marts.rejected_records if row["source_file"] == file.source_file)
        if read != kept + rejected:
            raise AssertionError(f"{file.source_file}: {read} read, {kept} staged, {rejected} rejected")
        row = (file.source_file, file.entity, read, kept, rejected)
        marts.load_reconciliation.append(dict(zip(COLUMNS["load_reconciliation"], row, strict=True)))


def _attribute_purchase(purchase: StagedEvent, events: list[StagedEvent], variables: Variables, marts: Marts) -> None:
    """First, last and multi-touch rows of one purchase. `events` come in the order of section 4."""
    window = variables.attribution_window_days * DAY
    purchase_time = purchase.event.event_time
    in_window: list[StagedEvent] = []
    touchpoint_before = False
    for other in events:
        if other.event.client_id != purchase.event.client_id:
            continue
        if other.event.event_type not in variables.touchpoint_event_types or other is purchase:
            continue
        age = purchase_time - other.event.event_time
        if timedelta(0) <= age <= window:
            in_window.append(other)
        elif age > window and _is_marketing(other):
            touchpoint_before = True
    touches = [other for other in in_window if _is_marketing(other)]
    if touches:
        basis = "marketing_touch"
    elif in_window:
        basis = "direct_visit"
    elif touchpoint_before:
        basis = "outside_window"
    else:
        basis = "no_touch"
    _add_single_touch(marts.first_touch_attribution, "first_touch_time", purchase, touches[:1], basis)
    _add_single_touch(marts.last_touch_attribution, "last_touch_time", purchase, touches[-1:], basis)
    for model in variables.multi_touch_models:
        _add_multi_touch(marts.multi_touch_attribution, model, purchase, touches, variables)


def _is_marketing(staged: StagedEvent) -> bool:
    return staged.event.channel is not None and staged.event.channel != "direct"


def _add_single_touch(
    rows: list[Row], time_column: str, purchase: StagedEvent, touch: list[StagedEvent], basis: str
) -> None:
    """`touch` holds the one touchpoint that takes all of the revenue, or nothing."""
    purchase_time = purchase.event.event_time
    touch_time = touch[0].event.event_time if touch else None
    rows.append(
        {
            "client_id": purchase.event.client_id,
            "purchase_time": purchase_time,
            "attributed_channel": touch[0].event.channel if touch else "direct",
            "attributed_revenue": money(_revenue(purchase)),
            time_column: touch_time,
            "days_to_conversion": None if touch_time is None else (purchase_time - touch_time) // DAY,
            "attribution_basis": basis,
        }
    )


def _add_multi_touch(
    rows: list[Row], model: str, purchase: StagedEvent, touches: list[StagedEvent], variables: Variables
) -> None:
    purchase_time = purchase.event.event_time
    common = {"client_id": purchase.event.client_id, "purchase_time": purchase_time, "model": model}
    units = _revenue(purchase)
    if not touches:
        credited = {"attributed_channel": "direct", "attributed_revenue": money(units)}
        rows.append({**common, "touch_position": 1, **credited, "weight": 1.0, "touch_time": None})
        return
    ages = [(purchase_time - touch.event.event_time) // MICROSECOND for touch in touches]
    shares_of = weights(model, ages, variables.time_decay_half_life_days)
    credits = split(units, shares_of)
    for position, (touch, weight, credit) in enumerate(zip(touches, shares_of, credits, strict=True), start=1):
        rows.append(
            {
                **common,
                "touch_position": position,
                "attributed_channel": touch.event.channel,
                "attributed_revenue": money(credit),
                "weight": float(weight),
                "touch_time": touch.event.event_time,
            }
        )


def _channel_performance(purchases: list[StagedEvent], marts: Marts) -> list[Row]:
    """The single-touch marts hold one row per purchase, in the order of `purchases`."""
    single_touch = list(zip(purchases, marts.first_touch_attribution, marts.last_touch_attribution, strict=True))
    channels = {row["attributed_channel"] for _, first, last in single_touch for row in (first, last)}
    rows: list[Row] = []
    for channel in sorted(channels, key=str.encode):
        by_first = [one for one, first, _ in single_touch if first["attributed_channel"] == channel]
        by_last = [one for one, _, last in single_touch if last["attributed_channel"] == channel]
        credited = {one.order() for one in [*by_first, *by_last]}
        rows.append(
            {
                "channel": channel,
                "first_touch_revenue": money(sum(_revenue(one) for one in by_first)),
                "last_touch_revenue": money(sum(_revenue(one) for one in by_last)),
                "total_conversions": len(credited),
                "unique_clients": len({one.event.client_id for one in [*by_first, *by_last]}),
            }
        )
    return rows


def _event_row(staged: StagedEvent) -> Row:
    row: Row = {column.name: getattr(staged.event, column.name) for column in fields(staged.event)}
    row["revenue"] = None if staged.event.revenue is None else money(staged.event.revenue)
    return {**row, "source_file": staged.record.source_file, "record_number": staged.record.record_number}


def _client_row(client: CleanClient) -> Row:
    return {column.name: getattr(client, column.name) for column in fields(client)}


def _revenue(purchase: StagedEvent) -> int:
    if purchase.event.revenue is None:
        raise AssertionError("a staged purchase has revenue")
    return purchase.event.revenue


def money(units: int) -> Decimal:
    """Units of 0.0001 as a decimal with four places: by its text, since arithmetic would round to 28 digits."""
    return Decimal(f"{units}E-4")


def as_text(rows: Iterable[Row], columns: Sequence[str] | None = None) -> list[tuple[str, ...]]:
    """Rows as an expected CSV file has them, sorted: times with six decimals, money with four, null as empty."""
    return sorted(tuple(value_as_text(row[column]) for column in columns or row) for row in rows)


def value_as_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S.%f")
    if isinstance(value, Decimal):
        return f"{value:.4f}"
    return str(value)
