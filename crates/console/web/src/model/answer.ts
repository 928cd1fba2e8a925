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

/** Milliseconds of an instant as SQL writes it: without a zone it is UTC. */
export const instantOf = (text: string): number => Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text.replace(' ', 'T')}${text.length > 10 ? 'Z' : ''}`);
