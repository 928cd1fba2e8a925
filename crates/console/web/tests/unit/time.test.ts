import { describe, expect, it } from 'vitest';
import { Heartbeat, LogClock } from '../../src/model/clock';
import { clockTime, duration, knownZone, parseDuration } from '../../src/model/duration';
import { instantOf } from '../../src/model/answer';
import { T0 } from './samples';

describe('durations', () => {
  it('are told by their two largest units', () => {
    expect([0, 59_999, 60_000, 3_600_000, 11_100_000, 90_000_000, 187_200_000].map(ms => duration(ms, 'en')))
      .toEqual(['0 s', '59 s', '1 min', '1 h', '3 h 5 min', '1 d 1 h', '2 d 4 h']);
    expect(duration(187_200_000, 'fr')).toBe('2 j 4 h');
    expect(duration(-5, 'en')).toBe('0 s');
  });
  it('of rules are read', () => {
    expect([parseDuration('15m'), parseDuration('1h30m'), parseDuration('1d'), parseDuration('500ms'), parseDuration('soon')]).toEqual([900_000, 5_400_000, 86_400_000, 500, undefined]);
  });
});

it('times are those of the centre, not of the browser', () => {
  expect(clockTime(T0, 'en', 'Australia/Melbourne')).toBe('21:00');
  expect(clockTime(T0, 'fr', 'Europe/Paris', true)).toBe('11:00:00');
  expect(knownZone('Nowhere/City')).toBe('UTC');
});

describe('log time', () => {
  it('goes on at the speed that was heard', () => {
    const clock = new LogClock();
    clock.hear(T0, 0);
    clock.hear(T0 + 120_000, 2_000);
    expect(clock.speed).toBe(60);
    expect(clock.now(2_500)).toBe(T0 + 150_000);
  });
  it('stands still with the log, and is not reckoned on for long', () => {
    const clock = new LogClock();
    clock.hear(T0, 0);
    clock.hear(T0 + 2_000, 2_000);
    expect(clock.now(60_000)).toBe(T0 + 7_000);
    clock.hear(T0 + 2_000, 61_000);
    expect(clock.now(90_000)).toBe(T0 + 2_000);
  });
});

describe('the dead-man\'s switch', () => {
  it('says nothing before the first tick and everything after the last', () => {
    const heart = new Heartbeat();
    expect(heart.isDead(1e9)).toBe(false);
    for (let at = 0; at <= 5_000; at += 1_000) heart.hear(at);
    expect(heart.isDead(9_900)).toBe(false);
    expect(heart.isDead(10_100)).toBe(true);
  });
  it('expects a first tick once it knows that there should be one', () => {
    const heart = new Heartbeat();
    heart.restart(0);
    expect([heart.isDead(4_000), heart.isDead(5_500)]).toEqual([false, true]);
  });
  it('waits for servers that tick seldom', () => {
    const heart = new Heartbeat();
    for (let at = 0; at <= 60_000; at += 10_000) heart.hear(at);
    expect(heart.isDead(85_000)).toBe(false);
    expect(heart.isDead(91_000)).toBe(true);
  });
});

it('instants of SQL without a zone are UTC', () => {
  expect(instantOf('2026-03-12T10:00:00')).toBe(T0);
  expect(instantOf('2026-03-12 10:00:00')).toBe(T0);
  expect(instantOf('2026-03-12T11:00:00+01:00')).toBe(T0);
});
