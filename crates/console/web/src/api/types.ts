/** What the console's API says, as it stands on the wire. Absent fields are left out by the server. */

export const SEVERITIES = ['critical', 'high', 'medium', 'low', 'informational'] as const;
export type Severity = (typeof SEVERITIES)[number];

export type Condition = 'active' | 'stale' | 'cleared';
/** Names of the stream's transitions. */
export const TRANSITIONS = ['active', 'stale', 'resumed', 'escalated', 'cleared'] as const;
export type TransitionState = (typeof TRANSITIONS)[number];

export type Handling = 'open' | 'acknowledged' | 'shelved' | 'suppressed' | 'out_of_service' | 'closed';
export const DISPOSITIONS = ['true', 'false', 'nuisance', 'test', 'duplicate'] as const;
export type Disposition = (typeof DISPOSITIONS)[number];

export interface Inhibitor { rule: string; alert_id: string }
export interface Guidance { cause?: string; consequence?: string; action?: string; respond_within?: string }
/** Who did something, and when. */
export interface Deed { operator: string; log_time: string; note?: string }

export interface Step {
  step: number;
  text: string;
  state: 'open' | 'done' | 'skipped';
  operator?: string;
  log_time?: string;
  note?: string;
}

/** What a transition and an alert have in common. */
interface Row {
  alert_id: string;
  rule: string;
  rule_uid: string;
  rule_version: string;
  key: string;
  space: string;
  severity: Severity;
  event_time: string;
  log_time: string;
  summary: string;
  centre: string;
  feed: string;
  /** Place in the alert stream of the newest record that changed it. */
  offset: number;
  reason?: string;
  evidence?: Evidence | string;
}

export interface Transition extends Row { state: TransitionState; partition: number; date: string }

export interface Alert extends Row {
  state: Condition;
  handling: Handling;
  changed_time: string;
  escalated_time?: string;
  inhibited_by?: Inhibitor | null;
  guidance?: Guidance;
  acknowledged?: Deed & { until?: string };
  shelved?: Deed & { until: string; cleared_time?: string };
  assigned?: { operator: string; to: string; log_time: string };
  escalated_to?: { desk: string; log_time: string };
  reannounced?: { log_time: string; reason: string };
  checklist?: Step[];
  closed?: Deed & { disposition: Disposition; cause?: string };
  out_of_service?: Deed & { until?: string; id: string };
  exercise?: boolean;
  test?: boolean;
  mode?: string;
  incident_file?: string;
  chattering?: { since: string; count: number };
}

/** Why an alert began; which fields there are depends on the kind of rule (docs/rules.md, "Evidence"). */
export interface Evidence {
  kind?: string;
  params?: Record<string, string>;
  raise?: string;
  clear?: string;
  value?: string;
  agg?: string;
  members?: { sensor?: string; node?: string; value: string; event_time_ms: number }[];
  mean?: number | string;
  sigma?: number | string;
  sigma_floor?: number | string;
  z_limit?: number | string;
  since_ms?: number;
  window?: { start_ms: number; end_ms: number };
  [field: string]: unknown;
}

export interface Suppression {
  space: string;
  alerts: { alert_id: string; inhibited_by: Inhibitor | null; offset: number }[];
  left_out: number;
}

export interface Status {
  centre: string;
  name: string;
  time_zone: string;
  log_time: string;
  log_time_ms: number;
  position: number | null;
  handled: number;
  running: number;
  unacknowledged: number;
  open: number;
  suppressed: number;
  history: boolean;
}

export interface Tick { log_time: string; tick_time: string; wall_time: string }

export interface SpaceProperties {
  id: string;
  name: string;
  kind: string;
  district: string;
  capacity: number | null;
  state: Condition | 'calm';
  severity: Severity | null;
  running: number;
  unacknowledged: number;
  open: number;
  suppressed: number;
}
export interface SpaceFeature {
  type: 'Feature';
  id: string;
  geometry: { type: string; coordinates: unknown } | null;
  properties: SpaceProperties;
}

export interface Rule {
  name: string;
  uid: string;
  version: string;
  kind: string;
  severity: Severity;
  shadow: boolean;
  inhibited_by: string[];
  guidance?: Guidance;
}

/** What `POST /v1/rules/backtest` is asked; docs/backtest.md defines every figure of its answer. */
export interface BacktestAsked { rules?: string; from?: string; to?: string; warm_up?: string; truth?: string }
export interface BacktestShare { count: number; of: number; share: number | null; low: number | null; high: number | null }
export interface BacktestRule {
  rule: string;
  /** Missing for the line of all rules together. */
  version: string | null;
  compared: boolean;
  alerts: number;
  alerts_per_shift: number;
  precision?: BacktestShare;
  recall?: BacktestShare;
  lead_median_s?: number | null;
  false_alerts_per_operator_hour?: number;
}
export interface BacktestReport {
  from: string;
  to: string;
  observations: number;
  incidents: number;
  notes: string[];
  shift: string;
  rules: BacktestRule[];
  production: { rules: number; transitions: number; identical: boolean | null; only_recorded: string[]; only_judged: string[] };
}

export interface Settings {
  centre: string;
  name: string;
  time_zone: string;
  languages?: string[];
  camera_url?: string;
  radio_url?: string;
  basemap?: string;
  escalation?: { severity: Severity; after: string; desk: string } | null;
  flood?: unknown;
}

export interface Flood {
  active: boolean;
  since?: string;
  new_10min: number;
  operators: number;
  enter: number;
  leave: number;
  bypass?: Severity;
  first_up?: string;
  digest: { district_or_space: string; count: number; worst: Severity }[];
}
export interface Mode { mode: 'normal' | 'event' | 'exercise'; name?: string; coordinator?: string; since?: string; until?: string; spaces?: string[] }
export interface OutOfService { id: string; operator: string; log_time: string; note?: string; until?: string; rule?: string; space?: string; sensor?: string; node?: string }
export interface Chatter { rule: string; key: string; since: string; count: number; proposed_delay?: string }
export interface IncidentFile { id: string; title: string; space?: string; cause?: string; alerts: string[]; opened: unknown; closed?: unknown }
export interface Signatures { leaving?: Deed; arriving?: Deed }

export interface Desk {
  flood?: Flood;
  mode?: Mode;
  out_of_service?: OutOfService[];
  shelved?: number;
  chattering?: Chatter[];
  incident_files?: IncidentFile[];
  escalation?: { severity: Severity; after: string; desk: string } | null;
  sound_check?: { operator: string; log_time: string; heard?: boolean } | null;
  signed?: Signatures;
}

/** A figure of the shift: what it is, should be, and may be at most. `ok` is null where it is not judged. */
export interface Kpi { name: string; value: number | null; target: number | null; max?: number; unit: string; ok: boolean | null }
export interface Shift {
  from: string;
  to: string;
  open: Alert[];
  acknowledged: Alert[];
  shelved: Alert[];
  out_of_service: OutOfService[];
  dead_nodes: Alert[];
  incident_files: IncidentFile[];
  kpis: Kpi[];
  actions: number;
  signed?: Signatures;
}

/** A command on one alert, and what it needs besides the operator. */
export type AlertCommand =
  | { action: 'acknowledge'; note?: string; until?: string }
  | { action: 'shelve'; note: string; until: string }
  | { action: 'unshelve'; note?: string }
  | { action: 'assign'; to: string; note?: string }
  | { action: 'close'; disposition: Disposition; cause?: string; note?: string }
  | { action: 'reopen'; note?: string }
  | { action: 'checklist'; step: number; state: Step['state']; note?: string };
export type BulkAction = 'acknowledge' | 'shelve' | 'unshelve' | 'assign' | 'close';
export interface CommandAnswer { outcome: 'done' | 'unchanged'; alert: Alert }
export interface BulkAnswer { results: { alert_id: string; outcome: string }[] }

/** A row of SQL's answer. */
export type SqlRow = Record<string, unknown>;
