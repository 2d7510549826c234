/*
 * AUTHENTICATE in the GBA context (TS 31.102 7.1.1.3 to 7.1.1.5, TS 31.103 7.1.1.2): the card keeps
 * Ks, and gives out of it the key of one network application after the other.
 *
 * Ks_int_NAF stays in the card for applications of the card; this one has none that asks for it,
 * so that none is derived.
 *
 * OBJ_GBA(slot, application): RAND(16) Ks(32), then numbers of records of EF.GBANL, the one
 * last used first
 */
#include "uicc/usim/attempt.h"
#include "uicc/usim/usim.h"

#include "apdu/gba.h"
#include "apdu/tlv.h"
#include "uicc/fs/fs.h"

#include <openssl/crypto.h>
#include <string.h>

#define TAG_BOOTSTRAP 0xDD
#define TAG_NAF       0xDE

#define FID_IST          0x6F07
#define SERVICE_USIM_GBA 68 /* EF.UST */
#define SERVICE_ISIM_GBA 2  /* EF.IST */

#define TAG_NAF_ID 0x80 /* in EF.GBANL, TS 31.102 4.2.83 */
#define TAG_B_TID  0x81

#define RECORDS_MAX 254
#define RECORD_MAX  255
#define HEAD_LEN    (GBA_RAND_LEN + GBA_KEY_LEN)

/* Where an application has what is GBA's. */
struct place {
    uint16_t parameters; /* EF.GBABP */
    uint16_t list;       /* EF.GBANL */
    bool isim;
};

static sw_t find_place(const struct card *card, uint16_t app, struct place *out)
{
    bool isim = usim_is_isim(card, app);
    bool offered = isim ? usim_service_of(card, app, FID_IST, SERVICE_ISIM_GBA)
                        : usim_service(card, app, SERVICE_USIM_GBA);

    if (!offered)
        return SW_AUTH_CONTEXT;
    out->isim = isim;
    out->parameters = fs_child(card, app, isim ? 0x6FD5 : 0x6FD6);
    out->list = fs_child(card, app, isim ? 0x6FD7 : 0x6FDA);
    return out->parameters == NODE_NONE || out->list == NODE_NONE ? SW_AUTH_MEMORY : SW_OK;
}

/* ---- bootstrapping ---- */

/* RAND in EF.GBABP; B-TID and lifetime follow from the terminal, and those before it are of no more
 * use. */
static enum err note_rand(struct card *card, uint16_t parameters, const uint8_t *rand)
{
    uint8_t bytes[1 + GBA_RAND_LEN + 2];
    struct wr w = WR_ARRAY(bytes);

    usim_attempt_value(&w, rand, GBA_RAND_LEN);
    wr_u16(&w, 0);
    return fs_write(card, parameters, 0, RD_WR(&w));
}

/* Ks in the place of the one before; the list goes on. */
static enum err keep_ks(struct card *card, const struct place *at, const struct usim_attempt *a)
{
    uint32_t id = OBJ_GBA(a->index, at->isim);
    uint8_t bytes[HEAD_LEN + RECORDS_MAX];
    struct wr w = WR_ARRAY(bytes);
    struct rd before;
    enum err e;

    wr_bytes(&w, a->rand, GBA_RAND_LEN);
    wr_bytes(&w, a->result.ck, GBA_KEY_LEN / 2);
    wr_bytes(&w, a->result.ik, GBA_KEY_LEN / 2);
    if (store_get(&card->store, id, &before) && before.left > HEAD_LEN)
        wr_bytes(&w, before.at + HEAD_LEN, before.left - HEAD_LEN);
    e = wr_result(&w) == ERR_OK ? store_put(&card->store, id, RD_WR(&w)) : ERR_CORRUPT;
    OPENSSL_cleanse(bytes, sizeof bytes);
    return e;
}

/* RES goes out with its last bit turned, so that it is no answer to a network's challenge
 * (TS 33.220 5.3.2). */
static void answer_res(struct wr *out, const struct usim_attempt *a)
{
    uint8_t len = a->slot.aka.res_len;

    wr_u8(out, USIM_TAG_SUCCESS);
    usim_attempt_value(out, a->result.res, len);
    if (out->len > 0 && wr_result(out) == ERR_OK)
        out->base[out->len - 1] ^= 0x01;
}

static sw_t bootstrap(struct card *card, struct exec *x, const struct place *at, struct rd data)
{
    struct usim_attempt a USIM_ATTEMPT_WIPED = {.bootstrap = true};
    enum err e;
    sw_t sw = usim_attempt_read(data, &a);

    if (sw_equal(sw, SW_OK))
        sw = usim_attempt_run(card, &a, x->out);
    if (!a.fresh)
        return sw;
    if (a.slot.aka.ck_len + a.slot.aka.ik_len != GBA_KEY_LEN)
        return SW_AUTH_CONTEXT;
    e = note_rand(card, at->parameters, a.rand);
    if (e == ERR_RANGE)
        return SW_AUTH_MEMORY;
    if (e == ERR_OK)
        e = keep_ks(card, at, &a);
    if (e == ERR_OK)
        answer_res(x->out, &a);
    return sw_from_err(e);
}

/* ---- NAF derivation ---- */

/* B-TID that the terminal wrote behind RAND; empty when it has not yet. */
static struct rd b_tid(const struct card *card, uint16_t parameters)
{
    struct rd body = fs_body(card, parameters), rand, name;
    uint8_t len;

    if (rd_u8(&body, &len) != ERR_OK || rd_take(&body, len, &rand) != ERR_OK ||
        rd_u8(&body, &len) != ERR_OK || rd_take(&body, len, &name) != ERR_OK)
        return RD(NULL, 0);
    return name;
}

static bool is_for(struct rd record, struct rd naf_id)
{
    struct rd name;

    return tlv_find(record, TAG_NAF_ID, &name) == ERR_OK && rd_equal(name, naf_id);
}

/* The record of this NAF, else one that is free, else the one that was not used for longest. */
static uint8_t choose_record(const struct card *card, uint16_t list, struct rd naf_id,
                             struct rd used)
{
    uint8_t count = fs_file(card, list)->record_count, empty = 0;
    struct rd record;

    for (uint8_t n = 1; n <= count; n++) {
        if (fs_record(card, list, n, &record) != ERR_OK)
            continue;
        if (is_for(record, naf_id))
            return n;
        if (empty == 0 && (record.at[0] == 0xFF || record.at[0] == 0x00))
            empty = n;
    }
    if (empty != 0)
        return empty;
    return used.left > 0 && used.at[used.left - 1] <= count ? used.at[used.left - 1] : 1;
}

static sw_t write_record(struct card *card, const struct place *at, uint8_t number,
                         struct rd naf_id)
{
    size_t len = fs_file(card, at->list)->record_len;
    uint8_t bytes[RECORD_MAX];
    struct wr w = WR(bytes, len);

    tlv_write(&w, TAG_NAF_ID, naf_id);
    tlv_write(&w, TAG_B_TID, b_tid(card, at->parameters));
    if (wr_result(&w) != ERR_OK)
        return SW_AUTH_MEMORY;
    wr_fill(&w, 0xFF, len - w.len);
    return sw_from_err(fs_write_record(card, at->list, number, RD_WR(&w)));
}

/* The number goes to the front of those used. */
static enum err note_use(struct card *card, uint32_t id, struct rd kept, uint8_t number)
{
    uint8_t bytes[HEAD_LEN + RECORDS_MAX + 1];
    struct wr w = WR_ARRAY(bytes);
    enum err e;

    wr_bytes(&w, kept.at, HEAD_LEN);
    wr_u8(&w, number);
    for (size_t i = HEAD_LEN; i < kept.left; i++) {
        if (kept.at[i] != number)
            wr_u8(&w, kept.at[i]);
    }
    e = wr_result(&w) == ERR_OK ? store_put(&card->store, id, RD_WR(&w)) : ERR_CORRUPT;
    OPENSSL_cleanse(bytes, sizeof bytes);
    return e;
}

static sw_t note_naf(struct card *card, const struct place *at, uint32_t id, struct rd naf_id)
{
    struct rd kept;
    uint8_t number;
    sw_t sw;

    if (fs_file(card, at->list)->kind != FS_LINEAR || !store_get(&card->store, id, &kept))
        return SW_AUTH_MEMORY;
    number = choose_record(card, at->list, naf_id, RD(kept.at + HEAD_LEN, kept.left - HEAD_LEN));
    sw = write_record(card, at, number, naf_id);
    if (!sw_equal(sw, SW_OK) || !store_get(&card->store, id, &kept))
        return sw;
    return sw_from_err(note_use(card, id, kept, number));
}

/* L NAF_ID L IMPI */
static sw_t derive(struct card *card, struct exec *x, const struct place *at, struct rd data)
{
    uint32_t id = OBJ_GBA(slot_in_force(&card->store), at->isim);
    struct secret ks SECRET_WIPED = {.len = GBA_KEY_LEN};
    uint8_t key[GBA_KEY_LEN], len;
    struct rd naf_id, impi, kept;
    enum err e;
    sw_t sw;

    if (rd_u8(&data, &len) != ERR_OK || len == 0 || rd_take(&data, len, &naf_id) != ERR_OK ||
        rd_u8(&data, &len) != ERR_OK || rd_take(&data, len, &impi) != ERR_OK || data.left > 0)
        return SW_BAD_DATA;
    if (!store_get(&card->store, id, &kept) || kept.left < HEAD_LEN)
        return SW_CONDITIONS;
    memcpy(ks.bytes, kept.at + GBA_RAND_LEN, GBA_KEY_LEN);
    e = gba_ext_key(card->engine->crypto, &ks, kept.at, impi, naf_id, key);
    sw = e == ERR_OK ? note_naf(card, at, id, naf_id) : sw_from_err(e);
    if (sw_equal(sw, SW_OK)) {
        wr_u8(x->out, USIM_TAG_SUCCESS);
        usim_attempt_value(x->out, key, sizeof key);
    }
    OPENSSL_cleanse(key, sizeof key);
    return sw;
}

sw_t usim_gba(struct card *card, struct exec *x)
{
    struct rd data = x->cmd->data;
    struct place at = {0};
    uint8_t mode;
    sw_t sw = find_place(card, x->ch->app, &at);

    if (!sw_equal(sw, SW_OK))
        return sw;
    if (rd_u8(&data, &mode) != ERR_OK)
        return SW_WRONG_LENGTH;
    if (mode == TAG_BOOTSTRAP)
        return bootstrap(card, x, &at, data);
    return mode == TAG_NAF ? derive(card, x, &at, data) : SW_BAD_DATA;
}
