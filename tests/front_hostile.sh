#!/bin/sh
# Input that no person would write: the front end answers each with a diagnostic, soon, and with little output.
set -u
dump=${top_builddir:?}/tests/support/front_dump
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 1
passed=0 failed=0

# expect NAME PATTERN [MODE]: x.cnas must end with exit status 1, a message that matches, and at most 20 kB said
expect() {
    timeout 60 "$dump" "${3:-check}" x.cnas > out 2> said
    status=$?
    if [ "$status" = 1 ] && grep -q -- "$2" said && [ "$(wc -c < said)" -lt 20000 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL: $1: exit status $status"
        head -c 2000 said
    fi
}
repeat() { # TEXT COUNT
    awk -v t="$1" -v n="$2" 'BEGIN { for (i = 0; i < n; i++) printf "%s", t }'
}
network() { # BODY FILE...: a network around the standard input
    printf 'network N { input x: tensor[3, 8, 8];\n'
    cat
    printf '\noutput y = x; }\n'
}

: > x.cnas
expect "an empty file" 'there is no network'
printf '\0\0\1\2network' > x.cnas
expect "NUL bytes" 'not a text file'
printf 'network N { a = "x\0y"; }' > x.cnas
expect "a NUL byte in a string" 'NUL byte'
printf 'network N { } // a\0b\n' > x.cnas
expect "a NUL byte in a comment" 'not a text file'
printf '/* a\0b */ network N { }' > x.cnas
expect "a NUL byte in a long comment" 'not a text file'
awk 'BEGIN { srand(7); for (i = 0; i < 200000; i++) printf "%c", int(rand() * 255) + 1 }' > x.cnas
expect "random bytes" 'error: '
awk 'BEGIN { srand(8); split("network block N ( ) [ ] { } , ; : . @ = + - * / |> -> .. 1 2.5 \"s\" x y if then else for in return and not true", w, " ");
    for (i = 0; i < 100000; i++) printf "%s ", w[int(rand() * 38) + 1] }' > x.cnas
expect "random tokens" 'error: '
repeat 'x' 1000000 > x.cnas
expect "a name of a megabyte" 'expected'
{ printf 'y = '; repeat 'nope + ' 150000; printf 'x;'; } | network > x.cnas
expect "a line of a megabyte" 'unknown name'
repeat '(' 100000 | network > x.cnas
expect "100,000 open parentheses" 'nested'
{ printf 'y = '; repeat '[' 1000; repeat ']' 1000; printf ';'; } | network > x.cnas
expect "1,000 lists in lists" 'nested more than'
{ printf 'y = '; repeat 'f(' 1000; repeat ')' 1000; printf ';'; } | network > x.cnas
expect "1,000 calls in calls" 'nested more than'
{ printf 'y = '; repeat '- ' 100000; printf '1;'; } | network > x.cnas
expect "100,000 signs" 'nested'
repeat 'if true { ' 1000 | network > x.cnas
expect "1,000 open ifs" 'nested\|end of file'
{ printf 'if true { }'; repeat ' else if true { }' 1000; } | network > x.cnas
expect "1,000 else ifs" 'nested'
repeat '/*' 500000 > x.cnas
expect "an unclosed comment of a megabyte" 'comment is not closed'
{ printf '"'; repeat '\"' 500000; } > x.cnas
expect "an unclosed string of a megabyte" 'not closed'
repeat 'x; ' 100000 > x.cnas
expect "100,000 mistakes" 'more errors are not shown'
repeat '1' 100000 | network > x.cnas
expect "a number of 100,000 digits" 'larger than the largest'
printf 'l = [0]; for i in 0 .. 64 { l = l + l; }' | network > x.cnas
expect "a list that doubles" 'more than'
printf 'l = []; for i in 0 .. 1000 { l = [l, l]; } a = l == l;' | network > x.cnas
expect "equality of lists that share" 'steps\|nested'
printf 'l = [x]; for i in 0 .. 1000 { l = [l, l]; } a = concat(l);' | network > x.cnas
expect "a tree of tensors that doubles" 'steps\|nested\|more than'
printf 'l = []; for i in 0 .. 90 { l = [l, l]; } m = []; for i in 0 .. 90 { m = [m, m]; } a = l == m;' | network > x.cnas
expect "equality of lists of 2^90 elements" 'steps'
printf 'h = x; for i in 0 .. 1000000 { for j in 0 .. 1000000 { h = h; } }' | network > x.cnas
expect "a loop of 10^12" 'steps'
printf 'h = x; for i in 0 .. 1000000 { h = relu(relu(h)); }' | network > x.cnas
expect "two million ReLUs" 'more than 1,000,000 nodes'
printf 'block f(n: int) { return f(n - 1) + f(n - 2); }\n' > x.cnas
printf 'y = f(100);' | network >> x.cnas
expect "recursion without end" 'deep'
{ printf 'block f(x: tensor) -> tensor { return '; repeat 'identity(' 150; printf 'f(x)'; repeat ')' 150; printf '; }\n'; printf 'y = f(x);' | network; } > x.cnas
expect "recursion inside of deep expressions" 'deep'
{ printf 'block f(x: tensor) -> tensor { h = x; '; repeat 'if true { ' 150; printf 'h = f(x);'; repeat ' }' 150; printf ' return h; }\n'; printf 'y = f(x);' | network; } > x.cnas
expect "recursion inside of deep statements" 'deep'
printf 'block f(n: int) { if n < 1 { return 1; } return f(n - 1) + f(n - 1); }\n' > x.cnas
printf 'y = f(90);' | network >> x.cnas
expect "recursion of 2^90 calls" 'steps'
printf 'y = conv(x, 9223372036854775807, kernel = 9223372036854775807, stride = 9223372036854775807, padding = 9223372036854775807, dilation = 9223372036854775807);' | network > x.cnas
expect "the largest integers as sizes" 'error: '
printf 'y = avg_pool(x, -9223372036854775807, stride = -1);' | network > x.cnas
expect "negative sizes" 'error: '
printf 'network N { input x: tensor[100000, 100000, 100000]; output y = x; }' > x.cnas
expect "an input of 10^15 elements" 'error: '
printf 'import x;\nnetwork N { input x: tensor[3, 8, 8]; output y = x; }' > x.cnas
expect "a module that imports itself" 'circle'
i=0
while [ $i -lt 150 ]; do
    i=$((i + 1))
    echo "import m$((i + 1));" > m$i.cnas
done
echo 'import m1;' > x.cnas
expect "150 imports in a row" 'nested more than'
mkdir d.cnas && echo 'import d;' > x.cnas
expect "a module that is a directory" 'directory'

# each N TEXT: the text for every number below N, which stands for each # in it
each() {
    awk -v n="$1" -v t="$2" 'BEGIN { k = split(t, part, "#"); for (i = 0; i < n; i++) { s = part[1]; for (j = 2; j <= k; j++) s = s i part[j]; print s } }'
}
# What is looked for among all names is looked for only as often as it is said.
{ each 20000 'block some_name_#(x: tensor) -> tensor { return x; }'; each 20000 'y = sone_name_#(x);' | network; } > x.cnas
expect "20,000 misspelt names of 20,000 blocks" 'did you mean'
{ printf 'block f('; each 20000 'parameter_#: int = 1,'; printf ') { return 1; }\n'; { printf 'y = f('; each 20000 'paraneter_# = 1,'; printf ');'; } | network; } > x.cnas
expect "20,000 misspelt parameters of 20,000" 'did you mean'
{ printf '@pick('; each 20000 'chioce_# = 1,'; printf 'choice_0 = 1)\n'; each 20000 'choice_# = choose(1, 2);' | network; } > x.cnas
expect "20,000 misspelt picks of 20,000 choices" 'did you mean'
{ printf 'import a'; repeat '.b' 100000; printf ';'; } > x.cnas
expect "a path of 100,000 names" 'at most 1000 characters'
{ each 100000 'a#,'; printf 'b = 1;'; } | network > x.cnas
expect "100,000 variables at once" '100001 names cannot take'
{ printf 'train { '; each 100000 'epoch# = 1;'; printf ' }'; } | network > x.cnas
expect "100,000 unknown settings" 'has no setting'

# 100,000 statements, and a chain of 20,000 stages, are no mistakes.
accept() {
    if timeout 60 "$dump" check x.cnas > out 2> said; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL: $1"
        head -c 2000 said
    fi
}
awk 'BEGIN { print "network N { input x: tensor[1, 2, 2]; v0 = x;"; for (i = 0; i < 100000; i++) printf "v%d = relu(v%d);\n", i + 1, i; print "output y = v100000; }" }' > x.cnas
accept "100,000 statements"
{ printf 'y = '; repeat '(' 3000; printf '1'; repeat ')' 3000; printf ';'; } | network > x.cnas
accept "3,000 parentheses: they are no level of the tree"
{ printf 'network N { input x: tensor[1, 2, 2]; output y = x'; repeat ' |> relu' 20000; printf '; }'; } > x.cnas
accept "20,000 stages of a pipe"

echo "CASES: $passed passed, $failed failed"
[ "$failed" = 0 ]
