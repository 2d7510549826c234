/*
 * refresh.h - REFRESH (TS 102 223 6.4.7): how the card makes the terminal see what changed.
 */
#ifndef RESEAT_UICC_CAT_REFRESH_H
#define RESEAT_UICC_CAT_REFRESH_H

#include "uicc/cat/cat.h"

enum refresh_mode {
    REFRESH_INIT_FULL = 0x00, /* NAA initialisation and full file change notification */
    REFRESH_FILES = 0x01,     /* file change notification */
    REFRESH_INIT_FILES = 0x02,
    REFRESH_INIT = 0x03,
    REFRESH_UICC_RESET = 0x04,
    REFRESH_APPLICATION_RESET = 0x05,
    REFRESH_SESSION_RESET = 0x06,
    REFRESH_STEERING = 0x07,
};
#define REFRESH_NONE 0xFF /* a profile that wants no REFRESH */

/*
 * Queue a REFRESH. files: full paths one after the other, each of path_len bytes
 * from 3F00 on, for the modes that carry a list; empty for the others.
 * errors: as cat_queue(); ERR_RANGE for a mode without list that got one, or the reverse
 */
NODISCARD enum err cat_refresh(struct card *card, uint8_t mode, struct rd files, size_t path_len);

#endif
