/**
 * Log time on this page. Every age follows the log, never the browser's clock: a demo runs fast, a replay runs anyhow.
 * The log's speed is learnt from what it told, and between two messages the page reckons on.
 */
const SAMPLES_MAX = 6;
/** Beyond this the page does not reckon on: what it shows is then what it last heard. */
const RECKON_MS_MAX = 5_000;

interface Sample { log: number; at: number }

export class LogClock {
  #samples: Sample[] = [];
  #speed = 1;

  /** Takes what the log said at an instant of the page's own clock. */
  hear(log: number, at: number): void {
    const before = this.#samples.at(-1);
    if (before && log < before.log - 60_000) this.#samples = []; // another log
    if (before && at - before.at < 200) return;
    this.#samples = [...this.#samples.slice(1 - SAMPLES_MAX), { log, at }];
    const first = this.#samples[0];
    if (!first || this.#samples.length < 2) return;
    this.#speed = before?.log === log ? 0 : Math.max(0, (log - first.log) / (at - first.at));
  }

  /** The last thing heard. */
  get heard(): number | undefined { return this.#samples.at(-1)?.log; }
  /** Log seconds in one second; 1 in a real centre. */
  get speed(): number { return this.#speed; }

  now(at: number): number {
    const last = this.#samples.at(-1);
    return last ? last.log + Math.min(at - last.at, RECKON_MS_MAX) * this.#speed : 0;
  }
}

/** Whether the judging goes on, by the ticks of the stream: the dead-man's switch. */
export class Heartbeat {
  static readonly SILENCE_MS_MIN = 5_000;
  #last: number | undefined;
  #interval = 1_000;

  hear(at: number): void {
    if (this.#last !== undefined) this.#interval = Math.max(this.#interval * 0.8, Math.min(at - this.#last, 60_000));
    this.#last = at;
  }
  /** A new connection to a server that sends ticks: silence counts from now. */
  restart(at: number): void { this.#last = at; }
  /** Three times the usual interval without a tick: nobody judges. */
  isDead(at: number): boolean {
    return this.#last !== undefined && at - this.#last > Math.max(Heartbeat.SILENCE_MS_MIN, 3 * this.#interval);
  }
}
