#!/bin/sh
# House rule: a room includes only headers of itself and of the rooms that tests/layers.txt gives it; a room names only rooms above it
# in the table, so there is no cycle; and every folder with C in it is in the table.
set -u
top=${top_srcdir:-$(dirname "$0")/..}
cd "$top" || exit 2
find compiler runtime grammar -name '*.[chyl]' -o -name '*.def' | sort | awk '
    function room_of(path) { sub("/[^/]*$", "", path); return path }
    # <cnas/x.h> lies in runtime/include/cnas
    function check(file, line, included,    from, to) {
        from = room_of(file)
        to = room_of(included)
        if (from == to || (from SUBSEP to) in allowed) return
        printf "%s:%d: %s may not include %s\n", file, line, from, included
        bad++
    }
    BEGIN {
        while ((getline line < "tests/layers.txt") > 0) {
            if (line ~ /^#/ || line == "") continue
            n = split(line, word, /[: ]+/)
            for (i = 2; i <= n; i++) {
                if (word[i] == "") continue
                if (!(word[i] in known)) { printf "tests/layers.txt: %s names %s, which does not stand above it\n", word[1], word[i]; bad++ }
                allowed[word[1], word[i]] = 1
            }
            known[word[1]] = 1
        }
    }
    {
        file = $0
        if (!(room_of(file) in known)) { printf "%s: the folder is not in tests/layers.txt\n", file; bad++; next }
        number = 0
        while ((getline line < file) > 0) {
            number++
            if (match(line, /^[ \t]*#[ \t]*include[ \t]*"[^"]*\/[^"]*"/)) {
                split(line, quoted, "\"")
                check(file, number, quoted[2])
            } else if (match(line, /^[ \t]*#[ \t]*include[ \t]*<cnas\/[^>]*>/)) {
                sub(/^[^<]*</, "", line); sub(/>.*/, "", line)
                check(file, number, "runtime/include/" line)
            }
            lines++
        }
        close(file)
        files++
    }
    END {
        printf "layers: %d files, %d wrong\n", files, bad
        exit bad > 0 || files == 0
    }'
