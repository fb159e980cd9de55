/* Runs a fuzz target over files that are kept: replay FOLDER... Each file has a process of its own, so that one that crashes, leaks (where
 * LeakSanitizer is built in), takes too long or too much memory is named, and the others still run. */
#include "tests/fuzz/laws.h"

#include "compiler/base/file.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_SECONDS = 10, MOST_MEBIBYTES = 1024, MOST_BYTES = 1 << 20 };

static void run(const char *path)
{
    struct arena *a = arena_new();
    const char *why;
    size_t n;
    const char *bytes = file_read(a, path, MOST_BYTES, &n, &why);
    if (!bytes) {
        fprintf(stderr, "%s\n", why);
        _exit(2);
    }
    uint8_t *exact = malloc(n ? n : 1); /* so that a sanitizer sees the first byte beyond */
    if (!exact)
        abort();
    memcpy(exact, bytes, n);
    arena_free(&a);
    alarm(MOST_SECONDS);
    LLVMFuzzerTestOneInput(exact, n);
    free(exact);
}

static bool replay(const char *path)
{
    int status;
    struct rusage use;
    pid_t pid = fork();
    if (pid == 0) {
        run(path);
        exit(0); /* which looks for leaks */
    }
    if (pid < 0 || wait4(pid, &status, 0, &use) != pid) {
        perror(path);
        exit(2);
    }
    if (WIFSIGNALED(status))
        printf("FAIL: %s: %s\n", path, WTERMSIG(status) == SIGALRM ? "takes too long" : strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status) != 0)
        printf("FAIL: %s: exit status %d\n", path, WEXITSTATUS(status));
    else if (use.ru_maxrss / 1024 > MOST_MEBIBYTES)
        printf("FAIL: %s: takes %ld MiB\n", path, use.ru_maxrss / 1024);
    else
        return true;
    return false;
}

static int is_visible(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

int main(int argc, char **argv)
{
    size_t passed = 0, failed = 0;
    setvbuf(stdout, NULL, _IONBF, 0); /* nothing waits in a buffer when the process is doubled */
    for (int i = 1; i < argc; i++) {
        struct dirent **entries;
        int n = scandir(argv[i], &entries, is_visible, alphasort);
        if (n < 0) {
            perror(argv[i]);
            return 2;
        }
        struct arena *a = arena_new();
        for (int k = 0; k < n; k++) {
            *(replay(arena_printf(a, "%s/%s", argv[i], entries[k]->d_name)) ? &passed : &failed) += 1;
            free(entries[k]);
        }
        arena_free(&a);
        free(entries);
    }
    printf("%zu passed, %zu failed\n", passed, failed);
    return failed > 0 || passed == 0;
}
