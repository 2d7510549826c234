/*
 * tree.h - the changing part of the tree, for the rooms of uicc/fs alone.
 *
 * In the store, by node (numbers big-endian):
 *   OBJ_FILE       the body
 *   OBJ_FILE_META  life cycle (0: deleted) record_count(1) size(4)
 *   OBJ_FILE_NEW   fid(2) parent(2) kind sfi flags record_len(2) record_count size(4)
 *                  arr_fid(2) arr_record lcs aid_len aid security_len security
 *                  (security: 8B, 8C or AB with tag, when arr_fid is not enough)
 */
#ifndef RESEAT_UICC_FS_TREE_H
#define RESEAT_UICC_FS_TREE_H

#include "uicc/fs/index.h"

#define FS_MADE_MAX     512U /* files that CREATE FILE may add */
#define FS_SECURITY_MAX 128U
#define FS_AID_MAX      16U
#define FS_SIZE_MAX     0xC000U /* of one body: what the arena gives in one piece */

/* Description of a file that is not as the profile says. */
struct fs_view {
    struct fs_view *next;
    struct fs_file file;
    struct rd security; /* borrowed from the store */
    uint16_t node;
};

struct fs {
    const struct fs_index *index;
    struct fs_view *views;
    bool any_meta;     /* some file may have an OBJ_FILE_META */
    uint8_t changed[]; /* bit per node of the profile: may have an OBJ_FILE */
};

/* Security attribute that is no plain reference to EF.ARR; empty for most files. */
struct rd fs_security(const struct card *card, uint16_t node);
/* The EF.ARR that holds the rule of a file, or NODE_NONE (TS 102 221 9.2.7). */
uint16_t fs_arr(const struct card *card, const struct fs_file *file, uint16_t fid);

/* Existing nodes in ascending order: the first after node (NODE_NONE: the first at all), or
 * NODE_NONE. */
uint16_t fs_next(const struct card *card, uint16_t node);
/* Are all files whole: bodies as long as their files, records that fill them, parents up to the MF?
 */
bool fs_check(const struct card *card);
/* Node of the application that the node lies in, or NODE_NONE. */
uint16_t fs_application(const struct card *card, uint16_t node);

/* Stage a new file; its body is all fill. errors: ERR_SPACE, ERR_NOMEM, ERR_IO. */
NODISCARD enum err fs_add(struct card *card, const struct fs_file *file, uint8_t lcs,
                          struct rd security, uint16_t *node);
/* Stage the deletion of a file and, for a DF, of all below it. */
NODISCARD enum err fs_remove(struct card *card, uint16_t node);
/* Stage another size; bytes that both sizes have stay, new ones are FF. */
NODISCARD enum err fs_resize(struct card *card, uint16_t node, uint32_t size);
/* The objects of a BER-TLV EF. */
NODISCARD enum err fs_put_objects(struct card *card, uint16_t node, struct rd objects);

/* access.c: what the rule of a file says, by its record of EF.ARR alone */
struct fs_decision fs_decide(const struct card *card, uint16_t node, enum fs_access access);
/* Is there no rule for this access (and so no right)? TS 102 222 then asks another one. */
bool fs_is_silent(const struct card *card, uint16_t node, enum fs_access access);

/* select.c: the file that P1 (not 04) and data of SELECT name, NODE_NONE if there is none */
uint16_t fs_resolve(const struct card *card, const struct channel *ch, uint8_t p1, struct rd data);
void fs_make_current(struct card *card, struct channel *ch, uint16_t node);

/* A file that the command names by SFI or has selected. SW_NO_EF, SW_NOT_FOUND; else
 * SW_OK. */
sw_t fs_target(const struct card *card, const struct exec *x, uint8_t sfi, uint16_t *node);

/* fcp.c */
void fs_fcp_write(struct wr *w, const struct card *card, uint16_t node);

#endif
