/** Alerts and transitions of the unit tests. */
import type { Alert, Transition } from '../../src/api/types';

export const T0 = Date.parse('2026-03-12T10:00:00Z');
const time = (s: number): string => new Date(T0 + s * 1000).toISOString();

export const transition = (id: string, offset: number, more: Partial<Transition> = {}): Transition => ({
  alert_id: id, rule: 'Crowded', rule_uid: 'u', rule_version: 'v', key: 'plaza', space: 'plaza', severity: 'high', state: 'active',
  event_time: time(offset), log_time: time(offset), summary: `${id} is crowded`, centre: 'c', feed: 'f', partition: 0, offset, date: '2026-03-12', ...more,
});
export const alert = (id: string, offset: number, more: Partial<Alert> = {}): Alert => {
  const { partition: _p, date: _d, state: _s, ...row } = transition(id, offset);
  return { ...row, state: 'active', handling: 'open', changed_time: row.event_time, ...more };
};
