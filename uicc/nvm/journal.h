/*
 * journal.h - frames and banks: how the store's transactions lie on the medium.
 *
 * Knows nothing of objects: a frame carries operations that the store writes and
 * reads (store.c draws them). A bank begins with a snapshot, the operations that
 * make every living object, and grows by one frame per commit.
 *
 * (on-media format and recovery rules: drawn at the top of journal.c)
 */
#ifndef RESEAT_UICC_NVM_JOURNAL_H
#define RESEAT_UICC_NVM_JOURNAL_H

#include "uicc/nvm/medium.h"

#define JOURNAL_FRAME_MAX  65536U
#define JOURNAL_FRAME_HEAD 12U /* in front of the operations */
#define JOURNAL_OPS_MAX    (JOURNAL_FRAME_MAX - JOURNAL_FRAME_HEAD)

#define JOURNAL_UNTIDY_TAIL  1U
#define JOURNAL_UNTIDY_OTHER 2U /* the bank that is not in force */

struct journal {
    struct nvm_device *dev;
    struct medium medium;
    uint8_t *frame;      /* work memory of JOURNAL_FRAME_MAX bytes; operations go behind the head */
    uint64_t written;    /* bytes since the journal was opened */
    uint32_t generation; /* of the bank in force; counts compactions */
    uint32_t salt;       /* of the bank in force; see journal.c */
    uint32_t sequence;   /* of the last frame */
    uint32_t tail;       /* where the next frame goes, in the bank in force */
    uint32_t snapshot_end; /* where the commits began */
    uint8_t bank;          /* in force: 0 or 1 */
    uint8_t untidy;        /* JOURNAL_UNTIDY_...: what must not count may stand on the medium */
    bool residue;          /* the other bank may hold what was to be forgotten */
    bool distrust;         /* the device failed once: what it reads may not be what it holds */
};

/* Where recovery hands what it finds, in order. */
struct journal_sink {
    void *context;
    NODISCARD enum err (*apply)(void *context, struct rd ops);
    void (*restart)(void *context); /* what came so far was of a bank that is not whole */
};

/*
 * Begin on a formatted medium: no bank in force until the first snapshot ends.
 *
 * keeps:  dev, frame
 * errors: as medium_open()
 */
NODISCARD enum err journal_create(struct journal *j, struct nvm_device *dev, uint8_t *frame);

/*
 * Read what is there: the newest whole bank, then its commits. Finishes what a power cut
 * interrupted; if the device does not let it, the journal is readable and untidy.
 *
 * errors: as medium_open(); ERR_CORRUPT for no whole bank or damage before the last frame;
 *         what the sink returned
 */
NODISCARD enum err journal_open(struct journal *j, struct nvm_device *dev, uint8_t *frame,
                                const struct journal_sink *sink);

/* Would a commit of ops_len bytes of operations fit, and is the bank still worth appending to? */
bool journal_takes(const struct journal *j, size_t ops_len);

/*
 * Append one commit; the operations stand in j->frame behind the head. Durable on return.
 *
 * errors: ERR_IO, ERR_SPACE: the frame does not count, now or later
 */
NODISCARD enum err journal_append(struct journal *j, size_t ops_len);

/* A snapshot under way, into the bank that is not in force. */
struct journal_snapshot {
    uint32_t salt, sequence, tail;
    uint8_t bank;
    bool forget; /* wipe this bank before and the other one after */
};

/*
 * begin, add (several), and with last set the new bank is durable and in force. seed: a
 * checksum of what the snapshot will say, secrets included. An error of any of them ends
 * the snapshot, and it does not count, now or later.
 *
 * errors: ERR_SPACE (bank or host full), ERR_IO
 */
NODISCARD enum err journal_snapshot_begin(struct journal *j, struct journal_snapshot *snap,
                                          uint32_t seed, bool forget);
NODISCARD enum err journal_snapshot_add(struct journal *j, struct journal_snapshot *snap,
                                        size_t ops_len, bool last);

/*
 * Take away what must not count: a frame that failed half-way, a torn tail, the rest of an
 * older bank. To be called until ERR_OK before anything else is written while j->untidy.
 */
NODISCARD enum err journal_tidy(struct journal *j);

#endif
