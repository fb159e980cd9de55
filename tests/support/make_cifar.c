/* Writes a small separable data set in the binary form of CIFAR-10, for end-to-end tests that must not depend on a download.
 * usage: make_cifar DIR TRAIN TEST CLASSES: class k has its own colour and stripes under noise. TRAIN images in all, over the five
 * batches. Deterministic. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint32_t next(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407); /* Knuth, MMIX */
    return (uint32_t)(*state >> 33);
}

static int write_file(const char *dir, const char *name, uint32_t n, uint32_t classes, uint64_t seed)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    if (!f) {
        perror(path);
        return 1;
    }
    for (uint32_t i = 0; i < n; i++) {
        uint32_t label = next(&seed) % classes, phase = next(&seed) % 8;
        putc((int)label, f);
        for (uint32_t colour = 0; colour < 3; colour++)
            for (uint32_t y = 0; y < 32; y++)
                for (uint32_t x = 0; x < 32; x++) {
                    int bright = label % 3 == colour && ((label / 3 % 2 ? x : y) + phase) / 4 % 2 == 0;
                    putc((int)(next(&seed) % 90 + (bright ? 130 : 0)), f);
                }
    }
    return fclose(f) != 0;
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: make_cifar DIR TRAIN TEST CLASSES\n");
        return 2;
    }
    uint32_t train = (uint32_t)atoi(argv[2]), test = (uint32_t)atoi(argv[3]), classes = (uint32_t)atoi(argv[4]);
    for (uint32_t i = 1; i <= 5; i++) {
        char name[32];
        snprintf(name, sizeof name, "data_batch_%u.bin", i);
        if (write_file(argv[1], name, train * i / 5 - train * (i - 1) / 5, classes, i))
            return 1;
    }
    return write_file(argv[1], "test_batch.bin", test, classes, 6);
}
