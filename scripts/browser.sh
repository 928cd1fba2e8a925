#!/usr/bin/env bash
# Makes ready (once) what the browser tests need: Chromium, and what the page's lock file names, tests included.
# Prints the path of Chromium.
#
#   VIGIE_CHROMIUM="$(scripts/browser.sh)" cargo test -p vigie --test browser
#
# Chromium comes from Debian's packages when there is none; that takes root. The packages of the lock file go to
# crates/console/web/node_modules, which git ignores.
set -euo pipefail
web="$(cd "$(dirname "$0")/../crates/console/web" && pwd)"

found() { command -v chromium || command -v chromium-browser || command -v google-chrome; }

if ! command -v node > /dev/null || ! command -v npm > /dev/null; then
    echo "the browser tests need Node with npm" >&2
    exit 1
fi
if ! found > /dev/null; then
    "$(dirname "$0")/debian.sh" chromium
fi
stamp="$web/node_modules/.installed-lock-for-tests"
if ! cmp -s "$web/package-lock.json" "$stamp"; then
    (cd "$web" && npm ci --fetch-retries=5 --ignore-scripts --no-audit --no-fund --loglevel=error) >&2
    # Last, so that an interrupted run starts over.
    cp "$web/package-lock.json" "$stamp"
fi
found
