/*
 * store.h - everything a card remembers beyond its profile: named objects, kept in
 * memory, changed in transactions, made durable by an append-only journal.
 *
 * Changes are visible at once, and undone by store_rollback(). store_commit()
 * makes all of them durable as one: after a power cut the card is exactly before or
 * exactly after it. When the commit cannot be written it rolls back by itself.
 *
 * The journal of one bank grows until compaction writes the living objects into
 * the other bank. After store_forget() the next commit ends with the old bank
 * overwritten, so that no deleted key stays on the medium, also across a power cut.
 */
#ifndef RESEAT_UICC_NVM_STORE_H
#define RESEAT_UICC_NVM_STORE_H

#include "apdu/arena.h"
#include "uicc/nvm/journal.h"

/* Object ids. The low 16 bits number things of a kind. */
#define OBJ_PINS         0x00010000U             /* uicc/pin/ */
#define OBJ_SLOT(index)  (0x00020000U + (index)) /* uicc/slot/: keys and state */
#define OBJ_SQN(index)   (0x00030000U + (index)) /* uicc/aka/: sequence numbers of a slot */
#define OBJ_COUNTER(kvn) (0x00040000U + (kvn))   /* uicc/remote/: OTA counter of a key set */
#define OBJ_CHANGE       0x00050000U /* uicc/remote/: the last operator change, its trial */
#define OBJ_FALLBACK     0x00050001U /* uicc/remote/: file contents to fall back to */
#define OBJ_OUTBOX       0x00050002U /* uicc/remote/: proofs not yet handed to the terminal */
#define OBJ_CHAIN        0x00050003U /* uicc/remote/: context of a chain of scripts */
#define OBJ_KEYSET(kvn)  (0x00060000U + (kvn)) /* uicc/remote/: key sets that are no slot's */
#define OBJ_APPLET(n)    (0x00070000U + (n))   /* uicc/applet/ */
/* uicc/usim/: bootstrapped key of a slot, of the USIM (0) or the ISIM (1) */
#define OBJ_GBA(index, isim) (0x00080000U + (index)*2U + ((isim) ? 1U : 0U))
#define OBJ_FILE(node)       (0x01000000U + (node)) /* uicc/fs/: body of a file, once changed */
#define OBJ_FILE_META(node)  (0x02000000U + (node)) /* uicc/fs/: life cycle, size, once changed */
#define OBJ_FILE_NEW(node)   (0x03000000U + (node)) /* uicc/fs/: a file that CREATE FILE made */

/* Work memory that stores of one thread share: frame being built and undo log. */
#define STORE_FRAME_MAX JOURNAL_FRAME_MAX
/* Only one of them may have a transaction under way at a time. */
struct store_work {
    uint8_t frame[STORE_FRAME_MAX];
    uint8_t undo[STORE_FRAME_MAX];
};

struct store_object {
    uint32_t id;
    uint32_t len;
    uint8_t *bytes;
};

struct store {
    struct journal journal;
    struct arena *arena;
    struct store_work *work;
    struct store_object *objects; /* sorted by id */
    uint32_t count, cap;
    size_t ops_len, undo_len; /* of the transaction under way */
    bool forget;              /* the next commit overwrites the old bank */
};

/*
 * Begin an empty store on a formatted medium (personalisation), or read one. A store that
 * was created exists on the medium from its first commit on.
 *
 * errors: as medium_open()
 *         ERR_CORRUPT (no bank is whole, or a frame in the middle is damaged),
 *         ERR_NOMEM, ERR_IO
 * keeps:  dev, arena, work
 */
NODISCARD enum err store_create(struct store *s, struct nvm_device *dev, struct arena *arena,
                                struct store_work *work);
NODISCARD enum err store_open(struct store *s, struct nvm_device *dev, struct arena *arena,
                              struct store_work *work);
/* Give the memory back, cleansed. Uncommitted changes are lost. */
void store_close(struct store *s);

/* The object's bytes; false if there is none. Borrowed until the next change of this object. */
bool store_get(const struct store *s, uint32_t id, struct rd *value);

/*
 * errors of the changes: ERR_NOMEM, ERR_SPACE (transaction too large), ERR_IO (an earlier
 * commit failed and could not be taken off the medium yet; tried again each time). A change
 * that fails has changed nothing; the transaction under way stays as it was.
 */
NODISCARD enum err store_put(struct store *s, uint32_t id, struct rd value);
/* len bytes of value fill (a file body); content is then patched in. */
NODISCARD enum err store_put_filled(struct store *s, uint32_t id, uint8_t fill, size_t len);
/* ERR_RANGE past the object's end, ERR_NOT_FOUND. */
NODISCARD enum err store_patch(struct store *s, uint32_t id, size_t offset, struct rd bytes);
NODISCARD enum err store_delete(struct store *s, uint32_t id); /* ERR_OK also if there is none */

/*
 * Overwrite what is deleted or replaced when the transaction under way commits. What a host
 * file system or a drive keeps below the device is beyond our reach.
 */
void store_forget(struct store *s);

bool store_dirty(const struct store *s);
/* errors: ERR_IO, ERR_SPACE (medium full): nothing of the transaction has happened. */
NODISCARD enum err store_commit(struct store *s);
void store_rollback(struct store *s);

/* Bytes the journal has taken since the store was opened (bench, tests). */
uint64_t store_written(const struct store *s);

#endif
