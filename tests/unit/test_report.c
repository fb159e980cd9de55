/* What a report is made of: boxes of the picture by hand and as laws over random graphs; texts that must not become markup. */
#include "compiler/ir/print.h"
#include "compiler/report/box.h"
#include "compiler/report/diagram.h"
#include "compiler/report/html.h"
#include "compiler/report/layout.h"
#include "compiler/report/measure.h"
#include "tests/unit/random_ir.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct arena *arena;

static void setup(void)
{
    arena = arena_new();
}

static void teardown(void)
{
    arena_free(&arena);
}

static const struct ir_graph *read(const char *text)
{
    struct ir_read_error e;
    const struct ir_graph *g = ir_read(arena, text, strlen(text), &e);
    ck_assert_msg(g, "%d:%d: %s", e.line, e.column, e.why);
    return g;
}

/* "input segment1 relu ...: 0>1 1>2~" with ~ for skips */
static const char *shape(const struct diagram *d)
{
    static const char *const kinds[DIAGRAM_KINDS] = {"input", "segment", "relu", "other", "rescale", "output"};
    struct text t = text_new(arena);
    for (uint32_t i = 0; i < d->n_boxes; i++) {
        text_add(&t, "%s%s", i ? " " : "", kinds[d->boxes[i].kind]);
        if (d->boxes[i].kind == DIAGRAM_SEGMENT)
            text_add(&t, "%u(%u)", d->boxes[i].number, d->boxes[i].n_nodes);
    }
    text_add(&t, ":");
    for (uint32_t i = 0; i < d->n_links; i++)
        text_add(&t, " %u>%u%s", d->links[i].from, d->links[i].to, d->links[i].skip ? "~" : "");
    return text_str(&t);
}

START_TEST(a_value_that_flows_into_a_relu_and_around_it)
{
    const struct ir_graph *g = read("ir 1 network N %x = input 2x4x4 %a = conv %x channels=2 kh=1 kw=1 %r = relu %a "
                                    "%b = conv %r channels=2 kh=1 kw=1 %z = add %a %b output y = %z end");
    const struct diagram *d = diagram_new(arena, g, NULL);
    ck_assert_str_eq(shape(d), "input segment1(1) relu segment2(2) output: 0>1 1>2 1>3~ 2>3 3>4");
    ck_assert_uint_eq(d->box_of[4], 3);
    ck_assert_int_eq(d->boxes[3].cost.macs, 2 * 2 * 16);
}
END_TEST

START_TEST(branches_are_one_segment_where_they_join)
{
    const struct ir_graph *g = read("ir 1 network N %x = input 2x4x4 %a = conv %x channels=2 kh=1 kw=1 %b = conv %x channels=2 kh=3 kw=3 pad_y=1 pad_x=1 "
                                    "%c = concat %a %b %d = conv %x channels=1 kh=1 kw=1 %m = max_pool %d kernel=2 stride=2 %s = square %c "
                                    "output p = %m output q = %s end");
    ck_assert_str_eq(shape(diagram_new(arena, g, NULL)), "input segment1(3) segment2(1) other other output output: 0>1 0>2 2>3 1>4 3>5 4>6");
}
END_TEST

START_TEST(a_rescaled_value_has_a_box)
{
    const struct ir_graph *g = read("ir 1 network N %x = input 1x6x6 %a = conv %x channels=2 kh=3 kw=3 pad_y=1 pad_x=1 %b = batch_norm %a "
                                    "%c = conv %b channels=2 kh=3 kw=3 pad_y=1 pad_x=1 %g = global_avg_pool %c %l = linear %g features=2 "
                                    "output y = %l end");
    struct plan_refusal why;
    const struct plan *p = plan_lower(arena, g, PLAN_PRIVATE, &why);
    ck_assert(p);
    ck_assert_str_eq(shape(diagram_new(arena, g, p)), "input segment1(2) rescale segment2(3) output: 0>1 1>2 2>3 3>4");
    ck_assert_str_eq(shape(diagram_new(arena, g, NULL)), "input segment1(5) output: 0>1 1>2");
}
END_TEST

static void check_laws(const struct ir_graph *g, uint64_t seed)
{
    const struct diagram *d = diagram_new(arena, g, NULL);
    uint32_t *seen = ARENA_ARRAY(arena, uint32_t, g->n_nodes), number = 0;
    struct ir_cost all, sum = {0};
    bool *reached = ARENA_ARRAY(arena, bool, d->n_boxes);
    for (uint32_t i = 0; i < d->n_boxes; i++) {
        const struct diagram_box *b = &d->boxes[i];
        ck_assert(ir_cost_add(&sum, b->cost));
        if (b->kind == DIAGRAM_SEGMENT) {
            ck_assert_msg(b->number == ++number, "seed %llu", (unsigned long long)seed);
            for (uint32_t k = 0; k < b->n_nodes; k++) {
                ck_assert(ir_op_is_linear(g->nodes[b->nodes[k]].op));
                ck_assert(k == 0 || b->nodes[k] > b->nodes[k - 1]);
                ck_assert_uint_eq(d->box_of[b->nodes[k]], i);
                seen[b->nodes[k]]++;
            }
        } else if (b->kind != DIAGRAM_OUTPUT) {
            ck_assert_uint_eq(d->box_of[b->node], i);
            seen[b->node]++;
        }
    }
    ck_assert_uint_eq(number, d->n_segments);
    for (ir_id id = 0; id < g->n_nodes; id++)
        ck_assert_msg(seen[id] == 1, "seed %llu: node %u is in %u boxes", (unsigned long long)seed, id, seen[id]);
    if (ir_cost_total(g, &all))
        ck_assert(memcmp(&all, &sum, sizeof all) == 0);
    for (uint32_t i = 0; i < d->n_links; i++) {
        const struct diagram_link *l = &d->links[i];
        ck_assert_msg(l->from < l->to && d->boxes[l->from].rank < d->boxes[l->to].rank, "seed %llu: %u to %u", (unsigned long long)seed,
                      l->from, l->to);
        ck_assert(i == 0 || l[-1].to < l->to || (l[-1].to == l->to && l[-1].from < l->from));
        ck_assert(l->skip == (d->boxes[l->to].rank > d->boxes[l->from].rank + 1));
        reached[l->to] = true;
    }
    for (uint32_t i = 0; i < d->n_boxes; i++) {
        ck_assert(reached[i] == (d->boxes[i].kind != DIAGRAM_INPUT));
        const struct box words = box_text(arena, g, &d->boxes[i]);
        ck_assert(words.n <= BOX_LINES && words.columns <= BOX_COLUMNS + 20);
    }
}

START_TEST(laws)
{
    uint64_t seed = random_seed();
    for (int i = 0; i < 400; i++, seed++)
        check_laws(random_graph(arena, seed, 2 + i % 60), seed);
}
END_TEST

/* Every box has room, arrows go downwards, and a second time gives the same numbers. */
START_TEST(layouts)
{
    enum { N = 12 };
    struct layout l[2];
    if (!layout_available())
        return;
    for (int k = 0; k < 2; k++) {
        l[k] = (struct layout){.boxes = ARENA_ARRAY(arena, struct layout_box, N), .n_boxes = N, .links = ARENA_ARRAY(arena, struct layout_link, 2 * N)};
        for (uint32_t i = 0; i < N; i++)
            l[k].boxes[i] = (struct layout_box){.width = 40 + 10 * i, .height = 20 + 5 * (i % 3), .spine = i % 2};
        for (uint32_t i = 1; i < N; i++) {
            l[k].links[l[k].n_links++] = (struct layout_link){.from = i - 1, .to = i, .weight = 10};
            if (i >= 4)
                l[k].links[l[k].n_links++] = (struct layout_link){.from = i - 4, .to = i, .weight = 1};
        }
        ck_assert(layout_find(arena, &l[k]));
        for (uint32_t i = 0; i < l[k].n_links; i++) {
            ck_assert_uint_eq(l[k].links[i].n % 3, 1);
            ck_assert(l[k].boxes[l[k].links[i].from].y < l[k].boxes[l[k].links[i].to].y);
        }
        for (uint32_t i = 0; i < N; i++) {
            const struct layout_box *b = &l[k].boxes[i];
            ck_assert(b->x >= b->width / 2 && b->x + b->width / 2 <= l[k].width);
            ck_assert(b->y >= b->height / 2 - 0.01 && b->y + b->height / 2 <= l[k].height + 0.01);
            for (uint32_t j = 0; j < i; j++) {
                const struct layout_box *c = &l[k].boxes[j];
                ck_assert(b->x - c->x >= (b->width + c->width) / 2 || c->x - b->x >= (b->width + c->width) / 2 ||
                          b->y - c->y >= (b->height + c->height) / 2 || c->y - b->y >= (b->height + c->height) / 2);
            }
        }
    }
    ck_assert(memcmp(l[0].boxes, l[1].boxes, N * sizeof *l[0].boxes) == 0);
    ck_assert(l[0].width == l[1].width && l[0].height == l[1].height);
    struct layout large = {.n_boxes = LAYOUT_MOST_BOXES + 1};
    ck_assert(!layout_find(arena, &large));
}
END_TEST

static const char *html(void (*add)(struct text *, const char *), const char *s)
{
    struct text t = text_new(arena);
    add(&t, s);
    return text_str(&t);
}

START_TEST(texts_are_no_markup)
{
    ck_assert_str_eq(html(html_text, "<a href='x'>\"&amp;\"</a>"), "&lt;a href=&#39;x&#39;&gt;&quot;&amp;amp;&quot;&lt;/a&gt;");
    ck_assert_str_eq(html(html_text, "\x01 \x7f \t\n \xff\xfe \xc3\xa9 \xe2\x82\xac \xc0\xbc"),
                     "\xef\xbf\xbd \xef\xbf\xbd \t\n \xef\xbf\xbd\xef\xbf\xbd \xc3\xa9 \xe2\x82\xac \xef\xbf\xbd\xef\xbf\xbd");
    ck_assert_str_eq(html(html_text, "a\xe2\x80\xae" "b\xe2\x81\xa6" "c\xd8\x9c\xe2\x80\x93"), "a\xef\xbf\xbd" "b\xef\xbf\xbd" "c\xef\xbf\xbd\xe2\x80\x93");
    ck_assert_str_eq(html(html_words, "conv 3x3 of x1 to 14x32x32 x 2x"), "conv 3\u00d73 of x1 to 14\u00d732\u00d732 x 2x");
    ck_assert_str_eq(html(html_remark, "ReLU `a<3x3>` (3x3) is `b`"), "ReLU <code>a&lt;3x3&gt;</code> (3\u00d73) is <code>b</code>");
    ck_assert_str_eq(html(html_remark, "one ` alone <"), "one ` alone &lt;");
    struct text t = text_new(arena);
    html_bytes(&t, "a\0<b\xc3", 5);
    ck_assert_str_eq(text_str(&t), "a\xef\xbf\xbd&lt;b\xef\xbf\xbd");
}
END_TEST

START_TEST(numbers)
{
    static const struct {
        int64_t value;
        const char *number, *memory;
    } cases[] = {{0, "0", "0\u00a0bytes"}, {1023, "1,023", "1023\u00a0bytes"}, {1024, "1,024", "1.00\u00a0KiB"}, {401408, "401,408", "392\u00a0KiB"},
                 {999999, "999,999", "977\u00a0KiB"}, {1000000, "1.00\u00a0M", "977\u00a0KiB"}, {9994999, "9.99\u00a0M", "9.53\u00a0MiB"},
                 {13206274816, "13.2\u00a0G", "12.3\u00a0GiB"}, {INT64_MAX, "9.22\u00a0E", "8.00\u00a0EiB"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_str_eq(html_short(arena, cases[i].value), cases[i].number);
        ck_assert_str_eq(html_memory(arena, cases[i].value), cases[i].memory);
    }
    ck_assert_str_eq(html_percent(arena, 0, 0), "0");
    ck_assert_str_eq(html_percent(arena, 1, 1000000), "0.1");
    ck_assert_str_eq(html_percent(arena, 1, 30), "3.3");
    ck_assert_str_eq(html_percent(arena, 1, 3), "33");
    ck_assert_str_eq(html_percent(arena, 5, 4), "125");
}
END_TEST

START_TEST(layers_of_both_graphs)
{
    const struct ir_graph *was = read("ir 1 network N %x = input 4 %a = relu %x %b = relu %a %c = linear %b features=4 %d = relu %c output y = %d end");
    const struct ir_graph *is = read("ir 1 network N %x = input 4 %a = relu %x %n = linear %a features=3 %d = relu %n output y = %d end");
    const struct measure_layers l = measure_layers(arena, was, is);
    struct text t = text_new(arena);
    for (size_t i = 0; i < l.n; i++)
        text_add(&t, "%s%s%s:%d>%d ", l.at[i].node->name, l.at[i].was ? "" : "+", l.at[i].is ? "" : "-", (int)l.at[i].written.relus,
                 (int)l.at[i].now.relus);
    ck_assert_str_eq(text_str(&t), "x:0>0 a:4>4 n+:0>0 b-:4>0 c-:0>0 d:4>3 ");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("report");
    TCase *t = tcase_create("report");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, a_value_that_flows_into_a_relu_and_around_it);
    tcase_add_test(t, branches_are_one_segment_where_they_join);
    tcase_add_test(t, a_rescaled_value_has_a_box);
    tcase_add_test(t, laws);
    tcase_add_test(t, layouts);
    tcase_add_test(t, texts_are_no_markup);
    tcase_add_test(t, numbers);
    tcase_add_test(t, layers_of_both_graphs);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
