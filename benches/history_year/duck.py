"""Asks DuckDB the same question over the same files; prints the median of its times in milliseconds, and the answer.

usage: duck.py FOLDER-OF-TABLE THREADS ROUNDS QUERY   (the table is called observations)
"""

import hashlib
import statistics
import sys
import time

import duckdb

folder, threads, rounds, query = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
connection = duckdb.connect(config={"threads": threads})
connection.sql(f"CREATE VIEW observations AS SELECT * FROM read_parquet('{folder}/date=*/*.parquet', hive_partitioning = true)")
wall, cpu, rows = [], [], []
for _ in range(rounds):
    began, burnt = time.perf_counter(), time.process_time()
    rows = connection.execute(query).fetchall()
    wall.append((time.perf_counter() - began) * 1e3)
    cpu.append((time.process_time() - burnt) * 1e3)
answer = "\n".join(",".join(str(cell) for cell in row[:2]) for row in rows)
print(statistics.median(wall), statistics.median(cpu), len(rows), hashlib.sha256(answer.encode()).hexdigest()[:16])
