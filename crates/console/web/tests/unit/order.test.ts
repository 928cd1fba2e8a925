import { expect, it } from 'vitest';
import { count, groupOf, inOrder, listOf, matches, worstBySpace } from '../../src/model/order';
import type { Handling } from '../../src/api/types';
import { alert } from './samples';

it('unacknowledged alerts come first, then the worst, then the newest', () => {
  const alerts = [
    alert('owned', 9, { handling: 'acknowledged', severity: 'critical' }), alert('old', 1), alert('new', 5), alert('low', 8, { severity: 'low' }),
    alert('worst', 2, { severity: 'critical' }), alert('over', 9, { state: 'cleared', severity: 'critical' }), alert('closed', 9, { state: 'cleared', handling: 'closed' }), alert('shelved', 9, { handling: 'shelved' }),
  ];
  expect(inOrder(alerts).map(({ alert: one }) => one.alert_id)).toEqual(['worst', 'new', 'old', 'low', 'over', 'owned', 'shelved', 'closed']);
});

it('every alert is in exactly one list, whatever its handling and condition', () => {
  const handlings: Handling[] = ['open', 'acknowledged', 'shelved', 'suppressed', 'out_of_service', 'closed'];
  for (const handling of handlings) for (const state of ['active', 'stale', 'cleared'] as const) {
    const list = listOf(groupOf(alert('a', 1, { handling, state })));
    expect(list).toBe(handling === 'shelved' || handling === 'closed' ? handling : handling === 'open' || handling === 'acknowledged' ? 'todo' : 'aside');
  }
  expect(groupOf(alert('a', 1, { inhibited_by: { rule: 'r', alert_id: 'x' } }))).toBe('suppressed');
});

it('counts what waits, what is new and what is without data', () => {
  const placed = inOrder([alert('a', 1), alert('b', 2, { state: 'stale', handling: 'acknowledged' }), alert('c', 3, { handling: 'shelved' }), alert('d', 4, { state: 'cleared', handling: 'closed' })]);
  expect(count(placed)).toEqual({ todo: 2, new: 1, running: 2, stale: 1, shelved: 1, aside: 0, closed: 1 });
});

it('a space is as bad as its worst running alert; shelved ones do not count', () => {
  const worst = worstBySpace(inOrder([alert('a', 1, { severity: 'low' }), alert('b', 2, { severity: 'critical', state: 'cleared' }), alert('c', 3, { severity: 'critical', handling: 'shelved' })]));
  expect(worst.get('plaza')).toMatchObject({ open: 2, alert: { alert_id: 'a' } });
});

it('a filter finds every word anywhere', () => {
  expect(matches(alert('a', 1), ['crowded', 'place'], 'The Place')).toBe(true);
  expect(matches(alert('a', 1), ['crowded', 'nowhere'], 'The Place')).toBe(false);
});
