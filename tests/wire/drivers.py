"""What docs/postgres.md shows of Python drivers, run against a server: psycopg, pg8000, asyncpg and SQLAlchemy."""
import asyncio
import datetime
import sys

import asyncpg
import pg8000.native
import psycopg
import sqlalchemy

port, password = int(sys.argv[1]), sys.argv[2]
since = datetime.datetime(2026, 3, 1, 0, 30, tzinfo=datetime.timezone.utc)
busiest = "SELECT space, max(value) AS peak, max(event_time) AS newest FROM observations WHERE event_time < {} AND value >= {} GROUP BY space ORDER BY space"


def check(driver, rows):
    rows = [tuple(row) for row in rows]
    assert [row[0] for row in rows] == ["city-square", "town-hall"], rows
    assert {row[1] for row in rows} == {149.0, 148.0}, rows
    assert all(row[2].tzinfo is not None and row[2] < since for row in rows), rows
    print(f"{driver}: fine")


with psycopg.connect(host="127.0.0.1", port=port, user="analyst", password=password, dbname="vigie") as connection:
    for _ in range(8):  # from the sixth time on, the driver prepares the statement
        rows = connection.execute(busiest.format("%s", "%s"), (since, 100)).fetchall()
    assert connection.execute("SELECT count(DISTINCT space) FROM observations").fetchone()[0] == 2
    with connection.cursor(binary=True) as cursor:
        binary = cursor.execute(busiest.format("%s", "%s"), (since, 100.0)).fetchall()
        assert binary == rows, binary
    try:
        connection.execute("DELETE FROM alerts")
        raise SystemExit("a DELETE was answered")
    except psycopg.errors.ReadOnlySqlTransaction:
        connection.rollback()
    check("psycopg", rows)

connection = pg8000.native.Connection("analyst", host="127.0.0.1", port=port, password=password, database="vigie")
check("pg8000", connection.run(busiest.format(":since", "CAST(:least AS DOUBLE PRECISION)"), since=since, least=100))
connection.close()


async def ask():
    pool = await asyncpg.create_pool(
        host="127.0.0.1", port=port, user="analyst", password=password, database="vigie", min_size=1, max_size=2
    )
    for _ in range(3):
        async with pool.acquire() as connection:
            rows = await connection.fetch(busiest.format("$1", "$2"), since, 100.0)
            async with connection.transaction():
                fetched = [row async for row in connection.cursor("SELECT id FROM observations ORDER BY id LIMIT 120")]
                assert len(fetched) == 120
    await pool.close()
    return rows


check("asyncpg", asyncio.run(ask()))

url = f"postgresql+psycopg://analyst:{password.replace(' ', '%20')}@127.0.0.1:{port}/vigie"
engine = sqlalchemy.create_engine(url)
tables = set(sqlalchemy.inspect(engine).get_table_names())
assert tables >= {"observations", "incidents", "perceptions", "alerts", "actions", "spaces"}, tables
with engine.connect() as connection:
    statement = sqlalchemy.text(busiest.format(":since", ":least"))
    check("SQLAlchemy", connection.execute(statement, {"since": since, "least": 100.0}))
