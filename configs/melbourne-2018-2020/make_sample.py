#!/usr/bin/env python3
"""Cuts the rows about feeling safe, and a few others, out of the City of Melbourne's survey files.

    python3 make_sample.py ORIGINALS sample

Lines stay byte for byte: the header, the first three rows whatever they are about, and every row that names safety.
"""

import pathlib
import sys

FILES = "Social_Indicators_for_City_of_Melbourne_Residents_*.csv", "Indicators_of_wellbeing_by_year__Future_Melbourne_.csv"
OTHERS = 3


def main() -> None:
    """Writes every file found below the first folder into the second."""
    originals, sample = map(pathlib.Path, sys.argv[1:])
    sample.mkdir(exist_ok=True)
    for path in sorted(path for pattern in FILES for path in originals.rglob(pattern)):
        header, *lines = path.read_bytes().splitlines(keepends=True)
        kept = [line for number, line in enumerate(lines) if number < OTHERS or b"erceptions of safety" in line]
        (sample / path.name).write_bytes(b"".join([header, *kept]))


if __name__ == "__main__":
    main()
