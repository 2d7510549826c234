/* A card file, opened by this very process. */
#include "tools/transport/host.h"
#include "tools/transport/reader.h"

#include <stdio.h>
#include <stdlib.h>

struct card_reader {
    struct host *host;
    struct host_card *card;
};

static enum err card_reset(void *context, struct wr *atr)
{
    struct card_reader *c = context;

    return uicc_reset(host_card(c->card), atr);
}

static enum err card_transmit(void *context, struct rd command, struct wr *response)
{
    struct card_reader *c = context;

    uicc_transmit(host_card(c->card), command, response);
    return ERR_OK;
}

static void card_close(void *context)
{
    struct card_reader *c = context;

    host_close(&c->card);
    host_free(&c->host);
    free(c);
}

enum err reader_open_card(const char *path, struct reader *out, char *message)
{
    struct card_reader *c = calloc(1, sizeof *c);
    uint8_t atr[READER_ATR_MAX];
    struct wr w = WR_ARRAY(atr);
    enum err e = c == NULL ? ERR_NOMEM : host_new(1, &c->host);

    if (e == ERR_OK)
        e = host_open(c->host, path, false, &c->card);
    if (e == ERR_OK)
        e = uicc_reset(host_card(c->card), &w);
    if (e != ERR_OK) {
        snprintf(message, READER_MESSAGE_MAX, "%s: %s", path, err_text(e));
        if (c != NULL)
            card_close(c);
        return e;
    }
    *out = (struct reader){c, card_reset, card_transmit, card_close};
    return ERR_OK;
}
