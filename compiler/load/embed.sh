#!/bin/sh
# Writes the table rows of embed.c from the modules given: embed.sh FILE.cnas... > stdlib.inc
set -eu
for file; do
    name=${file##*/}
    printf '{"%s",\n' "${name%.cnas}"
    sed 's/\\/\\\\/g; s/"/\\"/g; s/?/\\?/g; s/^/ "/; s/$/\\n"/' "$file"
    printf '},\n'
done
