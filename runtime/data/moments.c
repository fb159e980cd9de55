/* Mean and standard deviation of a data set's channels. The bytes are counted, so the sums are exact however large the set is. */
#include <cnas/data.h>

#include <math.h>

static void count(size_t counts[256], const struct cnas_dataset *d, size_t channel)
{
    const size_t hw = (size_t)d->h * d->w;
    for (size_t i = 0; i < d->n; i++) {
        const uint8_t *map = d->pixels + (i * d->c + channel) * hw;
        for (size_t p = 0; p < hw; p++)
            counts[map[p]]++;
    }
}

void cnas_dataset_moments(double *mean, double *std, const struct cnas_dataset *d)
{
    for (uint32_t c = 0; c < d->c; c++) {
        size_t counts[256] = {0};
        double n = 0, sum = 0, squares = 0;
        count(counts, d, c);
        for (int v = 0; v < 256; v++) {
            n += (double)counts[v];
            sum += (double)counts[v] * v;
        }
        const double middle = n > 0 ? sum / n : 0;
        for (int v = 0; v < 256; v++)
            squares += (double)counts[v] * (v - middle) * (v - middle);
        mean[c] = middle / 255;
        std[c] = n > 0 ? sqrt(squares / n) / 255 : 0;
    }
}
