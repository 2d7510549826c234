/*
 * index.h - what is worked out of a profile once and shared by all its cards: where
 * a FID or SFI leads, bodies at full length, access rules as decisions.
 */
#ifndef RESEAT_UICC_FS_INDEX_H
#define RESEAT_UICC_FS_INDEX_H

#include "uicc/fs/rule.h"

struct fs_key {
    uint32_t key; /* parent << 16 | FID or SFI */
    uint16_t node;
};

struct fs_index {
    const struct profile *profile;
    struct fs_key *fids, *sfis; /* sorted by key */
    uint16_t fid_count, sfi_count;
    const uint8_t **bodies; /* by node; size bytes each (BER-TLV: content_len) */
    uint16_t *adfs;         /* nodes of the applications, in the profile's order */
    uint16_t adf_count;
    uint16_t *arrs;  /* by node: the EF.ARR that holds its rule, or NODE_NONE */
    uint16_t *rules; /* by node: index into decisions */
    struct fs_rule *decisions;
    uint16_t decision_count;
};

/* errors: ERR_NOMEM. The memory stays with the arena. */
NODISCARD enum err fs_index_build(struct arena *arena, const struct profile *profile,
                                  const struct fs_index **out);

/* Node under this key in a table of the index; NODE_NONE if there is none. */
uint16_t fs_index_find(const struct fs_key *keys, uint16_t count, uint32_t key);

static inline uint32_t fs_index_key(uint16_t parent, uint16_t id)
{
    return (uint32_t)parent << 16 | id;
}

#endif
