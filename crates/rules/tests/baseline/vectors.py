"""Test vectors of baseline rules, computed from the text of docs/rules.md, "Baselines", and from nothing of Vigie's.

    python3 vectors.py > vectors.tsv

Needs Python 3.11 with its standard library, and time zone data. Each case is a line

    case  NAME  ZONE  half_life_weeks  z  min_weeks  sigma_floor  direction

followed by the inputs of one key, in order:

    TIME_MS  MICROS  LOCAL_HOUR  h  k  PIECE_START_MS  PIECE_END_MS  n_h  m  sigma  VERDICT

TIME_MS is the instant an input is judged at, MICROS the value judged, in millionths. LOCAL_HOUR names the piece, with a star
if it is a repetition. n_h, m and sigma are what is usual before the input (m and sigma are - while n_h is 0). VERDICT is
raise, clear or missing.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
MONDAY = datetime(1970, 1, 5)


class Clock:
    """Local hours of a zone, found by asking what its clock shows, not where its offset changes."""

    def __init__(self, zone):
        self.zone = ZoneInfo(zone)

    def offset(self, second):
        instant = EPOCH + timedelta(seconds=second)
        return round(instant.astimezone(self.zone).utcoffset().total_seconds())

    def shown(self, second):
        """The local hour shown at a second: date and hour as a naive datetime."""
        return datetime(1970, 1, 1) + timedelta(hours=(second + self.offset(second)) // 3600)

    def piece(self, at_ms):
        """(first second, end, local hour, repeated) of the piece in which an instant lies."""
        second = at_ms // 1000
        offset = self.offset(second)
        full = second - (second + offset) % 3600
        start = full if self.offset(full) == offset else self.change(second, full)
        end = full + 3600 if self.offset(full + 3599) == offset else self.change(second, full + 3599)
        hour = self.shown(second)
        # Cuts lie on quarters of an hour in every zone of these cases; three days back is more than any clock was set.
        earlier = range(start - 3 * 86400, start, 900)
        repeated = any(self.shown(before) >= hour for before in earlier) or self.shown(start - 1) >= hour
        return start, end, hour, repeated

    def change(self, inside, outside):
        """The second at which the offset changes between two seconds, of which the first has the offset asked about."""
        offset = self.offset(inside)
        while abs(inside - outside) > 1:
            middle = (inside + outside) // 2
            if self.offset(middle) == offset:
                inside = middle
            else:
                outside = middle
        return max(inside, outside)


@dataclass
class Hour:
    W: float
    m: float
    S: float
    n_h: int
    k0: int


class Baseline:
    """One key of a baseline rule."""

    def __init__(self, zone, half_life_weeks, z, min_weeks, sigma_floor, direction):
        self.clock = Clock(zone)
        self.H, self.z, self.min_weeks, self.floor = half_life_weeks, z, min_weeks, sigma_floor
        self.direction = direction
        self.learnt = {}
        self.piece = None
        self.samples = []

    def input(self, at_ms, micros):
        piece = self.clock.piece(at_ms)
        if self.piece is not None and piece[:2] != self.piece[:2]:
            self.learn()
        self.piece = piece
        start, end, hour, repeated = piece
        h = hour_of_week(hour)
        verdict, known = self.judge(h, micros), self.learnt.get(h)
        self.samples.append(micros)
        name = hour.strftime("%Y-%m-%dT%H") + ("*" if repeated else "")
        usual = ("0", "-", "-") if known is None else (str(known.n_h), repr(known.m), repr(sigma(known)))
        return (at_ms, micros, name, h, week(hour), start * 1000, end * 1000, *usual, verdict)

    def learn(self):
        _, _, hour, repeated = self.piece
        n = len(self.samples)
        if n > 0 and not repeated:
            x = float(sum(self.samples)) / float(1_000_000 * n)
            h, k = hour_of_week(hour), week(hour)
            usual = self.learnt.get(h)
            if usual is None:
                self.learnt[h] = Hour(W=1.0, m=x, S=0.0, n_h=1, k0=k)
            else:
                d = math.exp2(-(k - usual.k0) / self.H)
                W = d * usual.W + 1.0
                e = x - usual.m
                m = usual.m + e / W
                S = d * usual.S + e * (x - m)
                self.learnt[h] = Hour(W, m, S, usual.n_h + 1, k)
        self.samples = []

    def judge(self, h, micros):
        usual = self.learnt.get(h)
        if usual is None or usual.n_h < self.min_weeks:
            return "missing"
        v = float(micros) / 1_000_000.0
        r = self.z * max(sigma(usual), self.floor)
        up, down = v - usual.m >= r, usual.m - v >= r
        unusual = {"up": up, "down": down, "both": up or down}[self.direction]
        return "raise" if unusual else "clear"


def sigma(usual):
    return math.sqrt(max(usual.S, 0.0) / usual.W)


def hour_of_week(hour):
    return 24 * hour.weekday() + hour.hour


def week(hour):
    return (hour - MONDAY).days // 7


def utc_ms(year, month, day, hour=0, minute=0, second=0):
    return round((datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc) - EPOCH).total_seconds()) * 1000


def local_ms(zone, year, month, day, hour=0, minute=0, fold=0):
    instant = datetime(year, month, day, hour, minute, tzinfo=ZoneInfo(zone), fold=fold)
    return round((instant - EPOCH).total_seconds()) * 1000


MINUTE, HOUR, DAY, WEEK = 60_000, 3_600_000, 86_400_000, 7 * 86_400_000


class Chance:
    """Numbers that look random and are the same everywhere (Knuth's MMIX)."""

    def __init__(self, seed):
        self.state = seed

    def below(self, limit):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % limit


def cases():
    """(name, zone, half_life_weeks, z, min_weeks, sigma_floor, direction, inputs)"""
    start = local_ms("Australia/Melbourne", 2026, 5, 4, 8)
    inputs = []
    for number in range(9):
        for hour, value in ((0, 100), (1, 250), (26, 40)):
            for minute in (0, 20, 59):
                jitter = (number * 7 + hour * 3 + minute) % 11
                at_ms = start + number * WEEK + hour * HOUR + minute * MINUTE
                inputs.append((at_ms, value * 1_000_000 + jitter * 1_234_567))
    yield "plain weeks", "Australia/Melbourne", 8.0, 3.0, 4, 0.5, "both", inputs

    inputs = [
        (start + number * WEEK + minute * MINUTE, value)
        for number, value in ((0, 5_000_000), (1, 7_500_000), (2, 6_000_001), (5, 9_999_999), (6, 4), (20, 8_000_000),
                              (21, 8_100_000), (75, -3_000_000), (76, 0))
        for minute in (1, 61)
    ]
    yield "decay over skipped weeks", "Australia/Melbourne", 3.0, 2.0, 2, 0.01, "both", inputs
    yield "decay so fast that only the last week counts", "Australia/Melbourne", 0.05, 2.0, 2, 0.01, "both", inputs

    # The night of a change, the weeks before and after, and the next year's, every 20 minutes.
    for name, zone, nights in (
        ("autumn in Melbourne", "Australia/Melbourne", ((2026, 3, 29), (2026, 4, 5), (2026, 4, 12), (2027, 4, 4))),
        ("spring in Melbourne", "Australia/Melbourne", ((2026, 9, 27), (2026, 10, 4), (2026, 10, 11), (2027, 10, 3))),
        ("autumn in Dublin", "Europe/Dublin", ((2026, 10, 18), (2026, 10, 25), (2026, 11, 1), (2027, 10, 31))),
        ("spring in Dublin", "Europe/Dublin", ((2026, 3, 22), (2026, 3, 29), (2026, 4, 5), (2027, 3, 28))),
        ("autumn on Lord Howe", "Australia/Lord_Howe", ((2026, 3, 29), (2026, 4, 5), (2026, 4, 12), (2027, 4, 4))),
        ("spring on Lord Howe", "Australia/Lord_Howe", ((2026, 9, 27), (2026, 10, 4), (2026, 10, 11), (2027, 10, 3))),
    ):
        inputs = []
        for year, month, day in nights:
            first = local_ms(zone, year, month, day)
            inputs += [(first + step * 20 * MINUTE, (step * 37 % 100 + day) * 1_000_000) for step in range(16)]
        yield name, zone, 2.0, 2.0, 1, 1.0, "both", inputs

    first = local_ms("Australia/Melbourne", 2026, 4, 5, 2, 10, fold=1)
    inputs = [(first, 50_000_000), (first + HOUR, 60_000_000), (first + WEEK, 70_000_000), (first + WEEK + HOUR, 80_000_000)]
    yield "only the repetition was seen", "Australia/Melbourne", 2.0, 2.0, 1, 1.0, "both", inputs

    first = local_ms("Asia/Kolkata", 2026, 2, 28, 23, 29)
    inputs = [
        (first + number * WEEK + step * 15 * MINUTE + 999, (10 + number + step) * 1_000_000)
        for number in range(4) for step in range(9)
    ]
    yield "zone of half hours", "Asia/Kolkata", 4.0, 1.5, 2, 0.25, "up", inputs

    first = local_ms("America/New_York", 1955, 9, 4, 22)
    inputs = [
        (first + number * WEEK + step * 10 * MINUTE, (number + 1) * 1_111_111)
        for number in range(5) for step in range(40)
    ]
    yield "before the epoch", "America/New_York", 8.0, 3.0, 2, 0.1, "both", inputs

    # Half-life one week and these values: every number is a short binary fraction, so a verdict at the limit is exact.
    monday = utc_ms(2026, 1, 5, 12)
    taught = [(monday, 8_000_000), (monday + HOUR, 0), (monday + WEEK, 8_000_000), (monday + WEEK + HOUR, 0)]
    judged = [(monday + 2 * WEEK + step, value) for step, value in enumerate(
        (13_000_000, 12_999_999, 3_000_000, 3_000_001, 8_000_000, 13_000_001, 2_999_999, -13_000_000))]
    for direction in ("up", "down", "both"):
        yield f"floor, {direction}", "UTC", 1.0, 2.5, 2, 2.0, direction, taught + judged
    yield "one week too few", "UTC", 1.0, 2.5, 3, 2.0, "both", taught + judged

    # Two weeks apart, so weights 1/4 and 1: mean 8, deviation 4, exactly.
    taught = [(monday, 0), (monday + 2 * WEEK, 10_000_000), (monday + 2 * WEEK + HOUR, 0)]
    yield "deviation above the floor", "UTC", 1.0, 1.5, 2, 3.5, "both", taught + [
        (monday + 3 * WEEK + step, value) for step, value in enumerate((14_000_000, 13_999_999, 2_000_000, 2_000_001))]

    for zone, half_life in (("Europe/Dublin", 8.0), ("Australia/Lord_Howe", 6.0), ("America/Chicago", 0.7)):
        chance = Chance(len(zone))
        at_ms, inputs = utc_ms(2025, 1, 1), []
        while at_ms < utc_ms(2026, 1, 1):
            inputs.append((at_ms, (chance.below(2000) - 500) * 50_000 + chance.below(50_000)))
            at_ms += 1 + chance.below(HOUR)
            if chance.below(6) == 0:
                # On to the next weekend, from Saturday 14:00 UTC: clocks change in its nights.
                weekend = utc_ms(2025, 1, 4, 14)
                at_ms = weekend + ((at_ms - weekend) // WEEK + 1) * WEEK + chance.below(20 * HOUR)
        yield f"whatever comes, {zone}", zone, half_life, 1.5, 3, 5.0, "both", inputs


def main():
    for name, zone, half_life, z, min_weeks, floor, direction, inputs in cases():
        print("case", name, zone, half_life, z, min_weeks, floor, direction, sep="\t")
        key = Baseline(zone, half_life, z, min_weeks, floor, direction)
        for at_ms, micros in inputs:
            print(*key.input(at_ms, micros), sep="\t")


if __name__ == "__main__":
    main()
