#!/usr/bin/env python3
"""Cuts the columns that the mappings of this folder read out of the original files.

    python3 make_sample.py ORIGINALS sample

ORIGINALS holds `2019-MM-city-of-london-street.csv` and `2019-MM-city-of-london-stop-and-search-no-person.csv` as published by
data.police.uk (the second already without the columns about persons), `LondonHourlyCount2019.csv` and
`indicator_16-1-4_to_2018-19.csv`. Rows, their order and their texts stay as they are. The mappings read the originals too.
Standard library only.
"""

import csv
import pathlib
import sys

COLUMNS = {
    "*-city-of-london-street.csv": ["Month", "LSOA code", "Crime type"],
    "*-city-of-london-stop-and-search-no-person.csv": ["Date", "Latitude", "Longitude"],
    "LondonHourlyCount2019.csv": ["date", "count"],
}
WHOLE = "indicator_16-1-4_to_2018-19.csv"


def main() -> None:
    """Writes every file found below the first folder into the second."""
    originals, sample = map(pathlib.Path, sys.argv[1:])
    sample.mkdir(exist_ok=True)
    for pattern, columns in COLUMNS.items():
        for path in sorted(originals.rglob(pattern)):
            if not path.name.startswith("2018"):
                cut(path, sample / path.name, columns)
    (sample / WHOLE).write_bytes(next(originals.rglob(WHOLE)).read_bytes())


def cut(path: pathlib.Path, to: pathlib.Path, columns: list[str]) -> None:
    """Writes some columns of a file."""
    with open(path, newline="", encoding="utf-8-sig") as file, open(to, "w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([row[column] for column in columns] for row in csv.DictReader(file))


if __name__ == "__main__":
    main()
