/*
 * reader.h - the terminal's side: how a program reaches a card, wherever it is.
 */
#ifndef RESEAT_TOOLS_TRANSPORT_READER_H
#define RESEAT_TOOLS_TRANSPORT_READER_H

#include "apdu/apdu.h"

#define READER_ATR_MAX     33
#define READER_MESSAGE_MAX 200

struct reader {
    void *context;
    NODISCARD enum err (*reset)(void *context, struct wr *atr);
    NODISCARD enum err (*transmit)(void *context, struct rd command, struct wr *response);
    void (*close)(void *context);
};

/*
 * Open and power a card. name: of a PC/SC reader, its number from 0, or a part of its name.
 * message says on error what went wrong, for people (READER_MESSAGE_MAX bytes).
 *
 * errors: ERR_NOT_FOUND, ERR_BUSY, ERR_CLOSED, ERR_CORRUPT, ERR_IO
 */
NODISCARD enum err reader_open_pcsc(const char *name, struct reader *out, char *message);
NODISCARD enum err reader_open_socket(const char *path, struct reader *out, char *message);
NODISCARD enum err reader_open_card(const char *path, struct reader *out, char *message);

void reader_close(struct reader *r);

NODISCARD enum err reader_reset(struct reader *r, struct wr *atr);

/* One exchange as it is; response gets data and status word. */
NODISCARD enum err reader_transmit(struct reader *r, struct rd command, struct wr *response);

/*
 * The same with what T=0 leaves to the terminal (TS 102 221 7.3.1.1): 6CXX repeats with Le XX,
 * 61XX and 62XX/63XX on a case 4 fetch the data by GET RESPONSE. data gets the data of all
 * answers, sw the last status word.
 */
NODISCARD enum err reader_exchange(struct reader *r, struct rd command, struct wr *data, sw_t *sw);

#endif
