#include "compiler/ir/token.h"

#include "compiler/base/vec.h"

bool ir_token_fail(struct ir_tokens *t, int line, int column, const char *why)
{
    if (!t->error->why)
        *t->error = (struct ir_read_error){line, column, why};
    return false;
}

const char *ir_token_shown(const struct ir_tokens *t)
{
    enum { MOST = 40 };
    size_t n = strlen(t->text);
    char *s = arena_printf(t->arena, "%.*s%s", MOST, t->text, n > MOST ? "..." : "");
    for (char *c = s; *c; c++)
        if ((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7f)
            *c = '?';
    return s;
}

static int peek_byte(const struct ir_tokens *t)
{
    return t->at < t->n ? (unsigned char)t->bytes[t->at] : -1;
}

static void skip_byte(struct ir_tokens *t)
{
    t->column++;
    if (t->bytes[t->at++] == '\n') {
        t->line++;
        t->column = 1;
    }
}

static bool is_word_byte(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '+' || c == '-';
}

static const char *take_word(struct ir_tokens *t)
{
    size_t from = t->at;
    while (is_word_byte(peek_byte(t)))
        skip_byte(t);
    return arena_strndup(t->arena, t->bytes + from, t->at - from);
}

static int hex_digit(int c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool take_string(struct ir_tokens *t)
{
    VEC(char) s = {0};
    for (skip_byte(t); peek_byte(t) != '"'; skip_byte(t)) {
        int c = peek_byte(t);
        if (c < 0x20) /* the end of the text too */
            return IR_TOKEN_FAIL(t, "a string does not end");
        if (c == '\\') {
            skip_byte(t);
            c = peek_byte(t);
            if (c == 'x' && t->n - t->at > 2) {
                int high = hex_digit((unsigned char)t->bytes[t->at + 1]), low = hex_digit((unsigned char)t->bytes[t->at + 2]);
                c = high < 0 || low < 0 ? 0 : 16 * high + low;
                skip_byte(t);
                skip_byte(t);
                if (c == 0)
                    return IR_TOKEN_FAIL(t, "a string has \\x without two hexadecimal digits, or \\x00");
            } else if (c != '"' && c != '\\') {
                return IR_TOKEN_FAIL(t, "a string has an unknown escape");
            }
        }
        vec_push(t->arena, &s, (char)c);
    }
    skip_byte(t);
    t->text = s.n ? arena_strndup(t->arena, s.at, s.n) : "";
    return true;
}

bool ir_token_next(struct ir_tokens *t)
{
    if (t->error->why)
        return false;
    for (int c = peek_byte(t); c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '#'; c = peek_byte(t)) {
        if (c == '#')
            while (peek_byte(t) >= 0 && peek_byte(t) != '\n')
                skip_byte(t);
        else
            skip_byte(t);
    }
    t->token_line = t->line;
    t->token_column = t->column;
    int c = peek_byte(t);
    if (c < 0) {
        t->kind = IR_TOKEN_END;
        t->text = "the end of the text";
    } else if (c == '-' && t->at + 1 < t->n && t->bytes[t->at + 1] == '>') {
        skip_byte(t);
        skip_byte(t);
        t->kind = IR_TOKEN_ARROW;
        t->text = "->";
    } else if (is_word_byte(c)) {
        t->kind = IR_TOKEN_WORD;
        t->text = take_word(t);
    } else if (c == '%') {
        skip_byte(t);
        t->kind = IR_TOKEN_NODE;
        t->text = take_word(t);
    } else if (c == '"') {
        t->kind = IR_TOKEN_STRING;
        return take_string(t);
    } else if (c == '=' || c == '[' || c == ']' || c == ':') {
        t->kind = IR_TOKEN_SIGN;
        t->text = arena_strndup(t->arena, t->bytes + t->at, 1);
        skip_byte(t);
    } else {
        return c > 0x20 && c < 0x7f ? IR_TOKEN_FAIL(t, "unexpected character '%c'", c) : IR_TOKEN_FAIL(t, "unexpected byte 0x%02x", (unsigned)c);
    }
    return true;
}

bool ir_token_is(const struct ir_tokens *t, enum ir_token_kind kind, const char *text)
{
    return !t->error->why && t->kind == kind && strcmp(t->text, text) == 0;
}

bool ir_token_accept(struct ir_tokens *t, enum ir_token_kind kind, const char *text)
{
    return ir_token_is(t, kind, text) && ir_token_next(t);
}

bool ir_token_expect(struct ir_tokens *t, enum ir_token_kind kind, const char *text)
{
    return ir_token_is(t, kind, text) ? ir_token_next(t) : IR_TOKEN_FAIL(t, "expected %s, found %s", text, ir_token_shown(t));
}
