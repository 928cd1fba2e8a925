/**
 * The room: everything the server told, kept up to date, and whether it can be trusted.
 *
 * Events of the stream go into the book at once and onto the screen every `FLUSH_MS`: fifty changes a second cost the screen
 * no more than seven. **Invariant:** what is shown is fresh or marked as not: `link` says whether the server is heard, and
 * `isJudging` whether it still judges; `asOf` is the log time of the last news.
 */
import { api, ALERTS_MAX, NotOffered } from '../api/client';
import { AlertStream } from '../api/stream';
import type { Alert, Desk, Settings, SpaceFeature, Status } from '../api/types';
import { applyAlert, applySuppression, applyTransition, forget, reconcile, type Book } from '../model/book';
import { Heartbeat, LogClock } from '../model/clock';
import { knownZone } from '../model/duration';
import { badness, count, handlingOf, inOrder, isRunning, worstBySpace, type Placed } from '../model/order';
import { t } from '../i18n/words.svelte';
import { prefs } from './prefs.svelte';
import { sound } from './sound.svelte';

const FLUSH_MS = 150;
const STATUS_MS = 2_000;
/** Without an answer for this long the server counts as lost, whatever the socket says. */
const SILENCE_MS_MAX = 5_000;
const SPACES_MS = 60_000;
const SECOND_MS = 1_000;
const REMIND_MS = 15_000;
/** From here on time is not that of a live centre. */
const REPLAY_SPEED_MIN = 3, REPLAY_MS_MIN = 7 * 86_400_000;

export type Link = 'connecting' | 'live' | 'lost';

class Room {
  placed = $state.raw<Placed[]>([]);
  counts = $derived(count(this.placed));
  worst = $derived(worstBySpace(this.placed));
  spaces = $state.raw<SpaceFeature[]>([]);
  names = $derived(new Map(this.spaces.map(space => [space.id, space.properties.name || space.id])));
  status = $state.raw<Status | undefined>();
  settings = $state.raw<Settings | undefined>();
  desk = $state.raw<Desk | undefined>();
  /** Whether this server knows the desk: flood, modes, shifts. */
  hasDesk = $state(false);
  link = $state<Link>('connecting');
  isJudging = $state(true);
  leftOut = $state(0);
  /** Log time now, moved on every second. */
  now = $state(0);
  speed = $state(1);
  asOf = $state(0);
  zone = $derived(knownZone(this.settings?.time_zone ?? this.status?.time_zone ?? 'UTC'));
  name = $derived(this.settings?.name ?? this.status?.name ?? '');
  /** Told to whoever cannot see the list change. */
  announcement = $state('');
  /** Counts changes of the book; tests and views that ask anew depend on it. */
  version = $state(0);
  isLoaded = $state(false);
  /**
   * Whether this is no live centre: its time runs fast, or lies weeks off. Then judging ends when the data does, which is told,
   * but is no alarm.
   */
  isReplay = $state(false);
  isTrusted = $derived(this.link === 'live' && (this.isJudging || this.isReplay));

  #book: Book = new Map();
  #stream: AlertStream | undefined;
  #clock = new LogClock();
  #heartbeat = new Heartbeat();
  #heardAt = 0;
  #handled: number | undefined;
  #flushTimer: ReturnType<typeof setTimeout> | undefined;
  #fresh: Alert[] = [];
  #remindedAt = 0;
  #isLoading = false;
  #isStale = false;

  #districts = $derived(new Map(this.spaces.map(space => [space.id, space.properties.district])));
  /** Name and district of a space: what one may filter by. */
  placeOf = (space: string): string => `${this.nameOf(space)} ${this.#districts.get(space) ?? ''}`;
  nameOf = (space: string): string => this.names.get(space) ?? space;
  get(id: string | undefined): Alert | undefined { return id === undefined ? undefined : this.#book.get(id); }

  /** Begins; tries again for as long as nobody answers. */
  async start(): Promise<void> {
    setInterval(() => this.#second(), SECOND_MS);
    setInterval(() => void this.#ask(), STATUS_MS);
    setInterval(() => void Promise.all([this.loadSpaces(), this.loadDesk()]).catch(() => undefined), SPACES_MS);
    for (;;) {
      try {
        const status = await api.status();
        this.#heard(status);
        await Promise.all([this.#load(), this.loadSpaces(), this.#loadSettings(), this.loadDesk()]);
        this.#follow(status.position);
        return;
      } catch {
        this.#lose();
        await new Promise(resolve => setTimeout(resolve, STATUS_MS));
      }
    }
  }

  #follow(after: number | null): void {
    this.#stream = new AlertStream(after, {
      opened: () => this.#found(),
      lost: () => this.#lose(),
      transition: row => this.#take(applyTransition(this.#book, row), row.state === 'active' || row.state === 'escalated'),
      suppression: changed => {
        for (const alert of applySuppression(this.#book, changed)) this.#take(alert, true);
        if (changed.left_out) void this.reload();
        this.#draw();
      },
      handling: alert => this.hear(alert),
      desk: desk => { this.desk = desk; this.hasDesk = true; },
      tick: tick => {
        this.#heartbeat.hear(performance.now());
        this.#heardAt = performance.now();
        this.#tell(Date.parse(tick.log_time));
        if (!this.isJudging) { this.isJudging = true; void this.reload(); }
      },
      gap: () => void this.reload(),
    });
  }

  /** Takes an alert as a command's answer or the stream tells it. */
  hear(alert: Alert): void {
    const before = this.#book.get(alert.alert_id);
    if (!applyAlert(this.#book, alert)) return;
    const isBack = alert.handling === 'open' && alert.reannounced && alert.reannounced.log_time !== before?.reannounced?.log_time;
    this.#take(alert, Boolean(isBack) || (!before && alert.handling === 'open'));
  }

  #take(alert: Alert | undefined, isNews: boolean): void {
    if (!alert) return;
    if (isNews) this.#fresh.push(alert);
    this.#draw();
  }

  #draw(): void {
    this.#flushTimer ??= setTimeout(() => {
      this.#flushTimer = undefined;
      forget(this.#book, ALERTS_MAX);
      this.placed = inOrder(this.#book.values());
      this.version += 1;
      this.#announce();
    }, FLUSH_MS);
  }

  /** Sounds and says the worst of what is new and needs somebody. */
  #announce(): void {
    const news = this.#fresh.map(alert => this.#book.get(alert.alert_id) ?? alert)
      .filter(alert => handlingOf(alert) === 'open' && isRunning(alert));
    this.#fresh = [];
    const worst = news.sort((a, b) => badness(a.severity) - badness(b.severity))[0];
    if (!worst) return;
    this.announcement = `${t(`severity.${worst.severity}`)}: ${worst.summary}${news.length > 1 ? ` (+${news.length - 1})` : ''}`;
    sound.play(worst.severity);
  }

  /** Asks for the list anew and folds it with what the stream has told. */
  async reload(): Promise<void> {
    try { await this.#load(); } catch { this.#isStale = true; }
  }

  async #load(): Promise<void> {
    if (this.#isLoading) { this.#isStale = true; return; }
    this.#isLoading = true;
    try {
      do {
        this.#isStale = false;
        const { rows, leftOut } = await api.alerts();
        this.leftOut = leftOut;
        this.#book = reconcile(this.#book, rows, leftOut === 0);
      } while (this.#isStale);
    } finally { this.#isLoading = false; }
    this.isLoaded = true;
    this.#draw();
  }

  async loadSpaces(): Promise<void> { this.spaces = await api.spaces(); }

  async loadDesk(): Promise<void> {
    try { this.desk = await api.desk(); this.hasDesk = true; } catch (error) { if (!(error instanceof NotOffered)) throw error; }
  }

  async #loadSettings(): Promise<void> {
    try {
      this.settings = await api.settings();
      prefs.suggest(this.settings.languages);
    } catch (error) { if (!(error instanceof NotOffered)) throw error; }
  }

  async #ask(): Promise<void> {
    try {
      const status = await api.status();
      const others = this.#handled !== undefined && this.#handled !== status.handled;
      this.#heard(status);
      // A server without the event `handling` tells only that somebody acted.
      if ((others && !this.hasDesk) || this.#isStale) await this.reload();
      if (this.#stream && this.link === 'lost') this.#stream.reopen();
    } catch { if (performance.now() - this.#heardAt > SILENCE_MS_MAX) this.#lose(); }
  }

  #heard(status: Status): void {
    this.status = status;
    this.#handled = status.handled;
    this.#heardAt = performance.now();
    this.#tell(status.log_time_ms);
  }

  #tell(logTime: number): void {
    this.#clock.hear(logTime, performance.now());
    this.speed = this.#clock.speed;
    if (!this.now) this.now = logTime; // what is done in the first second counts from here
    if (this.speed >= REPLAY_SPEED_MIN || Math.abs(logTime - Date.now()) > REPLAY_MS_MIN) this.isReplay = true;
    if (this.link === 'live') this.asOf = logTime;
  }

  #found(): void {
    const wasLost = this.link === 'lost';
    this.link = 'live';
    this.#heardAt = performance.now();
    // A server that tells its settings sends ticks, too: from now on one is due, even if none ever came.
    if (this.settings) this.#heartbeat.restart(performance.now());
    this.asOf = this.#clock.heard ?? 0;
    if (wasLost) {
      void this.reload();
      void this.loadSpaces().catch(() => undefined);
      void this.loadDesk().catch(() => undefined);
    }
  }

  #lose(): void {
    if (this.link === 'lost') return;
    if (this.link === 'live') this.asOf = this.#clock.heard ?? this.asOf;
    this.link = 'lost';
    this.#alarm();
  }

  #second(): void {
    const at = performance.now();
    this.now = this.#clock.now(at);
    if (this.link === 'live' && this.#heartbeat.isDead(at) && this.isJudging) {
      this.isJudging = false;
      if (!this.isReplay) this.#alarm();
    }
    if (!this.isTrusted && this.link !== 'connecting' && at - this.#remindedAt > REMIND_MS) this.#alarm();
  }

  #alarm(): void {
    this.#remindedAt = performance.now();
    sound.play('lost');
  }
}

export const room = new Room();
