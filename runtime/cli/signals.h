/* SIGINT and SIGTERM: the first asks for an orderly end, the second ends the process at once. */
#ifndef RUNTIME_CLI_SIGNALS_H
#define RUNTIME_CLI_SIGNALS_H

void cn_signals_catch(void);
int cn_signals_caught(void); /* the number of the one that came, or 0 */
/* Both end the process again, as without cn_signals_catch. */
void cn_signals_release(void);

#endif
