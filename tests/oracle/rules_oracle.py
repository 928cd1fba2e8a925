#!/usr/bin/env python3
"""A second opinion on rules: thresholds, windows and absences, written from the text of the rules alone.

    python3 tests/oracle/rules_oracle.py conformance DIR
    python3 tests/oracle/rules_oracle.py melbourne configs/melbourne --from 2017-03-09T12:00:00+11:00 --days 14
    python3 tests/oracle/rules_oracle.py melbourne configs/melbourne                  # a replay of the whole month
    python3 tests/oracle/rules_oracle.py melbourne configs/melbourne --words
    python3 tests/oracle/rules_oracle.py log rules.yaml log.ndjson

It shares no code with Vigie and is as plain as possible: every judgement looks at every value again, numbers are
fractions, timers are found by searching. Needs Python 3.11 and PyYAML.

`conformance` runs every case below DIR (or DIR itself), prints `pass` or `FAIL` for each, and exits with 1 if one
fails or there is none. In a case that also has rules of other kinds, only the lines of the three kinds are compared;
it is printed as `pass (part)`.

`melbourne` reads a configuration's own CSV files, spaces and rules (any configuration will do: the name is that of the first)
and prints the expected transitions, one sorted line `rule TAB key TAB state TAB event_time_ms` each.
* `--from` and `--days` (or `--until`) select the rows whose event time lies in [from, until], both ends included. The
  engine starts at `from`, with an intake-up record there. Ticks go on to `until` and no further: what the demo shows
  when it pauses at its end. Without `--from` every row is read and every line printed: what `vigie replay` does.
* `--end-flush` fires in addition what is due up to one day after the last event, as the end of a replay does.
* `--input FILE` reads this file instead of those the configuration names, by the mapping whose pattern it matches; may
  be repeated. Needed for the complete data of the other configurations, which carry excerpts.
* `--absence` prints the transitions of absence rules *instead of* the others. With `--from` these are otherwise left
  out, as they depend on log time, that is on when
  a row arrived, not on what it says. Here a row arrives at its event time; in the demo up to a few minutes of city time
  later. So a test should compare these lines with a tolerance, and the default output, threshold and window rules
  only, exactly. With Melbourne's pack there are none in the demo's two weeks.
  The default output is exact as long as every row arrives before the clock has passed its event time by one hour:
  the next pane boundary of the window rules, where a row that comes later would be judged instead.
* `--words` prints raised alerts in words for people (local time, space, value) instead.
* `--digest` prints the SHA-256 of all lines, absences included, instead.

`log` judges the log of a server: lines of JSON in the order of the log, each with its `log_time` in epoch milliseconds.
`{"type": "tick", "tick": T}` fires what is due up to T, `{"type": "intake-up"}` lets silences count anew, observations and
incidents are as in the conformance cases, with values as text. Nothing else makes time pass, and duplicates are gone. It
prints every line, absences included.
"""

import argparse
import hashlib
import json
import pathlib
import sys
import tomllib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import yaml

import count_csv
from count_csv import duration_ms
from expression import evaluate

KINDS = ("threshold", "window", "absence")
DAY_MS = 86_400_000
MICRO = Decimal("0.000001")


@dataclass(frozen=True)
class Event:
    """One observation or incident."""

    time_ms: int
    space: str
    metric: str | None = None  # None: an incident
    value: Fraction | None = None
    sensor: str | None = None
    node: str | None = None
    good: bool = True
    incident: tuple = ()  # (name, text) pairs for `incident.*`
    identity: tuple | None = None


@dataclass
class Rule:
    """A rule of one of the three kinds, with its durations in milliseconds and its per-space parameters."""

    spec: dict
    scope: str | None
    space_params: dict = field(default_factory=dict)  # space -> {name: number}

    def __post_init__(self):
        spec = self.spec
        self.name, self.kind, self.metric = spec["alert"], spec["kind"], spec.get("metric")
        self.per = spec.get("per", "space" if "incident" in spec else "sensor")
        self.agg = spec.get("agg", "max")
        self.for_ms = duration_ms(str(spec.get("for", "0s")))
        self.keep_ms = duration_ms(str(spec.get("keep_firing_for", "0s")))
        self.stale_ms = duration_ms(str(spec.get("stale_after", "5m")))
        self.window_ms = duration_ms(spec["window"]) if "window" in spec else 0
        self.pane_ms = duration_ms(spec["every"]) if "every" in spec else default_pane_ms(self.window_ms)
        self.min_count = spec.get("min_count", 1)

    def key_of(self, event: Event) -> str | None:
        """The key an event belongs to; None where it lacks the field."""
        if self.per == "space":
            return event.space
        part = event.sensor if self.per == "sensor" else event.node
        return None if part is None else f"{event.space}/{part}"

    def reads(self, event: Event) -> bool:
        """Whether the event is an input of this rule."""
        if self.metric is not None:
            return event.metric == self.metric and (event.good or self.kind == "absence")
        return event.metric is None and evaluate(self.spec["incident"], dict(event.incident))

    def judge(self, space: str, value: Fraction) -> tuple[bool, bool]:
        """(raise, clear) for a value."""
        params = {**self.spec.get("params", {}), **self.space_params.get(space, {})}
        names = {"value": value, **{f"params.{name}": exact(number) for name, number in params.items()}}
        raised = evaluate(self.spec["raise"], names)
        return raised, evaluate(self.spec["clear"], names) if "clear" in self.spec else not raised


class Episode:
    """The part all judged rules share: hold, episode, off-delay and missing values of one (rule, key)."""

    def __init__(self, rule: Rule, space: str, emit):
        self.rule, self.space, self.emit = rule, space, emit
        self.now_ms = None  # the key's own time
        self.state = "inactive"  # pending, active, stale
        self.hold_due_ms = self.off_due_ms = None

    def next_due_ms(self) -> int | None:
        """When the next timer of this key is due."""
        dues = [due for due in (self.hold_due_ms, self.off_due_ms, self.look_due_ms()) if due is not None]
        return min(dues, default=None)

    def fire_until(self, limit_ms: int) -> None:
        """Fires every timer due at or before the limit, in order; holds and off-delays before looks of the same instant."""
        while (due := self.next_due_ms()) is not None and due <= limit_ms:
            self.now_ms = due
            if due == self.hold_due_ms:
                self.hold_due_ms, self.state = None, "active"
                self.emit("active", due)
            elif due == self.off_due_ms:
                self.off_due_ms, self.state = None, "inactive"
                self.emit("cleared", due)
            else:
                self.look_again(due)

    def take(self, event: Event) -> None:
        """Judges one input."""
        at_ms = event.time_ms if self.now_ms is None else max(event.time_ms, self.now_ms)
        self.fire_until(at_ms)
        self.now_ms = at_ms
        if self.enter(event, at_ms):
            self.judge(at_ms)

    def judge(self, at_ms: int) -> None:
        """Looks at the value of this instant and moves the episode."""
        value = self.value(at_ms)
        if value is None:
            if self.state == "pending":
                self.state, self.hold_due_ms = "inactive", None
            elif self.state == "active":
                self.state = "stale"
                self.emit("stale", at_ms, value)
            return
        raised, clear = self.rule.judge(self.space, value)
        if self.state == "stale":
            self.state = "active"  # a `resumed` record, which is no line of the digest
        if raised:
            self.off_due_ms = None
            if self.state == "inactive" and self.rule.for_ms == 0:
                self.state = "active"
                self.emit("active", at_ms, value)
            elif self.state == "inactive":
                self.state, self.hold_due_ms = "pending", at_ms + self.rule.for_ms
            return
        if self.state == "pending":
            self.state, self.hold_due_ms = "inactive", None
        elif self.state == "active" and clear and self.off_due_ms is None:
            if self.rule.keep_ms == 0:
                self.state = "inactive"
                self.emit("cleared", at_ms, value)
            else:
                self.off_due_ms = at_ms + self.rule.keep_ms


class Threshold(Episode):
    """Each member's newest value counts until it is `stale_after` old."""

    def __init__(self, *args):
        super().__init__(*args)
        self.newest_ms, self.valid = {}, {}  # by member; valid: (event time, value)

    def enter(self, event: Event, at_ms: int) -> bool:
        member = member_of(event)
        if member in self.newest_ms and event.time_ms <= self.newest_ms[member]:
            return False  # late
        self.newest_ms[member] = event.time_ms
        if event.time_ms + self.rule.stale_ms <= at_ms:
            return False  # expired before it was judged
        self.valid[member] = (event.time_ms, event.value)
        return True

    def value(self, _at_ms: int) -> Fraction | None:
        values = [value for _, value in self.valid.values()]
        return aggregate(self.rule.agg, values) if values else None

    def look_due_ms(self) -> int | None:
        return min((time + self.rule.stale_ms for time, _ in self.valid.values()), default=None)

    def look_again(self, due_ms: int) -> None:
        self.valid = {m: tv for m, tv in self.valid.items() if tv[0] + self.rule.stale_ms > due_ms}
        self.judge(due_ms)


class Window(Episode):
    """Every input inside [end - W, end) counts, where `end` is the end of the pane that is judged."""

    def __init__(self, *args):
        super().__init__(*args)
        self.inputs = []  # (event time, value)
        self.boundary_ms = None

    def end_ms(self, at_ms: int) -> int:
        """The end of the pane that holds this instant."""
        return (at_ms // self.rule.pane_ms + 1) * self.rule.pane_ms

    def enter(self, event: Event, at_ms: int) -> bool:
        if event.time_ms < self.end_ms(at_ms) - self.rule.window_ms:
            return False
        self.inputs.append((event.time_ms, event.value))
        if self.boundary_ms is None:
            self.boundary_ms = self.end_ms(at_ms)
        return True

    def inside(self, at_ms: int) -> list[Fraction]:
        """The values the window covers at this instant."""
        end_ms = self.end_ms(at_ms)
        self.inputs = [one for one in self.inputs if one[0] >= end_ms - self.rule.window_ms]
        return [value for time, value in self.inputs if time < end_ms]

    def value(self, at_ms: int) -> Fraction | None:
        values = self.inside(at_ms)
        if self.rule.agg in ("count", "sum"):
            return aggregate(self.rule.agg, values)
        return aggregate(self.rule.agg, values) if len(values) >= max(1, self.rule.min_count) else None

    def look_due_ms(self) -> int | None:
        return self.boundary_ms

    def look_again(self, due_ms: int) -> None:
        self.judge(due_ms)
        resting = self.state in ("inactive", "stale") and self.hold_due_ms is None and self.off_due_ms is None
        done = resting and not self.inside(due_ms)
        self.boundary_ms = None if done else due_ms + self.rule.pane_ms


class Absence:
    """Log time without an arrival. `since_ms` is what the wait counts from; None while the alert is active."""

    def __init__(self, rule: Rule, _space: str, emit):
        self.rule, self.emit, self.since_ms, self.active = rule, emit, None, False

    def next_due_ms(self) -> int | None:
        return None if self.since_ms is None or self.active else self.since_ms + self.rule.for_ms

    def fire_until(self, limit_ms: int) -> None:
        due = self.next_due_ms()
        if due is not None and due <= limit_ms:
            self.active = True
            self.emit("active", due)

    def arrive(self, log_time_ms: int) -> None:
        """An arrival; exactly at the due time it is still in time."""
        self.fire_until(log_time_ms - 1)
        if self.active:
            self.active = False
            self.emit("cleared", log_time_ms)
        self.since_ms = log_time_ms

    def intake_up(self, log_time_ms: int) -> None:
        """Nobody listened before: an open silence stays open, any other one begins now."""
        self.since_ms = max(self.since_ms, log_time_ms)


class Engine:
    """All keys of all rules, one log."""

    KERNELS = {"threshold": Threshold, "window": Window, "absence": Absence}

    def __init__(self, rules: list[Rule], spaces: dict, tick_ms: int = 1000, start_ms: int | None = None):
        self.rules, self.spaces, self.tick_ms = rules, spaces, tick_ms
        self.keys, self.lines, self.raised = {}, [], []
        self.log_time_ms = self.last_tick_ms = None
        self.seen = set()
        if start_ms is not None:
            self.start(start_ms)

    def start(self, at_ms: int) -> None:
        """The engine's start: expected sensors are waited for from here."""
        self.log_time_ms = at_ms
        for rule in self.rules:
            for space in self.spaces.values() if rule.kind == "absence" else ():
                for sensor in space.get("sensors", []):
                    if sensor.get("expected") and sensor["metric"] == rule.metric and rule.per != "node":
                        event = Event(at_ms, space["id"], rule.metric, None, str(sensor["id"]))
                        if self.in_scope(rule, space["id"]):
                            self.key(rule, event).since_ms = at_ms

    def input(self, event: Event) -> None:
        """One input of the log: first the ticks up to it, then every rule that reads it."""
        if event.identity is not None:
            if event.identity in self.seen:
                return
            self.seen.add(event.identity)
        if self.log_time_ms is None:
            self.start(event.time_ms)
        self.tick(event.time_ms // self.tick_ms * self.tick_ms)
        self.log_time_ms = max(self.log_time_ms, event.time_ms)
        self.judge(event)

    def judge(self, event: Event) -> None:
        """Hands an event to every rule that reads it."""
        for rule in self.rules:
            if rule.reads(event) and rule.key_of(event) is not None and self.in_scope(rule, event.space):
                key = self.key(rule, event)
                key.arrive(self.log_time_ms) if rule.kind == "absence" else key.take(event)

    def tick(self, at_ms: int) -> None:
        """A tick: fires what is due at or before it; an absence only once the tick is later than its due time."""
        if self.last_tick_ms is not None and at_ms <= self.last_tick_ms:
            return
        self.last_tick_ms = at_ms
        for (rule, _), key in self.keys.items():
            key.fire_until(at_ms - 1 if self.rules[rule].kind == "absence" else at_ms)

    def record(self, line: dict) -> None:
        """The next record of a recorded log, whose ticks and log times stand as they were."""
        self.log_time_ms = line["log_time"]
        if line["type"] == "intake-up":
            for (rule, _), key in self.keys.items():
                if self.rules[rule].kind == "absence":
                    key.intake_up(self.log_time_ms)
        elif line["type"] == "tick":
            for (rule, _), key in self.keys.items():
                is_absence = self.rules[rule].kind == "absence"
                key.fire_until(min(line["tick"], self.log_time_ms - 1) if is_absence else line["tick"])
        else:
            self.judge(event_of(line))

    def flush(self, until_ms: int) -> None:
        """The end of a replay: fires every timer due not later than this."""
        for key in self.keys.values():
            key.fire_until(until_ms)

    def key(self, rule: Rule, event: Event):
        """The state of a rule's key, made when first needed."""
        name = rule.key_of(event)
        index = self.rules.index(rule)
        if (index, name) not in self.keys:

            def emit(state: str, at_ms: int, value: Fraction | None = None) -> None:
                self.lines.append((rule.name, name, state, at_ms))
                if state == "active":
                    self.raised.append((at_ms, rule, event.space, value))

            self.keys[index, name] = self.KERNELS[rule.kind](rule, event.space, emit)
        return self.keys[index, name]

    def in_scope(self, rule: Rule, space: str) -> bool:
        """Whether the rule concerns this space."""
        if rule.scope is None:
            return True
        attributes = self.spaces.get(space, {"id": space})
        return evaluate(rule.scope, {f"space.{name}": exact(value) for name, value in attributes.items()})


def default_pane_ms(window_ms: int) -> int:
    """The largest whole number of seconds not above max(1 s, W/12) that divides W."""
    if window_ms == 0:
        return 0
    seconds = max(1, window_ms // 12_000)
    return next(s * 1000 for s in range(seconds, 0, -1) if window_ms % (s * 1000) == 0)


def member_of(event: Event) -> tuple:
    """The member inside a key: a sensor and a node of the same id differ."""
    if event.sensor is not None:
        return ("sensor", event.sensor)
    return ("node", event.node) if event.node is not None else ()


def aggregate(agg: str, values: list[Fraction]) -> Fraction:
    """The aggregate of values, exact."""
    match agg:
        case "count":
            return Fraction(len(values))
        case "sum":
            return sum(values, Fraction(0))
        case "mean":
            return sum(values, Fraction(0)) / len(values)
        case "min":
            return min(values)
        case "max":
            return max(values)
    raise ValueError(agg)


def exact(value):
    """Numbers of YAML and JSON as fractions, by the digits written; anything else as it is."""
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return Fraction(str(value))
    return value


def fixed(number) -> Fraction:
    """A value as stored: six decimals, half to even."""
    return Fraction(Decimal(number).quantize(MICRO, rounding=ROUND_HALF_EVEN))


def load_rules(paths: list[pathlib.Path], spaces: dict) -> tuple[list[Rule], bool]:
    """The rules of the three kinds, and whether there were others."""
    rules, others = [], False
    for path in paths:
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
            for spec in group["rules"]:
                if spec["kind"] not in KINDS:
                    others = True
                    continue
                params = {s: p["params"][spec["alert"]] for s, p in spaces.items() if spec["alert"] in p.get("params", {})}
                rules.append(Rule(spec, group.get("scope"), params))
    return rules, others


def text_of(lines: list[tuple]) -> str:
    """The lines of the digest, byte-sorted."""
    return "".join(sorted(("\t".join(map(str, line)) + "\n" for line in lines), key=str.encode))


def event_of(raw: dict) -> Event | None:
    """An event as it is sent; None for a perception."""
    time = raw["time"]
    time_ms = time if isinstance(time, int) else count_csv.epoch_ms(datetime.fromisoformat(time))
    kind = raw.get("type", "observation")
    identity = (kind, raw["space"], raw.get("node"), raw["id"]) if "id" in raw else None
    if kind == "incident":
        named = tuple((f"incident.{n}", raw[n]) for n in ("category", "severity", "channel") if n in raw)
        return Event(time_ms, raw["space"], incident=named, identity=identity)
    if kind == "observation":
        good = raw.get("quality", "good") == "good"
        place = (raw.get("sensor"), raw.get("node"), good, (), identity)
        return Event(time_ms, raw["space"], raw["metric"], fixed(raw["value"]), *place)
    return None


def read_ndjson(path: pathlib.Path) -> list[Event]:
    """The events of a conformance case, in file order."""
    lines = path.read_text(encoding="utf-8").splitlines()
    events = (event_of(json.loads(line, parse_float=Decimal)) for line in lines)
    return [event for event in events if event is not None]


def conformance(folder: pathlib.Path) -> bool:
    """Runs every case below a folder; true when none fails."""
    fine, cases = True, 0
    for case in sorted([folder] if (folder / "rules.yaml").exists() else folder.iterdir()):
        if not (case / "rules.yaml").exists():
            continue
        rules, others = load_rules([case / "rules.yaml"], {})
        if not rules:
            continue
        cases += 1
        settings = json.loads((case / "case.json").read_text(encoding="utf-8"))
        events = read_ndjson(case / "input.ndjson")
        if settings["order"] != "keep":
            events.sort(key=lambda event: event.time_ms)
        engine = Engine(rules, {}, duration_ms(settings["tick"]))
        for event in events:
            engine.input(event)
        engine.flush(engine.log_time_ms + DAY_MS)
        ours, names = text_of(engine.lines), {rule.name for rule in rules}
        expected = (case / "expected.tsv").read_text(encoding="utf-8").splitlines(keepends=True)
        theirs = "".join(line for line in expected if line.split("\t")[0] in names)
        same = ours == theirs and (others or hashlib.sha256(ours.encode()).hexdigest() == settings["digest"])
        print(("pass" if same else "FAIL") + (" (part)" if others else ""), case.name)
        if not same:
            fine = False
            for line in sorted(set(ours.splitlines()) ^ set(theirs.splitlines())):
                print("   ", "only ours:  " if line + "\n" in ours else "only theirs:", line)
    print(f"{cases} cases")
    return fine and cases > 0


def read_config(folder: pathlib.Path, inputs: list[pathlib.Path]) -> tuple[dict, dict, list[Rule], list[Event]]:
    """(configuration, spaces, rules, events by event time) of a configuration folder."""
    config = tomllib.loads((folder / "vigie.toml").read_text(encoding="utf-8"))
    spaces = {}
    if "file" in config["spaces"]:
        text = (folder / config["spaces"]["file"]).read_text(encoding="utf-8")
        features = json.loads(text, parse_float=Decimal)["features"]
        spaces = {one["properties"]["id"]: one["properties"] for one in features}
    rules, others = load_rules([p for glob in config["rules"]["files"] for p in sorted(folder.glob(glob))], spaces)
    if others:
        sys.exit("only rules of the kinds " + ", ".join(KINDS) + " can be checked")
    events = []
    for mapping in config["csv"]:
        node = mapping.get("constants", {}).get("node")
        named = [path for path in inputs if any(path.match(pattern) for pattern in mapping["files"])]
        for path in named if inputs else count_csv.files_of(mapping, folder):
            for cell in count_csv.read(mapping, path):
                if cell.value is not None:
                    value = fixed(cell.value)
                    events.append(Event(cell.event_time_ms, cell.space, cell.metric, value, cell.sensor, node))
    events.sort(key=lambda event: event.time_ms)
    return config, spaces, rules, events


def melbourne(args) -> None:
    """Prints the transitions expected from a configuration's own data."""
    config, spaces, rules, events = read_config(args.config, args.input)
    start_ms = until_ms = None
    if args.start:
        start = datetime.fromisoformat(args.start)
        until = datetime.fromisoformat(args.until) if args.until else start + timedelta(days=args.days)
        start_ms, until_ms = count_csv.epoch_ms(start), count_csv.epoch_ms(until)
        events = [event for event in events if start_ms <= event.time_ms <= until_ms]
    engine = Engine(rules, spaces, duration_ms(config.get("time", {}).get("tick", "1s")), start_ms)
    for event in events:
        engine.input(event)
    if until_ms is not None:
        engine.tick(until_ms)
    if args.end_flush or until_ms is None:
        engine.flush(engine.log_time_ms + DAY_MS)
    absences = {rule.name for rule in rules if rule.kind == "absence"}
    hidden = sum(line[0] in absences for line in engine.lines)
    print(f"{len(events)} events, {len(engine.lines)} transitions, {hidden} of absence rules", file=sys.stderr)
    if args.digest:
        print(hashlib.sha256(text_of(engine.lines).encode()).hexdigest())
    elif args.words:
        zone = ZoneInfo(config["centre"]["time_zone"])
        for at_ms, rule, space, value in sorted(engine.raised, key=lambda one: (one[0], one[1].name, one[2])):
            when = datetime.fromtimestamp(at_ms // 1000, zone)
            name = spaces.get(space, {}).get("name", space)
            amount = "-" if value is None else f"{float(value):,.10g}"
            label = config["metrics"].get(rule.metric, {}).get("label", rule.metric)
            period = f"in the hour to {when:%H:%M}" if rule.kind == "threshold" else f"at {when:%H:%M}"
            print(f"{when:%a %d %b %H:%M}  {rule.name}  {name}: {amount} {label} {period}")
    else:
        every = until_ms is None and not args.absence
        print(text_of([line for line in engine.lines if every or (line[0] in absences) == args.absence]), end="")


def recorded(args) -> None:
    """Prints the transitions of a server's log."""
    rules, others = load_rules([args.rules], {})
    if others:
        sys.exit("only rules of the kinds " + ", ".join(KINDS) + " can be checked")
    engine = Engine(rules, {})
    for line in args.log.read_text(encoding="utf-8").splitlines():
        engine.record(json.loads(line))
    print(text_of(engine.lines), end="")


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    cases = commands.add_parser("conformance", help="run the cases below a folder")
    cases.add_argument("folder", type=pathlib.Path)
    city = commands.add_parser("melbourne", help="expected transitions of a configuration's own data")
    city.add_argument("config", type=pathlib.Path)
    city.add_argument("--from", dest="start", metavar="TIME", help="RFC 3339 with offset")
    city.add_argument("--days", type=int, default=14)
    city.add_argument("--until", metavar="TIME", help="instead of --days")
    city.add_argument("--input", type=pathlib.Path, action="append", default=[])
    for option in ("--end-flush", "--absence", "--words", "--digest"):
        city.add_argument(option, action="store_true")
    log = commands.add_parser("log", help="expected transitions of a server's log")
    log.add_argument("rules", type=pathlib.Path)
    log.add_argument("log", type=pathlib.Path)
    args = parser.parse_args()
    if args.command == "log":
        return recorded(args)
    if args.command == "conformance":
        sys.exit(0 if conformance(args.folder) else 1)
    melbourne(args)


if __name__ == "__main__":
    main()
