/**
 * The alert stream, resumed wherever it broke off. `EventSource` resumes by itself after a lost connection, but gives up for
 * good when it is answered with an error (a server that is starting); then this opens a new one behind the last id.
 */
import { TRANSITIONS, type Alert, type Desk, type Suppression, type Tick, type Transition } from './types';

const REOPEN_MS = 1_000;

export interface Listener {
  opened(): void;
  lost(): void;
  transition(row: Transition): void;
  suppression(changed: Suppression): void;
  handling(alert: Alert): void;
  desk(desk: Desk): void;
  tick(tick: Tick): void;
  /** Rows were missed; only a new list can tell what they did. */
  gap(): void;
}

export class AlertStream {
  #source: EventSource | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #last: string;
  #isClosed = false;

  /** Follows everything behind `after`. */
  constructor(after: number | null, readonly listener: Listener) {
    this.#last = after === null ? '' : String(after);
    this.#open();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#source?.close();
  }

  /** Lets go of a connection that has gone quiet, and opens another. */
  reopen(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
    if (!this.#isClosed) this.#open();
  }

  #open(): void {
    const source = new EventSource(`/v1/alerts/stream${this.#last && `?after=${this.#last}`}`);
    this.#source = source;
    const on = (name: string, take: (data: string) => void): void => source.addEventListener(name, event => {
      const { data, lastEventId } = event as MessageEvent<string>;
      if (lastEventId) this.#last = lastEventId;
      take(data);
    });
    for (const state of TRANSITIONS) on(state, data => this.listener.transition(JSON.parse(data) as Transition));
    on('suppression', data => this.listener.suppression(JSON.parse(data) as Suppression));
    on('handling', data => this.listener.handling(JSON.parse(data) as Alert));
    on('desk', data => this.listener.desk(JSON.parse(data) as Desk));
    on('tick', data => this.listener.tick(JSON.parse(data) as Tick));
    on('gap', () => this.listener.gap());
    source.onopen = () => this.listener.opened();
    source.onerror = () => {
      this.listener.lost();
      if (source.readyState === EventSource.CLOSED) this.#timer = setTimeout(() => this.reopen(), REOPEN_MS);
    };
  }
}
