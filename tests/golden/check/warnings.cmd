# Warnings do not stop anything; each can be switched off, and some only on.
cnasc build warnings.cnas --emit=ir >/dev/null
cnasc build -Wno-unused -Wshadow warnings.cnas --emit=ir >/dev/null
cnasc build -Wno-unused -Wunused-parameter warnings.cnas --emit=ir >/dev/null
cnasc build -w -Wshadow warnings.cnas --emit=ir >/dev/null
cnasc build -w warnings.cnas --emit=ir >/dev/null
# They can be errors, and then nothing is written.
cnasc build -Werror=unused-value warnings.cnas -o out ; ls out
cnasc build -Werror -Wall -Wno-error=unused-parameter -Wno-unused-value warnings.cnas --emit=ir | wc -l
cnasc build -Werror -w warnings.cnas --emit=ir | wc -l
cnasc check -Wunused-parameter -Wno-unused-value -Werror --diagnostics=json warnings.cnas | wc -l
# Names that there are not.
cnasc check -Wunusd warnings.cnas
cnasc check -Wno-shadw warnings.cnas
cnasc check -Wno- warnings.cnas
cnasc check -Werror= warnings.cnas
