#include "compiler/report/remarks.h"

#include "compiler/base/json.h"

#include <inttypes.h>

void remarks_json(struct text *t, const char *network, const struct pass_info *pass, const struct remark *r)
{
    static const char *const kinds[REMARK_KINDS] = {"passed", "missed", "analysis"};
    text_add(t, "{\"network\": \"%s\", \"pass\": \"%s\", \"kind\": \"%s\", \"message\": ", network, pass->name, kinds[r->kind]);
    text_json_string(t, r->text);
    text_add(t, ", \"relus\": %" PRId64 ", \"at\": ", r->relus);
    text_json_site(t, &r->site);
    text_add(t, "}\n");
}
