-- Statements that make large values out of small ones, beside the memory that queries share; the form is that of refused.sql.
-- Each has to be stopped, or answered from little memory; tests/postgres.rs looks at the memory of the server.
-- = a text that doubles
SELECT max(length(x)) FROM «(SELECT x || x AS x FROM *18»(SELECT id AS x FROM observations)«)*18»
-- = a text that doubles by concat
SELECT max(length(x)) FROM «(SELECT concat(x, x) AS x FROM *18»(SELECT id AS x FROM observations)«)*18»
-- = a text of many
WITH a AS (SELECT concat(id«,id*200») AS x FROM observations), b AS (SELECT concat(x«,x*200») AS x FROM a), c AS (SELECT concat(x«,x*200») AS x FROM b) SELECT max(length(x)) FROM c
-- = a text of many with a text between
WITH a AS (SELECT id, concat(id«,id*200») AS x FROM observations), b AS (SELECT concat_ws(x, id«,id*200») AS x FROM a), c AS (SELECT concat_ws(x, x«,x*200») AS x FROM b) SELECT max(length(x)) FROM c
-- = a text that doubles a few times in long rows
SELECT count(*) FROM (SELECT x FROM «(SELECT x || x AS x FROM *9»(SELECT concat(id«,id*40») AS x FROM observations)«)*9» WHERE x <> '') a, observations b WHERE a.x < b.id
-- = a list that doubles
SELECT max(cardinality(x)) FROM «(SELECT array_concat(x, x) AS x FROM *18»(SELECT [id] AS x FROM observations)«)*18»
-- = a list of lists that doubles
SELECT max(array_length(x)) FROM «(SELECT [x, x] AS x FROM *18»(SELECT [id, id, id] AS x FROM observations)«)*18»
-- = a long text in each row
SELECT '«x*60000»' AS a, id FROM observations
-- = a long text in many columns of each row
SELECT concat(a«,a*100», id) AS x, concat(id, a, a) AS y FROM (SELECT '«x*50000»' AS a, id FROM observations)
-- = a text of all rows beside each row
SELECT max(length(s || b.id)) FROM (SELECT string_agg(id, ',') AS s FROM observations) a CROSS JOIN observations b
-- = a text of all rows twice beside each row
SELECT a.s, b.s, o.id FROM (SELECT string_agg(id, ',') AS s FROM observations) a, (SELECT string_agg(id, ';') AS s FROM observations) b, observations o
-- = a list of all rows beside each row
SELECT b.id, a.l FROM (SELECT array_agg(id) AS l FROM observations) a CROSS JOIN observations b
-- = a list of all rows as a text, many times
SELECT max(length(concat(s«,s*300»))) FROM (SELECT array_to_string(array_agg(id), ', ') AS s FROM observations)
-- = a long text of each row joined with each row
SELECT max(length(a.x || b.x)) FROM (SELECT concat(id«,id*300») AS x FROM observations) a, (SELECT concat(id«,id*300») AS x FROM observations) b
-- = a join whose condition makes long texts
SELECT count(*) FROM observations a JOIN observations b ON concat(a.id, b.id«,a.id*150») < concat(b.id, a.id«,b.id*150»)
-- = a window over all pairs
SELECT max(n) FROM (SELECT count(*) OVER () AS n FROM observations a, observations b)
-- = a window over all pairs with their columns
SELECT max(m) FROM (SELECT sum(a.value) OVER (ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS m, a.id, b.id FROM observations a, observations b)
-- = a long text handed to all rows
SELECT max(length(f)) FROM (SELECT first_value(CASE WHEN id = 'e1' THEN '«x*50000»' END) IGNORE NULLS OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS f FROM observations)
-- = a long text as a group
SELECT count(*) FROM (SELECT concat(id«,id*900») AS x, count(*) AS n FROM observations GROUP BY 1)
-- = long texts in order
SELECT x FROM (SELECT concat(id«,id*900») AS x FROM observations) ORDER BY x
-- = long texts without those that are twice
SELECT DISTINCT concat(id«,id*900», value) AS x FROM observations
-- = long texts that are filtered
SELECT count(x) FROM (SELECT concat(id«,id*900») AS x FROM observations) WHERE x NOT LIKE '%z%' AND reverse(x) <> x
-- = a cube of many columns
SELECT count(*) FROM (SELECT 1 FROM observations GROUP BY CUBE(id, space, sensor, node, seq, metric, value, unit, quality, flags, feed, date))
