/*
 * grow.h - a writer (buf.h) over a block that grows: for texts whose length nobody knows before,
 * and which may have keys in them. Blocks that were outgrown are wiped.
 */
#ifndef RESEAT_OTA_CORE_GROW_H
#define RESEAT_OTA_CORE_GROW_H

#include "apdu/buf.h"

/* Make room for n bytes more, n at most GROW_STEP. Begin with a writer of zeros. ERR_NOMEM. */
#define GROW_STEP 65536
NODISCARD enum err grow_room(struct wr *w, size_t n);

/* Wipe and free the block; w is a writer of zeros again. */
void grow_free(struct wr *w);

#endif
