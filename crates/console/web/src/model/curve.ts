/** What is drawn around an alert: which metric, which lines, and which band is usual, all from its evidence. */
import type { Evidence, SqlRow } from '../api/types';

export interface Line { value: number; kind: 'raise' | 'clear' }
export interface Point { at_ms: number; sensor: string; value: number }
export interface Curve { times: number[]; series: { name: string; values: (number | null)[] }[] }

const SERIES_MAX = 6;

/** The limits in a rule's condition, such as `value > params.max * 0.9 or value >= 100`. Others are not lines. */
export function limits(condition: string | undefined, params: Record<string, string> = {}): number[] {
  const found: number[] = [];
  const pattern = /\bvalue\s*(?:<=|>=|<|>)\s*(-?\d+(?:\.\d+)?|params\.\w+)(?:\s*\*\s*(\d+(?:\.\d+)?))?/g;
  for (const [, base = '', factor] of (condition ?? '').matchAll(pattern)) {
    const value = Number(base.startsWith('params.') ? params[base.slice('params.'.length)] : base) * Number(factor ?? 1);
    if (Number.isFinite(value)) found.push(value);
  }
  return found;
}

/** Whether the rule compares single values, so that its limits belong on a curve of them. */
const judgesSingleValues = ({ kind, agg }: Evidence): boolean =>
  kind === 'threshold' || (kind === 'window' && agg !== undefined && ['min', 'max', 'mean', 'last'].includes(agg));

export function lines(evidence: Evidence): Line[] {
  if (!judgesSingleValues(evidence)) return [];
  const of = (kind: Line['kind'], text?: string): Line[] => limits(text, evidence.params).map(value => ({ value, kind }));
  return [...of('raise', evidence.raise), ...of('clear', evidence.clear)];
}

/** Between which values the rule would have kept quiet, if it has learnt what is usual. */
export function usual(evidence: Evidence): { low: number; mean: number; high: number } | undefined {
  const mean = Number(evidence.mean), limit = Number(evidence.z_limit);
  const sigma = Math.max(Number(evidence.sigma), Number(evidence.sigma_floor ?? 0));
  if (evidence.kind !== 'baseline' || ![mean, sigma, limit].every(Number.isFinite)) return undefined;
  return { low: mean - limit * sigma, mean, high: mean + limit * sigma };
}

export interface Observed extends SqlRow { event_ms: number; metric: string; sensor: string | null; value: number }

/** The metrics measured there; first the one whose value the evidence names, then the most frequent. */
export function metrics(rows: Observed[], evidence: Evidence): string[] {
  const told = new Set((evidence.members ?? []).map(member => `${member.event_time_ms}|${Number(member.value)}`));
  const weight = new Map<string, number>();
  for (const row of rows) {
    const isTold = told.has(`${row.event_ms}|${row.value}`) || (row.event_ms === evidence.since_ms && row.value === Number(evidence.value));
    weight.set(row.metric, (weight.get(row.metric) ?? 0) + (isTold ? 1e6 : 1));
  }
  return [...weight].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([metric]) => metric);
}

/** Points side by side, one series a sensor; those beyond `SERIES_MAX` are the quietest and are left out. */
export function curve(points: Point[]): Curve {
  const bySensor = new Map<string, Map<number, number>>();
  for (const { at_ms, sensor, value } of points) {
    let own = bySensor.get(sensor);
    if (!own) bySensor.set(sensor, own = new Map());
    own.set(at_ms, value);
  }
  const top = ([, values]: [string, Map<number, number>]): number => Math.max(...values.values());
  const shown = [...bySensor].sort((a, b) => top(b) - top(a)).slice(0, SERIES_MAX);
  const times = [...new Set(shown.flatMap(([, values]) => [...values.keys()]))].sort((a, b) => a - b);
  return { times, series: shown.map(([name, values]) => ({ name, values: times.map(time => values.get(time) ?? null) })) };
}
