"""Seeded raw folders biased to the edges of the attribution rules.

    generate(directory, seed=7, clients=60)          # one or several events*.csv and clients*.csv
    folder = generate_folder(seed=7, clients=60)     # the same as a value: what the helpers of `variations` work on
    write_folder(folder, directory, seed=7)

A record is its raw text, column by column: what a file looks like (line ends, quotes, column order) is decided when it
is written. The same seed writes the same bytes.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from . import shapes
from .dialect import Entity
from .writing import write_file

WINDOW = timedelta(hours=720)
DAY = timedelta(hours=24)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Record:
    """The raw text of each required column; of a malformed record its bytes instead, without a line end."""

    fields: dict[str, str]
    malformed: bytes | None = None

    def with_fields(self, **changed: str) -> Record:
        return replace(self, fields={**self.fields, **changed})


@dataclass(frozen=True)
class GeneratedFile:
    entity: Entity
    records: tuple[Record, ...]


# File name to content. Names decide the order of ties, the order of this dict decides nothing.
Folder = dict[str, GeneratedFile]

# Names whose order by bytes differs from the natural one, and from that of most collations
EVENT_FILES = (
    "events.csv",
    "events_1.csv",
    "events_10.csv",
    "events_2.csv",
    "eventsA.csv",
    "events_a.csv",
    "events-b.csv",
    "events é.csv",
    "eventsÄ.csv",
    "events_Z.csv",
)
CLIENT_FILES = ("clients.csv", "clients_10.csv", "clients_9.csv", "clientsB.csv", "clients_a.csv", "clientsö.csv")

# The touch's distance before the purchase; negative ones come after it
TOUCH_AGES = (
    timedelta(0),
    MICROSECOND,
    -MICROSECOND,
    WINDOW,
    WINDOW + MICROSECOND,
    WINDOW - MICROSECOND,
    DAY,
    DAY - MICROSECOND,
    7 * DAY,
    7 * DAY,
    14 * DAY,
    29 * DAY,
    WINDOW + DAY,
    -DAY,
)


def generate(directory: Path, seed: int, clients: int = 40, client_prefix: str = "") -> None:
    """Write a raw folder. `client_prefix` keeps the clients of several seeds apart in one run."""
    write_folder(generate_folder(seed, clients, client_prefix), directory, seed)


def write_folder(folder: Folder, directory: Path, seed: int = 0) -> None:
    """The seed decides what each file looks like. Files already in the directory stay."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, file in folder.items():
        texts = [record.fields if record.malformed is None else record.malformed for record in file.records]
        write_file(directory / name, file.entity, texts, random.Random(f"{seed}/{name}"))


def generate_folder(
    seed: int, clients: int = 40, client_prefix: str = "", *, malformed: bool = True, edges_of_time: bool = True
) -> Folder:
    """Some 13 events for each client.

    `malformed=False`: valid records only, duplicates and superseded clients included.
    `edges_of_time=False`: no event in 1970 or 2100, so that all can be shifted by years.
    """
    rng = random.Random(seed)
    events: list[Record] = []
    client_records: list[Record] = []
    for number in range(clients):
        client_id = f"{client_prefix}client_{number:05d}"
        if rng.random() < 0.1:
            client_id = rng.choice(shapes.ODD_CLIENT_IDS).format(client_id)
        if rng.random() < 0.03:
            client_id = client_id.ljust(255, "x")
        story = _Story(rng, client_id, edges_of_time)
        events += story.events()
        client_records += _client_rows(rng, client_id)
    events += _duplicates(rng, events)
    rng.shuffle(events)
    rng.shuffle(client_records)
    if malformed:
        _spoil(rng, events, "event")
        _spoil(rng, client_records, "client")
    return {
        **_deal(rng, "event", EVENT_FILES, events),
        **_deal(rng, "client", CLIENT_FILES, client_records),
    }


def _deal(rng: random.Random, entity: Entity, names: tuple[str, ...], records: list[Record]) -> Folder:
    """Spread over one to five files; one of them may get no record at all."""
    chosen = rng.sample(names, rng.randint(1, min(5, len(names))))
    dealt: dict[str, list[Record]] = {name: [] for name in chosen}
    for record in records:
        dealt[rng.choice(chosen)].append(record)
    return {name: GeneratedFile(entity, tuple(own)) for name, own in dealt.items()}


class _Story:
    """One client's events around a few purchases."""

    def __init__(self, rng: random.Random, client_id: str, edges_of_time: bool) -> None:
        self._rng = rng
        self._client_id = client_id
        self._edges_of_time = edges_of_time

    def events(self) -> list[Record]:
        rng = self._rng
        kind = rng.choices(("journey", "direct", "purchases", "visits", "crowd", "none"), (70, 8, 6, 5, 8, 3))[0]
        purchase_times = self._purchase_times()
        records: list[Record] = []
        if kind != "none" and kind != "visits":
            records += [self._purchase(time) for time in purchase_times]
        if kind in ("journey", "direct", "visits"):
            for time in purchase_times:
                ages = [self._age() for _ in range(rng.randint(0, 6))]
                records += [self._page_view(time - age, direct=kind == "direct") for age in ages]
        if kind == "crowd":
            records += self._crowd(purchase_times[0])
        if len(records) > 1 and rng.random() < 0.3:
            records += self._tied_with(rng.choice(records))
        return records

    def _purchase_times(self) -> list[datetime]:
        rng = self._rng
        if self._edges_of_time and rng.random() < 0.06:
            # January 1970: the window begins in 1969; the end of 2100: zones reach into 2101
            start = rng.choice((datetime(1970, 1, 5, 3), datetime(2100, 12, 31, 23, 59, 59, 999_999)))
        elif rng.random() < 0.1:
            start = datetime(2024, 2, 29, rng.randint(0, 23), rng.randint(0, 59))
        else:
            start = datetime(2023, 1, 1) + timedelta(seconds=rng.randint(0, 400 * 86_400))
        if rng.random() < 0.2:
            start += timedelta(microseconds=rng.randint(0, 999_999))
        times = [start]
        for _ in range(rng.choice((0, 0, 1, 2, 4))):
            gap = rng.choice((timedelta(0), MICROSECOND, DAY, 7 * DAY, WINDOW, WINDOW + MICROSECOND, 45 * DAY))
            times.append(shapes.within_years(times[-1] - gap if start.year == 2100 else times[-1] + gap))
        return times

    def _age(self) -> timedelta:
        rng = self._rng
        if rng.random() < 0.7:
            return rng.choice(TOUCH_AGES)
        return timedelta(seconds=rng.randint(-5 * 86_400, 45 * 86_400), microseconds=rng.choice((0, 0, 1, 999_999)))

    def _crowd(self, purchase_time: datetime) -> list[Record]:
        """Many touches, many of them at one instant: uneven splits and equal remainders."""
        rng = self._rng
        count = rng.choice((3, 7, 11, 30))
        ages = [rng.choice((timedelta(0), 7 * DAY, WINDOW, self._age())) for _ in range(count)]
        return [self._page_view(purchase_time - age) for age in ages]

    def _tied_with(self, record: Record) -> list[Record]:
        """The same instant, another channel, session or product: of equal times the file and the number decide."""
        rng = self._rng
        tied: list[Record] = []
        for _ in range(rng.randint(1, 3)):
            changed = {"session_id": f"t{rng.randint(1, 99)}", "channel": rng.choice(shapes.CHANNELS)}
            column = rng.choice(sorted(changed))
            tied.append(record.with_fields(**{column: changed[column]}))
        return tied

    def _page_view(self, time: datetime, direct: bool = False) -> Record:
        rng = self._rng
        channel = rng.choice(shapes.DIRECT_CHANNELS if direct else shapes.CHANNELS)
        # Revenue on a page view is ignored, whatever it holds
        revenue = rng.choice(("", "", "", "", "5.00", "not a number", "-3"))
        return self._event("page_view", time, channel, revenue)

    def _purchase(self, time: datetime) -> Record:
        rng = self._rng
        revenue = rng.choice(shapes.VALID_REVENUES)
        return self._event("purchase", time, rng.choice(shapes.CHANNELS), revenue)

    def _event(self, event_type: str, time: datetime, channel: str, revenue: str) -> Record:
        rng = self._rng
        return Record(
            {
                "client_id": shapes.padded(rng, self._client_id),
                "event_type": shapes.respelled(rng, event_type),
                "event_time": shapes.written_time(rng, shapes.within_years(time)),
                "session_id": f"s{rng.randint(1, 99)}",
                "channel": channel,
                "campaign_id": rng.choice(("", "spring", "camp,1", '5" heel')),
                "utm_source": rng.choice(("", "news,letter", 'qu"ote', '"all"', "google")),
                "utm_medium": rng.choice(("", "cpc", "email", " ")),
                "page_url": rng.choice(shapes.URLS),
                "referrer_url": rng.choice(("", "", "https://search.example/?q=1,2")),
                "revenue": revenue,
                "product_id": f"p{rng.randint(1, 9)}" if event_type == "purchase" else "",
                "product_category": rng.choice(("shoes", "Books", "")) if event_type == "purchase" else "",
            }
        )


def _client_rows(rng: random.Random, client_id: str) -> list[Record]:
    """None (the relationship test warns), one, or several of which the last counts."""
    return [
        Record(
            {
                "client_id": shapes.padded(rng, client_id),
                "registration_date": rng.choice(shapes.REGISTRATION_DATES),
                "cohort": rng.choice(("2022-Q4", " 2023-Q1 ", "", "Ä,b")),
                "customer_segment": rng.choice(("new_customer", "VIP_Customer", " Returning_Customer", "ÉLITE", "")),
            }
        )
        for _ in range(rng.choices((0, 1, 2, 3), (10, 70, 12, 8))[0])
    ]


def _duplicates(rng: random.Random, events: list[Record]) -> list[Record]:
    """Equal after cleaning, other raw text; and near ones, which differ in one column and both stay."""
    copies: list[Record] = []
    for record in rng.sample(events, k=len(events) // 15):
        raw = record.fields
        same = record.with_fields(
            client_id=shapes.padded(rng, raw["client_id"]),
            event_type=shapes.respelled(rng, raw["event_type"].strip().lower()),
            event_time=shapes.rewritten_time(rng, raw["event_time"]),
            channel=shapes.rewritten_channel(rng, raw["channel"]),
            page_url=shapes.padded(rng, raw["page_url"]),
            revenue=shapes.rewritten_revenue(rng, raw["revenue"]),
        )
        near = record.with_fields(**{rng.choice(("session_id", "utm_source", "referrer_url")): "near"})
        copies += rng.choice(([same], [same, same], [near], [same, near]))
    return copies


def _spoil(rng: random.Random, records: list[Record], entity: Entity) -> None:
    """One record in eight, in place: one field, or two so that the order of the reasons shows, or the whole record."""
    spoilers = shapes.EVENT_SPOILERS if entity == "event" else shapes.CLIENT_SPOILERS
    columns = sorted(spoilers)
    shares = [shapes.SPOILED_SHARE[column] for column in columns]
    for place in rng.sample(range(len(records)), k=len(records) // 8):
        if rng.random() < 0.15:
            records[place] = replace(records[place], malformed=shapes.malformed_record(rng, records[place].fields))
            continue
        for column in rng.choices(columns, shares, k=rng.choice((1, 1, 1, 1, 2))):
            if column == "revenue":  # on a page view it would be ignored
                records[place] = records[place].with_fields(event_type="purchase")
            records[place] = records[place].with_fields(**{column: rng.choice(spoilers[column])})
