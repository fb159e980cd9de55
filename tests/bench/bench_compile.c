/* How long cnasc takes, and how much memory: CNet3 checked whole, and networks of 1,000 to 100,000 statements up to their graph,
 * where the time per statement shows whether it grows with the size.   bench_compile CNASC SAMPLES */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RUNS = 5 };

struct use {
    double seconds, mebibytes; /* wall clock; the most memory at one time */
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static struct use run_once(char *const *argv)
{
    fflush(stdout); /* else the child would write it again */
    double start = now();
    pid_t pid = fork();
    if (pid == 0) {
        if (!freopen("/dev/null", "w", stdout))
            _exit(126);
        execv(argv[0], argv);
        _exit(127);
    }
    int status;
    struct rusage usage;
    if (pid < 0 || wait4(pid, &status, 0, &usage) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "bench_compile: %s fails\n", argv[0]);
        exit(1);
    }
    return (struct use){now() - start, (double)usage.ru_maxrss / 1024};
}

/* The best of some runs: what others do on the machine only adds. */
static struct use run(char *const *argv)
{
    struct use best = run_once(argv);
    for (int i = 1; i < RUNS; i++) {
        struct use u = run_once(argv);
        best.seconds = u.seconds < best.seconds ? u.seconds : best.seconds;
        best.mebibytes = u.mebibytes < best.mebibytes ? u.mebibytes : best.mebibytes;
    }
    return best;
}

/* A network of n statements, each of which reads the one before it, and every fourth an older one too. */
static void write_network(const char *path, int n)
{
    FILE *f = fopen(path, "w");
    if (!f) {
        perror(path);
        exit(1);
    }
    fprintf(f, "network Large {\n    input x: tensor[4, 8, 8];\n    h0 = x;\n");
    for (int i = 1; i <= n; i++)
        switch (i % 4) {
        case 0:
            fprintf(f, "    h%d = relu(h%d);\n", i, i - 1);
            break;
        case 1:
            fprintf(f, "    h%d = h%d |> conv(4, kernel = 3);\n", i, i - 1);
            break;
        case 2:
            fprintf(f, "    h%d = batch_norm(h%d);\n", i, i - 1);
            break;
        case 3:
            fprintf(f, "    h%d = h%d + h%d;\n", i, i - 1, i - 3);
            break;
        }
    fprintf(f, "    output y = h%d;\n}\n", n);
    if (fclose(f) != 0) {
        perror(path);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "bench_compile CNASC SAMPLES\n");
        return 2;
    }
    char check[] = "check", build[] = "build", emit_ir[] = "--emit=ir"; /* execv takes no const */
    char path[4096], large[] = "/tmp/bench_compile_XXXXXX";
    snprintf(path, sizeof path, "%s/paper/cifar100_cnet3.cnas", argv[2]);
    struct use u = run((char *[]){argv[1], check, path, NULL});
    printf("check CNet3             %8.1f ms  %6.1f MiB\n", u.seconds * 1e3, u.mebibytes);

    int fd = mkstemp(large);
    if (fd < 0) {
        perror(large);
        return 1;
    }
    close(fd);
    for (int n = 1000; n <= 100000; n *= 10) {
        write_network(large, n);
        u = run((char *[]){argv[1], build, emit_ir, large, NULL});
        printf("%7d statements      %8.1f ms  %6.1f MiB  %6.2f us a statement\n", n, u.seconds * 1e3, u.mebibytes, u.seconds * 1e6 / n);
    }
    unlink(large);
    return 0;
}
