"""Sunrises and sunsets by another way than Vigie's, printed as CSV: python3 vectors.py > vectors.csv

Vigie follows NOAA's calculator: equation of time and hour angle. Here the sun's right ascension and declination come from
the Astronomical Almanac's low-precision formulas (section C, "Low precision formulas for the Sun", good to 0.01 degrees
between 1950 and 2050), and the hour angle from Greenwich mean sidereal time. Changes of sign are looked for minute by
minute and then halved down to the second. Standard library only.
"""

from datetime import datetime, timedelta, timezone
from math import asin, atan2, cos, degrees, radians, sin

HORIZON = -0.833
PLACES = [
    ("melbourne", -37.8136, 144.9631),
    ("london", 51.5072, -0.1275),
    ("dublin", 53.3498, -6.2603),
    ("seattle", 47.6062, -122.3321),
    ("tromso", 69.6492, 18.9553),
    ("quito", -0.1807, -78.4678),
    ("suva", -18.1416, 178.4419),
]
DATES = ["1972-02-29", "1999-03-21", "2016-06-20", "2017-03-12", "2017-09-22", "2024-11-05", "2026-01-13", "2049-12-21"]
J2000 = datetime(2000, 1, 1, 12, tzinfo=timezone.utc)


def elevation(latitude, longitude, at):
    """Degrees between the horizon and the centre of the sun, without refraction."""
    n = (at - J2000) / timedelta(days=1)
    mean_longitude = 280.460 + 0.9856474 * n
    anomaly = radians(357.528 + 0.9856003 * n)
    ecliptic = radians(mean_longitude + 1.915 * sin(anomaly) + 0.020 * sin(2 * anomaly))
    obliquity = radians(23.439 - 0.0000004 * n)
    ascension = atan2(cos(obliquity) * sin(ecliptic), cos(ecliptic))
    declination = asin(sin(obliquity) * sin(ecliptic))
    sidereal = radians(280.46061837 + 360.98564736629 * n)
    hour_angle = sidereal + radians(longitude) - ascension
    phi = radians(latitude)
    return degrees(asin(sin(phi) * sin(declination) + cos(phi) * cos(declination) * cos(hour_angle)))


def is_night(latitude, longitude, at):
    return elevation(latitude, longitude, at) < HORIZON


def changes(latitude, longitude, day):
    """The seconds at which night begins or ends on a UTC day."""
    start = datetime.fromisoformat(day).replace(tzinfo=timezone.utc)
    for minute in range(24 * 60):
        low, high = start + timedelta(minutes=minute), start + timedelta(minutes=minute + 1)
        after = is_night(latitude, longitude, high)
        if is_night(latitude, longitude, low) == after:
            continue
        while high - low > timedelta(seconds=1):
            middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
            if is_night(latitude, longitude, middle) == after:
                high = middle
            else:
                low = middle
        yield high, "sunset" if after else "sunrise"


print("place,latitude,longitude,date,change,epoch_s")
for name, latitude, longitude in PLACES:
    for date in DATES:
        found = list(changes(latitude, longitude, date))
        for at, change in found:
            print(f"{name},{latitude},{longitude},{date},{change},{int(at.timestamp())}")
        if not found:
            always = "night" if is_night(latitude, longitude, datetime.fromisoformat(date + "T12:00:00+00:00")) else "day"
            print(f"{name},{latitude},{longitude},{date},{always},")
