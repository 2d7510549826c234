/*
 * view.h - files as an applet sees them: uicc.access.FileView (TS 102 241 6). A view has a current
 * file of its own; what it may do there is what the access rules grant to the applet's access
 * domain. Every operation is the command of TS 102 221 11.1, and answers with its status word, of
 * which an interpreter makes a UICCException.
 *
 *     struct applet_view v;
 *     sw = applet_view_open(a, &v, RD_ARRAY(usim));
 *     sw = applet_view_select(a, &v, FID_EF_IMSI, NULL);
 *     sw = applet_view_read_binary(a, &v, 0, 9, &imsi);
 */
#ifndef RESEAT_UICC_APPLET_VIEW_H
#define RESEAT_UICC_APPLET_VIEW_H

#include "uicc/applet/applet.h"

/* May be kept (applet_transient(), applet_remember()): a file that is gone meanwhile is no longer
 * current. */
struct applet_view {
    struct channel ch;
};

/* At the MF (UICCSystem.getTheUICCView), or at the ADF of this AID (getTheFileView).
 * SW_NOT_FOUND */
sw_t applet_view_open(struct applet *a, struct applet_view *v, struct rd aid);

/* By FID, relative to the current DF; 7FFF is the ADF. fcp: where the answer goes, or NULL. */
sw_t applet_view_select(struct applet *a, struct applet_view *v, uint16_t fid, struct wr *fcp);
/* By SFI, in the current DF. */
sw_t applet_view_select_sfi(struct applet *a, struct applet_view *v, uint8_t sfi);
/* FCP of the current DF. */
sw_t applet_view_status(struct applet *a, struct applet_view *v, struct wr *fcp);

/* len: up to 255 bytes. */
sw_t applet_view_read_binary(struct applet *a, struct applet_view *v, uint16_t offset, uint8_t len,
                             struct wr *out);
sw_t applet_view_update_binary(struct applet *a, struct applet_view *v, uint16_t offset,
                               struct rd bytes);

/* Which record, and from which byte of it. */
struct applet_record {
    uint8_t number;
    uint8_t mode; /* 02 next, 03 previous, 04 absolute (00: current) */
    uint8_t offset;
};
/* len: bytes from offset on. SW_OFFSET beyond the record. */
sw_t applet_view_read_record(struct applet *a, struct applet_view *v,
                             const struct applet_record *record, uint8_t len, struct wr *out);
/* The other bytes of the record stay; by "next" and "previous" only whole records are written. */
sw_t applet_view_update_record(struct applet *a, struct applet_view *v,
                               const struct applet_record *record, struct rd bytes);
/* mode: 04 forward from the record, 05 backward. out: numbers of the records that hold it. */
sw_t applet_view_search_record(struct applet *a, struct applet_view *v,
                               const struct applet_record *from, struct rd pattern, struct wr *out);
/* value: to be added to the cyclic EF; out: the new record, and what was added. */
sw_t applet_view_increase(struct applet *a, struct applet_view *v, struct rd value, struct wr *out);

sw_t applet_view_deactivate(struct applet *a, struct applet_view *v);
sw_t applet_view_activate(struct applet *a, struct applet_view *v);

#endif
