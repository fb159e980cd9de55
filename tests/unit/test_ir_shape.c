/* Every shape rule: what it gives, and the sentence for what it refuses. */
#include "compiler/ir/shape.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* CONV(.kh = 7) sets the default, then 7: meant. */
#pragma GCC diagnostic ignored "-Woverride-init"

#define MAP(c, h, w) ((struct ir_shape){3, (c), (h), (w)})
#define VECTOR(c) ((struct ir_shape){1, (c), 1, 1})
#define CONV(...) (&(struct ir_node){.conv = {.channels = 8, .kh = 3, .kw = 3, .stride = 1, .dilation = 1, .groups = 1, __VA_ARGS__}})
#define POOL(...) (&(struct ir_node){.avg_pool = {.kernel = 2, .stride = 2, __VA_ARGS__}})
#define IN(...) ((const struct ir_shape[]){__VA_ARGS__})

static struct arena *arena;

static void setup(void)
{
    arena = arena_new();
}

static void teardown(void)
{
    arena_free(&arena);
}

static void gives(int line, enum ir_op op, const struct ir_shape *in, uint32_t n_in, const struct ir_node *attr, struct ir_shape want)
{
    struct ir_shape out = {0};
    const char *why = "no reason given";
    bool fits = ir_shape_infer(arena, op, in, n_in, attr, &out, &why);
    ck_assert_msg(fits, "line %d: refused: %s", line, why);
    ck_assert_msg(ir_shape_equal(out, want), "line %d: gives %s, not %s", line, ir_shape_text(arena, out), ir_shape_text(arena, want));
}

static void refuses(int line, enum ir_op op, const struct ir_shape *in, uint32_t n_in, const struct ir_node *attr, const char *want)
{
    struct ir_shape out = {0};
    const char *why = "no reason given";
    bool fits = ir_shape_infer(arena, op, in, n_in, attr, &out, &why);
    ck_assert_msg(!fits, "line %d: accepted, gives %s", line, ir_shape_text(arena, out));
    ck_assert_msg(strcmp(why, want) == 0, "line %d:\n  says  %s\n  wants %s", line, why, want);
}

#define GIVES(op, in, n, attr, want) gives(__LINE__, op, in, n, attr, want)
#define REFUSES(op, in, n, attr, want) refuses(__LINE__, op, in, n, attr, want)

START_TEST(conv)
{
    GIVES(IR_CONV, IN(MAP(3, 32, 32)), 1, CONV(.pad_y = 1, .pad_x = 1), MAP(8, 32, 32));
    GIVES(IR_CONV, IN(MAP(3, 32, 30)), 1, CONV(.stride = 2, .pad_y = 1, .pad_x = 1), MAP(8, 16, 15));
    GIVES(IR_CONV, IN(MAP(3, 5, 9)), 1, CONV(.dilation = 2), MAP(8, 1, 5));
    GIVES(IR_CONV, IN(MAP(16, 7, 7)), 1, CONV(.groups = 8, .kh = 1, .kw = 7), MAP(8, 7, 1));
    GIVES(IR_CONV, IN(MAP(1, 1, 1)), 1, CONV(.kh = 3, .kw = 3, .pad_y = 1, .pad_x = 1, .stride = 100), MAP(8, 1, 1));

    REFUSES(IR_CONV, IN(VECTOR(10)), 1, CONV(), "conv needs a map of channels x height x width, but its input has 10 features");
    REFUSES(IR_CONV, IN(MAP(3, 5, 5)), 1, CONV(.kh = 7, .kw = 7), "kernel 7x7 is larger than the padded input 5x5");
    REFUSES(IR_CONV, IN(MAP(3, 5, 3)), 1, CONV(.kh = 3, .kw = 7, .pad_x = 1), "kernel 3x7 is larger than the padded input 5x5");
    REFUSES(IR_CONV, IN(MAP(3, 5, 5)), 1, CONV(.dilation = 4), "kernel 3x3 with dilation 4 spans 9x9 and is larger than the padded input 5x5");
    REFUSES(IR_CONV, IN(MAP(16, 8, 8)), 1, CONV(.groups = 3), "3 groups do not divide the 16 channels of the input 16x8x8");
    REFUSES(IR_CONV, IN(MAP(9, 8, 8)), 1, CONV(.groups = 3), "3 groups do not divide the 8 output channels");
    REFUSES(IR_CONV, IN(MAP(3, 8, 8)), 1, CONV(.channels = 0), "the number of channels must be at least 1, not 0");
    REFUSES(IR_CONV, IN(MAP(3, 8, 8)), 1, CONV(.stride = 0), "stride must be at least 1, not 0");
    REFUSES(IR_CONV, IN(MAP(3, 8, 8)), 1, CONV(.kh = -3), "the kernel height must be at least 1, not -3");
    REFUSES(IR_CONV, IN(MAP(3, 8, 8)), 1, CONV(.kw = 0), "the kernel width must be at least 1, not 0");
    REFUSES(IR_CONV, IN(MAP(3, 8, 8)), 1, CONV(.dilation = 0), "dilation must be at least 1, not 0");
    REFUSES(IR_CONV, IN(MAP(3, 8, 8)), 1, CONV(.groups = 0), "groups must be at least 1, not 0");
    REFUSES(IR_CONV, IN(MAP(3, 8, 8)), 1, CONV(.pad_y = -1), "padding must be at least 0, not -1");
    REFUSES(IR_CONV, IN(MAP(3, 8, 8)), 1, CONV(.pad_x = INT64_MAX), "padding 9223372036854775807 is larger than the limit of 2147483648");
    REFUSES(IR_CONV, IN(MAP(1024, 64, 64)), 1, CONV(.channels = 1 << 20, .kh = 3, .kw = 3),
            "weights of 1048576x1024x3x3 are more than 2147483648 numbers");
    REFUSES(IR_CONV, IN(MAP(1, 1 << 15, 1 << 15)), 1, CONV(.channels = 4, .kh = 1, .kw = 1),
            "a result of shape 4x32768x32768 has more than 2147483648 elements");
    REFUSES(IR_CONV, IN(MAP(3, 8, 8), MAP(3, 8, 8)), 2, CONV(), "conv takes 1 input, not 2");
}
END_TEST

START_TEST(linear)
{
    GIVES(IR_LINEAR, IN(VECTOR(64)), 1, (&(struct ir_node){.linear = {10, true}}), VECTOR(10));
    REFUSES(IR_LINEAR, IN(MAP(64, 4, 4)), 1, (&(struct ir_node){.linear = {10, true}}),
            "linear needs a vector, but its input is 64x4x4: flatten or pool it first");
    REFUSES(IR_LINEAR, IN(VECTOR(64)), 1, (&(struct ir_node){.linear = {0, false}}), "the number of features must be at least 1, not 0");
    REFUSES(IR_LINEAR, IN(VECTOR(1 << 20)), 1, (&(struct ir_node){.linear = {4096, true}}),
            "weights of 4096x1048576 are more than 2147483648 numbers");
}
END_TEST

START_TEST(elementwise)
{
    GIVES(IR_RELU, IN(MAP(3, 4, 5)), 1, NULL, MAP(3, 4, 5));
    GIVES(IR_RELU, IN(VECTOR(5)), 1, NULL, VECTOR(5));
    REFUSES(IR_RELU, IN(VECTOR(5), VECTOR(5)), 2, NULL, "relu takes 1 input, not 2");
    REFUSES(IR_RELU, NULL, 0, NULL, "relu takes 1 input, not 0");

    GIVES(IR_BATCH_NORM, IN(MAP(3, 4, 5)), 1, (&(struct ir_node){.batch_norm = {1e-5, 0.9}}), MAP(3, 4, 5));
    REFUSES(IR_BATCH_NORM, IN(VECTOR(5)), 1, (&(struct ir_node){.batch_norm = {0, 0.9}}), "epsilon must be a positive number, not 0");
    REFUSES(IR_BATCH_NORM, IN(VECTOR(5)), 1, (&(struct ir_node){.batch_norm = {INFINITY, 0.9}}), "epsilon must be a positive number, not inf");
    REFUSES(IR_BATCH_NORM, IN(VECTOR(5)), 1, (&(struct ir_node){.batch_norm = {1e-5, 1}}), "decay must be at least 0 and less than 1, not 1");

    /* what is left of a number in a float counts */
    REFUSES(IR_BATCH_NORM, IN(VECTOR(5)), 1, (&(struct ir_node){.batch_norm = {1e-50, 0.9}}), "epsilon must be a positive number, not 1e-50");
    REFUSES(IR_BATCH_NORM, IN(VECTOR(5)), 1, (&(struct ir_node){.batch_norm = {1e50, 0.9}}), "epsilon must be a positive number, not 1e+50");
    ck_assert(!ir_shape_infer(arena, IR_DROPOUT, IN(VECTOR(5)), 1, &(struct ir_node){.dropout = {1 - 1e-12}}, &(struct ir_shape){0},
                              &(const char *){0}));

    GIVES(IR_DROPOUT, IN(VECTOR(5)), 1, (&(struct ir_node){.dropout = {0}}), VECTOR(5));
    REFUSES(IR_DROPOUT, IN(VECTOR(5)), 1, (&(struct ir_node){.dropout = {1}}), "the dropout rate must be at least 0 and less than 1, not 1");
    REFUSES(IR_DROPOUT, IN(VECTOR(5)), 1, (&(struct ir_node){.dropout = {-0.5}}), "the dropout rate must be at least 0 and less than 1, not -0.5");
    double nan_rate = NAN;
    struct ir_shape out;
    const char *why;
    ck_assert(!ir_shape_infer(arena, IR_DROPOUT, IN(VECTOR(5)), 1, &(struct ir_node){.dropout = {nan_rate}}, &out, &why));
}
END_TEST

START_TEST(pools)
{
    GIVES(IR_AVG_POOL, IN(MAP(3, 7, 8)), 1, POOL(), MAP(3, 3, 4));
    GIVES(IR_AVG_POOL, IN(MAP(3, 7, 8)), 1, POOL(.kernel = 3, .stride = 1, .pad = 1), MAP(3, 7, 8));
    REFUSES(IR_AVG_POOL, IN(MAP(3, 7, 1)), 1, POOL(), "window 2x2 is larger than the padded input 7x1");
    REFUSES(IR_AVG_POOL, IN(MAP(3, 7, 7)), 1, POOL(.pad = 2), "padding 2 must be smaller than the window 2x2");
    REFUSES(IR_AVG_POOL, IN(MAP(3, 7, 7)), 1, POOL(.kernel = 0), "kernel must be at least 1, not 0");
    REFUSES(IR_AVG_POOL, IN(MAP(3, 7, 7)), 1, POOL(.stride = 0), "stride must be at least 1, not 0");
    REFUSES(IR_AVG_POOL, IN(VECTOR(7)), 1, POOL(), "avg_pool needs a map of channels x height x width, but its input has 7 features");

    GIVES(IR_GLOBAL_AVG_POOL, IN(MAP(64, 7, 5)), 1, NULL, VECTOR(64));
    REFUSES(IR_GLOBAL_AVG_POOL, IN(VECTOR(1)), 1, NULL, "global_avg_pool needs a map of channels x height x width, but its input has 1 feature");

    GIVES(IR_SUBSAMPLE, IN(MAP(3, 8, 7)), 1, (&(struct ir_node){.subsample = {2, 0, 0}}), MAP(3, 4, 4));
    GIVES(IR_SUBSAMPLE, IN(MAP(3, 8, 7)), 1, (&(struct ir_node){.subsample = {2, 1, 1}}), MAP(3, 4, 3));
    REFUSES(IR_SUBSAMPLE, IN(MAP(3, 1, 7)), 1, (&(struct ir_node){.subsample = {2, 1, 1}}), "offset 1,1 lies outside the input 3x1x7");
    REFUSES(IR_SUBSAMPLE, IN(MAP(3, 1, 7)), 1, (&(struct ir_node){.subsample = {0, 0, 0}}), "stride must be at least 1, not 0");
    REFUSES(IR_SUBSAMPLE, IN(MAP(3, 1, 7)), 1, (&(struct ir_node){.subsample = {1, 0, -1}}), "offset must be at least 0, not -1");
}
END_TEST

#define SLICE(...) (&(struct ir_node){.slice = {__VA_ARGS__}})
#define PAD(...) (&(struct ir_node){.pad = {__VA_ARGS__}})
#define RESHAPE(...) (&(struct ir_node){.reshape = {__VA_ARGS__}})

START_TEST(maxima)
{
    GIVES(IR_MAX_POOL, IN(MAP(3, 7, 8)), 1, POOL(), MAP(3, 3, 4));
    GIVES(IR_MAX_POOL, IN(MAP(3, 8, 8)), 1, POOL(.kernel = 3, .stride = 2, .pad = 1), MAP(3, 4, 4));
    REFUSES(IR_MAX_POOL, IN(MAP(3, 7, 7)), 1, POOL(.pad = 2), "padding 2 must be smaller than the window 2x2");
    REFUSES(IR_MAX_POOL, IN(VECTOR(7)), 1, POOL(), "max_pool needs a map of channels x height x width, but its input has 7 features");
    GIVES(IR_GLOBAL_MAX_POOL, IN(MAP(64, 7, 5)), 1, NULL, VECTOR(64));
    REFUSES(IR_GLOBAL_MAX_POOL, IN(VECTOR(1)), 1, NULL, "global_max_pool needs a map of channels x height x width, but its input has 1 feature");
}
END_TEST

START_TEST(slices)
{
    GIVES(IR_SLICE, IN(MAP(6, 7, 8)), 1, SLICE(2, 3, 0, 7, 0, 8), MAP(3, 7, 8));
    GIVES(IR_SLICE, IN(MAP(6, 7, 8)), 1, SLICE(0, 6, 6, 1, 1, 7), MAP(6, 1, 7));
    GIVES(IR_SLICE, IN(VECTOR(10)), 1, SLICE(9, 1, 0, 1, 0, 1), VECTOR(1));
    REFUSES(IR_SLICE, IN(MAP(6, 7, 8)), 1, SLICE(4, 3, 0, 7, 0, 8), "there is no channel 6 in the input 6x7x8");
    REFUSES(IR_SLICE, IN(MAP(6, 7, 8)), 1, SLICE(0, 6, -1, 7, 0, 8), "there is no row -1 in the input 6x7x8");
    REFUSES(IR_SLICE, IN(MAP(6, 7, 8)), 1, SLICE(0, 6, 0, 7, 9, 1), "there is no column 9 in the input 6x7x8");
    REFUSES(IR_SLICE, IN(MAP(6, 7, 8)), 1, SLICE(0, 0, 0, 7, 0, 8), "slice needs at least one channel");
    REFUSES(IR_SLICE, IN(VECTOR(10)), 1, SLICE(0, INT64_MAX, 0, 1, 0, 1), "there is no channel 10 in the input 10 features");
    REFUSES(IR_SLICE, IN(VECTOR(10)), 1, SLICE(INT64_MAX, INT64_MAX, 0, 1, 0, 1), "there is no channel 9223372036854775807 in the input 10 features");
}
END_TEST

START_TEST(pads)
{
    GIVES(IR_PAD, IN(MAP(6, 7, 8)), 1, PAD(1, 2, 3, 4), MAP(6, 10, 15));
    GIVES(IR_PAD, IN(MAP(6, 7, 8)), 1, PAD(-3, -3, 4, -7), MAP(6, 1, 5));
    REFUSES(IR_PAD, IN(MAP(6, 7, 8)), 1, PAD(-3, -4, 0, 0), "padding of -3, -4, 0, 0 (top, bottom, left, right) leaves nothing of the input 6x7x8");
    REFUSES(IR_PAD, IN(MAP(6, 7, 8)), 1, PAD(0, 0, 4, -8), "padding of 0, 0, 4, -8 (top, bottom, left, right) leaves nothing of the input 6x7x8");
    REFUSES(IR_PAD, IN(MAP(1, 1, 1)), 1, PAD(INT64_MIN, 0, 0, 0), "padding -9223372036854775808 is larger than the limit of 2147483648");
    REFUSES(IR_PAD, IN(MAP(2, 1, 1)), 1, PAD(1 << 30, 1 << 30, 0, 0), "a result of shape 2x2147483649x1 has more than 2147483648 elements");
    REFUSES(IR_PAD, IN(VECTOR(7)), 1, PAD(0, 0, 0, 0), "pad needs a map of channels x height x width, but its input has 7 features");
}
END_TEST

START_TEST(activations_and_results)
{
    GIVES(IR_SQUARE, IN(MAP(6, 7, 8)), 1, NULL, MAP(6, 7, 8));
    GIVES(IR_POLY2, IN(VECTOR(5)), 1, NULL, VECTOR(5));
    GIVES(IR_SOFTMAX, IN(VECTOR(5)), 1, NULL, VECTOR(5));
    GIVES(IR_ARGMAX, IN(VECTOR(5)), 1, NULL, VECTOR(1));
    REFUSES(IR_SOFTMAX, IN(MAP(6, 7, 8)), 1, NULL, "softmax needs a vector, but its input is 6x7x8: flatten or pool it first");
    REFUSES(IR_ARGMAX, IN(MAP(6, 7, 8)), 1, NULL, "argmax needs a vector, but its input is 6x7x8: flatten or pool it first");
    GIVES(IR_UPSAMPLE, IN(MAP(6, 7, 8)), 1, (&(struct ir_node){.upsample = {3}}), MAP(6, 21, 24));
    REFUSES(IR_UPSAMPLE, IN(MAP(6, 7, 8)), 1, (&(struct ir_node){.upsample = {0}}), "factor must be at least 1, not 0");
    REFUSES(IR_UPSAMPLE, IN(MAP(1, 1, 2)), 1, (&(struct ir_node){.upsample = {(int64_t)1 << 31}}),
            "a result of shape 1x2147483648x4294967296 has more than 2147483648 elements");
    REFUSES(IR_UPSAMPLE, IN(VECTOR(5)), 1, (&(struct ir_node){.upsample = {2}}), "upsample needs a map of channels x height x width, but its input has 5 features");
}
END_TEST

START_TEST(reshapes)
{
    GIVES(IR_RESHAPE, IN(MAP(6, 7, 8)), 1, RESHAPE(336, 0, 0), VECTOR(336));
    GIVES(IR_RESHAPE, IN(VECTOR(336)), 1, RESHAPE(3, 14, 8), MAP(3, 14, 8));
    REFUSES(IR_RESHAPE, IN(MAP(6, 7, 8)), 1, RESHAPE(6, 7, 7), "reshape keeps the number of elements, but the input 6x7x8 has 336 and 6x7x7 would have 294");
    REFUSES(IR_RESHAPE, IN(VECTOR(4)), 1, RESHAPE(1 << 20, 1 << 20, 4),
            "reshape keeps the number of elements, but the input 4 features has 4 and 1048576x1048576x4 would have more");
    REFUSES(IR_RESHAPE, IN(VECTOR(4)), 1, RESHAPE(4, 1, 0), "the width must be at least 1, not 0");
    REFUSES(IR_RESHAPE, IN(VECTOR(4)), 1, RESHAPE(-4, 0, 0), "the number of features must be at least 1, not -4");
}
END_TEST

START_TEST(joins)
{
    GIVES(IR_ADD, IN(MAP(3, 4, 5), MAP(3, 4, 5), MAP(3, 4, 5)), 3, NULL, MAP(3, 4, 5));
    REFUSES(IR_ADD, IN(MAP(3, 4, 5)), 1, NULL, "add takes at least 2 inputs, not 1");
    REFUSES(IR_ADD, IN(MAP(3, 4, 5), MAP(3, 4, 4)), 2, NULL, "add needs inputs of one shape, but the first is 3x4x5 and the second is 3x4x4");
    REFUSES(IR_ADD, IN(VECTOR(3), VECTOR(3), MAP(3, 1, 1)), 3, NULL,
            "add needs inputs of one shape, but the first is 3 features and the one at place 3 is 3x1x1");

    GIVES(IR_CONCAT, IN(MAP(3, 4, 5)), 1, NULL, MAP(3, 4, 5));
    GIVES(IR_CONCAT, IN(MAP(3, 4, 5), MAP(1, 4, 5), MAP(9, 4, 5)), 3, NULL, MAP(13, 4, 5));
    GIVES(IR_CONCAT, IN(VECTOR(3), VECTOR(4)), 2, NULL, VECTOR(7));
    REFUSES(IR_CONCAT, NULL, 0, NULL, "concat takes at least 1 input, not 0");
    REFUSES(IR_CONCAT, IN(MAP(3, 4, 5), MAP(3, 8, 10)), 2, NULL,
            "concat needs inputs of one height and width, but the first is 3x4x5 and the second is 3x8x10");
    REFUSES(IR_CONCAT, IN(VECTOR(3), MAP(3, 1, 1)), 2, NULL,
            "concat needs inputs of one height and width, but the first is 3 features and the second is 3x1x1");
    REFUSES(IR_CONCAT, IN(MAP(2, 1 << 15, 1 << 15), MAP(1, 1 << 15, 1 << 15)), 2, NULL,
            "a result of shape 3x32768x32768 has more than 2147483648 elements");

    GIVES(IR_FLATTEN, IN(MAP(3, 4, 5)), 1, NULL, VECTOR(60));
    GIVES(IR_FLATTEN, IN(VECTOR(60)), 1, NULL, VECTOR(60));
}
END_TEST

#define INPUT(s, ...) (&(struct ir_node){.shape = s, .input = {__VA_ARGS__}})

START_TEST(input)
{
    const double mean[] = {0.5, NAN}, std[] = {0.25, 0};
    GIVES(IR_INPUT, NULL, 0, INPUT(MAP(3, 32, 32), 0), MAP(3, 32, 32));
    GIVES(IR_INPUT, NULL, 0, INPUT(VECTOR(7), 0), VECTOR(7));
    GIVES(IR_INPUT, NULL, 0, INPUT(MAP(1, 1 << 16, 1 << 15), mean, std), MAP(1, 1 << 16, 1 << 15));
    REFUSES(IR_INPUT, NULL, 0, INPUT(MAP(2, 2, 2), mean, std), "mean[1] must be a finite number");
    REFUSES(IR_INPUT, NULL, 0, INPUT(MAP(2, 2, 2), std, std), "std[1] must be a positive number, not 0");
    REFUSES(IR_INPUT, NULL, 0, INPUT(MAP(1, 2, 2), mean, NULL), "normalization needs both mean and std");
    REFUSES(IR_INPUT, NULL, 0, INPUT(((struct ir_shape){2, 2, 2, 1}), 0), "an input has 1 dimension (features) or 3 (channels, height, width), not 2");
    REFUSES(IR_INPUT, NULL, 0, INPUT(MAP(3, 0, 32), 0), "the height must be at least 1, not 0");
    REFUSES(IR_INPUT, NULL, 0, INPUT(MAP(3, 32, -1), 0), "the width must be at least 1, not -1");
    REFUSES(IR_INPUT, NULL, 0, INPUT(MAP(0, 32, 32), 0), "the number of channels must be at least 1, not 0");
    REFUSES(IR_INPUT, NULL, 0, INPUT(VECTOR(0), 0), "the number of features must be at least 1, not 0");
    REFUSES(IR_INPUT, NULL, 0, INPUT(((struct ir_shape){1, 5, 2, 1}), 0), "a vector has no height and width");
    REFUSES(IR_INPUT, NULL, 0, INPUT(MAP(3, 1 << 15, 1 << 15), 0), "a result of shape 3x32768x32768 has more than 2147483648 elements");
    REFUSES(IR_INPUT, NULL, 0, INPUT(MAP(INT64_MAX, 1, 1), 0), "the number of channels 9223372036854775807 is larger than the limit of 2147483648");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("ir_shape");
    TCase *t = tcase_create("rules");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, conv);
    tcase_add_test(t, linear);
    tcase_add_test(t, elementwise);
    tcase_add_test(t, pools);
    tcase_add_test(t, maxima);
    tcase_add_test(t, slices);
    tcase_add_test(t, pads);
    tcase_add_test(t, activations_and_results);
    tcase_add_test(t, reshapes);
    tcase_add_test(t, joins);
    tcase_add_test(t, input);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
