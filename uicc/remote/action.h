/*
 * action.h - immediate and error actions of a script (TS 102 226 5.2.1.2, 5.2.1.3): proactive
 * commands that it brings along, or that stand in a record of EF.RMA.
 */
#ifndef RESEAT_UICC_REMOTE_ACTION_H
#define RESEAT_UICC_REMOTE_ACTION_H

#include "uicc/cat/cat.h"

/* Those of one packet, in their order: { length TLVs }*. */
#define ACTION_BYTES_MAX CAT_COMMAND_MAX
struct actions {
    uint8_t len;
    uint8_t bytes[ACTION_BYTES_MAX];
};

/*
 * value: of the script's object: COMPREHENSION-TLVs from the command details on, or the number of
 * a record of EF.RMA.
 * errors: ERR_NOT_FOUND    no such record, or an empty one
 *         ERR_FORMAT       no proactive command
 *         ERR_UNSUPPORTED  none that a script may ask for, or that the terminal can do
 *         ERR_SPACE
 */
NODISCARD enum err action_add(struct actions *list, const struct card *card, struct rd value);

/* Give them to the terminal. A REFRESH without files is not queued: its mode is returned, for it
 * follows the proof; otherwise mode. */
uint8_t action_queue(const struct actions *list, struct card *card, uint8_t mode);

#endif
