#!/usr/bin/env python3
"""Writes `spaces.geojson` (or, with --names, the `[csv.names]` table) for Melbourne's counters.

    python3 make_spaces.py pedestrian_03_2017.csv sensor_locations.csv > spaces.geojson
    python3 make_spaces.py --names pedestrian_03_2017.csv sensor_locations.csv

Position and sensor id come from the city's list of sensors, the name from the header of the counts, kind and district
from the table below (judged by us from name and position). The crowd limits in `params` are computed here from the
usual days, 1 to 8 March 2017, before the Moomba festival, so that every limit can be derived again from the data:

    usual     = the busiest single hour of 1-8 March, but at least QUIET_FLOOR
    Busy      = 1.05 x usual, Crowded = 1.5 x usual, FestivalCrowd = 5 x usual (each rounded up to a multiple of 10)
    LongCrowd = 6 x usual, the sum of six hours

Why these factors: see the comments in rules/pedestrian.yaml. Standard library only.
"""

import csv
import json
import re
import sys

# Below this many people an hour a place is not crowded, however quiet it usually is. It concerns the two
# quietest counters, Waterfront City and QV Market-Peel St.
QUIET_FLOOR = 500
USUAL_DAYS = {f"{day:02}/03/2017" for day in range(1, 9)}
TIME_COLUMNS = ("Date", "Hour")

# Column of the counts -> the sensor list's description, where they differ (9 of 43).
RENAMED = {
    "Flinders St Station Underpass": "Flinders Street Station Underpass",
    "QV Market-Elizabeth (West)": "QV Market-Elizabeth St (West)",
    "Convention/Exhibition Centre": "Melbourne Convention Exhibition Centre",
    "Vic Arts Centre": "The Arts Centre",
    "Flinders St-Spark Lane": "Flinders St-Spark La",
    "Queen Street (West)": "Queen St (West)",
    "Lygon Street (East)": "Lygon St (East)",
    "Spring St-Lonsdale St (South)": "Lonsdale St-Spring St (West)",
    "St. Kilda-Alexandra Gardens": "St Kilda Rd-Alexandra Gardens",
}

# Column of the counts -> (kind, district).
PLACES = {
    "State Library": ("square", "CBD"),
    "Collins Place (South)": ("street", "CBD"),
    "Collins Place (North)": ("street", "CBD"),
    "Flagstaff Station": ("station", "CBD"),
    "Melbourne Central": ("station", "CBD"),
    "Town Hall (West)": ("street", "CBD"),
    "Bourke Street Mall (North)": ("mall", "CBD"),
    "Bourke Street Mall (South)": ("mall", "CBD"),
    "Australia on Collins": ("street", "CBD"),
    "Southern Cross Station": ("station", "Docklands"),
    "Victoria Point": ("waterfront", "Docklands"),
    "New Quay": ("waterfront", "Docklands"),
    "Waterfront City": ("waterfront", "Docklands"),
    "Webb Bridge": ("bridge", "Docklands"),
    "Princes Bridge": ("bridge", "Southbank"),
    "Flinders St Station Underpass": ("station", "CBD"),
    "Sandridge Bridge": ("bridge", "Southbank"),
    "Birrarung Marr": ("park", "CBD"),
    "QV Market-Elizabeth (West)": ("market", "CBD"),
    "Flinders St-Elizabeth St (East)": ("street", "CBD"),
    "Spencer St-Collins St (North)": ("street", "CBD"),
    "Spencer St-Collins St (South)": ("street", "CBD"),
    "Bourke St-Russell St (West)": ("street", "CBD"),
    "Convention/Exhibition Centre": ("venue", "Southbank"),
    "Chinatown-Swanston St (North)": ("street", "CBD"),
    "Chinatown-Lt Bourke St (South)": ("street", "CBD"),
    "QV Market-Peel St": ("market", "CBD"),
    "Vic Arts Centre": ("venue", "Southbank"),
    "Lonsdale St (South)": ("street", "CBD"),
    "Lygon St (West)": ("street", "Carlton"),
    "Flinders St-Spring St (West)": ("street", "CBD"),
    "Flinders St-Spark Lane": ("street", "CBD"),
    "Alfred Place": ("street", "CBD"),
    "Queen Street (West)": ("street", "CBD"),
    "Lygon Street (East)": ("street", "Carlton"),
    "Flinders St-Swanston St (West)": ("street", "CBD"),
    "Spring St-Lonsdale St (South)": ("street", "CBD"),
    "City Square": ("square", "CBD"),
    "St. Kilda-Alexandra Gardens": ("park", "Southbank"),
    "Grattan St-Swanston St (West)": ("campus", "Parkville"),
    "Monash Rd-Swanston St (West)": ("campus", "Parkville"),
    "Tin Alley-Swanston St (West)": ("campus", "Parkville"),
    "Southbank": ("waterfront", "Southbank"),
}


def main() -> None:
    """Reads the two CSV files named last on the command line and prints what was asked for."""
    names_only = "--names" in sys.argv
    counts_path, locations_path = [arg for arg in sys.argv[1:] if not arg.startswith("--")]
    with open(locations_path, newline="", encoding="utf-8") as file:
        locations = {row["Sensor Description"]: row for row in csv.DictReader(file)}
    with open(counts_path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    columns = [column for column in rows[0] if column not in TIME_COLUMNS]
    found = {column: locations[RENAMED.get(column, column)] for column in columns}
    if len({row["Sensor ID"] for row in found.values()}) != len(columns):
        sys.exit("two columns map to one sensor")
    if names_only:
        for column in columns:
            space, sensor = slug(column), found[column]["Sensor ID"]
            print(f'{json.dumps(column)} = {{ space = "{space}", sensor = "{sensor}" }}')
        return
    features = [feature(column, found[column], usual_busiest(rows, column)) for column in columns]
    lines = ",\n".join(json.dumps(one, ensure_ascii=False) for one in features)
    print(f'{{"type": "FeatureCollection", "features": [\n{lines}\n]}}')


def slug(name: str) -> str:
    """`St. Kilda-Alexandra Gardens` -> `st-kilda-alexandra-gardens`."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def usual_busiest(rows: list[dict], column: str) -> int:
    """The busiest hour of the usual days; 0 for a counter that counted nobody."""
    return max(int(row[column]) for row in rows if row["Date"] in USUAL_DAYS)


def feature(column: str, location: dict, busiest: int) -> dict:
    """One public space with its one counter."""
    kind, district = PLACES[column]
    in_service = busiest > 0
    properties = {
        "id": slug(column),
        "name": column,
        "kind": kind,
        "district": district,
        "sensors": [{"id": location["Sensor ID"], "metric": "people_count", "expected": in_service}],
    }
    if in_service:
        usual = max(busiest, QUIET_FLOOR)
        properties["params"] = {
            "Busy": {"max": round_up(usual * 105, 100)},
            "Crowded": {"max": round_up(usual * 150, 100)},
            "FestivalCrowd": {"max": round_up(usual * 500, 100)},
            "LongCrowd": {"max": round_up(usual * 6, 1)},
        }
    position = [float(location["Longitude"]), float(location["Latitude"])]
    return {"type": "Feature", "properties": properties, "geometry": {"type": "Point", "coordinates": position}}


def round_up(numerator: int, denominator: int) -> int:
    """The quotient, rounded up to a multiple of ten."""
    return -(-numerator // (denominator * 10)) * 10


if __name__ == "__main__":
    main()
