/* One image from a file: PNG through libpng's simplified interface, binary PGM (P5) and PPM (P6) by hand, JPEG in image_jpeg.c.
 * The size is compared with what the caller needs before any pixel is decoded.
 * Colour becomes grey by the luma of ITU-R BT.601 in 8-bit fractions (77, 150, 29 of 256), so that equal R, G, B stay as they are.
 * Transparent pixels are put on black. */
#include "runtime/data/image.h"

#include "runtime/base/error.h"
#include "runtime/data/dataset.h"
#include "runtime/data/file.h"
#include "runtime/data/resize.h"

#include <errno.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* rgb (h*w, 3) interleaved to pixels (c, h, w). */
static void from_rgb(uint8_t *pixels, uint32_t c, size_t hw, const uint8_t *rgb)
{
    for (size_t i = 0; i < hw; i++) {
        const uint8_t *p = rgb + 3 * i;
        if (c == 1)
            pixels[i] = (uint8_t)((77u * p[0] + 150u * p[1] + 29u * p[2] + 128) >> 8);
        else
            for (uint32_t k = 0; k < 3; k++)
                pixels[k * hw + i] = p[k];
    }
}

enum cnas_status cn_image_settle(struct cn_image_target *t, unsigned long h, unsigned long w, const char *path, struct cnas_error *err)
{
    if (!t->rgb && (!h || !w || h > CN_DATASET_MAX_SIDE || w > CN_DATASET_MAX_SIDE))
        return cn_error(err, CNAS_E_FORMAT, "%s: the image is %lu pixels wide and %lu high; allowed is 1 to %d", cn_file_label(path), w, h,
                        CN_DATASET_MAX_SIDE);
    if (!t->rgb) {
        t->h = (uint32_t)h;
        t->w = (uint32_t)w;
        return CNAS_OK;
    }
    if (w == t->w && h == t->h)
        return CNAS_OK;
    return cn_error(err, CNAS_E_MISMATCH, "%s: the image is %lu pixels wide and %lu high, this network takes %u x %u; --resize resamples it",
                    cn_file_label(path), w, h, t->w, t->h);
}

static enum cnas_status load_png(struct cn_image_target *t, const char *path, FILE *file, struct cnas_error *err)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    static const png_color black = {0, 0, 0};
    enum cnas_status status;
    if (!png_image_begin_read_from_stdio(&image, file))
        return cn_error(err, CNAS_E_FORMAT, "%s: not a readable PNG: %s", cn_file_label(path), image.message);
    status = cn_image_settle(t, image.height, image.width, path, err);
    image.format = PNG_FORMAT_RGB;
    if (!status && t->rgb && !png_image_finish_read(&image, &black, t->rgb, (png_int_32)(3 * t->w), NULL))
        status = cn_error(err, CNAS_E_FORMAT, "%s: the PNG is damaged: %s", cn_file_label(path), image.message);
    png_image_free(&image);
    return status;
}

/* The next number of a PNM header: white space and comments, then at most 5 digits. -1: none. */
static int pnm_number(FILE *file)
{
    int c = getc(file), value = 0, digits = 0;
    while (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '#') {
        if (c == '#')
            while (c != '\n' && c != EOF)
                c = getc(file);
        else
            c = getc(file);
    }
    for (; c >= '0' && c <= '9' && digits < 5; digits++, c = getc(file))
        value = 10 * value + (c - '0');
    /* exactly one byte of white space ends the last number; it was just taken */
    return digits && (c == ' ' || c == '\t' || c == '\n' || c == '\r') ? value : -1;
}

static enum cnas_status load_pnm(struct cn_image_target *t, int colour, const char *path, FILE *file, struct cnas_error *err)
{
    int width = pnm_number(file), height = pnm_number(file), max = pnm_number(file);
    if (width < 1 || height < 1 || max < 1 || max > 65535)
        return cn_error(err, CNAS_E_FORMAT, "%s: the PGM/PPM header is malformed", cn_file_label(path));
    enum cnas_status status = cn_image_settle(t, (unsigned long)height, (unsigned long)width, path, err);
    if (status || !t->rgb)
        return status;
    size_t samples = (size_t)t->w * t->h * (colour ? 3 : 1);
    for (size_t i = 0; i < samples; i++) {
        int v = getc(file);
        if (max > 255 && v != EOF) {
            int low = getc(file);
            v = low == EOF ? EOF : v << 8 | low;
        }
        if (v == EOF)
            return cn_error(err, CNAS_E_FORMAT, "%s: the file is truncated", cn_file_label(path));
        if (v > max)
            return cn_error(err, CNAS_E_FORMAT, "%s: a sample is above the stated maximum of %d", cn_file_label(path), max);
        uint8_t byte = (uint8_t)(((uint32_t)v * 255u + (uint32_t)max / 2) / (uint32_t)max);
        if (colour)
            t->rgb[i] = byte;
        else
            memset(t->rgb + 3 * i, byte, 3);
    }
    return CNAS_OK;
}

/* The file's first bytes choose the decoder, not its name. */
static enum cnas_status load_file(struct cn_image_target *t, const char *path, struct cnas_error *err)
{
    unsigned char magic[2];
    enum cnas_status status;
    FILE *file = fopen(path, "rb");
    if (!file)
        return cn_error(err, CNAS_E_IO, "%s: cannot open it: %s", cn_file_label(path), strerror(errno));
    if (fread(magic, 1, 2, file) != 2)
        status = cn_error(err, ferror(file) ? CNAS_E_IO : CNAS_E_FORMAT, "%s: %s", cn_file_label(path),
                          ferror(file) ? strerror(errno) : "the file is empty or truncated");
    else if (magic[0] == 'P' && (magic[1] == '5' || magic[1] == '6'))
        status = load_pnm(t, magic[1] == '6', path, file, err);
    else if (magic[0] == 0x89 && magic[1] == 'P' && !fseek(file, 0, SEEK_SET))
        status = load_png(t, path, file, err);
    else if (magic[0] == 0xff && magic[1] == 0xd8 && !fseek(file, 0, SEEK_SET))
        status = cn_jpeg_load(t, path, file, err);
    else
        status = cn_error(err, CNAS_E_FORMAT, "%s: neither PNG, JPEG nor binary PGM/PPM", cn_file_label(path));
    fclose(file);
    return status;
}

enum cnas_status cn_image_size(uint32_t *h, uint32_t *w, const char *path, struct cnas_error *err)
{
    struct cn_image_target t = {NULL, 0, 0};
    enum cnas_status status = load_file(&t, path, err);
    *h = t.h;
    *w = t.w;
    return status;
}

/* An image of exactly this size. */
static enum cnas_status load_exactly(uint8_t *pixels, uint32_t c, uint32_t h, uint32_t w, const char *path, struct cnas_error *err)
{
    struct cn_image_target t = {malloc((size_t)w * h * 3), h, w};
    if (!t.rgb)
        return cn_error(err, CNAS_E_MEMORY, "%s: no memory for the image", cn_file_label(path));
    enum cnas_status status = load_file(&t, path, err);
    if (!status)
        from_rgb(pixels, c, (size_t)h * w, t.rgb);
    free(t.rgb);
    return status;
}

static enum cnas_status load_resampled(uint8_t *pixels, uint32_t c, uint32_t h, uint32_t w, uint32_t file_h, uint32_t file_w,
                                       const char *path, struct cnas_error *err)
{
    const size_t map = (size_t)file_h * file_w;
    struct cn_resize *r = NULL;
    uint8_t *whole = malloc(c * map);
    enum cnas_status status = CNAS_OK;
    if (!whole || cn_resize_new(&r, h, w, file_h, file_w))
        status = cn_error(err, CNAS_E_MEMORY, "%s: no memory for the image", cn_file_label(path));
    if (!status)
        status = load_exactly(whole, c, file_h, file_w, path, err);
    for (uint32_t k = 0; k < c && !status; k++)
        cn_resize_map(r, pixels + (size_t)k * h * w, whole + k * map);
    cn_resize_free(&r);
    free(whole);
    return status;
}

enum cnas_status cnas_image_load(uint8_t *pixels, uint32_t c, uint32_t h, uint32_t w, int resize, const char *path,
                                 struct cnas_error *err)
{
    uint32_t file_h = h, file_w = w;
    if (c != 1 && c != 3)
        return cn_error(err, CNAS_E_RANGE, "this network takes %u channels; image files give 1 or 3", c);
    if (resize)
        CNAS_TRY(cn_image_size(&file_h, &file_w, path, err));
    return file_h == h && file_w == w ? load_exactly(pixels, c, h, w, path, err)
                                      : load_resampled(pixels, c, h, w, file_h, file_w, path, err);
}
