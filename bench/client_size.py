"""First and last touch for one client with all of the events, against the same events spread over many clients.

    .venv/bin/python bench/client_size.py [--events 1000000]

The floor is the many small clients: the cost of a purchase must not grow with its client's events. Each side is built
by dbt in a database of its own, which is dropped afterwards; the figure is the time of int_purchase_attribution alone,
as dbt measures it.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "dagster_project"))

import psycopg
from psycopg import sql

from attribution_pipeline.connection import connect, describe
from attribution_pipeline.loading.mirror import mirror
from attribution_pipeline.paths import ROOT

MODEL = "int_purchase_attribution"
PURCHASE_EVERY = 20
TARGET_RATIO = 1.5
# Every second of ninety days at one million events: a window of 30 days holds a third of them
EVENTS = """
    insert into raw.events (source_file, record_number, client_id, event_type, event_time, channel, revenue)
    select
        'events.csv', number, 'client_' || abs(hashint8(number)::bigint) %% %(clients)s,
        case when number %% %(every)s = 0 then 'purchase' else 'page_view' end,
        to_char(timestamp '2024-01-01' + number * (interval '90 days' / %(events)s), 'YYYY-MM-DD HH24:MI:SS.US'),
        (array['email', 'social', 'direct'])[1 + number %% 3], case when number %% %(every)s = 0 then '9.99' end
    from generate_series(1, %(events)s) as number
"""


def build(events: int, clients: int) -> float:
    """Seconds that dbt needs for the model, with `events` events of `clients` clients."""
    name = f"bench_{clients}_clients"
    with connect(autocommit=True) as admin:
        admin.execute(sql.SQL("drop database if exists {}").format(sql.Identifier(name)))
        admin.execute(sql.SQL("create database {} template template0").format(sql.Identifier(name)))
        info = admin.info
        where = {"PGHOST": info.host, "PGPORT": str(info.port), "PGUSER": info.user, "PGPASSWORD": info.password}
    environment = {**os.environ, **where, "PGDATABASE": name}
    try:
        with tempfile.TemporaryDirectory() as scratch:
            fill(environment, Path(scratch), events, clients)
            return measure(environment, Path(scratch))
    finally:
        with connect(autocommit=True) as admin:
            admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def fill(environment: dict[str, str], scratch: Path, events: int, clients: int) -> None:
    """The load makes its tables from two empty files; the events are then made in the server."""
    header = (
        "client_id,event_type,event_time,session_id,channel,campaign_id,utm_source,utm_medium,page_url,referrer_url"
    )
    (scratch / "events.csv").write_text(f"{header},revenue,product_id,product_category\n")
    (scratch / "clients.csv").write_text("client_id,registration_date,cohort,customer_segment\n")
    keys = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGPASSWORD": "password", "PGDATABASE": "dbname"}
    with psycopg.connect("", **{keys[key]: environment[key] for key in keys}) as connection:
        mirror(connection, scratch, "raw", "bench")
        connection.execute(EVENTS, {"events": events, "clients": clients, "every": PURCHASE_EVERY})
        connection.execute("analyze raw.events")


def measure(environment: dict[str, str], scratch: Path) -> float:
    """Runs dbt, without the multi-touch models, which are as large as their grain."""
    (scratch / "profiles.yml").write_text((ROOT / "stack" / "profiles.template.yml").read_text())
    command = [str(Path(sys.executable).with_name("dbt")), "--quiet", "run", "--project-dir", str(ROOT / "dbt")]
    command += ["--profiles-dir", str(scratch), "--target-path", str(scratch / "target"), "--threads", "1"]
    subprocess.run([*command, "--vars", "multi_touch_models: []"], env=environment, check=True)
    results = json.loads((scratch / "target" / "run_results.json").read_text())["results"]
    return next(result["execution_time"] for result in results if result["unique_id"].endswith(f".{MODEL}"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    events = parser.parse_args().events
    print(f"{describe()}: {events:,} events, every {PURCHASE_EVERY}th a purchase")
    clients = events // 100
    many, one = build(events, clients), build(events, 1)
    print(f"{clients:,} clients of some 100 events: {many:.2f} s    one client of all events: {one:.2f} s")
    print(f"one against many: {one / many:.2f} (target at most {TARGET_RATIO})")
    return 0 if one / many <= TARGET_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
