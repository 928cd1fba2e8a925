WITH good AS (
  SELECT space, metric, coalesce(sensor, node, '') AS sensor, date, date_trunc('hour', event_time) AS hour
  FROM observations
  WHERE quality = 'good'
), near AS (
  -- All dates. A condition on the hour takes their place: its first date less seven days, and its last.
  SELECT * FROM good WHERE date BETWEEN DATE '0001-01-01' AND DATE '9999-12-31'
), seen AS (
  SELECT DISTINCT space, metric, sensor, date, hour FROM near
), days AS (
  -- A sensor is expected on the days it is seen and, when it falls silent, for seven more.
  SELECT DISTINCT seen.space, seen.metric, seen.sensor, CAST(seen.date + later.days AS DATE) AS date
  FROM seen
  CROSS JOIN (
    VALUES (INTERVAL '0 days'), (INTERVAL '1 day'), (INTERVAL '2 days'), (INTERVAL '3 days'),
      (INTERVAL '4 days'), (INTERVAL '5 days'), (INTERVAL '6 days'), (INTERVAL '7 days')
  ) AS later(days)
), expected AS (
  SELECT space, metric, date, count(*) AS sensors FROM days GROUP BY space, metric, date
), hours AS (
  SELECT space, metric, sensors, arrow_cast(date, 'Timestamp(Microsecond, Some("UTC"))') + clock.hours AS hour
  FROM expected
  CROSS JOIN (
    VALUES (INTERVAL '0 hours'), (INTERVAL '1 hour'), (INTERVAL '2 hours'), (INTERVAL '3 hours'),
      (INTERVAL '4 hours'), (INTERVAL '5 hours'), (INTERVAL '6 hours'), (INTERVAL '7 hours'),
      (INTERVAL '8 hours'), (INTERVAL '9 hours'), (INTERVAL '10 hours'), (INTERVAL '11 hours'),
      (INTERVAL '12 hours'), (INTERVAL '13 hours'), (INTERVAL '14 hours'), (INTERVAL '15 hours'),
      (INTERVAL '16 hours'), (INTERVAL '17 hours'), (INTERVAL '18 hours'), (INTERVAL '19 hours'),
      (INTERVAL '20 hours'), (INTERVAL '21 hours'), (INTERVAL '22 hours'), (INTERVAL '23 hours')
  ) AS clock(hours)
), counted AS (
  SELECT space, metric, hour, count(*) AS sensors FROM seen GROUP BY space, metric, hour
)
SELECT hours.space, hours.metric, hours.hour, hours.sensors AS expected, coalesce(counted.sensors, 0) AS seen
FROM hours
LEFT JOIN counted ON counted.space = hours.space AND counted.metric = hours.metric AND counted.hour = hours.hour
-- From the first hour seen to the last. Of dates that are not near it is enough to know that there is a row.
WHERE hours.hour >= coalesce(
    (SELECT min(hour) FROM (SELECT hour FROM good WHERE date < DATE '0001-01-01' LIMIT 1) AS before),
    (SELECT min(hour) FROM near)
  )
  AND hours.hour <= coalesce(
    (SELECT max(hour) FROM (SELECT hour FROM good WHERE date > DATE '9999-12-31' LIMIT 1) AS behind),
    (SELECT max(hour) FROM near)
  )
