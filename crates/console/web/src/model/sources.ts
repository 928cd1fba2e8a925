/** Whether a source still sends as regularly as it did. */
export interface Source { node: string | null; sensor: string | null; space: string; metric: string; sent: number; first_ms: number; last_ms: number; arrived_ms: number }
export type SourceState = 'ok' | 'late' | 'dead';

/** Times its usual interval after which a source is late, or counts as silent. */
const LATE = 2.5, DEAD = 10;
/** Nothing is late before this: networks breathe. */
const GRACE_MS = 30_000;

/** The mean time between its values; nothing for a source that sent once. */
export const interval = (source: Source): number | undefined =>
  source.sent > 1 ? (source.last_ms - source.first_ms) / (source.sent - 1) : undefined;

export function stateOf(source: Source, now: number): SourceState {
  const silent = now - source.last_ms, every = interval(source);
  if (every === undefined) return 'late';
  if (silent > DEAD * every + GRACE_MS) return 'dead';
  return silent > LATE * every + GRACE_MS ? 'late' : 'ok';
}
