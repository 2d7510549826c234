/*
 * fs.h - the file tree as a card has it: the profile's files, what CREATE FILE
 * added, what DELETE FILE took, what was changed. A file is a node, a number that
 * stays the same while the card lives.
 *
 * Everything that changes is staged in the store's transaction.
 */
#ifndef RESEAT_UICC_FS_FS_H
#define RESEAT_UICC_FS_FS_H

#include "uicc/core/card.h"

/* Life cycle status integer, TS 102 221 11.1.1.4.9. */
#define FS_LCS_CREATION       0x01
#define FS_LCS_INITIALISATION 0x03
#define FS_LCS_DEACTIVATED    0x04
#define FS_LCS_ACTIVATED      0x05
#define FS_LCS_TERMINATED     0x0C

/* Access mode bits of TS 102 221 9.2.1; by instruction for RESIZE and INCREASE. */
enum fs_access {
    FS_READ,
    FS_UPDATE,
    FS_INCREASE,
    FS_RESIZE,
    FS_ACTIVATE,
    FS_DEACTIVATE,
    FS_TERMINATE,
    FS_DELETE, /* the file itself */
    FS_DELETE_CHILD,
    FS_CREATE_EF,
    FS_CREATE_DF,
};

/* --- the tree (fs.c) --- */

/* Build the card's view at uicc_create; ERR_CORRUPT if stored nodes contradict the profile. */
NODISCARD enum err fs_open(struct card *card);
void fs_close(struct card *card);

bool fs_exists(const struct card *card, uint16_t node);
/* Description of a node that exists. Valid until the next change of the tree. */
const struct fs_file *fs_file(const struct card *card, uint16_t node);
bool fs_is_df(const struct card *card, uint16_t node); /* MF, DF or ADF */
uint8_t fs_lcs(const struct card *card, uint16_t node);
NODISCARD enum err fs_set_lcs(struct card *card, uint16_t node, uint8_t lcs);

/* NODE_NONE when there is none. */
uint16_t fs_child(const struct card *card, uint16_t df, uint16_t fid);
uint16_t fs_by_sfi(const struct card *card, uint16_t df, uint8_t sfi);
/* Path of FIDs from below the MF (or, relative, from df); 7FFF as first FID = app. */
uint16_t fs_by_path(const struct card *card, uint16_t df, uint16_t app, struct rd path);
/* n-th (0..) ADF, in the order of EF.DIR, whose AID begins with name. */
uint16_t fs_by_aid(const struct card *card, struct rd name, unsigned n);

/* --- bodies (file.c) --- */

/* All bytes of a transparent EF, all records one after the other of a record EF (cyclic: record 1
 * = newest first), the objects of a BER-TLV EF. Borrowed until the next change of the file. */
struct rd fs_body(const struct card *card, uint16_t node);
/* One record (number from 1); ERR_NOT_FOUND beyond the last. */
NODISCARD enum err fs_record(const struct card *card, uint16_t node, uint8_t number,
                             struct rd *out);

/* Stage a change. ERR_RANGE past the end; ERR_NOMEM, ERR_SPACE, ERR_IO from the store. */
NODISCARD enum err fs_write(struct card *card, uint16_t node, size_t offset, struct rd bytes);
NODISCARD enum err fs_write_record(struct card *card, uint16_t node, uint8_t number,
                                   struct rd bytes);
/* Cyclic: the oldest record becomes record 1 with these bytes. */
NODISCARD enum err fs_push_record(struct card *card, uint16_t node, struct rd bytes);
/* Back to the profile's content plus what personalisation wrote: not possible; fills with FF. */
NODISCARD enum err fs_fill(struct card *card, uint16_t node, uint8_t value);

/* --- access (access.c) --- */

/* May this command's channel (or script) do that to the node? SW_OK, SW_SECURITY, or
 * SW_CONDITIONS (deactivated, terminated). Looks at the rule in EF.ARR, the life cycle, and
 * pin_satisfied() or x->rights. */
sw_t access_check(const struct card *card, const struct exec *x, uint16_t node,
                  enum fs_access access);

#endif
