/* JPEG through libjpeg-turbo. What the library only warns of (bytes missing, codes that cannot be) is an error here: it would go on with
 * grey in place of pixels, and a network would be trained on it. */
#include "config.h"

#include "runtime/data/image.h"

#include "runtime/base/error.h"
#include "runtime/data/file.h"

#ifdef HAVE_JPEG

#include <jpeglib.h>
#include <setjmp.h>
#include <string.h>

struct failure {
    struct jpeg_error_mgr base;
    jmp_buf back;
    char text[JMSG_LENGTH_MAX];
};

static void on_error(j_common_ptr j)
{
    struct failure *f = (struct failure *)j->err;
    f->base.format_message(j, f->text);
    longjmp(f->back, 1);
}

static void on_message(j_common_ptr j, int level)
{
    if (level < 0)
        on_error(j);
}

/* Comes back, or jumps to the caller. */
static enum cnas_status decode(struct jpeg_decompress_struct *j, struct cn_image_target *t, const char *path, FILE *file,
                               struct cnas_error *err)
{
    jpeg_create_decompress(j);
    jpeg_stdio_src(j, file);
    jpeg_read_header(j, TRUE);
    enum cnas_status status = cn_image_settle(t, j->image_height, j->image_width, path, err);
    if (status || !t->rgb)
        return status;
    j->out_color_space = JCS_RGB;
    jpeg_start_decompress(j);
    while (j->output_scanline < j->output_height) {
        JSAMPROW row = t->rgb + (size_t)j->output_scanline * 3 * t->w;
        jpeg_read_scanlines(j, &row, 1);
    }
    jpeg_finish_decompress(j);
    return CNAS_OK;
}

enum cnas_status cn_jpeg_load(struct cn_image_target *t, const char *path, FILE *file, struct cnas_error *err)
{
    struct jpeg_decompress_struct j;
    struct failure f;
    enum cnas_status status;
    memset(&j, 0, sizeof j);
    j.err = jpeg_std_error(&f.base);
    f.base.error_exit = on_error;
    f.base.emit_message = on_message;
    if (setjmp(f.back))
        status = cn_error(err, CNAS_E_FORMAT, "%s: the JPEG is damaged, or of a kind that is not read: %s", cn_file_label(path), f.text);
    else
        status = decode(&j, t, path, file, err);
    jpeg_destroy_decompress(&j);
    return status;
}

#else

enum cnas_status cn_jpeg_load(struct cn_image_target *t, const char *path, FILE *file, struct cnas_error *err)
{
    (void)t;
    (void)file;
    return cn_error(err, CNAS_E_FORMAT,
                    "%s: a JPEG, and cnasc was built without libjpeg (Debian: apt-get install libjpeg62-turbo-dev, then configure again)",
                    cn_file_label(path));
}

#endif
