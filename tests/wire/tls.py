"""Python drivers over TLS that check the server's certificate: psycopg, asyncpg and pg8000."""
import asyncio
import ssl
import sys

import asyncpg
import pg8000.native
import psycopg

port, password = int(sys.argv[1]), sys.argv[2]
count = "SELECT count(*) FROM observations WHERE value >= {}"
to = dict(host="localhost", hostaddr="127.0.0.1", port=port, user="analyst", password=password, dbname="vigie")


def fails(call, *words):
    try:
        call()
    except Exception as error:
        assert any(word in str(error) for word in words), repr(error)
        return
    raise SystemExit(f"nothing failed where '{words}' was expected")


with psycopg.connect(**to, sslmode="verify-full", sslrootcert="root.pem", channel_binding="require") as connection:
    assert connection.pgconn.ssl_in_use
    assert connection.execute(count.format("%s"), (4000,)).fetchone() == (1000,)
    assert len(connection.execute("SELECT * FROM observations").fetchall()) == 5000
fails(lambda: psycopg.connect(**to, sslmode="verify-full", sslrootcert="other-root.pem"), "certificate verify failed")
fails(lambda: psycopg.connect(**to, sslmode="disable"), "without TLS are not taken")
fails(lambda: psycopg.connect(**{**to, "host": "elsewhere"}, sslmode="verify-full", sslrootcert="root.pem"), "does not match")
print("psycopg: fine")


async def ask(root, host="localhost"):
    checked = ssl.create_default_context(cafile=root)
    connection = await asyncpg.connect(host=host, port=port, user="analyst", password=password, database="vigie", ssl=checked)
    assert await connection.fetchval(count.format("$1"), 4000.0) == 1000
    assert len(await connection.fetch("SELECT * FROM observations")) == 5000
    await connection.close()


async def ask_in_clear():
    await asyncpg.connect(host="127.0.0.1", port=port, user="analyst", password=password, database="vigie", ssl=False)


asyncio.run(ask("root.pem"))
asyncio.run(ask("root.pem", "127.0.0.1"))
fails(lambda: asyncio.run(ask("other-root.pem")), "certificate verify failed", "CERTIFICATE_VERIFY_FAILED")
fails(lambda: asyncio.run(ask_in_clear()), "without TLS are not taken")
print("asyncpg: fine")

checked = ssl.create_default_context(cafile="root.pem")
connection = pg8000.native.Connection("analyst", host="localhost", port=port, password=password, database="vigie", ssl_context=checked)
assert connection.run(count.format(":least"), least=4000.0) == [[1000]]
connection.close()
print("pg8000: fine")
