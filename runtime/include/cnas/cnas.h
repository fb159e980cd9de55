/* Everything that an embedding program may use, and the version. */
#ifndef CNAS_CNAS_H
#define CNAS_CNAS_H

#include <cnas/fixed.h>
#include <cnas/kernel.h>
#include <cnas/model.h>
#include <cnas/private.h>
#include <cnas/status.h>
#include <cnas/train.h>

#define CNAS_VERSION "0.1.0"
const char *cnas_version(void); /* of the library in use */

#endif
