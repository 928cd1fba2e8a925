-- Statements that no door may run. Each stands on lines of its own, behind a line `-- = NAME`; tests/postgres.rs sends every
-- one through the command line, HTTP, and the simple and extended protocol of the Postgres wire.
-- «TEXT*NUMBER» stands for TEXT written NUMBER times.
-- = write a file
COPY alerts TO '/tmp/vigie-hostile.csv'
-- = write a file from a query
COPY (SELECT * FROM alerts) TO '/tmp/vigie-hostile.parquet' STORED AS PARQUET
-- = copy to the client
COPY alerts TO STDOUT
-- = copy from the client
COPY alerts FROM STDIN
-- = read a file into a table
COPY alerts FROM '/etc/passwd'
-- = run a program
COPY alerts TO PROGRAM 'touch /tmp/vigie-hostile'
-- = read a program
COPY alerts FROM PROGRAM 'id'
-- = raise the memory limit
SET datafusion.runtime.memory_limit = '100G'
-- = lower the batch size
SET datafusion.execution.batch_size = 1
-- = allow information schema
SET datafusion.catalog.information_schema = true
-- = become somebody
SET ROLE postgres
-- = become somebody else
SET SESSION AUTHORIZATION 'postgres'
-- = allow writing
SET default_transaction_read_only = off
-- = insert
INSERT INTO alerts SELECT * FROM alerts
-- = update
UPDATE alerts SET rule = 'x'
-- = delete
DELETE FROM alerts
-- = merge
MERGE INTO alerts USING alerts AS b ON true WHEN MATCHED THEN DELETE
-- = truncate
TRUNCATE TABLE alerts
-- = drop
DROP TABLE alerts
-- = alter
ALTER TABLE alerts ADD COLUMN x INT
-- = create a table
CREATE TABLE t AS SELECT * FROM alerts
-- = create a view
CREATE VIEW v AS SELECT * FROM alerts
-- = a table of files
CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'
-- = a table of other people's files
CREATE EXTERNAL TABLE t STORED AS PARQUET LOCATION 's3://bucket/everything/'
-- = a function
CREATE FUNCTION f(DOUBLE) RETURNS DOUBLE RETURN $1 + 1
-- = a schema
CREATE SCHEMA s
-- = a database
CREATE DATABASE d
-- = an extension
CREATE EXTENSION dblink
-- = a library
LOAD 'libc.so.6'
-- = delete inside a CTE
WITH gone AS (DELETE FROM alerts RETURNING *) SELECT * FROM gone
-- = insert inside a CTE
WITH added AS (INSERT INTO alerts SELECT * FROM alerts RETURNING *) SELECT count(*) FROM added
-- = update inside a CTE
WITH changed AS (UPDATE alerts SET rule = 'x' RETURNING *) SELECT * FROM changed
-- = a CTE in front of a delete
WITH a AS (SELECT 1) DELETE FROM alerts
-- = select into
SELECT * INTO copied FROM alerts
-- = lock rows
SELECT * FROM alerts FOR UPDATE
-- = a file as a table
SELECT * FROM 'history/alerts/*.parquet'
-- = a file in double quotes
SELECT * FROM "/etc/passwd"
-- = an address as a table
SELECT * FROM 'http://169.254.169.254/latest/meta-data/'
-- = read_csv
SELECT * FROM read_csv('/etc/passwd')
-- = read_parquet
SELECT * FROM read_parquet('/**/*.parquet')
-- = parquet_metadata
SELECT * FROM parquet_metadata('history/alerts/part.parquet')
-- = glob
SELECT * FROM glob('/**')
-- = metadata_cache
SELECT * FROM metadata_cache()
-- = a table function in a sub-query
SELECT (SELECT count(*) FROM read_csv('/etc/passwd'))
-- = a lateral table function
SELECT * FROM alerts, LATERAL read_csv('/etc/passwd')
-- = prepare
PREPARE p AS SELECT * FROM alerts
-- = prepare with parameters
PREPARE p(INT) AS DELETE FROM alerts WHERE partition = $1
-- = execute
EXECUTE p
-- = execute with parameters
EXECUTE p(1)
-- = deallocate what is not there
DEALLOCATE nosuch
-- = two statements
SELECT 1; SELECT 2
-- = a statement behind a statement
SELECT 1; DROP TABLE alerts
-- = a statement behind a comment
SELECT 1 -- harmless
; DELETE FROM alerts
-- = a comment that ends early
SELECT 1 /* /* */ */ ; DROP TABLE alerts /* */
-- = a text that ends early
SELECT 'it''s' ; DROP TABLE alerts; --'
-- = a statement of the session in front
BEGIN; DELETE FROM alerts; COMMIT
-- = explain analyze runs
EXPLAIN ANALYZE SELECT * FROM alerts
-- = explain of a drop
EXPLAIN DROP TABLE alerts
-- = explain of an insert
EXPLAIN INSERT INTO alerts SELECT * FROM alerts
-- = settings of the process
SELECT * FROM information_schema.df_settings
-- = all settings
SHOW ALL
-- = another schema
SELECT * FROM other.alerts
-- = another catalog
SELECT * FROM datafusion.public.alerts
-- = rows beside catalogs
SELECT * FROM alerts, pg_catalog.pg_class
-- = rows beside catalogs without rows
SELECT (SELECT max(a.rule) FROM alerts a), unnest(i.indkey) FROM pg_catalog.pg_index i
-- = a list called like one of the catalogs
SELECT unnest(i.indkey) FROM (SELECT ARRAY[1, 2] AS indkey) i
-- = a list of the catalogs beside one called like it
SELECT unnest(i.indkey) FROM pg_catalog.pg_index i, (SELECT ARRAY[1, 2] AS indkey) i
-- = a list among the catalogs
SELECT unnest(ARRAY[1, 2]) FROM pg_catalog.pg_index
-- = options of tables taken apart
SELECT x FROM pg_catalog.pg_class c, pg_catalog.unnest(c.reloptions) x
-- = a pattern made longer
SELECT vigie_pattern(vigie_pattern('«\*200»', '/'), '/')
-- = a long pattern with an escape
SELECT relname FROM pg_catalog.pg_class WHERE relname LIKE '«x*300»' ESCAPE '/'
-- = password hashes
SELECT passwd FROM pg_catalog.pg_shadow
-- = password hashes of roles
SELECT rolpassword FROM nowhere.pg_authid
-- = what others ask
SELECT query FROM pg_catalog.pg_stat_activity
-- = read a file by function
SELECT pg_read_file('/etc/passwd')
-- = read a binary file by function
SELECT pg_read_binary_file('/etc/passwd')
-- = list a folder
SELECT pg_ls_dir('/')
-- = look at a file
SELECT pg_stat_file('/etc/passwd')
-- = import a large object
SELECT lo_import('/etc/passwd')
-- = a setting by function
SELECT current_setting('data_directory')
-- = set a setting by function
SELECT set_config('statement_timeout', '0', false)
-- = sleep
SELECT pg_sleep(1000)
-- = end others
SELECT pg_terminate_backend(1)
-- = reload
SELECT pg_reload_conf()
-- = ask another database
SELECT * FROM dblink('host=10.0.0.1', 'SELECT 1')
-- = recursion without end
WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n
-- = a long text
SELECT repeat('x', 1000000000)
-- = a long text to the left
SELECT lpad('x', 1000000000)
-- = a long text to the right
SELECT rpad('x', 1000000000)
-- = a long text by replacing
SELECT replace(replace(replace('xxxxxxxxxx', 'x', 'yyyyyyyyyyyyyyyy'), 'y', 'zzzzzzzzzzzzzzzz'), 'z', 'aaaaaaaaaaaaaaaa')
-- = a long text by patterns
SELECT regexp_replace('x', '', 'yyyyyyyyyyyyyyyy', 'g')
-- = a long list
SELECT range(1, 1000000000)
-- = a long list of one thing
SELECT array_repeat(1, 1000000000)
-- = a list made longer
SELECT array_resize([1], 1000000000, 0)
-- = a series as a table
SELECT count(*) FROM generate_series(1, 1000000000000)
-- = a series as a list
SELECT generate_series(1, 1000000000)
-- = a series in a namespace
SELECT count(*) FROM pg_catalog.generate_series(1, 1000000000000)
-- = a list as a table
SELECT * FROM UNNEST([1, 2, 3])
-- = deep parentheses
SELECT «(*900»1«)*900»
-- = deep sub-queries
SELECT * FROM «(SELECT * FROM *60»alerts«)*60»
-- = a long sum
SELECT 1«+1*30000»
-- = a huge list of ids
SELECT count(*) FROM alerts WHERE rule IN ('a'«,'a'*20000»)
-- = a long statement
SELECT '«x*70000»'
-- = nothing
SELECT
-- = a table called like one
SELECT * FROM alert
-- = listen
LISTEN everything
-- = a cursor
DECLARE c CURSOR FOR SELECT * FROM alerts
-- = fetch
FETCH ALL FROM c
-- = vacuum
VACUUM alerts
-- = a block of code
DO 'BEGIN PERFORM 1; END'
-- = call
CALL something()
-- = grant
GRANT ALL ON alerts TO public
-- = a list as rows
SELECT unnest([1, 2, 3]), id FROM observations
-- = a list of one thing in the place of another
SELECT array_replace_all([1, 1, 1], 1, 2)
-- = a long text between many
SELECT string_agg(id, '«x*50000»') FROM observations
-- = a text between many that is computed
SELECT string_agg(id, concat(sensor, sensor)) FROM observations
-- = a long text between the parts of a list
SELECT array_to_string(array_agg(id), '«x*50000»') FROM observations
-- = all texts for each row
SELECT string_agg(id, ',') OVER (ORDER BY event_time) FROM observations
-- = all rows for each row
SELECT array_agg(id) OVER () FROM observations
-- = a function of functions
SELECT array_transform([1, 2, 3], x -> concat(x, x))
-- = structs of structs
WITH a AS (SELECT named_struct('a', 1, 'b', 2) AS x), b AS (SELECT named_struct('a', x, 'b', x) AS x FROM a) SELECT * FROM b
-- = rows of rows
SELECT ((1, 2), (3, 4))
-- = WITH that doubles
WITH a AS (SELECT * FROM alerts), b AS (SELECT a.id FROM a, a AS a2), c AS (SELECT b.id FROM b, b AS b2), d AS (SELECT c.id FROM c, c AS c2), e AS (SELECT d.id FROM d, d AS d2), f AS (SELECT e.id FROM e, e AS e2), g AS (SELECT f.id FROM f, f AS f2), h AS (SELECT g.id FROM g, g AS g2) SELECT count(*) FROM h
-- = a constant that doubles
SELECT length(x) FROM «(SELECT x || x AS x FROM *20»(SELECT 'abcdefgh' AS x)«)*20»
-- = a constant of many
WITH a AS (SELECT 'abcdefghij' AS x), b AS (SELECT concat(x«,x*150») AS x FROM a), c AS (SELECT concat(x«,x*150») AS x FROM b), d AS (SELECT concat(x«,x*150») AS x FROM c), e AS (SELECT concat(x«,x*150») AS x FROM d) SELECT length(x) FROM e
-- = a sum that doubles
WITH a0 AS (SELECT value AS x FROM observations), a1 AS (SELECT x + x AS x FROM a0), a2 AS (SELECT x + x AS x FROM a1), a3 AS (SELECT x + x AS x FROM a2), a4 AS (SELECT x + x AS x FROM a3), a5 AS (SELECT x + x AS x FROM a4), a6 AS (SELECT x + x AS x FROM a5), a7 AS (SELECT x + x AS x FROM a6), a8 AS (SELECT x + x AS x FROM a7), a9 AS (SELECT x + x AS x FROM a8), b0 AS (SELECT x + x AS x FROM a9), b1 AS (SELECT x + x AS x FROM b0), b2 AS (SELECT x + x AS x FROM b1), b3 AS (SELECT x + x AS x FROM b2), b4 AS (SELECT x + x AS x FROM b3), b5 AS (SELECT x + x AS x FROM b4), b6 AS (SELECT x + x AS x FROM b5), b7 AS (SELECT x + x AS x FROM b6), b8 AS (SELECT x + x AS x FROM b7), b9 AS (SELECT x + x AS x FROM b8) SELECT count(*) FROM b9 WHERE x > 1
