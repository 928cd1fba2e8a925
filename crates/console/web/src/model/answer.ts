/** An answer of SQL as a table and, where it has the columns for it, as a chart. */
import type { SqlRow } from '../api/types';

export const columnsOf = (rows: SqlRow[]): string[] => [...new Set(rows.slice(0, 200).flatMap(row => Object.keys(row)))];

const isTime = (value: unknown): boolean => typeof value === 'string' && /^\d{4}-\d\d-\d\d([T ]|$)/.test(value);
const hasAll = (rows: SqlRow[], column: string, test: (value: unknown) => boolean): boolean => {
  const values = rows.map(row => row[column]).filter(value => value !== null && value !== undefined);
  return values.length > 0 && values.every(test);
};

export interface Drawable { x: string; kind: 'time' | 'name'; ys: string[] }
const SERIES_MAX = 5;

/** Which column goes along the bottom and which ones up: times before names, all numbers. */
export function drawable(rows: SqlRow[]): Drawable | undefined {
  const columns = columnsOf(rows);
  const ys = columns.filter(column => hasAll(rows, column, value => typeof value === 'number')).slice(0, SERIES_MAX);
  const time = columns.find(column => hasAll(rows, column, isTime));
  const x = time ?? columns.find(column => !ys.includes(column));
  return x !== undefined && ys.length ? { x, kind: time === undefined ? 'name' : 'time', ys } : undefined;
}

/** The points of a drawing over time: one number a name where the answer has both, else one series a column of numbers. */
export function points(rows: SqlRow[], { x, ys }: Drawable): { at_ms: number; sensor: string; value: number }[] {
  const columns = columnsOf(rows), [only] = ys;
  const name = ys.length === 1 ? columns.find(column => column !== x && !ys.includes(column)) : undefined;
  const sums = new Map<string, { at_ms: number; sensor: string; value: number }>();
  for (const row of rows) for (const y of name === undefined ? ys : [only ?? '']) {
    const at_ms = instantOf(String(row[x])), sensor = name === undefined ? y : String(row[name] ?? ''), value = Number(row[y] ?? 0);
    const known = sums.get(`${at_ms}|${sensor}`);
    if (known) known.value += value;
    else sums.set(`${at_ms}|${sensor}`, { at_ms, sensor, value });
  }
  return [...sums.values()];
}

/** Milliseconds of an instant as SQL writes it: without a zone it is UTC. */
export const instantOf = (text: string): number => Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text.replace(' ', 'T')}${text.length > 10 ? 'Z' : ''}`);
