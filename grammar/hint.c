/* Notes behind syntax errors, for those who come from other languages: what .cnas writes in place of what stands there. They look at the
 * text around the error only, and so never change what is an error. */
#include "config.h"

#include "compiler/base/nearest.h"
#include "grammar/scan.h"

#include <ctype.h>
#include <string.h>

struct foreign {
    const char *word, *hint;
};

static const char importing[] = "a module is read by `import std.resnet;`, and single names of it by `import std.resnet { basic };`";
static const char variable[] = "a variable is made by giving it a value: `a = 3;`";
static const char declaring[] = "a block is declared outside of networks: `block f(x: tensor) -> tensor { return relu(x); }`";
static const char nameless[] = "there are no blocks without a name; a declared one can be handed on: `choose(narrow, wide)`";

/* Words that begin something elsewhere, and are plain names here. */
static const struct foreign beginnings[] = {
    {"let", variable}, {"var", variable}, {"val", variable}, {"mut", variable}, {"int", variable}, {"float", variable},
    {"real", variable}, {"bool", variable}, {"string", variable}, {"list", variable}, {"tensor", variable},
    {"def", declaring}, {"fn", declaring}, {"func", declaring}, {"fun", declaring}, {"function", declaring}, {"class", declaring},
    {"from", importing}, {"include", importing}, {"use", importing}, {"using", importing}, {"lambda", nameless},
    {"while", "there is no `while`; `for x in list { ... }` goes through a list, such as `0 .. 3`"},
    {"elif", "write `else if`"}, {"elsif", "write `else if`"}, {"elseif", "write `else if`"},
};

static const char *beginning(const char *word)
{
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
        if (strcmp(beginnings[i].word, word) == 0)
            return beginnings[i].hint;
    return NULL;
}

static bool word_byte(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* The word or the sign that ends at byte `end`. */
static const char *ending(struct front *f, uint32_t end)
{
    enum { LONGEST = 40 };
    const char *s = f->source->bytes;
    uint32_t from = end;
    while (from > 0 && word_byte(s[from - 1]) && end - from < LONGEST)
        from--;
    if (from == end && end > 0)
        from--;
    return arena_strndup(f->arena, s + from, end - from);
}

/* Is there a pipe between here and what separates statements? */
static bool in_pipe(const struct front *f, uint32_t here)
{
    const char *s = f->source->bytes;
    for (uint32_t i = here; i > 1 && !strchr(";{}(", s[i - 1]); i--)
        if (s[i - 1] == '>' && s[i - 2] == '|')
            return true;
    return false;
}

static bool among(const char *const *words, const char *word)
{
    for (; *words; words++)
        if (strcmp(*words, word) == 0)
            return true;
    return false;
}

static bool is_keyword(const char *word)
{
    static const char *const keywords[] = {"import", "as", "const", "network", "block", "input", "output", "train", "private", "for", "in",
                                           "if", "then", "else", "return", "and", "or", "not", "true", "false", NULL};
    return among(keywords, word);
}

/* Where declarations stand, only four words can. */
static void in_module(struct front *f, struct span at, const char *found)
{
    static const char *const declarations[] = {"import", "const", "block", "network"};
    const char *hint = beginning(found);
    if (hint) {
        diag_note(f->diag, at, "%s", hint == variable ? "a constant of the module is declared by `const a = 3;`" : hint);
        return;
    }
    struct nearest near = nearest_to(found);
    for (size_t i = 0; i < sizeof declarations / sizeof *declarations; i++)
        nearest_try(&near, declarations[i]);
    if (near.best && word_byte(*found))
        diag_note(f->diag, at, "did you mean `%s`?", near.best);
    else if (strcmp(found, ";") == 0)
        diag_note(f->diag, at, "no `;` stands behind `}`");
}

static const char *at_equals(const char *before, bool touches, char next, const char *wanted)
{
    if (is_keyword(before))
        return "words of the language cannot name a variable";
    if (next == '>')
        return nameless;
    if (strcmp(before, ":") == 0)
        return variable;
    if (touches && strchr("+-*/%", *before))
        return "an assignment names its value whole: `a = a + 1;`";
    if (strcmp(before, "]") == 0 && strcmp(wanted, "`;`") == 0)
        return "a list keeps its elements; a variable can be given another list";
    if (strcmp(wanted, "`then` or `{`") == 0 || strcmp(wanted, "`;`") == 0)
        return "`=` gives a value, once in a statement; `==` compares";
    return NULL;
}

static const char *at_sign(struct front *f, struct span at, const char *found, const char *before, const char *wanted)
{
    static const char *const arithmetic[] = {"+", "-", "*", "/", "%", "**", "and", "or", NULL};
    static const char *const single[] = {"<", "<=", ">", ">=", "==", "!=", "in", "..", NULL};
    bool expression = strncmp(wanted, "an expression", 13) == 0, touches = at.from > 0 && f->previous_end == at.from;
    if (strcmp(found, "=") == 0)
        return at_equals(before, touches, f->source->bytes[at.to], wanted);
    if (expression && touches && (strcmp(found, "+") == 0 || strcmp(found, "-") == 0) && strcmp(found, before) == 0)
        return "an assignment names its value whole: `a = a + 1;`";
    if (!expression && in_pipe(f, at.from) && (among(arithmetic, found) || among(single, found)))
        return "what comes out of a pipe stands in parentheses to go on: `(x |> relu) + y`";
    if (!expression && among(single, found))
        return strcmp(found, "..") == 0 ? "`..` does not chain" : "comparisons do not chain: `a < b and b < c`";
    if (strcmp(found, ":") == 0) {
        if (strcmp(before, ":") == 0)
            return "a name of a module is written with a dot: `resnet.basic`";
        if (strcmp(wanted, "`)` or `,`") == 0)
            return "an argument is named with `=`: `kernel = 3`";
        if (strcmp(wanted, "`{`") == 0)
            return "the body stands in braces, with no `:` before them";
        if (strcmp(wanted, "`->` or `{`") == 0)
            return "the type of the result is written `-> tensor`";
    }
    if (strcmp(found, ",") == 0 && strcmp(wanted, "`)`") == 0)
        return "a list is written in brackets: `[1, 2]`";
    if (strcmp(found, "{") == 0 && expression)
        return "a list is written in brackets: `[1, 2]`; braces hold statements";
    if (strcmp(found, "}") == 0 && strcmp(wanted, "a name") == 0 && strcmp(before, ",") == 0)
        return "no comma stands behind the last name of an import";
    if (strcmp(found, "(") == 0 && strcmp(before, "for") == 0)
        return "a loop goes through a list: `for i in 0 .. 3 { ... }`";
    if (strcmp(found, "/") == 0 && strcmp(wanted, "`;`") == 0)
        return "the parts of a module's name are joined by dots: `import parts.gate;`";
    if (strcmp(found, ";") == 0 && strncmp(wanted, "a statement", 11) == 0)
        return "one `;` ends a statement, and none stands behind `}`";
    return NULL;
}

static const char *at_word(const char *found, const char *before, const char *wanted)
{
    const char *hint = strcmp(wanted, "`;`") == 0 ? beginning(before) : NULL;
    if (hint)
        return hint;
    if (strcmp(found, "if") == 0 && strcmp(wanted, "`;`") == 0)
        return "the condition comes first: `if c then a else b`";
    if (strcmp(found, "for") == 0 && strncmp(wanted, "`]`", 3) == 0)
        return "one value stands before `for`; a list of several is one: `[[a, b] for a, b in pairs]`";
    if (strcmp(before, ":") == 0 && strcmp(wanted, "`{` or `@`") == 0)
        return "a variable has no declared type: `a = 3;`";
    if (*found == '"' && strcmp(before, "import") == 0)
        return importing;
    if (strcmp(wanted, "a name") == 0 && is_keyword(found))
        return "words of the language cannot be names";
    return NULL;
}

void front_hint(struct front *f, struct span at, const char *wanted)
{
    uint32_t n = at.to - at.from;
    const char *found = arena_strndup(f->arena, f->source->bytes + at.from, n < 40 ? n : 40), *before = ending(f, f->previous_end);
    if (strcmp(wanted, "`import`, `const`, `block` or `network`") == 0) {
        in_module(f, at, found);
        return;
    }
    const char *hint = word_byte(*found) || *found == '"' ? at_word(found, before, wanted) : NULL;
    if (!hint)
        hint = at_sign(f, at, found, before, wanted);
    if (!hint && strcmp(wanted, "`else`") == 0)
        hint = "as an expression, `if` has a value either way: `if c then a else b`";
    if (hint)
        diag_note(f->diag, at, "%s", hint);
}
