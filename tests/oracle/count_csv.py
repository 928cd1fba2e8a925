#!/usr/bin/env python3
"""Counts what a `[[csv]]` mapping must yield, without any of Vigie's code.

    python3 tests/oracle/count_csv.py configs/seattle [--full DIR] [--write]

Reads CONFIG/vigie.toml and the files its mappings name, prints rows, values, missing markers and events per mapping as
JSON, and compares with CONFIG/expected.json when that exists (exit code 1 on a difference). `--full DIR` counts the files
of the same names in DIR, the complete data, which the project does not carry. `--write` records the figures instead:
under "sample", or under "full" with --full. Needs Python 3.11 and its standard library (and the zone data of the system).

The words: a *row* is a data line below the header (a blank line is none); a *value* is a cell that a mapping reads; a
*missing* value carries one of the markers and makes no event; every other one makes one *event*. So
values = missing + events, always.

Local times without offset that a zone skips or repeats (daylight saving) are placed as RFC 5545 says: a skipped time
counts with the offset before the change (02:30 becomes 03:30), a repeated one is its first occurrence (no file here
writes one twice). How many events stand at such times is printed too.
"""

import argparse
import csv
import json
import pathlib
import re
import sys
import tomllib
from collections import Counter
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Iterator, NamedTuple
from zoneinfo import ZoneInfo

DELIMITERS = {"\\t": "\t"}
UNIT_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


class Cell(NamedTuple):
    """One value of a file: where it stands, what it says, and when; `value` is None where a missing marker stands."""

    line: int
    space: str
    sensor: str | None
    metric: str
    value: Decimal | None
    event_time_ms: int
    clock: str  # "plain", or "skipped" / "repeated" by daylight saving


def main() -> None:
    """Counts one configuration's data and compares it with what is recorded."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", type=pathlib.Path)
    parser.add_argument("--full", type=pathlib.Path, help="folder of the complete files")
    parser.add_argument("--write", action="store_true", help="record the figures in expected.json")
    args = parser.parse_args()
    mappings = tomllib.loads((args.config / "vigie.toml").read_text(encoding="utf-8"))["csv"]
    found = {m["name"]: count(m, files_of(m, args.config, args.full)) for m in mappings}
    print(json.dumps(found, indent=2))
    record = args.config / "expected.json"
    known = json.loads(record.read_text(encoding="utf-8")) if record.exists() else {}
    part = "full" if args.full else "sample"
    if args.write:
        known[part] = found
        record.write_text(json.dumps(known, indent=2) + "\n", encoding="utf-8")
    elif part in known and known[part] != found:
        sys.exit(f"{record}: {part} says otherwise: {json.dumps(known[part])}")


def files_of(mapping: dict, config: pathlib.Path, full: pathlib.Path | None = None) -> list[pathlib.Path]:
    """The mapping's files beside the configuration or in its `sample` folder; of the same names in `full` if given."""
    globs = [folder.glob(pattern) for pattern in mapping["files"] for folder in (config, config / "sample")]
    paths = [path for glob in globs for path in sorted(glob)]
    if not paths:
        sys.exit(f"{config}: mapping {mapping['name']}: no file matches {mapping['files']}")
    return [full / path.name for path in paths] if full else paths


def count(mapping: dict, paths: list[pathlib.Path]) -> dict:
    """The figures of one mapping."""
    rows, cells = 0, []
    for path in paths:
        rows += sum(1 for _ in data_rows(mapping, path))
        cells += read(mapping, path)
    events = [cell for cell in cells if cell.value is not None]
    clocks = Counter(cell.clock for cell in events)
    return {
        "files": len(paths),
        "rows": rows,
        "values": len(cells),
        "missing": len(cells) - len(events),
        "events": len(events),
        "events_at_skipped_local_times": clocks["skipped"],
        "events_at_repeated_local_times": clocks["repeated"],
        "first_event_ms": min(event.event_time_ms for event in events),
        "last_event_ms": max(event.event_time_ms for event in events),
        "sum": str(sum(event.value for event in events)),
        "events_by_sensor": dict(sorted(Counter(f"{e.space}/{e.sensor}" for e in events).items())),
    }


def read(mapping: dict, path: pathlib.Path) -> Iterator[Cell]:
    """Every value of one file, in file order."""
    zone = ZoneInfo(mapping["time"]["zone"]) if "zone" in mapping["time"] else None
    shift_ms = duration_ms(mapping["interval"]) if mapping.get("label") == "start" else 0
    missing, factor = set(mapping.get("missing", [""])), Decimal(mapping.get("factor", "1"))
    for line, row in data_rows(mapping, path):
        text = " ".join(row[column] for column in mapping["time"]["columns"])
        start_ms, clock = instant_ms(text, mapping["time"]["format"], zone)
        for name, cell in cells_of(mapping, row):
            place = place_of(mapping, name, path, line)
            value = None if cell in missing else Decimal(cell) * factor
            yield Cell(line, *place, value, start_ms + shift_ms, clock)


def data_rows(mapping: dict, path: pathlib.Path) -> Iterator[tuple[int, dict]]:
    """The data lines of a file, each with its line number, as column name -> text."""
    delimiter = mapping.get("delimiter", ",")
    with open(path, newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file, delimiter=DELIMITERS.get(delimiter, delimiter))
        header = next(reader)
        for row in reader:
            if row:
                if len(row) != len(header):
                    sys.exit(f"{path}:{reader.line_num}: {len(row)} cells under {len(header)} columns")
                yield reader.line_num, dict(zip(header, row))


def cells_of(mapping: dict, row: dict) -> Iterator[tuple[str, str]]:
    """(name, text of the value) of each value in a row."""
    if mapping["layout"] == "wide":
        skipped = {"", *mapping["time"]["columns"], *mapping.get("ignore", [])}
        yield from ((column, text) for column, text in row.items() if column not in skipped)
    else:
        yield row[mapping["columns"]["name"]], row[mapping["columns"]["value"]]


def place_of(mapping: dict, name: str, path: pathlib.Path, line: int) -> tuple[str, str | None, str]:
    """(space, sensor, metric) of a name; one that the mapping does not know ends the run."""
    if name not in mapping["names"]:
        sys.exit(f"{path}:{line}: no entry in [csv.names] for {name!r}")
    ids = {**mapping.get("constants", {}), **mapping["names"][name]}
    return ids["space"], ids.get("sensor"), ids["metric"]


def instant_ms(text: str, pattern: str, zone: ZoneInfo | None) -> tuple[int, str]:
    """Epoch milliseconds of a written time, and whether its local clock skipped or repeated it."""
    time = datetime.fromisoformat(text) if pattern == "rfc3339" else datetime.strptime(text, pattern)
    if time.tzinfo is not None or zone is None:
        time = time if time.tzinfo else time.replace(tzinfo=timezone.utc)
        return epoch_ms(time), "plain"
    first, second = time.replace(tzinfo=zone, fold=0), time.replace(tzinfo=zone, fold=1)
    clock = "plain"
    if first.utcoffset() != second.utcoffset():
        # fold 0 is the offset before the change: right for a skipped time, and the first of a repeated one.
        clock = "skipped" if first.utcoffset() < second.utcoffset() else "repeated"
    return epoch_ms(first), clock


def epoch_ms(time: datetime) -> int:
    """Whole milliseconds since 1970, floored, without floating point."""
    return (time - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(milliseconds=1)


def duration_ms(text: str) -> int:
    """`1h30m` -> 5 400 000."""
    parts = re.findall(r"(\d+)(ms|[smhd])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"not a duration: {text!r}")
    return sum(int(number) * UNIT_MS[unit] for number, unit in parts)


if __name__ == "__main__":
    main()
