#!/usr/bin/env bash
# Makes ready (once) the PostgreSQL JDBC driver and a JDK for the tests of the Postgres wire, and prints the driver's path.
#
#   VIGIE_JDBC="$(scripts/jdbc.sh)" cargo test -p vigie --test postgres
#
# They come from Debian's packages when there are none; that takes root.
set -euo pipefail
driver=/usr/share/java/postgresql.jar
if ! command -v javac > /dev/null || [[ ! -f "$driver" ]]; then
    packages=(libpostgresql-jdbc-java)
    command -v javac > /dev/null || packages+=(default-jdk-headless)
    "$(dirname "$0")/debian.sh" "${packages[@]}"
fi
echo "$driver"
