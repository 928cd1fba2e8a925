#!/usr/bin/env bash
# Makes (once) the Python environment of the tests against real components, and prints the path of its interpreter.
#
#   VIGIE_PYTHON="$(scripts/python-env.sh)" cargo test -p vigie --test python_readers --test oracle --test postgres
#
# The versions are pinned: a test that fails tomorrow fails for what we changed.
set -euo pipefail

requirements=(
    SQLAlchemy==2.1.9 # reads the catalogs of the Postgres wire, as many tools do through it
    asyncpg==0.32.0   # a driver with a protocol of its own, binary throughout
    deltalake==1.6.6 # reads our Delta tables with code that is not ours (its Rust core is, in part; DuckDB's is not)
    duckdb==2.0.0    # SQL over the same rows
    pg8000==1.31.6    # a driver in Python alone
    'psycopg[binary]==3.3.9' # the driver most people have, over libpq
    pandas==3.1.1
    polars==2.1.0    # what docs/sql.md shows of it
    pyarrow==26.0.1
    PyYAML==6.0.3    # the oracle reads rule files with it
    scipy==1.17.1    # the oracle of the measures
    statsmodels==0.15.0
    schemathesis==4.32.5 # asks a running server what its OpenAPI document invites to
)

# Packages of which the tests read one module, without what the others of it import.
alone=(
    --no-deps
    esda==2.9.0 # smoothing.py, the oracle of empirical Bayes; all of esda would bring geopandas and scikit-learn, 626 MB
)

venv="${XDG_CACHE_HOME:-$HOME/.cache}/vigie-ci/venv"
stamp="$venv/requirements.txt"
stamp_alone="$venv/alone.txt"

# is_installed STAMP ARGUMENT...: whether the stamp names just these.
is_installed() {
    [[ -f "$1" && "$(cat "$1")" == "$(printf '%s\n' "${@:2}")" ]]
}

# install STAMP ARGUMENT...: the stamp comes last, so that an interrupted run starts over.
install() {
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --retries 10 --timeout 60 "${@:2}" >&2
    printf '%s\n' "${@:2}" > "$1"
}

if ! is_installed "$stamp" "${requirements[@]}"; then
    rm -rf "$venv"
    mkdir -p "$(dirname "$venv")"
    python3 -m venv "$venv" >&2
    install "$stamp" "${requirements[@]}"
fi
# Into a venv that is there already, too.
is_installed "$stamp_alone" "${alone[@]}" || install "$stamp_alone" "${alone[@]}"
echo "$venv/bin/python"
