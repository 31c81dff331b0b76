#!/usr/bin/env bash
# Resolve the dependencies of pyproject.toml anew, and write the lock files. Needs uv.
set -euo pipefail
cd "$(dirname "$0")/.."

resolve() {
    uv pip compile --quiet --universal --python-version 3.11 --no-annotate \
        --custom-compile-command envs/update-locks.sh pyproject.toml "$@"
}

resolve --extra report --extra hipo -o envs/lock-run.txt
resolve --extra report --extra cluster --extra docs --extra dev \
    --no-emit-package cbcbox --no-emit-package anello -o envs/lock-dev.txt
grep -v '^ *#' <<<"$(resolve --extra cbc)" | grep '^cbcbox==' >envs/lock-cbc.txt
resolve --extra report --extra cluster --extra dev --resolution lowest-direct \
    --no-emit-package cbcbox --no-emit-package anello -o envs/lock-lowest.txt
