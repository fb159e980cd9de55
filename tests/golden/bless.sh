#!/bin/sh
# Rewrites the .want files with what cnasc prints now, and shows the difference: review it like code.
#   CNASC=build/cnasc tests/golden/bless.sh [FOLDER...]
here=$(cd "$(dirname "$0")" && pwd)
CNASC=$(realpath "${CNASC:-cnasc}") BLESS=1 "$here/golden.sh" "$@"
git -C "$here" --no-pager diff --stat -- . && git -C "$here" --no-pager diff -- .
