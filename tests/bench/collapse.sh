#!/bin/sh
# Multiply-accumulates for one image, as trained and as inference runs it at -O2: the table of docs/passes.md.   CNASC=build/cnasc collapse.sh
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
CNASC=${CNASC:-cnasc}
for net in "$top/samples/fashion.cnas" "$top"/samples/paper/*.cnas; do
    "$CNASC" count -O2 -w "$net" 2>/dev/null | awk -v net="$(basename "$net" .cnas)" '
        /^after/ { macs[$2] = $6 }
        END { if (macs["collapse-linear"] != "") printf "| %s | %s | %s |\n", net, macs["fold-batch-norm"], macs["collapse-linear"] }'
done
