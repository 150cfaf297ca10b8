"""The load against its floor: a bare COPY of the same file into a text table, side by side in one run.

    .venv/bin/python bench/load.py [--records 2000000] [--rounds 1]

Uses the server that connection.py finds, in databases of its own that are dropped afterwards. Each side runs in a
process of its own, so that its peak memory is its own.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "dagster_project"))

import psycopg

from attribution_pipeline.connection import connect, describe
from attribution_pipeline.loading.columns import COLUMNS
from attribution_pipeline.loading.mirror import mirror

CHANNELS = ("Paid Search", "organic_search", "email", "social", "direct")
PAGES = ("/", "/sale", "/p/ünïcode-schuhe", "/product/1234", "/books?sort=price&dir=asc")
FLOOR_BLOCK_BYTES = 1024 * 1024
TARGET_RATIO = 0.5
TARGET_MEBIBYTES = 300


def event_line(number: int) -> str:
    """One event: every fourth has a quoted field, every twentieth is a purchase."""
    purchase = number % 20 == 0
    referrer = '"https://search.example/?q=red,shoes&lang=de"' if number % 4 == 0 else "https://search.example/?q=shoes"
    second = number % 2_592_000
    day = f"2024-0{1 + number % 9}-{1 + second // 86_400 % 28:02d}"
    at = f"{day} {second // 3600 % 24:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
    fields = (
        f"client_{number * 7_919 % 500_000:08d}",
        "purchase" if purchase else "page_view",
        f"{at}.{number % 1_000_000:06d}",
        f"s{number // 5:09d}",
        CHANNELS[number % 5],
        f"camp_{number % 40}",
        "google",
        "cpc",
        f"https://shop.example{PAGES[number % 5]}",
        referrer,
        f"{number % 9_999 / 7:.2f}" if purchase else "",
        f"p{number % 500}" if purchase else "",
        "books" if purchase else "",
    )
    return ",".join(fields) + "\n"


def write_raw_files(folder: Path, records: int) -> Path:
    """An events file of `records` records, always the same, and a clients file with a header alone."""
    (folder / "clients.csv").write_text(",".join(COLUMNS["client"]) + "\n")
    path = folder / "events.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(COLUMNS["event"]) + "\n")
        for start in range(0, records, 10_000):
            file.write("".join(map(event_line, range(start, min(records, start + 10_000)))))
    return path


def bare_copy(folder: Path) -> None:
    """The floor: the server reads the CSV itself, into thirteen text columns."""
    with connect("load benchmark", autocommit=True) as connection:
        columns = ", ".join(f"{name} text" for name in COLUMNS["event"])
        connection.execute(f"create table bare ({columns})")  # type: ignore[arg-type]
        with (
            (folder / "events.csv").open("rb") as file,
            connection.cursor() as cursor,
            cursor.copy("copy bare from stdin (format csv, header)") as copy,
        ):
            while block := file.read(FLOOR_BLOCK_BYTES):
                copy.write(block)


def whole_load(folder: Path) -> None:
    """What the project does: hash, read by the rules, COPY, index, statistics, commit."""
    with connect("load benchmark") as connection:
        mirror(connection, folder, "raw", None)


SIDES: dict[str, Callable[[Path], None]] = {"bare": bare_copy, "load": whole_load}


def peak_mebibytes() -> float:
    """Peak memory of this process. Not by ru_maxrss on Linux: that counts the parent's when it forked."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = status.read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def run_side(side: str, folder: Path) -> tuple[float, float, float]:
    """Seconds, processor seconds and peak MiB of one side, in a database and a process of its own."""
    name = f"load_bench_{side}_{os.getpid()}"
    with connect("load benchmark", autocommit=True) as admin:
        settings = {"PGHOST": admin.info.host, "PGPORT": str(admin.info.port), "PGUSER": admin.info.user}
        settings |= {"PGPASSWORD": admin.info.password, "PGDATABASE": name}
        admin.execute(f"create database {name} template template0")  # type: ignore[arg-type]
        admin.execute("checkpoint")
        try:
            command = [sys.executable, __file__, "--side", side, "--folder", str(folder)]
            done = subprocess.run(command, env=os.environ | settings, check=True, capture_output=True, text=True)
        finally:
            admin.execute(f"drop database {name} with (force)")  # type: ignore[arg-type]
    seconds, processor, peak = map(float, done.stdout.split())
    return seconds, processor, peak


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=1, help="both sides run so often, in turns; the best counts")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.side:
        began = time.perf_counter()
        SIDES[arguments.side](arguments.folder)
        print(time.perf_counter() - began, time.process_time(), peak_mebibytes())
        return 0
    with connect("load benchmark") as connection:
        print(describe(connection), f"· psycopg {psycopg.__version__} · Python {sys.version.split()[0]}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        size = write_raw_files(folder, arguments.records).stat().st_size
        print(f"{arguments.records:,} records, {size / 2**20:,.0f} MiB · machine load {os.getloadavg()[0]:.1f} before")
        best: dict[str, tuple[float, float, float]] = {}
        for _ in range(arguments.rounds):
            for side in SIDES:
                result = run_side(side, folder)
                best[side] = min(best.get(side, result), result)
    for side, (seconds, processor, peak) in best.items():
        rate = f"{size / 2**20 / seconds:6.0f} MiB/s  {arguments.records / seconds:10,.0f} records/s"
        print(f"{side}  {seconds:7.2f} s  {rate}  client {processor:6.2f} s  peak {peak:4.0f} MiB")
    ratio = best["bare"][0] / best["load"][0]
    peak = best["load"][2]
    print(f"throughput {ratio:.2f} of the bare COPY (target: at least {TARGET_RATIO})")
    print(f"peak memory {peak:.0f} MiB (target: under {TARGET_MEBIBYTES})")
    print(f"machine load {os.getloadavg()[0]:.1f} after")
    return 0 if ratio >= TARGET_RATIO and peak < TARGET_MEBIBYTES else 1


if __name__ == "__main__":
    sys.exit(main())
