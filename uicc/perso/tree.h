/*
 * tree.h - a profile under work, for tree.c and content.c alone.
 */
#ifndef RESEAT_UICC_PERSO_TREE_H
#define RESEAT_UICC_PERSO_TREE_H

#include "uicc/perso/options.h"

#define DFS_MAX  40
#define POOL_MAX (192U * 1024)

struct tree {
    const struct perso_options *o;
    char *message;
    struct fs_file files[PROFILE_FILES_MAX];
    const struct profile_row *rows[PROFILE_FILES_MAX]; /* NULL for DFs and mirrors */
    uint16_t count;
    const struct profile_df *dfs[DFS_MAX];
    uint16_t df_nodes[DFS_MAX];
    size_t df_count;
    uint8_t aids[8][16];
    size_t aid_count;
    uint8_t body[UINT16_MAX]; /* of the file under work */
    uint8_t pool_bytes[POOL_MAX];
    struct wr pool; /* contents of all files */
};

static inline bool perso_tree_is_record(const struct fs_file *f)
{
    return f->kind == FS_LINEAR || f->kind == FS_CYCLIC;
}

/* Say what is wrong (at this line of the text), and return e. */
enum err perso_tree_fail(const struct tree *t, enum err e, const char *what);
enum err perso_tree_fail_at(const struct tree *t, unsigned line, enum err e, const char *what);

/* --- content.c --- */

/* Has every "content" of the text found its file? ERR_RANGE */
NODISCARD enum err perso_content_check(const struct tree *t);

/* First content of the file at node: what the table says, and over it what the text says.
 * errors: ERR_RANGE, ERR_SPACE */
NODISCARD enum err perso_content_fill(struct tree *t, uint16_t node);

#endif
