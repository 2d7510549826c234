/*
 * output.h - where `uicc make` puts a batch: DIR/ICCID.card, DIR/cards.csv and
 * DIR/vault.db.
 *
 * Everything is made in a folder of its own below DIR. output_finish() makes it
 * durable, then the keys in the vault, and only then gives the files their names:
 * an interrupted make leaves no card whose keys nobody has, and no half card.
 */
#ifndef RESEAT_TOOLS_UICC_OUTPUT_H
#define RESEAT_TOOLS_UICC_OUTPUT_H

#include "tools/uicc/batch.h"
#include "tools/uicc/press.h"

struct output_options {
    const char *dir;
    const char *kek;           /* as vault_wrap_kek(); NULL: DIR/vault.key, made when missing */
    const char *operator_name; /* who gets slot 1 */
    bool force;                /* cards that exist are replaced */
};

struct output;

/*
 * Create DIR if need be, look for what is there already, open the vault.
 *
 * out:    what  on error, the file it is about (path_cap bytes)
 * errors: ERR_EXISTS (a card of the batch, without force), ERR_FORMAT (cards.csv of another
 *         kind), and what the vault says
 * keeps:  options, batch
 */
NODISCARD enum err output_open(const struct output_options *options, const struct batch *batch,
                               struct output **out, char *what, size_t what_cap);

/* One card, made in press. errors: ERR_EXISTS (the vault has its pairs already), ERR_IO, ... */
NODISCARD enum err output_card(struct output *o, const struct press *press,
                               const struct perso_card *card, const struct batch_codes *codes);

/* All cards are there. errors: ERR_IO, ERR_SPACE */
NODISCARD enum err output_finish(struct output *o);

/* Takes away what was not finished. */
void output_close(struct output **o);

#endif
