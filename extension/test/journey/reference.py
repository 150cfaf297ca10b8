"""Purchases and staged events of raw folders by the independent model of the rules, as JSON on standard output.

    python reference.py <folder or seed of the generator> …
"""

import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "dagster_project"))

from tests.reference import attribute, generate_folder, write_folder


def dump(raw: Path) -> dict[str, object]:
    marts = attribute(raw)
    purchases = [row for row in marts.stg_events if row["event_type"] == "purchase"]
    sides = zip(purchases, marts.first_touch_attribution, marts.last_touch_attribution, strict=True)
    names = ("client_id", "event_type", "event_time", "channel", "source_file", "record_number", "revenue")
    return {
        "events": [{name: row[name] for name in names} for row in marts.stg_events],
        "expected": [{"purchase": purchase, "first": first, "last": last} for purchase, first, last in sides],
    }


def folders(arguments: list[str]) -> dict[str, object]:
    dumps: dict[str, object] = {}
    for argument in arguments:
        if argument.isdigit():
            with tempfile.TemporaryDirectory() as scratch:
                write_folder(generate_folder(int(argument)), Path(scratch), int(argument))
                dumps[argument] = dump(Path(scratch))
        else:
            dumps[argument] = dump(Path(argument))
    return dumps


json.dump(folders(sys.argv[1:]), sys.stdout, default=str)
