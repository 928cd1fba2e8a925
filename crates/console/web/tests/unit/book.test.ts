import { describe, expect, it } from 'vitest';
import { applyAlert, applySuppression, applyTransition, forget, reconcile, type Book } from '../../src/model/book';
import { alert, transition } from './samples';

const held = (...alerts: ReturnType<typeof alert>[]): Book => new Map(alerts.map(one => [one.alert_id, one]));

describe('transitions', () => {
  it('open an alert that nobody has acknowledged', () => {
    const book: Book = new Map();
    applyTransition(book, transition('a', 5));
    expect(book.get('a')).toMatchObject({ state: 'active', handling: 'open', offset: 5 });
    expect(book.get('a')).not.toHaveProperty('partition');
  });
  it('change the condition and leave the handling to people', () => {
    const book = held(alert('a', 1, { handling: 'acknowledged', acknowledged: { operator: 'Ada', log_time: '' } }));
    applyTransition(book, transition('a', 7, { state: 'stale' }));
    expect(book.get('a')).toMatchObject({ state: 'stale', handling: 'acknowledged', changed_time: transition('a', 7).event_time });
    applyTransition(book, transition('a', 8, { state: 'resumed' }));
    expect(book.get('a')?.state).toBe('active');
  });
  it('make it worse without moving its beginning', () => {
    const book = held(alert('a', 1, { severity: 'medium' })), before = book.get('a')?.changed_time;
    applyTransition(book, transition('a', 3, { state: 'escalated', severity: 'critical' }));
    expect(book.get('a')).toMatchObject({ state: 'active', severity: 'critical', changed_time: before, escalated_time: transition('a', 3).event_time });
  });
  it('that are known already change nothing', () => {
    const book = held(alert('a', 9)), before = book.get('a');
    expect(applyTransition(book, transition('a', 9, { state: 'cleared' }))).toBeUndefined();
    expect(book.get('a')).toBe(before);
  });
});

describe('a list and a stream that overlap', () => {
  it('end the same in either order', () => {
    const listed = alert('a', 6, { state: 'cleared' }), row = transition('a', 4, { state: 'stale' });
    const first: Book = new Map(); applyTransition(first, row);
    const second = reconcile(new Map(), [listed], true); applyTransition(second, row);
    expect(reconcile(first, [listed], true).get('a')).toEqual(second.get('a'));
  });
  it('keep what the stream told after the list was made', () => {
    const book = held(alert('new', 12)), next = reconcile(book, [alert('a', 3)], true);
    expect([...next.keys()].sort()).toEqual(['a', 'new']);
  });
  it('drop what the server has dropped', () => {
    expect([...reconcile(held(alert('gone', 2)), [alert('a', 3)], true).keys()]).toEqual(['a']);
  });
  it('keep the same object where nothing changed', () => {
    const book = held(alert('a', 3)), next = reconcile(book, [alert('a', 3)], true);
    expect(next.get('a')).toBe(book.get('a'));
  });
});

describe('suppression', () => {
  const by = { rule: 'Blind', alert_id: 'b' };
  it('is shown by its cause, and ends where it began', () => {
    const book = held(alert('a', 1));
    expect(applySuppression(book, { space: 'plaza', alerts: [{ alert_id: 'a', inhibited_by: by, offset: 2 }], left_out: 0 })).toEqual([]);
    expect(book.get('a')?.handling).toBe('suppressed');
    const freed = applySuppression(book, { space: 'plaza', alerts: [{ alert_id: 'a', inhibited_by: null, offset: 3 }], left_out: 0 });
    expect(freed.map(one => one.alert_id)).toEqual(['a']);
    expect(book.get('a')?.handling).toBe('open');
  });
  it('that ends for an acknowledged alert announces nothing', () => {
    const book = held(alert('a', 1, { handling: 'suppressed', inhibited_by: by, acknowledged: { operator: 'Ada', log_time: '' } }));
    expect(applySuppression(book, { space: 'plaza', alerts: [{ alert_id: 'a', inhibited_by: null, offset: 3 }], left_out: 0 })).toEqual([]);
    expect(book.get('a')?.handling).toBe('acknowledged');
  });
});

describe('handling', () => {
  it('is taken as told unless it is older', () => {
    const book = held(alert('a', 5));
    expect(applyAlert(book, alert('a', 4, { handling: 'shelved' }))).toBe(false);
    expect(applyAlert(book, alert('a', 5, { handling: 'shelved' }))).toBe(true);
    expect(book.get('a')?.handling).toBe('shelved');
  });
});

it('the book is bounded: closed alerts go first, running ones never', () => {
  const book = held(...Array.from({ length: 20 }, (_, n) => alert(`r${n}`, n)), ...Array.from({ length: 20 }, (_, n) => alert(`c${n}`, 100 + n, { state: 'cleared', handling: n % 2 ? 'closed' : 'open' })));
  forget(book, 30);
  expect(book.size).toBe(27);
  expect([...book.keys()].filter(id => id.startsWith('r')).length).toBe(20);
  expect([...book.values()].filter(one => one.handling === 'closed').length).toBe(0);
});
