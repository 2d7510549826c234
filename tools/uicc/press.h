/*
 * press.h - cards made in memory and put on disk whole: a card's memory is written
 * many times while it is made, its file only once.
 */
#ifndef RESEAT_TOOLS_UICC_PRESS_H
#define RESEAT_TOOLS_UICC_PRESS_H

#include "uicc/nvm/nvm.h"

struct press;
NODISCARD enum err press_new(struct press **out);
/* Wipes what it holds. */
void press_free(struct press **p);

/* An empty memory to make the next card in; valid until press_free(). */
struct nvm_device *press_blank(struct press *p);

/* Write the card to a new file. Not synced: the caller syncs the file system once for all cards.
 * errors: ERR_EXISTS, ERR_SPACE, ERR_IO */
NODISCARD enum err press_save(const struct press *p, const char *path);

#endif
