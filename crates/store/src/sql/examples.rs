//! Six questions to start from, shown by `vigie sql --help` and the README. Each runs on an empty history too.

/// Titles and statements.
pub const EXAMPLES: [(&str, &str); 6] = [
    (
        "Alerts per rule and day",
        "SELECT date, rule, severity, count(*) AS alerts
FROM alerts
WHERE state = 'active'
GROUP BY date, rule, severity
ORDER BY date, alerts DESC, rule",
    ),
    (
        "The busiest spaces",
        "SELECT space, count(*) AS counts, CAST(avg(value) AS BIGINT) AS mean, max(value) AS peak
FROM observations
WHERE metric = 'people_count' AND quality = 'good'
GROUP BY space
ORDER BY mean DESC, space
LIMIT 10",
    ),
    (
        "How long alerts stayed open, in minutes",
        "SELECT rule, count(*) AS episodes, avg(minutes) AS mean, max(minutes) AS longest
FROM (
  SELECT alert_id, rule,
    (date_part('epoch', max(event_time) FILTER (WHERE state = 'cleared'))
      - date_part('epoch', min(event_time) FILTER (WHERE state = 'active'))) / 60 AS minutes
  FROM alerts
  GROUP BY alert_id, rule
)
WHERE minutes IS NOT NULL
GROUP BY rule
ORDER BY longest DESC, rule",
    ),
    (
        "Gaps in the data: sensors silent for more than two hours",
        "SELECT space, sensor, metric, before AS silent_from, event_time AS silent_until, silent_s / 3600 AS hours
FROM (
  SELECT *, date_part('epoch', event_time) - date_part('epoch', before) AS silent_s
  FROM (
    SELECT space, sensor, metric, event_time,
      lag(event_time) OVER (PARTITION BY space, sensor, metric ORDER BY event_time) AS before
    FROM observations
  )
)
WHERE silent_s > 7200
ORDER BY hours DESC, space, sensor, metric, silent_from
LIMIT 20",
    ),
    (
        "What was measured around the newest alert",
        "SELECT a.rule, a.summary, o.event_time, o.sensor, o.metric, o.value, o.unit
FROM (
  SELECT * FROM alerts WHERE state = 'active' ORDER BY event_time DESC, alert_id LIMIT 1
) AS a
JOIN observations AS o ON o.space = a.space
WHERE o.event_time BETWEEN a.event_time - INTERVAL '3 hours' AND a.event_time + INTERVAL '3 hours'
ORDER BY o.event_time, o.metric, o.sensor",
    ),
    (
        "Where people feel unsafe, and what was reported there",
        "SELECT p.space, p.asked, p.unsafe_share, coalesce(i.incidents, 0) AS incidents
FROM (
  SELECT space, sum(n) AS asked, sum(unsafe) / nullif(sum(n), 0) AS unsafe_share
  FROM perceptions
  GROUP BY space
) AS p
LEFT JOIN (SELECT space, count(*) AS incidents FROM incidents_current GROUP BY space) AS i ON i.space = p.space
ORDER BY p.unsafe_share DESC, p.space",
    ),
];
