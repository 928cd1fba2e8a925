/**
 * The one place that talks HTTP. Every refusal becomes an `ApiError` whose message a person can act on; a route that this server
 * does not have becomes `NotOffered`, so that the page can say so instead of failing.
 */
import type {
  Alert, AlertCommand, BacktestAsked, BacktestReport, BulkAction, BulkAnswer, CommandAnswer, Desk, Rule, Settings, Shift, SpaceFeature, SqlRow, Status,
} from './types';

/** Longer than any answer on a healthy line takes; SQL has its own. */
const ANSWER_MS_MAX = 5_000;
const SQL_MS_MAX = 35_000;
/** The server stops a backtest after two minutes, and says so. */
const BACKTEST_MS_MAX = 130_000;
/** The most alerts the page keeps; the list begins with those that matter most. */
export const ALERTS_MAX = 5_000;

export class ApiError extends Error {
  constructor(message: string, readonly status: number) { super(message); }
}
/** The server has no such route. */
export class NotOffered extends ApiError {
  constructor(readonly route: string) { super(route, 404); }
}

async function call(path: string, init: RequestInit = {}, wait_ms = ANSWER_MS_MAX): Promise<Response> {
  const late = AbortSignal.timeout(wait_ms), signal = init.signal ? AbortSignal.any([init.signal, late]) : late;
  const reply = await fetch(path, { ...init, headers: { accept: 'application/json', ...init.headers }, signal });
  if (reply.ok) return reply;
  const problem = await reply.json().catch(() => ({})) as Problem;
  const isUnknown = reply.status === 405 || (reply.status === 404 && (problem.detail ?? NOTHING_HERE) === NOTHING_HERE);
  if (isUnknown) throw new NotOffered(path);
  throw new ApiError(said(problem) || `${path}: ${reply.status}`, reply.status);
}

/** A refusal as RFC 9457 has it, with what would have been right. */
interface Problem { title?: string; detail?: string; expected?: string; hint?: string }
/** What the server says of an address that has no route, and not of a thing that is not there. */
const NOTHING_HERE = 'there is nothing at this address';
function said({ title, detail, expected, hint }: Problem): string {
  return [detail ?? title, expected && `→ ${expected}`, hint].filter(Boolean).join(' · ');
}

const get = async <T>(path: string): Promise<T> => (await call(path)).json() as Promise<T>;
async function post<T>(path: string, body: object): Promise<T> {
  const reply = await call(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  return reply.json() as Promise<T>;
}

/**
 * Statements at once. A browser keeps six connections to a server; one is the stream's, and commands must never wait
 * for a slow statement.
 */
const STATEMENTS_MAX = 2;
let running = 0;
const waiting: (() => void)[] = [];
async function inTurn<T>(ask: () => Promise<T>): Promise<T> {
  if (running >= STATEMENTS_MAX) await new Promise<void>(resolve => { waiting.push(resolve); });
  running += 1;
  try { return await ask(); } finally {
    running -= 1;
    waiting.shift()?.();
  }
}

export const api = {
  status: () => get<Status>('/v1/status'),
  settings: () => get<Settings>('/v1/settings'),
  desk: () => get<Desk>('/v1/desk'),
  rules: () => get<Rule[]>('/v1/rules'),
  shift: (from?: string, to?: string) => {
    const asked = new URLSearchParams(Object.entries({ from, to }).flatMap(([name, value]) => (value ? [[name, value]] : [])));
    return get<Shift>(`/v1/shift${asked.size ? `?${asked}` : ''}`);
  },
  alert: (id: string) => get<Alert>(`/v1/alerts/${encodeURIComponent(id)}`),
  spaces: async () => (await get<{ features: SpaceFeature[] }>('/v1/spaces')).features,

  /** The alerts that matter most, and how many more there are. */
  alerts: async () => {
    const reply = await call(`/v1/alerts?limit=${ALERTS_MAX}`, {}, 20_000);
    return { rows: await reply.json() as Alert[], leftOut: Number(reply.headers.get('vigie-left-out') ?? 0) };
  },
  explain: async (id: string) => (await get<{ text: string[] }>(`/v1/alerts/${encodeURIComponent(id)}/explain`)).text,
  whyNot: async (rule: string, key: string) =>
    (await get<{ text: string[] }>(`/v1/rules/why-not?${new URLSearchParams({ rule, key })}`)).text,

  /** Ends on the server, too, once `signal` does. */
  backtest: async (asked: BacktestAsked, signal: AbortSignal) => {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(asked), signal };
    return (await call('/v1/rules/backtest', init, BACKTEST_MS_MAX)).json() as Promise<BacktestReport>;
  },

  sql: (statement: string): Promise<SqlRow[]> => inTurn(async () => {
    const body = JSON.stringify({ sql: statement, format: 'json' });
    const reply = await call('/v1/sql', { method: 'POST', headers: { 'content-type': 'application/json' }, body }, SQL_MS_MAX);
    return reply.json() as Promise<SqlRow[]>;
  }),

  command: (id: string, operator: string, { action, ...fields }: AlertCommand) =>
    post<CommandAnswer>(`/v1/alerts/${encodeURIComponent(id)}/${action}`, { operator, ...fields }),
  bulk: (alerts: string[], operator: string, command: AlertCommand & { action: BulkAction }) =>
    post<BulkAnswer>('/v1/alerts/bulk', { operator, alerts, ...command }),
  /** A command of the desk, such as `mode`, `test-alert` or `shift/sign`. */
  deskCommand: <T = { outcome: string; desk?: Desk }>(route: string, body: object) => post<T>(`/v1/${route}`, body),
};
