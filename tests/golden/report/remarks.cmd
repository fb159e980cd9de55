# All remarks for programs, one object in a line, on standard error; diagnostics stay text.
cnasc check --remarks=json net.cnas >/dev/null
# Those that are asked for.
cnasc check -w --remarks=json -Rpass=dce net.cnas >/dev/null
cnasc check -w --remarks=json -Rpass-missed net.cnas >/dev/null
# In a file, which is written also where a budget is broken afterwards.
cnasc check -w --remarks=json:remarks.jsonl -Rpass=relu-shuffle -D width=12 net.cnas 2>&1 >/dev/null | grep error ; cat remarks.jsonl
cnasc check -w --remarks=json:remarks.jsonl -Rpass-missed net.cnas >/dev/null ; wc -c <remarks.jsonl
cnasc check -w --remarks=json:no/such/folder/remarks.jsonl net.cnas >/dev/null
cnasc check -w --remarks=text -Rpass=dce net.cnas >/dev/null
cnasc check --remarks=yaml net.cnas
cnasc check --remarks=json: net.cnas
