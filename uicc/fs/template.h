/*
 * template.h - the FCP template that CREATE FILE and RESIZE FILE bring
 * (TS 102 222 6.3, 6.10).
 */
#ifndef RESEAT_UICC_FS_TEMPLATE_H
#define RESEAT_UICC_FS_TEMPLATE_H

#include "uicc/fs/tree.h"

/* What stands in a template; objects that are absent leave 0 or an empty cursor. */
struct fs_template {
    struct fs_file file; /* fid, kind, flags, record_len, record_count, size, arr, aid, sfi */
    bool has_fid, has_size, has_sfi, has_descriptor, has_lcs;
    uint8_t lcs;
    struct rd security; /* 8B, 8C or AB with its tag */
    struct rd filling;  /* C1: the last byte goes on */
    struct rd repeat;   /* C2: again and again */
    uint32_t max_size;  /* of a BER-TLV EF, A5 86 */
};

/* Read 62 L { ... }. Unknown objects are passed over. errors: ERR_SHORT, ERR_FORMAT, ERR_RANGE. */
NODISCARD enum err fs_template_read(struct rd data, struct fs_template *out);

/* Is everything there that a new file needs, and does it fit together? Completes size, count and
 * SFI. ERR_FORMAT */
NODISCARD enum err fs_template_complete(struct fs_template *t);

/* Stage the pattern of the template over the file's body from offset on. */
NODISCARD enum err fs_template_fill(struct card *card, uint16_t node, const struct fs_template *t,
                                    size_t offset);

#endif
