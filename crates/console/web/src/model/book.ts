/**
 * The alerts as the page knows them: a list from the server, then every event of the stream folded into it.
 *
 * **Invariant:** an alert never goes back. Every event carries its place in the alert stream (`offset`), and one that is not
 * newer than what is known changes nothing, so a list and the stream may overlap in any order. Alerts are replaced, never
 * changed, so whoever compares two of them by identity sees whether anything happened.
 */
import type { Alert, Condition, Suppression, Transition } from '../api/types';

export type Book = Map<string, Alert>;

/** The list as it stands on the server; what the stream has told meanwhile stays where it is newer. */
export function reconcile(book: Book, rows: Alert[], complete: boolean): Book {
  const next: Book = new Map();
  const newest = rows.reduce((top, row) => Math.max(top, row.offset), -1);
  for (const row of rows) {
    const known = book.get(row.alert_id);
    // Keeping the same object keeps its row on the screen as it is.
    next.set(row.alert_id, known && known.offset > row.offset ? known : known && same(known, row) ? known : row);
  }
  for (const [id, known] of book) {
    if (!next.has(id) && (!complete || known.offset > newest)) next.set(id, known);
  }
  return next;
}

const same = (a: Alert, b: Alert): boolean => JSON.stringify(a) === JSON.stringify(b);

/** A transition of the stream; tells the alert it made or changed, if it did. */
export function applyTransition(book: Book, row: Transition): Alert | undefined {
  const known = book.get(row.alert_id);
  if (known && row.offset <= known.offset) return undefined;
  const isWorse = row.state === 'escalated';
  const state: Condition = isWorse ? (known?.state ?? 'active') : row.state === 'resumed' ? 'active' : (row.state as Condition);
  const { partition: _partition, date: _date, ...opening } = row;
  const base: Alert = known ?? { ...opening, state, handling: 'open', changed_time: row.event_time };
  const alert: Alert = {
    ...base,
    state,
    severity: row.severity,
    offset: row.offset,
    reason: row.reason,
    changed_time: isWorse && known ? known.changed_time : row.event_time,
    ...(isWorse ? { escalated_time: row.event_time } : {}),
  };
  book.set(row.alert_id, alert);
  return alert;
}

/** An alert as a person or the clock left it. */
export function applyAlert(book: Book, alert: Alert): boolean {
  const known = book.get(alert.alert_id);
  if (known && alert.offset < known.offset) return false;
  book.set(alert.alert_id, alert);
  return true;
}

/** Alerts that another one suppresses from now on, or does no more; tells which are to be announced again. */
export function applySuppression(book: Book, changed: Suppression): Alert[] {
  const freed: Alert[] = [];
  for (const { alert_id, inhibited_by, offset } of changed.alerts) {
    const known = book.get(alert_id);
    if (!known || offset < known.offset) continue;
    const handling = known.handling === 'suppressed' && !inhibited_by ? (known.acknowledged ? 'acknowledged' : 'open')
      : inhibited_by && (known.handling === 'open' || known.handling === 'acknowledged' || known.handling === 'shelved') ? 'suppressed'
      : known.handling;
    const alert: Alert = { ...known, inhibited_by, handling, offset };
    book.set(alert_id, alert);
    if (!inhibited_by && alert.handling === 'open') freed.push(alert);
  }
  return freed;
}

/** Drops the alerts closed or over longest ago once there are more than `most`. */
export function forget(book: Book, most: number): void {
  if (book.size <= most) return;
  const rank = (alert: Alert): number => (alert.handling === 'closed' ? 0 : 1);
  const over = [...book.values()].filter(alert => alert.state === 'cleared');
  over.sort((a, b) => rank(a) - rank(b) || a.offset - b.offset);
  for (const alert of over.slice(0, book.size - Math.floor(most * 0.9))) book.delete(alert.alert_id);
}
