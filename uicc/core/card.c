#include "uicc/core/card.h"

#include "uicc/applet/toolkit.h"
#include "uicc/cat/cat.h"
#include "uicc/core/transport.h"
#include "uicc/pin/pin.h"
#include "uicc/remote/remote.h"

#include <stdarg.h>
#include <stdio.h>

#define LINE_MAX 200

enum err card_commit_now(struct card *card)
{
    return card->in_script ? ERR_OK : store_commit(&card->store);
}

void card_reset_volatile(struct card *card)
{
    transport_drop(card);
    cmd_end_transfers(card);
    store_rollback(&card->store);
    channel_reset_all(card);
    pin_forget_all(card);
    cat_reset(card);
    applet_reset(card);
    receiver_reset(card);
    card->in_script = false;
    card->imsi_changed = false;
    card->suspended = false;
    card->resumable = false;
}

/* TS 102 221 6.3. A profile may bring historical bytes of its own; atr.h draws the rest. */
enum err card_write_atr(const struct card *card, struct wr *w)
{
    const struct profile *p = card->profile;
    const struct atr_options ours = {ATR_TA1_DEFAULT, ATR_TA3_DEFAULT, APDU_CHANNELS, true,
                                     RD(NULL, 0)};
    uint8_t block[ATR_LEN_MAX], sum = 0;
    struct wr atr = WR_ARRAY(block);

    if (p->historical_len == 0)
        return atr_build(&ours, w);
    wr_u8(&atr, 0x3B);
    wr_u8(&atr, (uint8_t)(0x90 | p->historical_len)); /* TA1 and TD1 follow */
    wr_u8(&atr, ATR_TA1_DEFAULT);
    wr_u8(&atr, 0x80); /* T=0, TD2 follows */
    wr_u8(&atr, 0x1F); /* T=15, TA3 follows */
    wr_u8(&atr, ATR_TA3_DEFAULT);
    wr_bytes(&atr, p->historical, p->historical_len);
    for (size_t i = 1; i < atr.len; i++)
        sum ^= atr.base[i];
    wr_u8(&atr, sum);
    wr_rd(w, RD_WR(&atr));
    return wr_result(w);
}

/* A bank holds all living objects, each with a head of its own. */
uint32_t card_free_memory(const struct card *card)
{
    uint64_t room = card->store.journal.medium.bank_size, used = 0;

    for (uint32_t i = 0; i < card->store.count; i++)
        used += card->store.objects[i].len + 16U;
    return used < room ? (uint32_t)(room - used) : 0;
}

void card_log(const struct card *card, const char *format, ...)
{
    char line[LINE_MAX];
    va_list args;

    if (card->host.log == NULL)
        return;
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    card->host.log(card->host.context, line);
}
