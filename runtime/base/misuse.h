/* A broken contract of the caller: says where and why, aborts; always compiled in. */
#ifndef RUNTIME_BASE_MISUSE_H
#define RUNTIME_BASE_MISUSE_H

#define cn_misuse(why) cn_misuse_at(__FILE__, __LINE__, (why))
#define cn_require(condition)                                 \
    do {                                                      \
        if (__builtin_expect(!(condition), 0))                \
            cn_misuse_at(__FILE__, __LINE__, #condition);     \
    } while (0)
_Noreturn void cn_misuse_at(const char *file, int line, const char *why);

#endif
