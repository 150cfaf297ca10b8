"""Pure functions on generated folders, for properties: what may change without changing any attribution."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta

from .cleaning import FIRST_YEAR, LAST_YEAR, clean_client_id, parse_event_time, trim
from .dialect import Entity, name_in_bytes
from .generator import Folder, GeneratedFile, Record


def shuffle_arrival(folder: Folder, seed: int, steps: int = 4) -> list[Folder]:
    """The states of a raw folder over time, the last of them `folder` itself.

    Files come late, in any order, some first with half of their records, some gone for a while. Every state holds
    an events and a clients file, so that each of them loads.
    """
    rng = random.Random(seed)
    states: list[Folder] = []
    for _ in range(steps - 1):
        state: Folder = {}
        for name, file in folder.items():
            presence = rng.choice(("all", "half", "gone"))
            if presence == "all":
                state[name] = file
            elif presence == "half":
                kept = rng.sample(range(len(file.records)), k=len(file.records) // 2)
                state[name] = replace(file, records=tuple(file.records[place] for place in sorted(kept)))
        for entity in ("event", "client"):
            if not any(file.entity == entity for file in state.values()):
                name = rng.choice([name for name, file in folder.items() if file.entity == entity])
                state[name] = folder[name]
        states.append(state)
    return [*states, folder]


def split_into_files(folder: Folder, name: str, parts: int) -> Folder:
    """One file as several with the same order of all records: the marts stay, staging names other files.

    `events.csv` becomes `events.csv`, `events.csv.1.csv`, …: by bytes they come where it was, before all that followed.
    """
    if not 1 <= parts <= 9:
        raise ValueError("one to nine parts: their numbers must sort by bytes")
    file = folder[name]
    size = -(-len(file.records) // parts)
    split = {
        name if part == 0 else f"{name}.{part}.csv": replace(
            file, records=file.records[part * size : (part + 1) * size]
        )
        for part in range(parts)
    }
    return {**folder, **split}


def shift_time(folder: Folder, by: timedelta) -> Folder:
    """Every valid event time moved by the same amount: all credit stays, times move, window ends included.

    Malformed times stay. Raises ValueError where an event would leave the years of the rules: generate the folder
    with `edges_of_time=False`, `malformed=False` to shift it far.
    """

    def shifted(record: Record) -> Record:
        utc = parse_event_time(trim(record.fields["event_time"]) or "")
        if utc is None or record.malformed is not None:
            return record
        moved = utc + by
        if not FIRST_YEAR <= moved.year <= LAST_YEAR:
            raise ValueError(f"{utc} moved by {by} leaves {FIRST_YEAR} to {LAST_YEAR}")
        return record.with_fields(event_time=iso(moved))

    return {
        name: replace(file, records=tuple(shifted(record) for record in file.records))
        if file.entity == "event"
        else file
        for name, file in folder.items()
    }


def add_records(folder: Folder, name: str, entity: Entity, records: list[Record]) -> Folder:
    """Appended to the named file, which may be new: the numbers of all other records stay."""
    before = folder[name].records if name in folder else ()
    return {**folder, name: GeneratedFile(entity, (*before, *records))}


def page_view(client_id: str, time: datetime, channel: str = "social") -> Record:
    """A touchpoint that no generated event is equal to."""
    columns = dict.fromkeys(("session_id", "campaign_id", "utm_source", "utm_medium", "referrer_url", "revenue"), "")
    url = "https://shop.example/added"
    return Record(
        {
            **columns,
            "client_id": client_id,
            "event_type": "page_view",
            "event_time": iso(time),
            "channel": channel,
            "page_url": url,
            "product_id": "",
            "product_category": "",
        }
    )


def client_ids(folder: Folder) -> list[str]:
    """The cleaned ids of all well-formed event records, each once, sorted by bytes."""
    found: set[str] = set()
    for name in sorted(folder, key=name_in_bytes):
        for record in folder[name].records:
            usable = folder[name].entity == "event" and record.malformed is None
            if usable and 0 < len(trim(record.fields["client_id"]) or "") <= 255:
                found.add(clean_client_id(record.fields["client_id"]))
    return sorted(found, key=str.encode)


def iso(time: datetime) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S.%f")
