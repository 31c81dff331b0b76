#!/usr/bin/env bash
# Make a virtual environment with the locked packages and anello itself. `make` calls this.
# Usage: envs/setup.sh VENV LOCKFILE [cbc]
set -euo pipefail

venv=$1
lock=$2
want_cbc=${3:-}
top=$(cd "$(dirname "$0")/.." && pwd)

for python in "${PYTHON:-}" python3 python3.13 python3.12 python3.11; do
    [ -n "$python" ] || continue
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then break; fi
    python=
done
if [ -z "$python" ]; then
    echo "anello needs Python 3.11 or newer, and none is on the PATH." >&2
    echo "Install one (on Debian and Ubuntu: apt-get install python3 python3-venv), or set PYTHON." >&2
    exit 1
fi

if [ ! -x "$venv/bin/pip" ]; then
    rm -rf "$venv"
    if "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        "$python" -m venv "$venv"
    elif "$python" -m virtualenv --version >/dev/null 2>&1; then
        "$python" -m virtualenv --quiet "$venv"
    elif "$python" -m pip install --quiet --user virtualenv 2>/dev/null; then
        "$python" -m virtualenv --quiet "$venv"
    else
        echo "This Python cannot make virtual environments: the package python3-venv is missing." >&2
        echo "Install it (on Debian and Ubuntu: apt-get install python3-venv) and start again." >&2
        exit 1
    fi
fi

pip=("$venv/bin/python" -m pip --disable-pip-version-check --quiet)
echo "Installing the locked packages of $lock into $venv (some minutes the first time)"
"${pip[@]}" install --requirement "$top/$lock"
if [ "$want_cbc" = cbc ] && ! command -v cbc >/dev/null 2>&1; then
    echo "No CBC on the PATH: installing the one that PyPI has"
    "${pip[@]}" install --requirement "$top/envs/lock-cbc.txt"
fi
"${pip[@]}" install --no-deps --editable "$top"
