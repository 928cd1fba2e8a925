WITH people AS (
  SELECT space, date_trunc('hour', event_time) AS hour, sum(value) AS people
  FROM observations
  WHERE metric = 'people_count' AND quality = 'good'
  GROUP BY space, date_trunc('hour', event_time)
), incidents AS (
  SELECT space, date_trunc('hour', event_time) AS hour, count(*) AS incidents
  FROM incidents_current
  GROUP BY space, date_trunc('hour', event_time)
), hours AS (
  SELECT coalesce(people.space, incidents.space) AS space, coalesce(people.hour, incidents.hour) AS hour,
    people.people, coalesce(incidents.incidents, 0) AS incidents
  FROM people
  FULL JOIN incidents ON incidents.space = people.space AND incidents.hour = people.hour
), months AS (
  SELECT space, CAST(date_trunc('month', hour) AS DATE) AS month,
    sum(incidents) AS incidents,
    count(people) AS hours_measured,
    coalesce(sum(incidents) FILTER (WHERE people IS NOT NULL), 0) AS incidents_measured,
    sum(people) AS people
  FROM hours
  GROUP BY 1, 2
)
SELECT space, month, incidents, hours_measured, incidents_measured, people,
  rate(incidents_measured, people) AS rate,
  rate_low(incidents_measured, people) AS rate_low,
  rate_high(incidents_measured, people) AS rate_high
FROM months
