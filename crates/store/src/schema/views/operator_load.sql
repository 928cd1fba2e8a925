WITH raised AS (
  SELECT alert_id, severity, event_time,
    count(*) OVER (ORDER BY event_time RANGE BETWEEN INTERVAL '10 minutes' PRECEDING AND CURRENT ROW) AS in_10min
  FROM (
    SELECT alert_id, min(severity) AS severity, min(event_time) AS event_time
    FROM alerts
    WHERE state = 'active' AND coalesce(reason, '') <> 'shadow'
    GROUP BY alert_id
  )
), acknowledged AS (
  SELECT alert_id, min(event_time) AS event_time
  FROM actions
  WHERE action = 'acknowledge' AND outcome = 'done'
  GROUP BY alert_id
), by_hour AS (
  SELECT date_trunc('hour', raised.event_time) AS hour, count(*) AS alerts,
    count(*) FILTER (WHERE raised.severity IN ('high', 'critical')) AS high,
    count(*) FILTER (WHERE raised.severity = 'medium') AS medium,
    count(*) FILTER (WHERE raised.severity IN ('low', 'informational')) AS low,
    count(acknowledged.alert_id) AS acknowledged,
    median(date_part('epoch', acknowledged.event_time) - date_part('epoch', raised.event_time)) AS acknowledge_s,
    max(raised.in_10min) AS busiest_10min
  FROM raised
  LEFT JOIN acknowledged ON acknowledged.alert_id = raised.alert_id
  GROUP BY 1
), at_work AS (
  SELECT date_trunc('hour', event_time) AS hour, count(DISTINCT operator) AS operators
  FROM actions
  WHERE operator <> 'vigie'
  GROUP BY 1
)
SELECT by_hour.hour, alerts, high, medium, low, acknowledged, acknowledge_s, busiest_10min,
  coalesce(operators, 0) AS operators
FROM by_hour
LEFT JOIN at_work ON at_work.hour = by_hour.hour
