# Errors that no golden source file can hold.
printf 'network N { input x: tensor[3, 8, 8];\0 output y = relu(x); }\n' >nul.cnas ; cnasc check nul.cnas
(printf 'const deep = ' ; head -c 300 /dev/zero | tr '\0' '[' ; head -c 300 /dev/zero | tr '\0' ']' ; echo ';') >deep.cnas ; cnasc check deep.cnas
for i in $(seq 1 101) ; do echo "import m$((i + 1));" >m$i.cnas ; done ; cnasc check m1.cnas
mkdir folder.cnas ; echo 'import folder;' >import.cnas ; cnasc check import.cnas
# What elaborates, but has no form as a program.
printf 'network N { input x: tensor[3, 8, 8]; output a = relu(x); output b = x; }\n' >two.cnas ; cnasc check two.cnas >/dev/null
# Limits that a short file cannot reach, or that only large numbers do.
printf 'const s = "a\0b";\n' >nul.cnas ; cnasc check nul.cnas
(printf 'const deep = ' ; head -c 5000 /dev/zero | tr '\0' '(' ; echo ';') >deep.cnas ; cnasc check deep.cnas
(printf 'network N { input x: tensor[3, 8, 8]; k = choose(' ; seq -s, 1001 ; echo '); output y = x; }') >choose.cnas ; cnasc check choose.cnas
printf 'network N(k: int = 30001) {\ninput x: tensor[1, 30001, 30001];\nh = x;\nfor i in 0 .. 12 { h = conv(h, 1, kernel = k); }\noutput y = h; }\n' >large.cnas ; cnasc check large.cnas
sed 's/(k: int = 30001)//;s/^h = x;/h = x; k = choose(1, 30001);/' large.cnas | cnasc check - >/dev/null
