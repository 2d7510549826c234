/*
 * objects.h - the objects of a store in memory, and the undo log of the transaction
 * under way. The inner half of store.c; nobody else includes it.
 */
#ifndef RESEAT_UICC_NVM_OBJECTS_H
#define RESEAT_UICC_NVM_OBJECTS_H

#include "uicc/nvm/store.h"

/* NULL if there is none. Borrowed until the next change. */
struct store_object *objects_find(const struct store *s, uint32_t id);

/*
 * Changes, each with its undo entry.
 *
 * errors: ERR_NOMEM, ERR_SPACE (undo log full), ERR_NOT_FOUND and ERR_RANGE (patch);
 *         nothing has changed then
 */
NODISCARD enum err objects_put(struct store *s, uint32_t id, struct rd value);
NODISCARD enum err objects_fill(struct store *s, uint32_t id, uint8_t fill, size_t len);
NODISCARD enum err objects_patch(struct store *s, uint32_t id, size_t offset, struct rd bytes);
NODISCARD enum err objects_delete(struct store *s, uint32_t id); /* ERR_OK if there is none */

/* The transaction ends: give back what its changes replaced, or take them back. */
void objects_settle(struct store *s);
void objects_revert(struct store *s);

/* Give all memory back, cleansed. */
void objects_drop(struct store *s);

#endif
