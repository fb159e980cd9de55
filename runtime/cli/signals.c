/* The first signal is remembered and gives both back to the system, so that the next one, also the other one, kills. */
#include "runtime/cli/signals.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t caught;

void cn_signals_release(void)
{
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
}

static void on_signal(int number)
{
    caught = number;
    cn_signals_release();
}

void cn_signals_catch(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

int cn_signals_caught(void)
{
    return (int)caught;
}
