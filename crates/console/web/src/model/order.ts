/** In which order and under which headings alerts are shown: unacknowledged first, then the worst, then the newest. */
import { SEVERITIES, type Alert, type Handling, type Severity } from '../api/types';

/** Headings of the list, in order. */
export const GROUPS = ['new', 'new_over', 'owned', 'to_close', 'shelved', 'suppressed', 'out_of_service', 'closed'] as const;
export type Group = (typeof GROUPS)[number];

/** The lists one can look at; every alert is in exactly one. */
export const LISTS = ['todo', 'shelved', 'aside', 'closed'] as const;
export type List = (typeof LISTS)[number];

export const isRunning = (alert: Alert): boolean => alert.state !== 'cleared';
export const badness = (severity: Severity): number => SEVERITIES.indexOf(severity);
/** Handling by the one word; servers that do not know `suppressed` say it with `inhibited_by` alone. */
export const handlingOf = (alert: Alert): Handling =>
  alert.inhibited_by && (alert.handling === 'open' || alert.handling === 'acknowledged') ? 'suppressed' : alert.handling;

/** Drawn hollow: somebody has it, or it is over. */
export const isHollow = (alert: Alert): boolean => handlingOf(alert) !== 'open' || !isRunning(alert);

export function groupOf(alert: Alert): Group {
  const handling = handlingOf(alert);
  if (handling === 'open') return isRunning(alert) ? 'new' : 'new_over';
  if (handling === 'acknowledged') return isRunning(alert) ? 'owned' : 'to_close';
  return handling;
}

export function listOf(group: Group): List {
  if (group === 'shelved' || group === 'closed') return group;
  return group === 'suppressed' || group === 'out_of_service' ? 'aside' : 'todo';
}

export interface Placed { alert: Alert; group: Group }

/** All alerts in the order of the screen. O(n log n). */
export function inOrder(alerts: Iterable<Alert>): Placed[] {
  const placed: (Placed & { rank: number; bad: number })[] = [];
  for (const alert of alerts) {
    const group = groupOf(alert);
    placed.push({ alert, group, rank: GROUPS.indexOf(group), bad: badness(alert.severity) });
  }
  return placed.sort((a, b) => a.rank - b.rank || a.bad - b.bad || newest(a.alert, b.alert));
}

function newest(a: Alert, b: Alert): number {
  if (a.event_time !== b.event_time) return a.event_time < b.event_time ? 1 : -1;
  return a.alert_id < b.alert_id ? -1 : 1;
}

/** Whether every word of the filter is in what the alert says. */
export function matches(alert: Alert, words: string[], place: string): boolean {
  if (!words.length) return true;
  const text = [alert.summary, alert.rule, alert.key, place, alert.severity, alert.assigned?.to].join(' ').toLowerCase();
  return words.every(word => text.includes(word));
}

/** How many alerts wait in each list, and what is new. */
export interface Counts { todo: number; new: number; running: number; stale: number; shelved: number; aside: number; closed: number }
export function count(placed: Placed[]): Counts {
  const counts: Counts = { todo: 0, new: 0, running: 0, stale: 0, shelved: 0, aside: 0, closed: 0 };
  for (const { alert, group } of placed) {
    const list = listOf(group);
    counts[list] += 1;
    if (list !== 'todo') continue;
    if (group === 'new' || group === 'new_over') counts.new += 1;
    if (isRunning(alert)) counts.running += 1;
    if (alert.state === 'stale') counts.stale += 1;
  }
  return counts;
}

/** The worst alert of each space that needs somebody: running before over, then by severity. */
export interface Worst { alert: Alert; open: number; rank: number }
export function worstBySpace(placed: Placed[]): Map<string, Worst> {
  const worst = new Map<string, Worst>();
  for (const { alert, group } of placed) {
    if (listOf(group) !== 'todo') continue;
    const rank = (isRunning(alert) ? 0 : 10) + badness(alert.severity);
    const known = worst.get(alert.space);
    if (!known || rank < known.rank) worst.set(alert.space, { alert, rank, open: (known?.open ?? 0) + 1 });
    else known.open += 1;
  }
  return worst;
}
