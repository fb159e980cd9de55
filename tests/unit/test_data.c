/* Files from outside: IDX, images, safetensors, parameter files. Each right case, each way to be wrong, every truncation. */
#include <check.h>
#include <math.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cnas/train.h>

#include "runtime/base/bytes.h"
#include "runtime/data/file.h"
#include "runtime/data/safetensors.h"

static char dir[] = "/tmp/cnas-data-XXXXXX";
static char path[128];
static struct cnas_error err;

static void setup(void)
{
    strcpy(dir + strlen(dir) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/file", dir);
}

static void remove_file(const char *name)
{
    char full[256];
    snprintf(full, sizeof full, "%s/%s", dir, name);
    unlink(full);
}

static const char *const idx_names[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
                                        "t10k-labels-idx1-ubyte", "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"};

static void teardown(void)
{
    remove_file("file");
    for (size_t i = 0; i < sizeof idx_names / sizeof *idx_names; i++)
        remove_file(idx_names[i]);
    ck_assert_msg(rmdir(dir) == 0, "something was left in %s", dir);
}

static void put(const char *name, const void *bytes, size_t n)
{
    char full[256];
    snprintf(full, sizeof full, "%s/%s", dir, name);
    FILE *f = fopen(full, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(bytes, 1, n, f), n);
    fclose(f);
}

static void put_gz(const char *name, const void *bytes, unsigned n)
{
    char full[256];
    snprintf(full, sizeof full, "%s/%s", dir, name);
    gzFile f = gzopen(full, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(gzwrite(f, bytes, n), (int)n);
    gzclose(f);
}

static void fails(enum cnas_status status, enum cnas_status expected, const char *words)
{
    ck_assert_msg(status == expected, "status %d, not %d: %s", status, expected, err.text);
    ck_assert_int_eq(err.status, expected);
    ck_assert_msg(strstr(err.text, words) != NULL, "`%s' does not say `%s'", err.text, words);
    ck_assert_ptr_null(strchr(err.text, '\n'));
}

/* --- IDX --- */

/* 3 images of 2x2, labels 0 2 1. */
static const unsigned char images[] = {0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
static const unsigned char labels[] = {0, 0, 8, 1, 0, 0, 0, 3, 0, 2, 1};

START_TEST(idx_plain_and_gz)
{
    for (int gz = 0; gz < 2; gz++) {
        struct cnas_dataset d;
        if (gz) {
            put_gz("train-images-idx3-ubyte.gz", images, sizeof images);
            put_gz("train-labels-idx1-ubyte.gz", labels, sizeof labels);
        } else {
            put("t10k-images-idx3-ubyte", images, sizeof images);
            put("t10k-labels-idx1-ubyte", labels, sizeof labels);
        }
        ck_assert_msg(!cnas_dataset_load_idx(&d, dir, gz ? "train" : "test", &err), "%s", err.text);
        ck_assert_uint_eq(d.n, 3);
        ck_assert(d.c == 1 && d.h == 2 && d.w == 2 && d.classes == 3);
        ck_assert_mem_eq(d.pixels, images + 16, 12);
        ck_assert(d.labels[0] == 0 && d.labels[1] == 2 && d.labels[2] == 1);
        struct cnas_model m = {.name = "n", .c = 1, .h = 2, .w = 2, .classes = 3};
        ck_assert_int_eq(cnas_dataset_check(&d, &m, &err), CNAS_OK);
        m.classes = 2;
        fails(cnas_dataset_check(&d, &m, &err), CNAS_E_MISMATCH, "label 2");
        m.h = 3;
        fails(cnas_dataset_check(&d, &m, &err), CNAS_E_MISMATCH, "1x3x2");
        cnas_dataset_clear(&d);
    }
}
END_TEST

START_TEST(idx_missing)
{
    struct cnas_dataset d;
    fails(cnas_dataset_load_idx(&d, dir, "test", &err), CNAS_E_IO, "t10k-images");
    put("t10k-images-idx3-ubyte", images, sizeof images);
    fails(cnas_dataset_load_idx(&d, dir, "test", &err), CNAS_E_IO, "t10k-labels");
    ck_assert_ptr_null(d.pixels);
}
END_TEST

START_TEST(idx_truncated_or_long)
{
    struct cnas_dataset d;
    unsigned char longer[sizeof images + 1] = {0};
    memcpy(longer, images, sizeof images);
    put("train-labels-idx1-ubyte", labels, sizeof labels);
    for (size_t n = 0; n <= sizeof longer; n++) {
        put("train-images-idx3-ubyte", longer, n);
        enum cnas_status status = cnas_dataset_load_idx(&d, dir, "train", &err);
        if (n == sizeof images)
            cnas_dataset_clear(&d);
        else
            fails(status, CNAS_E_FORMAT, "train-images");
    }
    put("train-images-idx3-ubyte", images, sizeof images);
    for (size_t n = 0; n < sizeof labels; n++) {
        put("train-labels-idx1-ubyte", labels, n);
        fails(cnas_dataset_load_idx(&d, dir, "train", &err), CNAS_E_FORMAT, "train-labels");
    }
}
END_TEST

START_TEST(idx_damaged_gz)
{
    struct cnas_dataset d;
    char full[256];
    unsigned char b[256];
    put_gz("train-images-idx3-ubyte.gz", images, sizeof images);
    put_gz("train-labels-idx1-ubyte.gz", labels, sizeof labels);
    snprintf(full, sizeof full, "%s/train-images-idx3-ubyte.gz", dir);
    FILE *f = fopen(full, "rb");
    size_t n = fread(b, 1, sizeof b, f);
    fclose(f);
    for (size_t cut = 0; cut < n; cut++) {
        put("train-images-idx3-ubyte.gz", b, cut);
        ck_assert_msg(cnas_dataset_load_idx(&d, dir, "train", &err), "cut to %zu of %zu bytes", cut, n);
    }
    b[n - 6] ^= 1; /* the checksum */
    put("train-images-idx3-ubyte.gz", b, n);
    fails(cnas_dataset_load_idx(&d, dir, "train", &err), CNAS_E_FORMAT, "train-images");
}
END_TEST

START_TEST(idx_bad_headers)
{
    static const struct {
        size_t at;
        unsigned char value;
        const char *words;
    } cases[] = {
        {2, 9, "not an IDX file"},    {3, 1, "not an IDX file"}, {0, 1, "not an IDX file"},
        {7, 0, "axis 0 has size 0"},  {4, 255, "axis 0"},        {8, 1, "axis 1"},
        {7, 4, "promises"},           {7, 2, "longer"},          {11, 200, "promises"},
    };
    struct cnas_dataset d;
    put("train-labels-idx1-ubyte", labels, sizeof labels);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned char b[sizeof images];
        memcpy(b, images, sizeof b);
        b[cases[i].at] = cases[i].value;
        unsigned char l[sizeof labels];
        memcpy(l, labels, sizeof l);
        if (cases[i].at == 7 && cases[i].value == 2) { /* fits the labels, but the images go on */
            l[7] = 2;
            put("train-labels-idx1-ubyte", l, sizeof l - 1);
        }
        put("train-images-idx3-ubyte", b, sizeof b);
        fails(cnas_dataset_load_idx(&d, dir, "train", &err), CNAS_E_FORMAT, cases[i].words);
        put("train-labels-idx1-ubyte", labels, sizeof labels);
    }
    put("train-images-idx3-ubyte", images, sizeof images);
    static const unsigned char two[] = {0, 0, 8, 1, 0, 0, 0, 2, 0, 2};
    put("train-labels-idx1-ubyte", two, sizeof two);
    fails(cnas_dataset_load_idx(&d, dir, "train", &err), CNAS_E_FORMAT, "2 labels, but 3 images");
}
END_TEST

/* --- images --- */

static void put_png(unsigned w, unsigned h, uint32_t format, const void *pixels)
{
    png_image image = {.version = PNG_IMAGE_VERSION, .width = w, .height = h, .format = format};
    ck_assert(png_image_write_to_file(&image, path, 0, pixels, 0, NULL));
}

START_TEST(image_formats)
{
    static const uint8_t grey[] = {0, 50, 100, 150, 200, 255}; /* 2 high, 3 wide */
    static const uint8_t rgb[] = {255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 10, 10, 255, 255, 255, 0, 0, 0};
    static const uint8_t luma[] = {77, 149, 29, 10, 255, 0}; /* BT.601: 0.299, 0.587, 0.114 of 255, 8-bit weights */
    uint8_t out[18];
    put_png(3, 2, PNG_FORMAT_GRAY, grey);
    ck_assert_msg(!cnas_image_load(out, 1, 2, 3, 0, path, &err), "%s", err.text);
    ck_assert_mem_eq(out, grey, 6);
    ck_assert_int_eq(cnas_image_load(out, 3, 2, 3, 0, path, &err), CNAS_OK);
    for (int k = 0; k < 3; k++)
        ck_assert_mem_eq(out + 6 * k, grey, 6);
    put_png(3, 2, PNG_FORMAT_RGB, rgb);
    ck_assert_int_eq(cnas_image_load(out, 3, 2, 3, 0, path, &err), CNAS_OK);
    for (int i = 0; i < 6; i++)
        for (int k = 0; k < 3; k++)
            ck_assert_uint_eq(out[6 * k + i], rgb[3 * i + k]);
    ck_assert_int_eq(cnas_image_load(out, 1, 2, 3, 0, path, &err), CNAS_OK);
    ck_assert_mem_eq(out, luma, 6);
    static const char ppm[] = "P6\n# a comment\n3 2\n255\n";
    uint8_t file[64];
    memcpy(file, ppm, sizeof ppm - 1);
    memcpy(file + sizeof ppm - 1, rgb, sizeof rgb);
    put("file", file, sizeof ppm - 1 + sizeof rgb);
    ck_assert_int_eq(cnas_image_load(out, 1, 2, 3, 0, path, &err), CNAS_OK);
    ck_assert_mem_eq(out, luma, 6);
    put("file", "P5 3 2 255\n\0\x32\x64\x96\xc8\xff", 17);
    ck_assert_int_eq(cnas_image_load(out, 1, 2, 3, 0, path, &err), CNAS_OK);
    ck_assert_mem_eq(out, grey, 6);
    put("file", "P5 3 1 1023\n\0\0\x03\xff\x02\x01", 18); /* 16-bit samples, scaled */
    ck_assert_int_eq(cnas_image_load(out, 1, 1, 3, 0, path, &err), CNAS_OK);
    ck_assert(out[0] == 0 && out[1] == 255 && out[2] == 128);
}
END_TEST

START_TEST(image_errors)
{
    static const uint8_t grey[784];
    static const struct {
        const char *bytes;
        size_t n;
        const char *words;
    } bad[] = {
        {"", 0, "empty"},
        {"P", 1, "empty"},
        {"GIF89a", 6, "neither PNG"},
        {"P2 2 2 255 1 2 3 4", 18, "neither PNG"},
        {"P5 3 2 255\nab", 13, "truncated"},
        {"P5 3 2 0\nabcdef", 15, "header"},
        {"P5 3 2 70000\nabcdef", 19, "header"},
        {"P5 -3 2 255\nabcdef", 18, "header"},
        {"P5 3 2 99\nabcdef\xff", 16, "truncated"},
        {"P5 3 2 99\naaa\xff" "aa", 16, "maximum"},
        {"P5 3", 4, "header"},
        {"P5 # no end", 11, "header"},
        {"\x89PNG\r\n\x1a\n", 8, "PNG"},
        {"\x89Pudding", 8, "PNG"},
    };
    uint8_t out[784];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put("file", bad[i].bytes, bad[i].n);
        if (!strcmp(bad[i].words, "truncated") && bad[i].n == 16)
            put("file", "P5 3 2 99\naaaaa", 15);
        fails(cnas_image_load(out, 1, 2, 3, 0, path, &err), CNAS_E_FORMAT, bad[i].words);
    }
    put_png(28, 28, PNG_FORMAT_GRAY, grey);
    fails(cnas_image_load(out, 1, 28, 27, 0, path, &err), CNAS_E_MISMATCH, "28 pixels wide");
    unsigned char b[2048];
    FILE *f = fopen(path, "rb");
    size_t n = fread(b, 1, sizeof b, f);
    fclose(f);
    for (size_t cut = 0; cut + 12 < n; cut++) { /* libpng needs no IEND chunk (12 bytes) to know all pixels */
        put("file", b, cut);
        ck_assert_msg(cnas_image_load(out, 1, 28, 28, 0, path, &err), "cut to %zu of %zu", cut, n);
    }
    fails(cnas_image_load(out, 2, 2, 3, 0, path, &err), CNAS_E_RANGE, "channels");
    fails(cnas_image_load(out, 1, 2, 3, 0, "/nonexistent.png", &err), CNAS_E_IO, "nonexistent");
}
END_TEST

/* --- safetensors --- */

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
    FILE *f = fopen(path, "rb");
    size_t n = fread(got, 1, sizeof got, f);
    fclose(f);
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
    char b[8] = "";
    put("file", "old", 3);
    ck_assert_int_eq(cn_file_replace(path, parts, 3, &err), CNAS_OK);
    FILE *f = fopen(path, "rb");
    ck_assert_uint_eq(fread(b, 1, sizeof b, f), 4);
    fclose(f);
    ck_assert_mem_eq(b, "abcd", 4);
    fails(cn_file_replace("/nonexistent/x", parts, 3, &err), CNAS_E_IO, "/nonexistent/x");
    char sub[160]; /* a folder stands in the way */
    snprintf(sub, sizeof sub, "%s/sub", dir);
    ck_assert_int_eq(mkdir(sub, 0700), 0);
    fails(cn_file_replace(sub, parts, 3, &err), CNAS_E_IO, "not a regular file");
    ck_assert_int_eq(rmdir(sub), 0);
}
END_TEST

/* --- parameters --- */

static const struct cnas_param params[] = {
    {"conv_1.weight", CNAS_PARAM_WEIGHT, 4, {2, 1, 2, 2}, 0, 8},
    {"conv_1.bias", CNAS_PARAM_BIAS, 1, {2}, 8, 2},
    {"norm.var", CNAS_PARAM_VAR, 1, {2}, 10, 2},
};
static const struct cnas_model model = {.name = "net", .digest = "d1", .clear_digest = "d1", .params = params, .n_params = 3, .params_floats = 12,
                                        .params_trained = 10};

START_TEST(params_round_trip)
{
    float p[12], q[12] = {0};
    for (int i = 0; i < 12; i++)
        p[i] = 0.1f * (float)i;
    ck_assert_int_eq(cnas_params_save(p, &model, path, &err), CNAS_OK);
    ck_assert_msg(!cnas_params_load(q, &model, path, &err), "%s", err.text);
    ck_assert_mem_eq(p, q, sizeof p);
    struct cn_safetensors *s;
    ck_assert_int_eq(cn_safetensors_load(&s, path, 4096, &err), CNAS_OK);
    ck_assert_str_eq(cn_safetensors_metadata(s, "network"), "net");
    ck_assert_str_eq(cn_safetensors_metadata(s, "digest"), "d1");
    cn_safetensors_free(&s);
    fails(cnas_params_save(p, &model, "/nonexistent/p", &err), CNAS_E_IO, "/nonexistent");
}
END_TEST

START_TEST(params_refused)
{
    static const float zeros[16];
    static const struct cn_tensor w = {"conv_1.weight", CN_F32, 4, {2, 1, 2, 2}, zeros, 32}, b = {"conv_1.bias", CN_F32, 1, {2}, zeros, 8},
                                  v = {"norm.var", CN_F32, 1, {2}, zeros, 8};
    static const float infinite[2] = {0, INFINITY}, nan_value[2] = {NAN, 0}, negative[2] = {1, -1};
    const struct {
        struct cn_tensor t[4];
        size_t n;
        enum cnas_status status;
        const char *words;
    } cases[] = {
        {{b, v}, 2, CNAS_E_MISMATCH, "tensor `conv_1.weight` is missing"},
        {{{"conv_1.weight", CN_F32, 4, {2, 1, 1, 4}, zeros, 32}, b, v}, 3, CNAS_E_MISMATCH,
         "tensor `conv_1.weight` has shape 2x1x1x4, this network needs 2x1x2x2"},
        {{{"conv_1.weight", CN_F32, 3, {2, 2, 2}, zeros, 32}, b, v}, 3, CNAS_E_MISMATCH, "has shape 2x2x2, this"},
        {{{"conv_1.weight", CN_F16, 4, {2, 1, 2, 2}, zeros, 16}, b, v}, 3, CNAS_E_MISMATCH, "has type F16, this network needs F32"},
        {{w, b, v, {"other", CN_F32, 1, {2}, zeros, 8}}, 4, CNAS_E_MISMATCH, "tensor `other` is not part of this network"},
        {{w, {"conv_1.bias", CN_F32, 1, {2}, infinite, 8}, v}, 3, CNAS_E_RANGE, "`conv_1.bias` holds an infinity at element 1"},
        {{w, {"conv_1.bias", CN_F32, 1, {2}, nan_value, 8}, v}, 3, CNAS_E_RANGE, "`conv_1.bias` holds NaN at element 0"},
        {{w, b, {"norm.var", CN_F32, 1, {2}, negative, 8}}, 3, CNAS_E_RANGE, "variance"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        float p[12];
        for (int j = 0; j < 12; j++)
            p[j] = 7;
        ck_assert_int_eq(cn_safetensors_save(path, cases[i].t, cases[i].n, NULL, 0, &err), CNAS_OK);
        fails(cnas_params_load(p, &model, path, &err), cases[i].status, cases[i].words);
        for (int j = 0; j < 12; j++)
            ck_assert(p[j] == 7); /* a refused file changes nothing */
    }
    const struct cn_tensor plain[] = {w, b, v}; /* no metadata: another program wrote it */
    float p[12];
    ck_assert_int_eq(cn_safetensors_save(path, plain, 3, NULL, 0, &err), CNAS_OK);
    ck_assert_int_eq(cnas_params_load(p, &model, path, &err), CNAS_OK);
    fails(cnas_params_load(p, &model, "/nonexistent", &err), CNAS_E_IO, "nonexistent");
    struct cnas_model strided = model; /* the same names and shapes */
    strided.clear_digest = "d2";
    ck_assert_int_eq(cnas_params_save(p, &model, path, &err), CNAS_OK);
    fails(cnas_params_load(p, &strided, path, &err), CNAS_E_MISMATCH, "another build of network `net` (d1, this one is d2)");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("data");
    TCase *t = tcase_create("files");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, idx_plain_and_gz);
    tcase_add_test(t, idx_missing);
    tcase_add_test(t, idx_truncated_or_long);
    tcase_add_test(t, idx_damaged_gz);
    tcase_add_test(t, idx_bad_headers);
    tcase_add_test(t, image_formats);
    tcase_add_test(t, image_errors);
    tcase_add_test(t, safetensors_reads_the_reference);
    tcase_add_test(t, safetensors_writes_the_reference);
    tcase_add_test(t, safetensors_truncated);
    tcase_add_test(t, safetensors_bad_headers);
    tcase_add_test(t, files_are_replaced_whole);
    tcase_add_test(t, params_round_trip);
    tcase_add_test(t, params_refused);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
