/* Safetensors files: those of the reference implementation byte for byte, each way to be wrong, every truncation; and files that are
 * replaced whole or not at all. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/bytes.h"
#include "runtime/data/file.h"
#include "runtime/data/safetensors.h"
#include "tests/support/folder.h"

static char path[128];

static void setup(void)
{
    folder_make();
    snprintf(path, sizeof path, "%s/file", dir);
}

static void teardown(void)
{
    unlink(path);
    folder_remove_empty();
}

/* Written by the reference implementation: python safetensors 0.8.0, numpy 2.4.6:
 * save({"conv_1.weight": arange(8, f32).reshape(2,1,2,2)/4, "conv_1.bias": f32[1.5, -2], "steps": i64[3, 5, 7],
 *       "flags": u8[1, 0, 255], "empty": zeros((0, 3), f32)}, metadata={"format": "np"}) */
static const char reference_header[] =
    "{\"__metadata__\":{\"format\":\"np\"},\"steps\":{\"dtype\":\"I64\",\"shape\":[3],\"data_offsets\":[0,24]},"
    "\"conv_1.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[24,32]},"
    "\"conv_1.weight\":{\"dtype\":\"F32\",\"shape\":[2,1,2,2],\"data_offsets\":[32,64]},"
    "\"empty\":{\"dtype\":\"F32\",\"shape\":[0,3],\"data_offsets\":[64,64]},"
    "\"flags\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[64,67]}}     ";
static const unsigned char reference_data[67] =
    "\x03\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0\x07\0\0\0\0\0\0\0\0\0\xc0\x3f\0\0\0\xc0\0\0\0\0\0\0\x80\x3e\0\0\0\x3f\0\0\x40\x3f"
    "\0\0\x80\x3f\0\0\xa0\x3f\0\0\xc0\x3f\0\0\xe0\x3f\x01\0\xff";

static size_t assemble(unsigned char *out, const char *header, size_t header_size, const void *data, size_t n)
{
    cn_store64(out, header_size);
    memcpy(out + 8, header, header_size);
    memcpy(out + 8 + header_size, data, n);
    return 8 + header_size + n;
}

static size_t reference(unsigned char *out)
{
    ck_assert_uint_eq(sizeof reference_header - 1, 0x160);
    return assemble(out, reference_header, sizeof reference_header - 1, reference_data, sizeof reference_data);
}

START_TEST(safetensors_reads_the_reference)
{
    unsigned char b[512];
    struct cn_safetensors *s;
    put("file", b, reference(b));
    ck_assert_msg(!cn_safetensors_load(&s, path, 4096, &err), "%s", err.text);
    ck_assert_uint_eq(cn_safetensors_count(s), 5);
    ck_assert_str_eq(cn_safetensors_metadata(s, "format"), "np");
    ck_assert_ptr_null(cn_safetensors_metadata(s, "other"));
    const struct cn_tensor *w = cn_safetensors_find(s, "conv_1.weight");
    ck_assert(w && w->dtype == CN_F32 && w->rank == 4 && w->dim[0] == 2 && w->dim[1] == 1 && w->dim[2] == 2 && w->dim[3] == 2);
    float v[8];
    memcpy(v, w->data, sizeof v);
    for (int i = 0; i < 8; i++)
        ck_assert(v[i] == (float)i / 4);
    const struct cn_tensor *t = cn_safetensors_find(s, "steps");
    int64_t steps[3];
    memcpy(steps, t->data, sizeof steps);
    ck_assert(t->dtype == CN_I64 && steps[0] == 3 && steps[1] == 5 && steps[2] == 7);
    ck_assert_uint_eq(cn_safetensors_find(s, "empty")->bytes, 0);
    ck_assert_mem_eq(cn_safetensors_find(s, "flags")->data, "\x01\0\xff", 3);
    cn_safetensors_free(&s);
    ck_assert_ptr_null(s);
}
END_TEST

START_TEST(safetensors_writes_the_reference)
{
    unsigned char b[512], got[512];
    static const int64_t steps[] = {3, 5, 7};
    static const float bias[] = {1.5f, -2}, w[] = {0, .25f, .5f, .75f, 1, 1.25f, 1.5f, 1.75f};
    static const uint8_t flags[] = {1, 0, 255};
    const struct cn_tensor t[] = {
        {"flags", CN_U8, 1, {3}, flags, 3},    {"conv_1.weight", CN_F32, 4, {2, 1, 2, 2}, w, 32}, {"empty", CN_F32, 2, {0, 3}, w, 0},
        {"conv_1.bias", CN_F32, 1, {2}, bias, 8}, {"steps", CN_I64, 1, {3}, steps, 24},
    };
    const struct cn_metadata meta[] = {{"format", "np"}};
    ck_assert_msg(!cn_safetensors_save(path, t, 5, meta, 1, &err), "%s", err.text);
    const size_t n = get(path, got, sizeof got);
    ck_assert_uint_eq(n, reference(b));
    ck_assert_mem_eq(got, b, n);
}
END_TEST

START_TEST(safetensors_truncated)
{
    unsigned char b[512];
    struct cn_safetensors *s;
    size_t n = reference(b);
    for (size_t cut = 0; cut < n; cut++) {
        put("file", b, cut);
        ck_assert_int_eq(cn_safetensors_load(&s, path, 4096, &err), CNAS_E_FORMAT);
        ck_assert_ptr_null(s);
    }
    b[n] = 0;
    put("file", b, n + 1);
    fails(cn_safetensors_load(&s, path, 4096, &err), CNAS_E_FORMAT, "after the last");
    put("file", b, n);
    fails(cn_safetensors_load(&s, path, n - 1, &err), CNAS_E_FORMAT, "more than this network");
    fails(cn_safetensors_load(&s, dir, 4096, &err), CNAS_E_IO, "not a regular file");
}
END_TEST

START_TEST(safetensors_bad_headers)
{
#define T(name, rest) "\"" name "\":{" rest "}"
#define GOOD(name, a, b) T(name, "\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[" #a "," #b "]")
    static const struct {
        const char *header, *words;
    } bad[] = {
        {"", "JSON"},
        {"[]", "not a JSON object"},
        {"{\"a\":1", "JSON"},
        {"{" GOOD("a", 0, 4) "}x", "JSON"},
        {"{" GOOD("a", 0, 4) "," GOOD("a", 4, 8) "}", "JSON"}, /* duplicate */
        {"{\"a\":[]}", "dtype"},
        {"{\"a\":null}", "dtype"},
        {"{" T("a", "\"shape\":[4],\"data_offsets\":[0,4]") "}", "dtype"},
        {"{" T("a", "\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4],\"more\":1") "}", "exactly"},
        {"{" T("a", "\"dtype\":\"U9\",\"shape\":[4],\"data_offsets\":[0,4]") "}", "unknown dtype"},
        {"{" T("a", "\"dtype\":\"U8\",\"shape\":[-4],\"data_offsets\":[0,4]") "}", "shape"},
        {"{" T("a", "\"dtype\":\"U8\",\"shape\":[4.0],\"data_offsets\":[0,4]") "}", "shape"},
        {"{" T("a", "\"dtype\":\"U8\",\"shape\":4,\"data_offsets\":[0,4]") "}", "exactly"},
        {"{" T("a", "\"dtype\":\"U8\",\"shape\":[9007199254740992,9007199254740992],\"data_offsets\":[0,4]") "}", "shape"},
        {"{" T("a", "\"dtype\":\"U8\",\"shape\":[99999999999999999999],\"data_offsets\":[0,4]") "}", "JSON"},
        {"{" T("a", "\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1,1,1,4],\"data_offsets\":[0,4]") "}", "dimensions"},
        {"{" T("a", "\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0]") "}", "data_offsets"},
        {"{" T("a", "\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4,8]") "}", "data_offsets"},
        {"{" T("a", "\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[-1,3]") "}", "data_offsets"},
        {"{" T("a", "\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,0]") "}", "outside"},
        {"{" T("a", "\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[6,10]") "}", "outside"},
        {"{" T("a", "\"dtype\":\"U8\",\"shape\":[5],\"data_offsets\":[0,4]") "}", "do not fit"},
        {"{" GOOD("a", 0, 4) "," GOOD("b", 2, 6) "}", "overlaps"},
        {"{" GOOD("a", 0, 4) "," GOOD("b", 0, 4) "}", "overlaps"},
        {"{" GOOD("a", 4, 8) "}", "gap"},
        {"{" GOOD("a", 0, 4) "}", "after the last"},
        {"{" GOOD("", 0, 4) "," GOOD("b", 4, 8) "}", "name"},
        {"{" GOOD("a\\u001b[2J", 0, 4) "," GOOD("b", 4, 8) "}", "name"},
        {"{" GOOD("a\\u0000", 0, 4) "," GOOD("b", 4, 8) "}", "JSON"},
        {"{\"__metadata__\":{\"k\":1}," GOOD("a", 0, 4) "," GOOD("b", 4, 8) "}", "metadata"},
        {"{\"__metadata__\":[]," GOOD("a", 0, 4) "," GOOD("b", 4, 8) "}", "metadata"},
    };
    unsigned char b[1024];
    struct cn_safetensors *s;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put("file", b, assemble(b, bad[i].header, strlen(bad[i].header), "01234567", 8));
        enum cnas_status status = cn_safetensors_load(&s, path, 4096, &err);
        ck_assert_msg(status == CNAS_E_FORMAT && strstr(err.text, bad[i].words), "%s: `%s' does not say `%s'", bad[i].header,
                      status ? err.text : "(accepted)", bad[i].words);
    }
    static const char good[] = "{" GOOD("a", 0, 4) "," GOOD("b", 4, 8) "}";
    put("file", b, assemble(b, good, sizeof good - 1, "01234567", 8));
    ck_assert_int_eq(cn_safetensors_load(&s, path, 4096, &err), CNAS_OK);
    cn_safetensors_free(&s);
    cn_store64(b, UINT64_MAX); /* a header longer than the file, and than memory */
    put("file", b, 100);
    fails(cn_safetensors_load(&s, path, 4096, &err), CNAS_E_FORMAT, "header");
    /* nesting far beyond any sense */
    const size_t depth = 400000;
    unsigned char *deep = malloc(depth + 8);
    cn_store64(deep, depth);
    memset(deep + 8, '[', depth);
    put("file", deep, depth + 8);
    free(deep);
    fails(cn_safetensors_load(&s, path, 1 << 20, &err), CNAS_E_FORMAT, "JSON");
}
END_TEST

START_TEST(files_are_replaced_whole)
{
    const struct cn_file_part parts[] = {{"ab", 2}, {"", 0}, {"cd", 2}};
    unsigned char b[8];
    put("file", "old", 3);
    ck_assert_int_eq(cn_file_replace(path, parts, 3, &err), CNAS_OK);
    ck_assert_uint_eq(get(path, b, sizeof b), 4);
    ck_assert_mem_eq(b, "abcd", 4);
    fails(cn_file_replace("/nonexistent/x", parts, 3, &err), CNAS_E_IO, "/nonexistent/x");
    char sub[160]; /* a folder stands in the way */
    snprintf(sub, sizeof sub, "%s/sub", dir);
    ck_assert_int_eq(mkdir(sub, 0700), 0);
    fails(cn_file_replace(sub, parts, 3, &err), CNAS_E_IO, "not a regular file");
    ck_assert_int_eq(rmdir(sub), 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("safetensors");
    TCase *t = tcase_create("safetensors");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, safetensors_reads_the_reference);
    tcase_add_test(t, safetensors_writes_the_reference);
    tcase_add_test(t, safetensors_truncated);
    tcase_add_test(t, safetensors_bad_headers);
    tcase_add_test(t, files_are_replaced_whole);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
