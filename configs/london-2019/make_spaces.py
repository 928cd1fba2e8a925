#!/usr/bin/env python3
"""Writes `spaces.geojson` for London in 2019.

    python3 make_spaces.py ORIGINALS > spaces.geojson

- `london`, the region: without a geometry. The survey and the bicycles are about all of it.
- `city-of-london`, the borough: its boundary, from `london_boroughs.geojson`, coordinates rounded to five decimals (1 m). Searches
  are placed in it by position.
- one space for each neighbourhood (LSOA, 1,000 to 3,000 residents) of London in which the City's police recorded a crime. No
  boundary came with the data: the point is the mean of the positions published for its crimes, which are street centres and
  not where anything happened. It is good for a dot on a map, and for nothing else.

Standard library only.
"""

import csv
import json
import pathlib
import sys
from collections import defaultdict

# Crimes recorded far away, by the names of their neighbourhoods: no spaces of London.
ELSEWHERE = ("Derbyshire Dales", "Epsom and Ewell")


def main() -> None:
    """Reads the originals and prints the spaces."""
    originals = pathlib.Path(sys.argv[1])
    features = [feature("london", "London", "region", "London", None), borough(originals)]
    positions, names = defaultdict(list), {}
    for path in sorted(originals.rglob("2019-*-city-of-london-street.csv")):
        with open(path, newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if row["LSOA code"] and not row["LSOA name"].startswith(ELSEWHERE):
                    names[row["LSOA code"]] = row["LSOA name"]
                    positions[row["LSOA code"]].append((float(row["Longitude"]), float(row["Latitude"])))
    for code in sorted(positions):
        points = positions[code]
        mean = [round(sum(axis) / len(points), 5) for axis in zip(*points)]
        district = names[code].rsplit(" ", 1)[0]
        features.append(feature(code, names[code], "neighbourhood", district, {"type": "Point", "coordinates": mean}))
    lines = ",\n".join(json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in features)
    print(f'{{"type": "FeatureCollection", "features": [\n{lines}\n]}}')


def borough(originals: pathlib.Path) -> dict:
    """The City of London with its boundary."""
    collection = json.loads(next(originals.rglob("london_boroughs.geojson")).read_text(encoding="utf-8"))
    [found] = [one for one in collection["features"] if one["properties"]["name"] == "City of London"]
    geometry = {"type": found["geometry"]["type"], "coordinates": rounded(found["geometry"]["coordinates"])}
    return feature("city-of-london", "City of London", "borough", "City of London", geometry)


def rounded(coordinates):
    """Coordinates of any depth, to five decimals."""
    if isinstance(coordinates, (int, float)):
        return round(coordinates, 5)
    return [rounded(one) for one in coordinates]


def feature(space: str, name: str, kind: str, district: str, geometry) -> dict:
    """A GeoJSON feature."""
    properties = {"id": space, "name": name, "kind": kind, "district": district}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


if __name__ == "__main__":
    main()
