"""What analysts' tools ask about tables before they read them: SQLAlchemy's reflection, and what is built on it."""
import sys
import warnings

import pandas
import psycopg
import sqlalchemy
from sqlalchemy import types
from sqlalchemy.dialects import postgresql

warnings.simplefilter("error")
port, password = int(sys.argv[1]), sys.argv[2]
TABLES = {"observations", "incidents", "perceptions", "alerts", "actions", "spaces"}
VIEWS = {"incidents_current", "coverage", "incident_rates", "rule_value", "rule_recall", "operator_load", "sdg_16_1_4"}
# Types by the name of PostgreSQL's type that a column of an answer has; maps and lists are told as texts.
KINDS = {
    "text": types.TEXT, "float8": types.DOUBLE_PRECISION, "int8": types.BIGINT, "int4": types.INTEGER, "int2": types.SMALLINT,
    "bool": types.BOOLEAN, "date": types.DATE, "timestamptz": postgresql.TIMESTAMP, "timestamp": postgresql.TIMESTAMP,
    "json": types.TEXT,
}
engine = sqlalchemy.create_engine(f"postgresql+psycopg://analyst:{password.replace(' ', '%20')}@127.0.0.1:{port}/vigie")
direct = psycopg.connect(host="127.0.0.1", port=port, user="analyst", password=password, dbname="vigie", autocommit=True)


def described(name):
    """Columns of a table as an answer has them: name and name of the type."""
    cursor = direct.execute(f"SELECT * FROM {name} LIMIT 0")
    return {column.name: psycopg.adapters.types[column.type_code].name for column in cursor.description}


def is_missing(ask, name):
    try:
        ask(name)
    except sqlalchemy.exc.NoSuchTableError:
        return True
    return False


inspector = sqlalchemy.inspect(engine)
assert inspector.default_schema_name == "public" and "public" in inspector.get_schema_names()
assert set(inspector.get_table_names()) == TABLES, inspector.get_table_names()
assert set(inspector.get_view_names()) == VIEWS, inspector.get_view_names()
assert inspector.get_materialized_view_names() == [] and inspector.get_sequence_names() == []
assert inspector.has_table("alerts") and inspector.has_table("coverage") and not inspector.has_table("nosuch")
print("names: fine")

seen = 0
answers = {name: described(name) for name in TABLES | VIEWS}
for name, answered in answers.items():
    for schema in (None, "public") if name in ("alerts", "coverage") else (None,):
        columns = {column["name"]: column for column in inspector.get_columns(name, schema=schema)}
        # The columns that are computed when a query names them are told of, too.
        assert list(columns)[: len(answered)] == list(answered), (name, list(columns), list(answered))
        for column, kind in answered.items():
            told = columns[column]
            assert isinstance(told["type"], KINDS[kind]), (name, column, kind, told["type"])
            if kind.startswith("timestamp"):
                assert told["type"].timezone == (kind == "timestamptz"), (name, column, kind)
            assert told["default"] is None and told["comment"] is None and not told["autoincrement"], told
            seen += 1
        assert inspector.get_pk_constraint(name, schema=schema)["constrained_columns"] == []
        for ask in ("get_indexes", "get_foreign_keys", "get_unique_constraints", "get_check_constraints"):
            assert getattr(inspector, ask)(name, schema=schema) == [], (name, ask)
        assert inspector.get_table_comment(name, schema=schema) == {"text": None}
        assert inspector.get_table_options(name, schema=schema) == {}
assert seen > 120, seen
assert inspector.get_enums() == [] and inspector.get_domains() == []
assert is_missing(inspector.get_columns, "nosuch")
print("columns and keys: fine")

assert "FROM observations" in inspector.get_view_definition("coverage")
assert "FROM incidents" in inspector.get_view_definition("incidents_current", schema="public")
assert is_missing(inspector.get_view_definition, "alerts"), "a table has a definition"
print("views: fine")

metadata = sqlalchemy.MetaData()
metadata.reflect(engine, views=True)
assert set(metadata.tables) == TABLES | VIEWS, set(metadata.tables)
observations = sqlalchemy.Table("observations", sqlalchemy.MetaData(), autoload_with=engine)
with engine.connect() as connection:
    busy = sqlalchemy.select(observations.c.space, sqlalchemy.func.max(observations.c.value).label("peak"))
    busy = busy.where(observations.c.value >= 100, observations.c.sensor.in_(["s1", "s2"])).group_by(observations.c.space)
    peaks = {row.space: row.peak for row in connection.execute(busy)}
    assert set(peaks) == {"town-hall", "city-square"} and min(peaks.values()) > 140, peaks
    # What fails inside a savepoint ends there.
    with connection.begin_nested():
        assert connection.execute(sqlalchemy.select(sqlalchemy.func.count()).select_from(observations)).scalar() >= 30_000
    try:
        with connection.begin_nested():
            connection.execute(sqlalchemy.text("DELETE FROM alerts"))
        raise SystemExit("a DELETE was answered")
    except sqlalchemy.exc.DBAPIError as error:
        assert isinstance(error.orig, psycopg.errors.ReadOnlySqlTransaction), error
    assert connection.execute(sqlalchemy.text("SELECT 1")).scalar() == 1
print("Table: fine")

alerts = pandas.read_sql_table("alerts", engine)
assert list(alerts.columns) == list(metadata.tables["alerts"].columns.keys()), alerts.columns
assert len(alerts) > 0 and set(alerts["rule"]) == {"Crowded"}, alerts
values = pandas.read_sql_table("observations", engine, columns=["event_time", "value"])
assert len(values) >= 30_000 and values["value"].max() == 149.0 and values["event_time"].dt.tz is not None, values
coverage = pandas.read_sql_table("coverage", engine, schema="public")
assert {"expected", "seen"} <= set(coverage.columns) and len(coverage) > 0, coverage
print("pandas: fine")
direct.close()
engine.dispose()
