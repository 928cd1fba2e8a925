#!/usr/bin/env bash
# Makes (once) the Python environment of the tests against real components, and prints the path of its interpreter.
#
#   VIGIE_PYTHON="$(scripts/python-env.sh)" cargo test -p vigie --test python_readers --test oracle
#
# The versions are pinned: a test that fails tomorrow fails for what we changed.
set -euo pipefail

requirements=(
    deltalake==1.6.6 # reads our Delta tables with code that is not ours (its Rust core is, in part; DuckDB's is not)
    duckdb==2.0.0    # SQL over the same rows
    pandas==3.1.1
    pyarrow==26.0.1
    PyYAML==6.0.3    # the oracle reads rule files with it
    schemathesis==4.32.5 # asks a running server what its OpenAPI document invites to
)

venv="${XDG_CACHE_HOME:-$HOME/.cache}/vigie-ci/venv"
stamp="$venv/requirements.txt"
wanted="$(printf '%s\n' "${requirements[@]}")"

if [[ ! -f "$stamp" || "$(cat "$stamp")" != "$wanted" ]]; then
    {
        rm -rf "$venv"
        mkdir -p "$(dirname "$venv")"
        python3 -m venv "$venv"
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "${requirements[@]}"
        # Last, so that an interrupted run starts over.
        printf '%s\n' "$wanted" > "$stamp"
    } >&2
fi
echo "$venv/bin/python"
