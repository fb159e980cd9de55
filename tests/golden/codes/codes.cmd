# Errors that no golden source file can hold.
printf 'network N { input x: tensor[3, 8, 8];\0 output y = relu(x); }\n' >nul.cnas ; cnasc check nul.cnas
(printf 'const deep = ' ; head -c 300 /dev/zero | tr '\0' '[' ; head -c 300 /dev/zero | tr '\0' ']' ; echo ';') >deep.cnas ; cnasc check deep.cnas
for i in $(seq 1 101) ; do echo "import m$((i + 1));" >m$i.cnas ; done ; cnasc check m1.cnas
mkdir folder.cnas ; echo 'import folder;' >import.cnas ; cnasc check import.cnas
# What elaborates, but has no form as a program.
printf 'network N { input x: tensor[3, 8, 8]; output a = relu(x); output b = x; }\n' >two.cnas ; cnasc check two.cnas >/dev/null
