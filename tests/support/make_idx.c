/* Writes a small separable data set in MNIST's IDX format, for end-to-end tests that must not depend on a download.
 * usage: make_idx DIR TRAIN TEST SIDE CLASSES: images of SIDE x SIDE; class k has stripes of its own direction and width
 * under noise. Deterministic. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint32_t next(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407); /* Knuth, MMIX */
    return (uint32_t)(*state >> 33);
}

static void big_endian(FILE *f, uint32_t v)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        putc((int)(v >> shift & 255), f);
}

static int write_part(const char *dir, const char *part, uint32_t n, uint32_t side, uint32_t classes, uint64_t seed)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s-images-idx3-ubyte", dir, part);
    FILE *images = fopen(path, "wb");
    snprintf(path, sizeof path, "%s/%s-labels-idx1-ubyte", dir, part);
    FILE *labels = fopen(path, "wb");
    if (!images || !labels) {
        perror(path);
        return 1;
    }
    big_endian(images, 0x803);
    big_endian(images, n);
    big_endian(images, side);
    big_endian(images, side);
    big_endian(labels, 0x801);
    big_endian(labels, n);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t label = next(&seed) % classes, width = 1 + label / 2, phase = next(&seed) % 8;
        putc((int)label, labels);
        for (uint32_t y = 0; y < side; y++)
            for (uint32_t x = 0; x < side; x++) {
                int bright = ((label % 2 ? x : y) + phase) / width % 2 == 0;
                putc((int)(next(&seed) % 90 + (bright ? 130 : 0)), images);
            }
    }
    return fclose(images) | fclose(labels);
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fprintf(stderr, "usage: make_idx DIR TRAIN TEST SIDE CLASSES\n");
        return 2;
    }
    uint32_t train = (uint32_t)atoi(argv[2]), test = (uint32_t)atoi(argv[3]), side = (uint32_t)atoi(argv[4]);
    uint32_t classes = (uint32_t)atoi(argv[5]);
    return write_part(argv[1], "train", train, side, classes, 1) || write_part(argv[1], "t10k", test, side, classes, 2);
}
