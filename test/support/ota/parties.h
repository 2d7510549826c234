/*
 * parties.h - operators A (00101) and B (00102) and manufacturer M, who trust each other; C
 * (00103), whom nobody trusts at first; and the lists that they send.
 */
#ifndef RESEAT_TEST_PARTIES_H
#define RESEAT_TEST_PARTIES_H

#include "ota/oplist/oplist.h"

#define PARTIES_DAY 86400 /* seconds */

struct parties {
    struct oplist_party *a, *b, *m, *c;
};

/* In directories a, b, m and c of a new scratch directory. */
struct parties parties_open(void);
void parties_close(struct parties *w);
void parties_init(const char *dir, const char *name, enum oplist_role role, const char *plmns);
void parties_trust(struct oplist_party *p, const char *cert);

/* The i-th card, with an IMSI of this network; and the same with keys. */
struct oplist_row parties_row(unsigned i, const char *plmn);
void parties_give_keys(struct oplist_row *row);

struct parties_list {
    enum oplist_purpose purpose;
    enum oplist_alternative alternative;
    const char *to, *plmn, *path;
    unsigned rows;
    int64_t from_s, to_s; /* validity, from now */
};

/* Two rows from B to A, written to "l". */
extern const struct parties_list parties_imsis;

NODISCARD enum err parties_send(struct oplist_party *p, const struct parties_list *parcel);
enum oplist_verdict parties_judge_bytes(struct oplist_party *p, struct rd file,
                                        enum oplist_purpose purpose);
enum oplist_verdict parties_judge_at(struct oplist_party *p, const char *path,
                                     enum oplist_purpose purpose, int64_t now);
/* An IMSI list, now. */
enum oplist_verdict parties_judge(struct oplist_party *p, const char *path);
/* Text as it stands, signed by from and encrypted to to: what a malicious sender could send. */
enum oplist_verdict parties_judge_text(struct oplist_party *from, struct oplist_party *to,
                                       const char *text, enum oplist_purpose purpose);
/* Judge an IMSI list, which must be good, and act upon it. */
void parties_accept(struct oplist_party *p, const char *path);

struct parties_file {
    uint8_t *at;
    size_t len;
};
/* Free with disk_free(). */
struct parties_file parties_read(const char *path);

#endif
