/*
 * require.h - what a fuzz target claims: false stops the run, with the input kept.
 */
#ifndef RESEAT_TEST_FUZZ_REQUIRE_H
#define RESEAT_TEST_FUZZ_REQUIRE_H

#include "apdu/buf.h"

#include <stdio.h>
#include <stdlib.h>

static inline void require(bool claim)
{
    if (!claim)
        abort();
}

/* Is there no fault? */
static inline void require_none(const char *fault)
{
    if (fault != NULL)
        (void)fprintf(stderr, "claim: %s\n", fault);
    require(fault == NULL);
}

/* Is inner within outer? */
static inline void require_within(struct rd inner, struct rd outer)
{
    require(inner.left <= outer.left);
    require(inner.left == 0 ||
            (inner.at >= outer.at && inner.at + inner.left <= outer.at + outer.left));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
