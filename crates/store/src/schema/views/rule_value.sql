WITH closed AS (
  SELECT alert_id, disposition
  FROM (
    SELECT alert_id, action, disposition,
      row_number() OVER (PARTITION BY alert_id ORDER BY event_time DESC, "offset" DESC) AS newest
    FROM actions
    WHERE action IN ('close', 'reopen') AND outcome = 'done'
  )
  WHERE newest = 1 AND action = 'close'
), raised AS (
  SELECT rule, alert_id, min(event_time) AS event_time
  FROM alerts
  WHERE state = 'active' AND coalesce(reason, '') <> 'shadow'
  GROUP BY rule, alert_id
), judged AS (
  SELECT raised.rule, count(*) AS alerts,
    count(*) FILTER (WHERE closed.disposition = 'true') AS true_alerts,
    count(*) FILTER (WHERE closed.disposition IN ('false', 'nuisance')) AS false_alerts,
    count(*) FILTER (WHERE closed.disposition IN ('test', 'duplicate')) AS set_aside
  FROM raised
  LEFT JOIN closed ON closed.alert_id = raised.alert_id
  GROUP BY raised.rule
), worked AS (
  SELECT count(*) AS hours
  FROM (SELECT DISTINCT operator, date_trunc('hour', event_time) FROM actions WHERE operator <> 'vigie')
)
SELECT rule, alerts, true_alerts, false_alerts, set_aside,
  alerts - true_alerts - false_alerts - set_aside AS not_judged,
  share(true_alerts, true_alerts + false_alerts) AS "precision",
  share_low(true_alerts, true_alerts + false_alerts) AS precision_low,
  share_high(true_alerts, true_alerts + false_alerts) AS precision_high,
  hours AS operator_hours,
  CAST(false_alerts AS DOUBLE) / nullif(hours, 0) AS false_per_operator_hour
FROM judged
CROSS JOIN worked
