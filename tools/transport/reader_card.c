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
    return uicc_reset(host_card(context), atr);
}

static enum err card_transmit(void *context, struct rd command, struct wr *response)
{
    uicc_transmit(host_card(context), command, response);
    return ERR_OK;
}

static void leave_open(void *context)
{
    (void)context;
}

void host_card_reader(struct host_card *c, struct reader *out)
{
    *out = (struct reader){c, card_reset, card_transmit, leave_open};
}

static enum err file_reset(void *context, struct wr *atr)
{
    const struct card_reader *c = context;

    return card_reset(c->card, atr);
}

static enum err file_transmit(void *context, struct rd command, struct wr *response)
{
    const struct card_reader *c = context;

    return card_transmit(c->card, command, response);
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
        snprintf(message, READER_MESSAGE_MAX, "%s: %s", path, host_open_text(e));
        if (c != NULL)
            card_close(c);
        return e;
    }
    *out = (struct reader){c, file_reset, file_transmit, card_close};
    return ERR_OK;
}
