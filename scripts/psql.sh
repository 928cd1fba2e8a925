#!/usr/bin/env bash
# Makes ready (once) the psql of the tests of the Postgres wire, and openssl, which makes their certificates; prints psql's path.
#
#   scripts/psql.sh && cargo test -p vigie --test postgres
#
# It comes from Debian's packages when there is none; that takes root.
set -euo pipefail
if ! command -v psql > /dev/null || ! command -v openssl > /dev/null; then
    "$(dirname "$0")/debian.sh" postgresql-client openssl
fi
command -v psql
