/* The forms that fold-batch-norm and collapse-linear know, one network each, and how many operators are composed of it. Each is run before and after the pass on
 * the same weights and images, as random graphs are. */
#include "compiler/ir/print.h"
#include "compiler/pass/pass.h"
#include "tests/support/pass_claims.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define CONV "kh=3 kw=3 pad_y=1 pad_x=1"
#define BEGIN "ir 1 network N %x = input 4x6x6 %r = relu %x "
#define END " output y = %z end"

static const struct {
    const char *what, *pass, *graph;
    uint32_t parts; /* composed operators after it */
} cases[] = {
    {"dilation", "fold-batch-norm", BEGIN "%c = conv %r channels=3 kh=3 kw=3 pad_y=2 pad_x=2 dilation=2 %z = batch_norm %c" END, 1},
    {"groups", "fold-batch-norm", BEGIN "%c = conv %r channels=8 " CONV " groups=4 bias=true %z = batch_norm %c" END, 1},
    {"a stride that does not divide", "fold-batch-norm", BEGIN "%c = conv %r channels=3 kh=3 kw=3 stride=2 %z = batch_norm %c" END, 1},
    {"a linear layer", "fold-batch-norm", BEGIN "%f = flatten %r %c = linear %f features=5 bias=true %z = batch_norm %c" END, 1},
    {"read elsewhere too", "fold-batch-norm", BEGIN "%c = conv %r channels=4 " CONV " %b = batch_norm %c %z = add %b %c" END, 0},
    {"one source under two kernels", "collapse-linear",
     BEGIN "%a = conv %r channels=4 " CONV " %b = conv %r channels=4 kh=1 kw=1 %s = add %b %a %z = batch_norm %s" END, 1},
    {"one source at two strides", "collapse-linear",
     BEGIN "%a = conv %r channels=4 kh=2 kw=2 stride=2 %p = conv %r channels=4 kh=4 kw=4 %s = add %a %p %z = batch_norm %s" END, 0},
    {"part of a map, flattened", "collapse-linear",
     BEGIN "%c = conv %r channels=16 kh=1 kw=1 %s = slice %c channels=16 rows=1 columns=6 %f = flatten %s %z = linear %f features=1" END, 1},
    {"all of a map, flattened", "collapse-linear",
     BEGIN "%c = conv %r channels=8 " CONV " %b = batch_norm %c %f = flatten %b %z = linear %f features=2 bias=true" END, 1},
    {"convolution, average, classifier", "collapse-linear",
     BEGIN "%c = conv %r channels=8 " CONV " %b = batch_norm %c %g = global_avg_pool %b %d = dropout %g rate=0.5 %z = linear %d features=2" END, 1},
    {"a concat of skips", "collapse-linear",
     BEGIN "%c = conv %r channels=4 " CONV " %b = batch_norm %c %j = concat %x %b %k = conv %j channels=4 kh=1 kw=1 %z = batch_norm %k" END, 2},
    {"the odd positions", "collapse-linear",
     BEGIN "%c = conv %r channels=4 kh=1 kw=1 %s = subsample %c stride=2 offset_y=1 offset_x=1 %z = batch_norm %s" END, 1},
    {"a cut that leaves nothing", "collapse-linear",
     BEGIN "%p = pad %r top=-1 bottom=2 left=-1 right=1 %c = conv %p channels=2 kh=1 kw=3 pad_y=1 pad_x=1 groups=2 bias=true "
           "%z = slice %c channel=1 channels=1 rows=1 column=1 columns=2" END, 0},
    {"padding of what has a bias", "collapse-linear",
     BEGIN "%c = conv %r channels=2 kh=1 kw=1 bias=true %z = conv %c channels=8 " CONV END, 0},
};

static const struct pass_claim *claim_of(const char *pass)
{
    size_t n;
    const struct pass_claim *claims = pass_claims(&n);
    for (size_t i = 0; i < n; i++)
        if (strcmp(claims[i].pass, pass) == 0)
            return &claims[i];
    return NULL;
}

START_TEST(same_function)
{
    struct arena *a = arena_new();
    struct ir_read_error e;
    const struct ir_graph *g = ir_read(a, cases[_i].graph, strlen(cases[_i].graph), &e);
    ck_assert_msg(g, "%s: %d:%d: %s", cases[_i].what, e.line, e.column, e.why);
    const struct pass_property p = pass_claim_property(claim_of(cases[_i].pass));
    struct pass_seen seen = {0};
    const char *wrong = pass_property_one(a, &p, g, 7, &seen);
    ck_assert_msg(!wrong, "%s: %s", cases[_i].what, wrong);
    ck_assert_int_eq(seen.compared, 1);
    const struct ir_graph *h = p.run(p.context, a, g);
    uint32_t parts = 0;
    for (ir_id id = 0; id < h->n_nodes; id++)
        parts += h->nodes[id].composed != NULL;
    struct text t = text_new(a);
    ir_print(&t, h);
    ck_assert_msg(parts == cases[_i].parts, "%s: %u composed operators in\n%s", cases[_i].what, (unsigned)parts, text_str(&t));
    arena_free(&a);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("collapse");
    TCase *t = tcase_create("networks");
    tcase_add_loop_test(t, same_function, 0, sizeof cases / sizeof *cases);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
