/*
 * template.h - the FCP template: its objects, and what CREATE FILE and RESIZE FILE bring of
 * them (TS 102 222 6.3, 6.10).
 */
#ifndef RESEAT_UICC_FS_TEMPLATE_H
#define RESEAT_UICC_FS_TEMPLATE_H

#include "uicc/fs/tree.h"

/* Objects of a template, and in A5 (TS 102 221 11.1.1.3, 11.1.1.4). */
#define FCP_TEMPLATE    0x62
#define FCP_SIZE        0x80
#define FCP_TOTAL_SIZE  0x81
#define FCP_DESCRIPTOR  0x82
#define FCP_FID         0x83
#define FCP_DF_NAME     0x84
#define FCP_SFI         0x88
#define FCP_LCS         0x8A
#define FCP_REFERENCED  0x8B
#define FCP_COMPACT     0x8C
#define FCP_PROPRIETARY 0xA5
#define FCP_EXPANDED    0xAB
#define FCP_PIN_STATUS  0xC6

#define FCP_CHARACTERISTICS 0x80
#define FCP_FREE_MEMORY     0x83
#define FCP_MAX_SIZE        0x86
#define FCP_COMMANDS        0x87
#define FCP_SPECIAL         0xC0
#define FCP_FILLING         0xC1
#define FCP_REPEAT          0xC2

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
