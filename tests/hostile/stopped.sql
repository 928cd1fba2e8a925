-- Statements that may be asked, and that must end when their time or memory is over; the form is that of refused.sql.
-- = a cross join
SELECT count(*) FROM observations a, observations b, observations c
-- = a cross join of rows
SELECT max(a.value + b.value + c.value) FROM observations a CROSS JOIN observations b CROSS JOIN observations c
-- = a join whose condition nothing fulfils
SELECT count(*) FROM observations a JOIN observations b ON a.value + b.value < -1e9 JOIN observations c ON b.value + c.value < a.value - 1e9
-- = an unequal join of joins
SELECT count(*) FROM (SELECT a.value AS v FROM observations a, observations b) x JOIN observations c ON x.v + c.value < -1e9
-- = a join of everything with everything by a key
SELECT count(*) FROM observations a JOIN observations b ON a.centre = b.centre JOIN observations c ON b.centre = c.centre
-- = a join by a key with a condition that nothing fulfils
SELECT count(*) FROM observations a JOIN observations b ON a.centre = b.centre AND a.value + b.value < -1e9 JOIN observations c ON b.centre = c.centre AND a.value + c.value < -1e9 JOIN observations d ON a.centre = d.centre
-- = a sort of a cross join
SELECT a.value, b.value FROM observations a, observations b ORDER BY a.value * b.value, a.event_time, b.event_time, a.sensor
-- = groups without end
SELECT a.event_time, b.event_time, c.event_time, count(*) FROM observations a, observations b, observations c GROUP BY 1, 2, 3
-- = distinct rows of a cross join
SELECT count(DISTINCT concat(a.id, b.id)) FROM observations a, observations b, observations c
-- = a list of everything
SELECT array_agg(concat(a.event_time, b.event_time, a.sensor)) FROM observations a, observations b
