/* A training's recipe as a text in the words of the language (docs/language.md). */
#ifndef RUNTIME_CLI_RECIPE_TEXT_H
#define RUNTIME_CLI_RECIPE_TEXT_H

#include <cnas/train.h>

enum { CN_REAL_TEXT = 32, CN_AUGMENT_TEXT = 128 };

/* As few digits as give the same number back. */
const char *cn_real_text(char text[CN_REAL_TEXT], double value);
/* "sgd", "one_cycle", ...; NULL: there are no more. */
const char *cn_optimizer_name(size_t i);
const char *cn_schedule_name(size_t i);

/* As --augment takes it, "flip,crop=4", "" for none; or as the language has it. */
const char *cn_augment_text(char text[CN_AUGMENT_TEXT], const struct cnas_train_options *o, int in_language);
/* Either notation, or "none". 0: it is none of these, and o may have changed. */
int cn_augment_parse(struct cnas_train_options *o, const char *text);

/* On stdout: all settings, as a train section; in one line, what of them has an effect. */
void cn_recipe_print(const struct cnas_train_options *o);
void cn_recipe_print_line(const struct cnas_train_options *o);

#endif
