WITH raised AS (
  SELECT rule, space, alert_id, min(event_time) AS event_time
  FROM alerts
  WHERE state = 'active' AND coalesce(reason, '') <> 'shadow'
  GROUP BY rule, space, alert_id
), watched AS (
  SELECT rule, min(event_time) AS since FROM raised GROUP BY rule
), found AS (
  SELECT watched.rule, incidents_current.feed, incidents_current.id, incidents_current.category,
    incidents_current.event_time, min(raised.event_time) AS alerted
  FROM watched
  JOIN incidents_current ON incidents_current.event_time >= watched.since
  LEFT JOIN raised ON raised.rule = watched.rule AND raised.space = incidents_current.space
    AND raised.event_time BETWEEN incidents_current.event_time - INTERVAL '15 minutes'
      AND incidents_current.event_time + INTERVAL '15 minutes'
  GROUP BY 1, 2, 3, 4, 5
), counted AS (
  SELECT rule, category, count(*) AS incidents, count(alerted) AS with_alert,
    median(date_part('epoch', event_time) - date_part('epoch', alerted)) AS lead_s
  FROM found
  GROUP BY rule, category
)
SELECT rule, category, incidents, with_alert,
  share(with_alert, incidents) AS recall,
  share_low(with_alert, incidents) AS recall_low,
  share_high(with_alert, incidents) AS recall_high,
  lead_s
FROM counted
