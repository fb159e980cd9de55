/* What each pass of pass.def claims, so that tests hold it to that. Who adds a pass adds a line to the table in pass_claims.c. */
#ifndef TESTS_SUPPORT_PASS_CLAIMS_H
#define TESTS_SUPPORT_PASS_CLAIMS_H

#include "tests/support/pass_property.h"

/* A pass, what it is given, and what it claims beyond its kind in pass.def. */
struct pass_claim {
    const char *pass, *args;          /* args: "skips,cull=2"; NULL: none */
    const struct oracle_maker *maker; /* as in struct pass_property */
    int changed;                      /* percent of the random graphs that it changes, at least */
    bool repeats;                     /* is not idempotent */
    bool may_add_relus;
    bool never_affine;   /* no output becomes an affine function of the input that was none */
    bool remarks_add_up; /* its remarks account for each ReLU saved */
    bool refuses;        /* some graphs, with an error: they count as not changed */
};

const struct pass_claim *pass_claims(size_t *n);
struct pass_property pass_claim_property(const struct pass_claim *c);

#endif
