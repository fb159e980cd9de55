/* Sections: finding the setter of each setting. */
#include "compiler/sema/section.h"

#include "compiler/base/nearest.h"

#include <string.h>

void section_refuse(struct setter *s, const char *expected, const struct value *v)
{
    bool word = v->kind == VALUE_SETTING || v->kind == VALUE_SYMBOL || v->kind == VALUE_STRING;
    eval_fail(s->e, s->at, E_SETTING_VALUE, "expected %s, found %s", expected, word ? value_text(s->e->arena, v) : eval_describe(s->e, v));
}

bool section_within(struct setter *s, const char *what, double x, double low, double high)
{
    if (x >= low && x <= high)
        return true;
    eval_fail(s->e, s->at, E_SETTING_RANGE, "%s is between %.15g and %.15g, not %.15g", what, low, high, x);
    return false;
}

static void run_setting(struct eval *e, const struct section *section, const struct ast_arg *one, void *record)
{
    struct nearest near = nearest_to(one->name.text);
    size_t which = 0;
    for (; which < SECTION_MOST && section->settings[which].name && strcmp(section->settings[which].name, one->name.text) != 0; which++)
        nearest_try(&near, section->settings[which].name);
    if (which == SECTION_MOST || !section->settings[which].name) {
        diag_error(e->diag, one->name.at, E_UNKNOWN_SETTING, "`%s` has no setting `%s`", section->name, one->name.text);
        if (near.best)
            diag_note(e->diag, one->name.at, "did you mean `%s`?", near.best);
        else
            diag_note(e->diag, one->name.at, "its settings are %s", section->list);
        return;
    }
    struct value v = eval_expr(e, one->value);
    struct setter setter = {e, record, one->value->at};
    if (v.kind != VALUE_ERROR)
        section->settings[which].set(&setter, v);
}

static bool is_first(const struct section *section, const struct ast_arg *one)
{
    return section->first && strcmp(section->first, one->name.text) == 0;
}

bool eval_section(struct eval *e, const struct ast_stmt *s, const struct section *section, struct span *before, void *record)
{
    if (e->frame->block) {
        eval_fail(e, s->label.at, E_WRONG_PLACE, "`%s { }` belongs into a network, not into a block", section->name);
        return false;
    }
    if (before->source) {
        diag_error(e->diag, s->label.at, E_SECOND_TRAIN, "a network has one `%s { }`; this is another one", section->name);
        diag_note(e->diag, *before, "the first one is here");
        return false;
    }
    *before = s->label.at;
    for (size_t i = 0; i < s->settings.n; i++)
        if (is_first(section, &s->settings.at[i]))
            run_setting(e, section, &s->settings.at[i], record);
    struct map set = map_new(e->arena); /* name -> struct ast_arg of the first */
    for (size_t i = 0; i < s->settings.n; i++) {
        const struct ast_arg *one = &s->settings.at[i];
        const struct ast_arg *earlier = map_get(&set, one->name.text);
        if (earlier) {
            diag_error(e->diag, one->name.at, E_SET_TWICE, "`%s` is set twice", one->name.text);
            diag_note(e->diag, earlier->name.at, "it is first set here");
        } else {
            map_set(&set, one->name.text, (void *)one);
        }
        if (!is_first(section, one))
            run_setting(e, section, one, record);
    }
    return true;
}
