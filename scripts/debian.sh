#!/usr/bin/env bash
# Installs packages of Debian, which takes root: scripts/debian.sh PACKAGE...
#
# A mirror that fails for a moment is asked again, and another installation is waited for. Says everything on standard error.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
options=(-qq -o Acquire::Retries=5 -o DPkg::Lock::Timeout=300)
apt-get "${options[@]}" update >&2
apt-get "${options[@]}" install -y --no-install-recommends "$@" >&2
