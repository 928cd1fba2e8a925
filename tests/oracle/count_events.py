#!/usr/bin/env python3
"""Counts what `[[csv]]` mappings onto incidents, perceptions and single observations must yield, without any of Vigie's code.

    python3 tests/oracle/count_events.py configs/london-2019 [--write]

Reads CONFIG/vigie.toml, CONFIG/spaces.geojson and the files in CONFIG/sample, prints figures per mapping as JSON, and compares
them with CONFIG/expected.json when that exists (exit code 1 on a difference); `--write` records them instead. Written from
docs/surveys.md. Needs Python 3.11 and its standard library (and the zone data of the system).

The words: a *row* is a data line below the header; it is *left out* when `only_rows` asks for others; every other row has one
*value* (long) or one for each value column (wide); a value is *missing*, *refused*, or becomes one *event*. So
values = missing + refused + events, always. Shares have six decimals, rounded half to even; unsafe = share * n, exactly.
"""

import argparse
import csv
import json
import pathlib
import sys
import tomllib
from collections import Counter
from datetime import datetime, timedelta, timezone
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Iterator
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
MICRO = Decimal("0.000001")
HOUR_MS = 3_600_000


class Refused(Exception):
    """A value that no event can be made of."""


def main() -> None:
    """Counts one configuration's data and compares it with what is recorded."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", type=pathlib.Path)
    parser.add_argument("--write", action="store_true", help="record the figures in expected.json")
    args = parser.parse_args()
    mappings = tomllib.loads((args.config / "vigie.toml").read_text(encoding="utf-8"))["csv"]
    spaces = json.loads((args.config / "spaces.geojson").read_text(encoding="utf-8"))["features"]
    found = {"sample": {mapping["name"]: count(mapping, args.config / "sample", spaces) for mapping in mappings}}
    print(json.dumps(found, indent=2))
    record = args.config / "expected.json"
    if args.write:
        record.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    elif record.exists() and json.loads(record.read_text(encoding="utf-8")) != found:
        sys.exit(f"{record} says otherwise")


def count(mapping: dict, folder: pathlib.Path, spaces: list) -> dict:
    """The figures of one mapping."""
    paths = [path for pattern in mapping["files"] for path in sorted(folder.glob(pattern))]
    if not paths:
        sys.exit(f"{folder}: no file matches {mapping['files']}")
    tally, events = Counter(), []
    for path in paths:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            header = [name.strip() for name in next(reader)]
            for cells in reader:
                row = dict(zip(header, (cell.strip() for cell in cells)))
                tally["rows"] += 1
                if any(row[column] not in texts for column, texts in mapping.get("only_rows", {}).items()):
                    tally["left_out"] += 1
                    continue
                for name, value in values(mapping, row):
                    tally["values"] += 1
                    if value is not None and value in mapping.get("missing", [""]):
                        tally["missing"] += 1
                        continue
                    try:
                        events.append(event(mapping, row, name, value, spaces))
                    except Refused:
                        tally["refused"] += 1
    figures = {"feed": mapping.get("feed", mapping["name"]), "event": mapping.get("event", "observation"), "files": len(paths)}
    figures |= {key: tally[key] for key in ("rows", "left_out", "values", "missing", "refused")}
    figures["events"] = len(events)
    times = [one["time_ms"] for one in events]
    figures |= {"first_event_ms": min(times), "last_event_ms": max(times)}
    figures |= {f"sum_{key}": str(sum((Decimal(one[key]) for one in events), Decimal(0)).normalize())
                for key in ("value", "n", "unsafe", "share") if key in events[0]}
    for key in ("space", "category", "wave", "period"):
        if key in events[0]:
            figures[f"by_{key}"] = dict(sorted(Counter(one[key] for one in events).items()))
    return figures


def values(mapping: dict, row: dict) -> Iterator[tuple[str | None, str | None]]:
    """(name, text) of each value in a row; no text where rows have no value of their own."""
    columns = mapping.get("columns", {})
    if mapping["layout"] == "wide":
        yield from ((column, row[column]) for column in mapping["only"])
    else:
        yield row[columns["name"]] if "name" in columns else None, row[columns["value"]] if "value" in columns else None


def event(mapping: dict, row: dict, name: str | None, value: str | None, spaces: list) -> dict:
    """The event of a value, as far as it is counted."""
    target = mapping["names"].get(name) if "names" in mapping and name is not None else {}
    if target is None:
        raise Refused
    kind = mapping.get("event", "observation")

    def field(key: str) -> str | None:
        column = mapping.get("columns", {}).get(key)
        text = row[column] if column else ""
        if text and text not in mapping.get("missing", [""]):
            words = mapping.get("words", {}).get(key)
            if words is not None and text not in words:
                raise Refused
            return words[text] if words else text
        return target.get(key, mapping.get("constants", {}).get(key))

    found = {"space": field("space") or located(field("lat"), field("lon"), spaces), "time_ms": time_ms(mapping, row, field("wave"))}
    if found["space"] not in {space["properties"]["id"] for space in spaces}:
        raise Refused
    if kind == "incident":
        return found | {"category": field("category")}
    if kind == "observation":
        return found | {"value": value if value is not None else field("value")}
    part = Decimal(value).quantize(MICRO, ROUND_HALF_EVEN)
    share = {"safe_percent": (100 - part) / 100, "unsafe_percent": part / 100, "safe_share": 1 - part, "unsafe_share": part}
    share = share[mapping["value_is"]].quantize(MICRO, ROUND_HALF_EVEN)
    n = int((field("n") or "0").replace(mapping.get("thousands", ","), ""))
    return found | {"wave": field("wave"), "period": field("period"), "n": n, "share": share, "unsafe": share * n}


def time_ms(mapping: dict, row: dict, wave: str | None) -> int:
    """Event time: the written one, at the end of its interval, or the beginning of the wave's year."""
    if "time" not in mapping:
        return (datetime(int(wave[:4]), 1, 1, tzinfo=timezone.utc) - EPOCH) // timedelta(milliseconds=1)
    time = mapping["time"]
    text = " ".join(row[column] for column in time["columns"])
    read = datetime.fromisoformat(text) if time["format"] == "rfc3339" else datetime.strptime(text, time["format"])
    read = read if read.tzinfo else read.replace(tzinfo=ZoneInfo(time["zone"]))
    shift_ms = HOUR_MS if (mapping.get("interval"), mapping.get("label")) == ("1h", "start") else 0
    return (read - EPOCH) // timedelta(milliseconds=1) + shift_ms


def located(lat: str | None, lon: str | None, spaces: list) -> str:
    """The one space with an outline around a position."""
    if lat is None or lon is None:
        raise Refused
    around = [space for space in spaces if (space["geometry"] or {}).get("type") == "Polygon"]
    found = [space["properties"]["id"] for space in around if inside(float(lon), float(lat), space["geometry"]["coordinates"])]
    if len(found) != 1:
        raise Refused
    return found[0]


def inside(x: float, y: float, rings: list) -> bool:
    """Even-odd rule over all rings."""
    odd = False
    for ring in rings:
        for (x1, y1), (x2, y2) in zip(ring, ring[1:]):
            if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
                odd = not odd
    return odd


if __name__ == "__main__":
    main()
