/* Writes a small separable data set of 32 x 32 colour images, for end-to-end tests that must not depend on a download: in the binary
 * form of CIFAR-10, or as PNG files in image folders.
 * usage: make_cifar [--folders] DIR TRAIN TEST CLASSES: class k has its own colour and stripes under noise. TRAIN images in all, over
 * the five batches. Deterministic; both forms hold the same images. */
#include <png.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { HW = 32 * 32 };

static uint32_t next(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407); /* Knuth, MMIX */
    return (uint32_t)(*state >> 33);
}

/* The label; the image's planes go to record. */
static uint32_t draw(unsigned char record[3 * HW], uint32_t classes, uint64_t *seed)
{
    uint32_t label = next(seed) % classes, phase = next(seed) % 8;
    for (uint32_t colour = 0; colour < 3; colour++)
        for (uint32_t y = 0; y < 32; y++)
            for (uint32_t x = 0; x < 32; x++) {
                int bright = label % 3 == colour && ((label / 3 % 2 ? x : y) + phase) / 4 % 2 == 0;
                record[colour * HW + y * 32 + x] = (unsigned char)(next(seed) % 90 + (bright ? 130 : 0));
            }
    return label;
}

static int write_batch(const char *path, uint32_t n, uint32_t classes, uint64_t seed)
{
    unsigned char record[3 * HW];
    FILE *f = fopen(path, "wb");
    for (uint32_t i = 0; f && i < n; i++) {
        putc((int)draw(record, classes, &seed), f);
        fwrite(record, sizeof record, 1, f);
    }
    return !f || fclose(f);
}

/* Images first .. first + n - 1 of DIR/PART. */
static int write_folders(const char *dir, const char *part, uint32_t first, uint32_t n, uint32_t classes, uint64_t seed)
{
    char path[4096];
    unsigned char record[3 * HW], rgb[3 * HW];
    snprintf(path, sizeof path, "%s/%s", dir, part);
    mkdir(path, 0777);
    for (uint32_t i = first; i < first + n; i++) {
        const uint32_t label = draw(record, classes, &seed);
        for (size_t k = 0; k < 3 * HW; k++)
            rgb[k % HW * 3 + k / HW] = record[k];
        snprintf(path, sizeof path, "%s/%s/class %u", dir, part, label);
        mkdir(path, 0777);
        snprintf(path + strlen(path), 16, "/%05u.png", i);
        png_image image = {.version = PNG_IMAGE_VERSION, .width = 32, .height = 32, .format = PNG_FORMAT_RGB};
        if (!png_image_write_to_file(&image, path, 0, rgb, 0, NULL))
            return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    const int folders = argc > 1 && !strcmp(argv[1], "--folders");
    char **arg = argv + 1 + folders, path[4096];
    if (argc != 5 + folders) {
        fprintf(stderr, "usage: make_cifar [--folders] DIR TRAIN TEST CLASSES\n");
        return 2;
    }
    const uint32_t train = (uint32_t)atoi(arg[1]), test = (uint32_t)atoi(arg[2]), classes = (uint32_t)atoi(arg[3]);
    for (uint32_t i = 1; i <= 6; i++) {
        const uint32_t first = i < 6 ? train * (i - 1) / 5 : 0, n = i < 6 ? train * i / 5 - first : test;
        snprintf(path, sizeof path, "%s/data_batch_%u.bin", arg[0], i);
        if (i == 6)
            snprintf(path, sizeof path, "%s/test_batch.bin", arg[0]);
        if (folders ? write_folders(arg[0], i < 6 ? "train" : "test", first, n, classes, i) : write_batch(path, n, classes, i)) {
            fprintf(stderr, "make_cifar: cannot write to %s\n", arg[0]);
            return 1;
        }
    }
    return 0;
}
