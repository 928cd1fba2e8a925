import java.sql.*;
import java.util.*;
import java.util.concurrent.*;

/** What DBeaver and Metabase do through the JDBC driver of PostgreSQL, run against a server: port, password. */
class Jdbc {
    interface Part { void run() throws Exception; }

    static final List<String> failed = new ArrayList<>();

    static void part(String name, Part part) {
        try {
            part.run();
            System.out.println(name + ": fine");
        } catch (Throwable error) {
            failed.add(name);
            System.out.println(name + ": FAILED: " + error);
        }
    }

    static void check(boolean holds, Object said) {
        if (!holds) throw new AssertionError(String.valueOf(said));
    }

    /** One column of all rows. */
    static List<String> column(ResultSet rows, String name) throws SQLException {
        List<String> values = new ArrayList<>();
        try (rows) {
            while (rows.next()) values.add(rows.getString(name));
        }
        return values;
    }

    static int count(ResultSet rows) throws SQLException {
        int count = 0;
        try (rows) {
            while (rows.next()) count++;
        }
        return count;
    }

    public static void main(String[] arguments) throws Exception {
        String url = "jdbc:postgresql://127.0.0.1:" + arguments[0] + "/vigie";
        Properties properties = new Properties();
        properties.setProperty("user", "analyst");
        properties.setProperty("password", arguments[1]);
        properties.setProperty("ApplicationName", "a test of JDBC");
        try (Connection connection = DriverManager.getConnection(url, properties)) {
            catalogs(connection.getMetaData());
            queries(connection);
        }
        if (!failed.isEmpty()) {
            System.out.println("failed: " + failed);
            System.exit(1);
        }
    }

    static void catalogs(DatabaseMetaData about) {
        List<String> tables = List.of("actions", "alerts", "incidents", "observations", "perceptions", "spaces");
        part("product", () -> check(about.getDatabaseProductName().equals("PostgreSQL"), about.getDatabaseProductName()));
        part("getCatalogs", () -> check(column(about.getCatalogs(), "TABLE_CAT").contains("vigie"), "no vigie"));
        part("getSchemas", () -> check(column(about.getSchemas(), "TABLE_SCHEM").contains("public"), "no public"));
        part("getTableTypes", () -> check(column(about.getTableTypes(), "TABLE_TYPE").contains("TABLE"), "no TABLE"));
        part("getTables", () -> {
            List<String> found = column(about.getTables(null, "public", "%", new String[] {"TABLE", "VIEW"}), "TABLE_NAME");
            check(found.containsAll(tables), found);
        });
        part("getTables without types", () -> {
            List<String> found = column(about.getTables("vigie", "public", null, null), "TABLE_NAME");
            check(found.containsAll(tables), found);
        });
        part("getColumns", () -> {
            Map<String, Integer> types = new TreeMap<>();
            try (ResultSet rows = about.getColumns(null, "public", "observations", "%")) {
                while (rows.next()) types.put(rows.getString("COLUMN_NAME"), rows.getInt("DATA_TYPE"));
            }
            check(types.getOrDefault("value", 0) == Types.DOUBLE, types);
            check(types.getOrDefault("space", 0) == Types.VARCHAR, types);
            check(types.getOrDefault("event_time", 0) == Types.TIMESTAMP, types);
            check(types.getOrDefault("date", 0) == Types.DATE, types);
        });
        part("getColumns of all", () -> check(count(about.getColumns(null, null, "%", "%")) > 80, "too few"));
        part("getPrimaryKeys", () -> check(count(about.getPrimaryKeys(null, "public", "alerts")) == 0, "there are none"));
        part("getImportedKeys", () -> check(count(about.getImportedKeys(null, "public", "alerts")) == 0, "there are none"));
        part("getExportedKeys", () -> check(count(about.getExportedKeys(null, "public", "alerts")) == 0, "there are none"));
        part("getIndexInfo", () -> check(count(about.getIndexInfo(null, "public", "alerts", false, true)) == 0, "there are none"));
        part("getTypeInfo", () -> {
            List<String> found = column(about.getTypeInfo(), "TYPE_NAME");
            check(found.containsAll(List.of("text", "float8", "timestamptz", "date")), found);
        });
        part("getFunctions", () -> count(about.getFunctions(null, null, "%")));
        part("getProcedures", () -> count(about.getProcedures(null, null, "%")));
        part("getTablePrivileges", () -> count(about.getTablePrivileges(null, "public", "alerts")));
        part("getUDTs", () -> count(about.getUDTs(null, "public", "%", null)));
    }

    static void queries(Connection connection) {
        part("isValid", () -> check(connection.isValid(5), "not valid"));
        part("prepared", () -> {
            String sql = "SELECT space, max(value) AS peak, max(event_time) AS newest FROM observations"
                + " WHERE event_time < ? AND value >= ? AND space = ? GROUP BY space";
            try (PreparedStatement statement = connection.prepareStatement(sql)) {
                // From the fifth time on, the driver prepares at the server and reads binary.
                for (int time = 0; time < 8; time++) {
                    statement.setTimestamp(1, Timestamp.from(java.time.Instant.parse("2026-03-01T00:30:00Z")));
                    statement.setDouble(2, 100);
                    statement.setString(3, "town-hall");
                    try (ResultSet rows = statement.executeQuery()) {
                        check(rows.next() && rows.getDouble("peak") == 148.0, "no peak");
                        check(rows.getTimestamp("newest").toInstant().isBefore(java.time.Instant.parse("2026-03-01T00:30:00Z")), "late");
                        check(!rows.next(), "too many rows");
                    }
                    check(statement.getParameterMetaData().getParameterCount() == 3, "three parameters");
                }
            }
        });
        part("fetch size", () -> {
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                statement.setFetchSize(100);
                check(count(statement.executeQuery("SELECT * FROM observations ORDER BY id LIMIT 1050")) == 1050, "too few");
            }
            connection.commit();
            connection.setAutoCommit(true);
        });
        part("maximum of rows", () -> {
            try (Statement statement = connection.createStatement()) {
                statement.setMaxRows(7);
                check(count(statement.executeQuery("SELECT id FROM observations")) == 7, "not seven");
            }
        });
        part("cancel", () -> {
            ScheduledExecutorService later = Executors.newSingleThreadScheduledExecutor();
            try (Statement statement = connection.createStatement()) {
                // Again and again: a request that comes before the query does nothing.
                later.scheduleAtFixedRate(() -> { try { statement.cancel(); } catch (SQLException error) { } }, 50, 50, TimeUnit.MILLISECONDS);
                statement.executeQuery("SELECT count(*) FROM observations a, observations b, observations c");
                check(false, "it was answered");
            } catch (SQLException error) {
                check("57014".equals(error.getSQLState()), error);
            } finally {
                later.shutdownNow();
                later.awaitTermination(10, TimeUnit.SECONDS);
            }
        });
        part("query timeout", () -> {
            try (Statement statement = connection.createStatement()) {
                statement.setQueryTimeout(1);
                statement.executeQuery("SELECT count(*) FROM observations a, observations b, observations c");
                check(false, "it was answered");
            } catch (SQLException error) {
                check("57014".equals(error.getSQLState()), error);
            }
        });
        part("read only", () -> {
            connection.setReadOnly(true);
            try (Statement statement = connection.createStatement()) {
                statement.executeUpdate("DELETE FROM alerts");
                check(false, "it was done");
            } catch (SQLException error) {
                check("25006".equals(error.getSQLState()), error);
            }
        });
        part("types", () -> {
            String sql = "SELECT true AS bool, CAST(1 AS SMALLINT) AS int2, CAST(2 AS INT) AS int4, 3 AS int8, CAST(0.5 AS REAL) AS float4,"
                + " 1.5e0 AS float8, CAST('12.340' AS DECIMAL(10, 3)) AS number, 'text' AS words, CAST('2026-03-01' AS DATE) AS day,"
                + " event_time, local_time, [1, 2] AS list, CAST(NULL AS TEXT) AS nothing FROM observations ORDER BY event_time LIMIT 1";
            try (PreparedStatement statement = connection.prepareStatement(sql)) {
                for (int time = 0; time < 8; time++) {
                    try (ResultSet row = statement.executeQuery()) {
                        check(row.next(), "no row");
                        check(row.getBoolean("bool") && row.getShort("int2") == 1 && row.getInt("int4") == 2 && row.getLong("int8") == 3, "numbers");
                        check(row.getFloat("float4") == 0.5f && row.getDouble("float8") == 1.5, "floating");
                        check(row.getBigDecimal("number").compareTo(new java.math.BigDecimal("12.34")) == 0, row.getString("number"));
                        check(row.getString("words").equals("text") && row.getDate("day").toString().equals("2026-03-01"), "words, day");
                        check(row.getObject("event_time", java.time.OffsetDateTime.class).toInstant().equals(java.time.Instant.parse("2026-03-01T00:00:00Z")), row.getString("event_time"));
                        check(row.getObject("local_time", java.time.LocalDateTime.class).toString().equals("2026-03-01T00:00"), row.getString("local_time"));
                        check(((Object[]) row.getArray("list").getArray()).length == 2 && row.getObject("nothing") == null, "list, null");
                    }
                }
            }
        });
        part("reason", () -> {
            try (Statement statement = connection.createStatement()) {
                statement.execute("SET vigie.reason = 'a test'");
            }
        });
    }
}
