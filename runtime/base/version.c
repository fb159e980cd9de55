/* The version of the library in use. */
#include <cnas/cnas.h>

const char *cnas_version(void)
{
    return CNAS_VERSION;
}
