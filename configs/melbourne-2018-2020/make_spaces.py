#!/usr/bin/env python3
"""Writes `spaces.geojson`: the areas by which the City of Melbourne publishes its survey of residents.

    python3 make_spaces.py melbourne.geojson > spaces.geojson

`city-of-melbourne`, the municipality, has no geometry: several suburbs lie only partly in it. The other spaces are the suburbs
themselves, two together where the survey asks for two, as MultiPolygons with coordinates rounded to five decimals (1 m). Only a
part of Flemington, North Melbourne and South Yarra belongs to the municipality; the survey asked there alone.
Standard library only.
"""

import json
import sys

# Space -> (name, suburbs).
AREAS = {
    "carlton": ("Carlton 3053", ["Carlton"]),
    "docklands": ("Docklands 3008", ["Docklands"]),
    "east-melbourne": ("East Melbourne 3002", ["East Melbourne"]),
    "kensington-flemington": ("Kensington / Flemington 3031", ["Kensington", "Flemington"]),
    "melbourne-3000": ("Melbourne 3000", ["Melbourne (3000)"]),
    "north-west-melbourne": ("North Melbourne 3051 / West Melbourne 3003", ["North Melbourne", "West Melbourne"]),
    "parkville": ("Parkville 3052", ["Parkville"]),
    "south-wharf-southbank": ("South Wharf / Southbank 3006", ["South Wharf", "Southbank"]),
    "south-yarra-st-kilda-road": ("South Yarra 3141 / Melbourne/St Kilda Road 3004", ["South Yarra", "Melbourne (3004)"]),
}


def main() -> None:
    """Reads the suburbs and prints the spaces."""
    with open(sys.argv[1], encoding="utf-8") as file:
        suburbs = {one["properties"]["name"]: one["geometry"] for one in json.load(file)["features"]}
    features = [feature("city-of-melbourne", "City of Melbourne", "municipality", None)]
    for space, (name, parts) in AREAS.items():
        polygons = [polygon for part in parts for polygon in polygons_of(suburbs[part])]
        features.append(feature(space, name, "suburb", {"type": "MultiPolygon", "coordinates": rounded(polygons)}))
    lines = ",\n".join(json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in features)
    print(f'{{"type": "FeatureCollection", "features": [\n{lines}\n]}}')


def polygons_of(geometry: dict) -> list:
    """The polygons of a Polygon or MultiPolygon."""
    return [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]


def rounded(coordinates):
    """Coordinates of any depth, longitude and latitude alone, to five decimals."""
    if isinstance(coordinates[0], (int, float)):
        return [round(one, 5) for one in coordinates[:2]]
    return [rounded(one) for one in coordinates]


def feature(space: str, name: str, kind: str, geometry) -> dict:
    """A GeoJSON feature."""
    properties = {"id": space, "name": name, "kind": kind, "district": "City of Melbourne"}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


if __name__ == "__main__":
    main()
