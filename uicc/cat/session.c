#include "uicc/cat/session.h"
#include "apdu/ctlv.h"
#include "apdu/tlv.h"
#include "uicc/applet/toolkit.h"
#include "uicc/cat/refresh.h"
#include "uicc/core/handlers.h"
#include "uicc/remote/remote.h"

#include <string.h>

#define NUMBER_MAX 0xFE

enum err cat_open(struct card *card)
{
    card->cat = arena_alloc(card->engine->arena, sizeof *card->cat);
    return card->cat == NULL ? ERR_NOMEM : ERR_OK;
}

/* Take the first command off the queue. */
static void drop_first(struct card *card)
{
    struct cat *cat = card->cat;

    arena_free(card->engine->arena, cat->queue[0].bytes, cat->queue[0].len);
    cat->count--;
    memmove(cat->queue, cat->queue + 1, cat->count * sizeof cat->queue[0]);
    cat->fetched = false;
}

void cat_reset(struct card *card)
{
    while (card->cat->count > 0)
        drop_first(card);
    *card->cat = (struct cat){0};
}

void cat_close(struct card *card)
{
    if (card->cat == NULL)
        return;
    cat_reset(card);
    arena_free(card->engine->arena, card->cat, sizeof *card->cat);
    card->cat = NULL;
}

bool cat_profile_received(const struct card *card)
{
    return card->cat->profile_received;
}

bool cat_busy(const struct card *card)
{
    return card->cat->count > 0 || card->cat->reset_fetched;
}

size_t cat_pending(const struct card *card)
{
    const struct cat *cat = card->cat;

    return cat->count == 0 || cat->fetched ? 0 : cat->queue[0].len;
}

/* The whole command (TS 102 223 6.5, 6.6): D0 L { details, devices, body }. */
static void write_command(struct wr *w, const struct cat_entry *entry, uint8_t destination,
                          struct rd body)
{
    const uint8_t details[] = {entry->number, entry->type, entry->qualifier};
    const uint8_t devices[] = {DEVICE_UICC, destination};
    size_t mark = tlv_open(w, CAT_OBJECT_PROACTIVE);

    ctlv_write(w, CTLV_COMMAND_DETAILS, RD_ARRAY(details));
    ctlv_write(w, CTLV_DEVICE_IDENTITIES, RD_ARRAY(devices));
    wr_rd(w, body);
    tlv_close(w, mark);
}

enum err cat_queue(struct card *card, uint8_t type, uint8_t qualifier, uint8_t destination,
                   struct rd body, cat_done *done)
{
    struct cat *cat = card->cat;
    struct cat_entry entry = {.type = type, .qualifier = qualifier, .done = done};
    uint8_t bytes[CAT_COMMAND_MAX];
    struct wr w = WR_ARRAY(bytes);

    if (!cat->profile_received)
        return ERR_CONDITIONS;
    if (!cat_allowed_as(card, type, qualifier))
        return ERR_UNSUPPORTED;
    entry.number = (uint8_t)(cat->number % NUMBER_MAX + 1);
    write_command(&w, &entry, destination, body);
    if (cat->count == CAT_QUEUE_MAX || wr_result(&w) != ERR_OK)
        return ERR_SPACE;
    entry.bytes = arena_alloc(card->engine->arena, w.len);
    if (entry.bytes == NULL)
        return ERR_SPACE;
    memcpy(entry.bytes, bytes, w.len);
    entry.len = (uint8_t)w.len;
    cat->number = entry.number;
    cat->queue[cat->count++] = entry;
    return ERR_OK;
}

/* TS 102 221 11.2.1 */
sw_t cat_cmd_terminal_profile(struct card *card, struct exec *x)
{
    struct cat *cat = card->cat;
    struct rd profile = x->cmd->data;
    struct wr kept = WR_ARRAY(cat->profile);

    if (x->cmd->p1 != 0 || x->cmd->p2 != 0)
        return SW_P1P2;
    if (profile.left > sizeof cat->profile)
        profile.left = sizeof cat->profile;
    wr_rd(&kept, profile);
    cat->profile_len = (uint8_t)kept.len;
    cat->profile_received = true;
    cat->fetched = false; /* a terminal that starts again has forgotten what it fetched */
    por_resume(card);
    return sw_from_err(applet_terminal_ready(card));
}

/* TS 102 221 11.2.3. A wrong length is said before anything is handed over. */
sw_t cat_cmd_fetch(struct card *card, struct exec *x)
{
    struct cat *cat = card->cat;
    size_t len = cat_pending(card);

    if (x->cmd->p1 != 0 || x->cmd->p2 != 0)
        return SW_P1P2;
    if (len == 0)
        return SW_CONDITIONS;
    if (x->cmd->p3 != len)
        return sw_wrong_le(len);
    wr_bytes(x->out, cat->queue[0].bytes, len);
    cat->fetched = true;
    cat->reset_fetched =
        cat->queue[0].type == PROACTIVE_REFRESH && cat->queue[0].qualifier == REFRESH_UICC_RESET;
    return SW_OK;
}

/* Does the response speak of the command that the terminal has? ERR_FORMAT when it cannot be read,
 * ERR_NOT_FOUND when it speaks of another one. */
static enum err read_response(const struct cat_entry *entry, struct rd tlvs, uint8_t *result)
{
    struct rd details, value;

    if (ctlv_find(tlvs, CTLV_COMMAND_DETAILS, &details) != ERR_OK || details.left != 3)
        return ERR_FORMAT;
    if (details.at[0] != entry->number || details.at[1] != entry->type)
        return ERR_NOT_FOUND;
    if (ctlv_find(tlvs, CTLV_RESULT, &value) != ERR_OK)
        return ERR_FORMAT;
    return rd_u8(&value, result) == ERR_OK ? ERR_OK : ERR_FORMAT;
}

/*
 * TS 102 221 11.2.4. An answer that cannot be read still ends the command: no other one
 * will come. An answer to another command ends nothing.
 */
sw_t cat_cmd_terminal_response(struct card *card, struct exec *x)
{
    struct cat *cat = card->cat;
    struct cat_entry entry = cat->queue[0];
    uint8_t result = RESULT_VALUES_MISSING;
    enum err e, done;

    if (x->cmd->p1 != 0 || x->cmd->p2 != 0)
        return SW_P1P2;
    if (!cat->fetched)
        return SW_CONDITIONS;
    e = read_response(&entry, x->cmd->data, &result);
    if (e == ERR_NOT_FOUND)
        return SW_BAD_DATA;
    drop_first(card);
    cat->reset_fetched = false;
    if (entry.done != NULL)
        entry.done(card, entry.type, result, e == ERR_OK ? x->cmd->data : RD(NULL, 0));
    applet_serve(card);
    done = applet_conclude(card);
    return sw_from_err(e == ERR_OK ? done : e);
}
