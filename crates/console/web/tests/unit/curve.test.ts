import { expect, it } from 'vitest';
import { curve, limits, lines, metrics, usual } from '../../src/model/curve';
import { drawable } from '../../src/model/answer';
import { distance, nearest } from '../../src/model/places';
import { interval, stateOf, type Source } from '../../src/model/sources';
import { instant, past, quote } from '../../src/model/sql';
import { wilson } from '../../src/model/wilson';
import type { SpaceFeature } from '../../src/api/types';

it('limits are read from the conditions of rules', () => {
  expect(limits('value > params.max', { max: '1900' })).toEqual([1900]);
  expect(limits('value < params.max * 0.9', { max: '1000' })).toEqual([900]);
  expect(limits('value >= 100 and value < 7.5')).toEqual([100, 7.5]);
  expect(limits('delta > 3 or params.max < value')).toEqual([]);
});

it('only rules about single values have their limits on the curve', () => {
  expect(lines({ kind: 'threshold', raise: 'value > 5', clear: 'value < 4' })).toEqual([{ value: 5, kind: 'raise' }, { value: 4, kind: 'clear' }]);
  expect(lines({ kind: 'window', agg: 'sum', raise: 'value > 5' })).toEqual([]);
  expect(lines({ kind: 'window', agg: 'mean', raise: 'value > 5' })).toHaveLength(1);
});

it('what is usual is the band in which a baseline rule keeps quiet', () => {
  expect(usual({ kind: 'baseline', mean: 100, sigma: 2, sigma_floor: 10, z_limit: 3 })).toEqual({ low: 70, mean: 100, high: 130 });
  expect(usual({ kind: 'threshold', mean: 100 })).toBeUndefined();
});

it('the metric the evidence names comes first, whatever else is measured there', () => {
  const rows = [...Array.from({ length: 9 }, (_, n) => ({ event_ms: n, metric: 'noise', sensor: 's', value: 1 })), { event_ms: 50, metric: 'people', sensor: 's', value: 120 }];
  expect(metrics(rows, { members: [{ sensor: 's', value: '120', event_time_ms: 50 }] })).toEqual(['people', 'noise']);
  expect(metrics(rows, {})[0]).toBe('noise');
});

it('values of several sensors stand side by side, in the order of time', () => {
  const drawn = curve([{ at_ms: 2, sensor: 'a', value: 5 }, { at_ms: 1, sensor: 'b', value: 9 }, { at_ms: 1, sensor: 'a', value: 4 }]);
  expect(drawn).toEqual({ times: [1, 2], series: [{ name: 'b', values: [9, null] }, { name: 'a', values: [4, 5] }] });
});

it('text in SQL stays text', () => {
  expect(quote("O'Brien'; --")).toBe("'O''Brien''; --'");
  expect(past("a'b", 'k', 'id')).toContain("rule = 'a''b'");
  expect(instant(0)).toBe("TIMESTAMP '1970-01-01 00:00:00.000'");
});

it('intervals are those of Wilson', () => {
  const { low = 0, high = 0 } = wilson(18, 40) ?? {};
  expect([low.toFixed(4), high.toFixed(4)]).toEqual(['0.3071', '0.6017']);
  expect(wilson(0, 0)).toBeUndefined();
});

it('a source is late after its own rhythm, not after anybody\'s', () => {
  const source: Source = { node: null, sensor: 's', space: 'p', metric: 'm', sent: 11, first_ms: 0, last_ms: 3_600_000, arrived_ms: 0 };
  expect(interval(source)).toBe(360_000);
  expect([3_700_000, 4_600_000, 9_000_000].map(now => stateOf(source, now))).toEqual(['ok', 'late', 'dead']);
});

it('an answer draws times before names', () => {
  expect(drawable([{ date: '2026-03-01', n: 3, rule: 'x' }])).toEqual({ x: 'date', kind: 'time', ys: ['n'] });
  expect(drawable([{ rule: 'x', n: 3 }, { rule: 'y', n: null }])).toEqual({ x: 'rule', kind: 'name', ys: ['n'] });
  expect(drawable([{ rule: 'x' }])).toBeUndefined();
});

it('neighbours are the nearest by metres', () => {
  const at = (id: string, lon: number, lat: number): SpaceFeature => ({ type: 'Feature', id, geometry: { type: 'Point', coordinates: [lon, lat] }, properties: {} as SpaceFeature['properties'] });
  expect(nearest([at('a', 2, 48), at('b', 2.01, 48), at('c', 2, 48.001)], 'a', 5).map(({ space }) => space.id)).toEqual(['c', 'b']);
  expect(Math.round(distance([0, 0], [0, 1]) / 1000)).toBe(111);
});
