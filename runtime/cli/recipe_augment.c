/* Augmentation as a text: as --augment has it,
 *     flip or flip=alternate, crop=N or crop=N:reflect, cutout=N, cutmix=SHARE
 * and as the language has it, and --print-recipe prints it:
 *     [flip(alternate = true), crop(2, border = "reflect"), cutout(8), cutmix(0.5)] */
#include "runtime/cli/recipe_text.h"

#include "runtime/cli/args.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct words {
    const char *alternate, *crop, *reflect, *end, *cutout, *cutmix, *comma;
};
static const struct words option_words = {"=alternate", "crop=", ":reflect", "", "cutout=", "cutmix=", ","};
static const struct words language_words = {"(alternate = true)", "crop(", ", border = \"reflect\"", ")", "cutout(", "cutmix(", ", "};

/* CN_AUGMENT_TEXT is room for every kind at once, the longest numbers included. */
const char *cn_augment_text(char text[CN_AUGMENT_TEXT], const struct cnas_train_options *o, int in_language)
{
    const struct words *words = in_language ? &language_words : &option_words;
    char share[CN_REAL_TEXT];
    size_t n = 0;
    text[0] = 0;
    if (o->flip)
        n += (size_t)snprintf(text + n, CN_AUGMENT_TEXT - n, "flip%s", o->flip == CNAS_FLIP_ALTERNATE ? words->alternate : "");
    if (o->crop)
        n += (size_t)snprintf(text + n, CN_AUGMENT_TEXT - n, "%s%s%" PRIu32 "%s%s", n ? words->comma : "", words->crop, o->crop,
                              o->padding == CNAS_PADDING_REFLECT ? words->reflect : "", words->end);
    if (o->cutout)
        n += (size_t)snprintf(text + n, CN_AUGMENT_TEXT - n, "%s%s%" PRIu32 "%s", n ? words->comma : "", words->cutout, o->cutout, words->end);
    if (o->cutmix > 0)
        snprintf(text + n, CN_AUGMENT_TEXT - n, "%s%s%s%s", n ? words->comma : "", words->cutmix, cn_real_text(share, o->cutmix), words->end);
    return text;
}

/* ---- reading ---- */

enum { WORD = 32 };

static int take(const char **at, char c)
{
    *at += strspn(*at, " \t\n");
    if (**at != c)
        return 0;
    ++*at;
    return 1;
}

/* A name, a number or a string; 0: there is none, or it is too long for any that is known. */
static int take_word(const char **at, char word[WORD])
{
    const int quoted = take(at, '"');
    const size_t n = strspn(*at, "abcdefghijklmnopqrstuvwxyz_0123456789.-");
    if (!n || n >= WORD)
        return 0;
    memcpy(word, *at, n);
    word[n] = '\0';
    *at += n;
    return !quoted || take(at, '"');
}

static int set_count(uint32_t *out, const char *word, uint32_t most)
{
    uint64_t n;
    const char *end = cn_digits(&n, word, 1, most);
    *out = end ? (uint32_t)n : 0;
    return end && !*end;
}

/* 0, which is none, to 1. In decimal, as in the language: strtod would read hexadecimal numbers too. */
static int set_share(double *out, const char *word)
{
    char *end;
    if (*word < '0' || *word > '9' || word[strspn(word, "0123456789.e-")])
        return 0;
    *out = strtod(word, &end);
    return !*end && *out <= 1;
}

/* One argument of an item; key "" for one without a name. */
static int set(struct cnas_train_options *o, const char *item, const char *key, const char *value)
{
    if (!strcmp(item, "flip") && !strcmp(key, "alternate")) {
        o->flip = !strcmp(value, "true") ? CNAS_FLIP_ALTERNATE : CNAS_FLIP_RANDOM;
        return !strcmp(value, "true") || !strcmp(value, "false");
    }
    if (!strcmp(item, "crop") && !strcmp(key, "border")) {
        o->padding = !strcmp(value, "reflect") ? CNAS_PADDING_REFLECT : CNAS_PADDING_ZERO;
        return !strcmp(value, "reflect") || !strcmp(value, "zero");
    }
    if (!strcmp(item, "crop") && (!*key || !strcmp(key, "padding")))
        return set_count(&o->crop, value, 1024);
    if (!strcmp(item, "cutmix") && (!*key || !strcmp(key, "share")))
        return set_share(&o->cutmix, value);
    return !strcmp(item, "cutout") && (!*key || !strcmp(key, "size")) && set_count(&o->cutout, value, 4096);
}

/* What follows the name of an item. */
static int take_arguments(struct cnas_train_options *o, const char *item, const char **at)
{
    char key[WORD], value[WORD];
    if (take(at, '=')) {
        if (!take_word(at, value))
            return 0;
        if (!strcmp(item, "flip"))
            return !strcmp(value, "alternate") && set(o, item, value, "true");
        return set(o, item, "", value) && (!take(at, ':') || (take_word(at, value) && !strcmp(value, "reflect") && set(o, item, "border", value)));
    }
    if (!take(at, '('))
        return 1;
    do {
        key[0] = '\0';
        if (!take_word(at, value))
            return 0;
        if (take(at, '=')) {
            memcpy(key, value, sizeof key);
            if (!take_word(at, value))
                return 0;
        }
        if (!set(o, item, key, value))
            return 0;
    } while (take(at, ','));
    return take(at, ')');
}

static int take_item(struct cnas_train_options *o, const char **at)
{
    char item[WORD];
    if (!take_word(at, item))
        return 0;
    if (!strcmp(item, "flip")) {
        o->flip = CNAS_FLIP_RANDOM;
        return take_arguments(o, item, at);
    }
    if (!strcmp(item, "cutmix")) {
        o->cutmix = -1; /* without an argument it stays so */
        return take_arguments(o, item, at) && o->cutmix >= 0;
    }
    uint32_t *count = !strcmp(item, "crop") ? &o->crop : !strcmp(item, "cutout") ? &o->cutout : NULL;
    if (!count)
        return 0;
    *count = 0;
    return take_arguments(o, item, at) && *count;
}

int cn_augment_parse(struct cnas_train_options *o, const char *text)
{
    const char *at = text;
    o->flip = o->padding = 0;
    o->crop = o->cutout = 0;
    o->cutmix = 0;
    if (!strcmp(text, "none"))
        return 1;
    const int listed = take(&at, '[');
    if (!(listed && take(&at, ']'))) {
        do
            if (!take_item(o, &at))
                return 0;
        while (take(&at, ','));
        if (listed && !take(&at, ']'))
            return 0;
    }
    return take(&at, '\0');
}
