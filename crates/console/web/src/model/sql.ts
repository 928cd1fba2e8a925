/** The statements by which the page asks history. Text goes in quoted; times as literals of UTC. */

export const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`;
export const instant = (ms: number): string => `TIMESTAMP '${new Date(ms).toISOString().replace('T', ' ').replace('Z', '')}'`;
const EPOCH_MS = (column: string): string => `CAST(date_part('epoch', ${column}) * 1000 AS BIGINT)`;

/** What each alert was called in the end: the last closing counts, and none that was taken back. */
const JUDGED = `(SELECT alert_id, last_value(disposition ORDER BY "offset") AS disposition FROM actions `
  + `WHERE action IN ('close', 'reopen') AND outcome = 'done' GROUP BY alert_id)`;

/** What was measured in a space between two instants, newest first. */
export function measured(space: string, from: number, to: number, most: number): string {
  return `SELECT ${EPOCH_MS('event_time')} AS event_ms, metric, sensor, value FROM observations `
    + `WHERE space = ${quote(space)} AND event_time >= ${instant(from)} AND event_time <= ${instant(to)} `
    + `ORDER BY event_time DESC LIMIT ${most}`;
}

/** Earlier alerts of the same rule and key, with what people called them. */
export function past(rule: string, key: string, but: string, most = 10): string {
  return `SELECT a.alert_id, a.severity, ${EPOCH_MS('a.began')} AS began_ms, ${EPOCH_MS('a.ended')} AS ended_ms, c.disposition `
    + `FROM (SELECT alert_id, max(severity) AS severity, min(event_time) AS began, max(event_time) FILTER (WHERE state = 'cleared') AS ended `
    + `FROM alerts WHERE rule = ${quote(rule)} AND key = ${quote(key)} AND alert_id <> ${quote(but)} GROUP BY alert_id) AS a `
    + `LEFT JOIN ${JUDGED} AS c ON c.alert_id = a.alert_id `
    + `ORDER BY a.began DESC LIMIT ${most}`;
}

/** How rules did since an instant: episodes, what they were called, how long until somebody owned them. */
export function rules(since: number): string {
  return `SELECT a.rule, count(*) AS episodes, `
    + `count(*) FILTER (WHERE c.disposition = 'true') AS true_ones, `
    + `count(*) FILTER (WHERE c.disposition IN ('false', 'nuisance')) AS wrong_ones `
    + `FROM (SELECT alert_id, max(rule) AS rule FROM alerts WHERE state = 'active' AND event_time >= ${instant(since)} GROUP BY alert_id) AS a `
    + `LEFT JOIN ${JUDGED} AS c ON c.alert_id = a.alert_id `
    + `GROUP BY a.rule ORDER BY episodes DESC, a.rule`;
}

/** Keys whose alerts came back within ten minutes of clearing, and how often. */
export function chatter(since: number): string {
  return `SELECT rule, key, count(*) AS returns FROM (`
    + `SELECT rule, key, state, event_time, lag(state) OVER w AS before, lag(event_time) OVER w AS before_time FROM alerts `
    + `WHERE state IN ('active', 'cleared') AND event_time >= ${instant(since)} WINDOW w AS (PARTITION BY rule, key ORDER BY event_time, "offset")) `
    + `WHERE state = 'active' AND before = 'cleared' AND event_time <= before_time + INTERVAL '10 minutes' `
    + `GROUP BY rule, key HAVING count(*) >= 2 ORDER BY returns DESC, rule, key LIMIT 50`;
}

/** Every source that sent something since an instant: when last, how much, how regularly. */
export function sources(since: number, most = 1000): string {
  return `SELECT node, sensor, space, metric, count(*) AS sent, ${EPOCH_MS('min(event_time)')} AS first_ms, `
    + `${EPOCH_MS('max(event_time)')} AS last_ms, ${EPOCH_MS('max(log_time)')} AS arrived_ms FROM observations `
    + `WHERE event_time >= ${instant(since)} GROUP BY node, sensor, space, metric ORDER BY last_ms, space, sensor LIMIT ${most}`;
}
