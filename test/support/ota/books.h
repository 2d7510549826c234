/*
 * books.h - a ledger in the scratch directory of a test, with a card or two.
 */
#ifndef RESEAT_TEST_BOOKS_H
#define RESEAT_TEST_BOOKS_H

#include "ota/ledger/jobs.h"

#define BOOKS_PATH  "ota.db"
#define BOOKS_ICCID "89490000000000000018"

/* A fixture: a new scratch directory. */
void books_setup(void);
/* Open, or make. */
struct ledger *books_open(void);
NODISCARD enum err books_open_with(const char *path, const char *kek, bool create,
                                   struct ledger **out);
/* Open and serve, skipping 1000 counters if need be. */
struct ledger *books_serve(enum ledger_start want);

/* Keys that count up from fill. */
void books_keys(struct vault_pair *keys, uint8_t index, uint8_t fill);
NODISCARD enum err books_add_card(struct ledger *l, const char *iccid, const char *imsi,
                                  uint8_t index);
int64_t books_card_id(struct ledger *l); /* of BOOKS_ICCID */
/* The next counter of BOOKS_ICCID, in a transaction of its own. */
uint64_t books_take(struct ledger *l);
struct ledger_campaign books_add_campaign(struct ledger *l, const char *name,
                                          enum ledger_method method);

#endif
