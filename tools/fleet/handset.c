#include "tools/fleet/handset.h"
#include "apdu/tlv.h"
#include "tools/fleet/proactive.h"
#include "tools/transport/reader.h"

#include <openssl/crypto.h>
#include <string.h>

#define ANSWER_MAX     512
#define PROACTIVE_MAX  32 /* commands in a row; a card that goes on beyond that is broken */
#define FID_IMSI       0x6F07
#define TAG_3G_SUCCESS 0xDB
#define TAG_3G_RESYNC  0xDC

/* What a modem reads at start-up (usim: a modem's order, TS 31.102 5.1.1). record: READ RECORD 1.
 */
static const struct {
    uint16_t fid;
    bool record;
} start_up_files[] = {
    {0x6FAD, false}, {0x6F38, false}, {FID_IMSI, false}, {0x6F78, false}, {0x6F31, false},
    {0x6F7E, false}, {0x6F73, false}, {0x6FE3, false},   {0x6F08, false}, {0x6F09, false},
    {0x6F5B, false}, {0x6F5C, false}, {0x6F7B, false},   {0x6FB7, true},  {0x6F46, false},
    {0x6F42, true},  {0x6FD9, false}, {0x6F62, false},   {0x6F60, false},
};

static enum err card_transmit(void *context, struct rd command, struct wr *response)
{
    uicc_transmit(context, command, response);
    return ERR_OK;
}

static bool succeeded(sw_t sw)
{
    return sw_is_success(sw);
}

static void run_proactive(struct handset *h, const struct handset_world *world, uint8_t length);

/* One command; what waits for GET RESPONSE is fetched, and proactive commands are carried out. */
static sw_t exchange(struct handset *h, const struct handset_world *world, struct rd command,
                     struct wr *data)
{
    struct reader r = {h->card, NULL, card_transmit, NULL};
    sw_t sw = SW_NO_DIAGNOSIS;

    if (reader_exchange(&r, command, data, &sw) != ERR_OK)
        return SW_NO_DIAGNOSIS;
    if (sw.v >> 8 == 0x91 && world != NULL)
        run_proactive(h, world, (uint8_t)sw.v);
    return sw;
}

static sw_t command(struct handset *h, const struct handset_world *world, const uint8_t header[4],
                    struct rd data, struct wr *answer)
{
    uint8_t bytes[APDU_COMMAND_MAX];
    struct wr w = WR_ARRAY(bytes);
    sw_t sw;

    wr_bytes(&w, header, 4);
    wr_u8(&w, (uint8_t)data.left);
    wr_rd(&w, data);
    sw = exchange(h, world, RD_WR(&w), answer);
    OPENSSL_cleanse(bytes, sizeof bytes);
    return sw;
}

/* FETCH, do, TERMINAL RESPONSE, until the card has nothing more to ask. */
static void run_proactive(struct handset *h, const struct handset_world *world, uint8_t length)
{
    for (int i = 0; i < PROACTIVE_MAX; i++) {
        const uint8_t fetch[] = {0x80, 0x12, 0x00, 0x00, length};
        static const uint8_t terminal_response[] = {0x80, 0x14, 0x00, 0x00};
        uint8_t bytes[ANSWER_MAX], done[ANSWER_MAX];
        struct wr fetched = WR_ARRAY(bytes), response = WR_ARRAY(done);
        struct wr nothing = WR(NULL, 0);
        sw_t sw = exchange(h, NULL, RD_ARRAY(fetch), &fetched);

        if (!succeeded(sw) || proactive_execute(h, world, RD_WR(&fetched), &response) != ERR_OK ||
            response.len == 0)
            return;
        sw = command(h, NULL, terminal_response, RD_WR(&response), &nothing);
        if (sw.v >> 8 != 0x91)
            return;
        length = (uint8_t)sw.v;
    }
    h->state = HANDSET_BROKEN;
}

static bool select_path(struct handset *h, const struct handset_world *world, struct rd path)
{
    static const uint8_t by_path[] = {0x00, 0xA4, 0x08, 0x0C};
    struct wr nothing = WR(NULL, 0);

    return succeeded(command(h, world, by_path, path, &nothing));
}

static bool read_binary(struct handset *h, const struct handset_world *world, struct wr *out)
{
    static const uint8_t read[] = {0x00, 0xB0, 0x00, 0x00, 0x00};

    return succeeded(exchange(h, world, RD_ARRAY(read), out));
}

static bool read_record(struct handset *h, const struct handset_world *world, uint8_t number,
                        struct wr *out)
{
    const uint8_t read[] = {0x00, 0xB2, number, 0x04, 0x00};

    return succeeded(exchange(h, world, RD_ARRAY(read), out));
}

static bool select_usim_file(struct handset *h, const struct handset_world *world, uint16_t fid)
{
    const uint8_t path[] = {0x7F, 0xFF, (uint8_t)(fid >> 8), (uint8_t)fid};

    return select_path(h, world, RD_ARRAY(path));
}

static void update_usim_file(struct handset *h, const struct handset_world *world, uint16_t fid,
                             struct rd content)
{
    static const uint8_t update[] = {0x00, 0xD6, 0x00, 0x00};
    struct wr nothing = WR(NULL, 0);

    if (select_usim_file(h, world, fid))
        (void)command(h, world, update, content, &nothing);
}

/* AID of the first USIM in EF.DIR (TS 102 221 13.1). */
static bool find_usim(struct handset *h, const struct handset_world *world, struct wr *aid)
{
    static const uint8_t usim[] = {0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02};
    static const uint8_t ef_dir[] = {0x2F, 0x00};
    uint8_t bytes[ANSWER_MAX];

    if (!select_path(h, world, RD_ARRAY(ef_dir)))
        return false;
    for (uint8_t number = 1; number < 0xFF; number++) {
        struct wr record = WR_ARRAY(bytes);
        struct rd entry, found;

        if (!read_record(h, world, number, &record))
            return false;
        if (tlv_find(RD_WR(&record), 0x61, &entry) == ERR_OK &&
            tlv_find(entry, 0x4F, &found) == ERR_OK && found.left >= sizeof usim &&
            memcmp(found.at, usim, sizeof usim) == 0) {
            wr_rd(aid, found);
            return !aid->overflow;
        }
    }
    return false;
}

static bool select_usim(struct handset *h, const struct handset_world *world)
{
    static const uint8_t by_aid[] = {0x00, 0xA4, 0x04, 0x04};
    uint8_t aid_bytes[16], fcp_bytes[ANSWER_MAX];
    struct wr aid = WR_ARRAY(aid_bytes), fcp = WR_ARRAY(fcp_bytes);

    return find_usim(h, world, &aid) && succeeded(command(h, world, by_aid, RD_WR(&aid), &fcp));
}

static bool read_identity(struct handset *h, const struct handset_world *world)
{
    static const uint8_t ef_iccid[] = {0x2F, 0xE2};
    uint8_t bytes[ANSWER_MAX];
    struct wr w = WR_ARRAY(bytes);

    return select_path(h, world, RD_ARRAY(ef_iccid)) && read_binary(h, world, &w) &&
           w.len == EF_ICCID_LEN && bcd_iccid_decode(bytes, h->iccid) == ERR_OK;
}

static void read_start_up_files(struct handset *h, const struct handset_world *world)
{
    for (size_t i = 0; i < ARRAY_LEN(start_up_files); i++) {
        uint8_t bytes[ANSWER_MAX];
        struct wr w = WR_ARRAY(bytes);

        if (!select_usim_file(h, world, start_up_files[i].fid))
            continue;
        if (start_up_files[i].record)
            (void)read_record(h, world, 1, &w);
        else if (read_binary(h, world, &w) && start_up_files[i].fid == FID_IMSI &&
                 w.len == EF_IMSI_LEN && bcd_imsi_decode(bytes, h->imsi) != ERR_OK)
            h->imsi[0] = '\0';
    }
}

void handset_power_off(struct handset *h)
{
    h->state = HANDSET_OFF;
    h->network = NULL;
    h->imsi[0] = '\0';
    h->location_events = false;
}

void handset_start(struct handset *h, const struct handset_world *world)
{
    static const uint8_t terminal_profile[] = {0x80, 0x10, 0x00, 0x00};
    static const uint8_t initialised[] = {0x80, 0xF2, 0x01, 0x0C, 0x00};
    uint8_t atr[READER_ATR_MAX];
    struct wr w = WR_ARRAY(atr), nothing = WR(NULL, 0);

    handset_power_off(h);
    h->restart_asked = false;
    h->starts++;
    h->state = HANDSET_SEARCHING;
    if (uicc_reset(h->card, &w) != ERR_OK || !read_identity(h, world) || !select_usim(h, world)) {
        h->state = HANDSET_BROKEN;
        return;
    }
    (void)command(h, world, terminal_profile, RD_ARRAY(proactive_profile), &nothing);
    read_start_up_files(h, world);
    (void)exchange(h, world, RD_ARRAY(initialised), &nothing);
    if (h->state == HANDSET_SEARCHING && !h->restart_asked)
        handset_search(h, world);
}

/* ENVELOPE (EVENT DOWNLOAD - location status), TS 102 223 7.5.4: 00 normal, 02 no service. */
static void tell_location(struct handset *h, const struct handset_world *world)
{
    static const uint8_t envelope[] = {0x80, 0xC2, 0x00, 0x00};
    uint8_t event[] = {0xD6, 0x0A, 0x99, 0x01, 0x03, 0x82, 0x02, 0x82, 0x81, 0x9B, 0x01, 0x00};
    struct wr nothing = WR(NULL, 0);

    if (!h->location_events)
        return;
    event[sizeof event - 1] = h->state == HANDSET_ATTACHED ? 0x00 : 0x02;
    (void)command(h, world, envelope, RD_ARRAY(event), &nothing);
}

static sw_t authenticate(struct handset *h, const struct handset_world *world,
                         const struct network_challenge *c, struct wr *answer)
{
    static const uint8_t header[] = {0x00, 0x88, 0x00, 0x81};
    uint8_t data[2 + AKA_RAND_LEN + AKA_AUTN_LEN];
    struct wr w = WR_ARRAY(data);

    wr_u8(&w, AKA_RAND_LEN);
    wr_bytes(&w, c->rand, AKA_RAND_LEN);
    wr_u8(&w, AKA_AUTN_LEN);
    wr_bytes(&w, c->autn, AKA_AUTN_LEN);
    return command(h, world, header, RD_WR(&w), answer);
}

/* After registration: keys and location, as a modem leaves them on the card (TS 31.102 5.1.3). */
static void store_session(struct handset *h, const struct handset_world *world,
                          const struct network_challenge *c)
{
    uint8_t keys[33] = {0x00}; /* KSI 0, CK, IK */
    uint8_t loci[11] = {0x01, 0x02, 0x03, 0x04, 0xFF, 0xFF, 0xFF, 0x00, 0x01, 0xFF, 0x00};

    memcpy(keys + 1, c->expected.ck, 16);
    memcpy(keys + 17, c->expected.ik, 16);
    update_usim_file(h, world, 0x6F08, RD_ARRAY(keys));
    if (bcd_plmn_encode(network_plmn(h->network), loci + 4) == ERR_OK)
        update_usim_file(h, world, 0x6F7E, RD_ARRAY(loci));
    OPENSSL_cleanse(keys, sizeof keys);
}

enum attach_result {
    ATTACH_OK,
    ATTACH_AGAIN, /* resynchronised */
    ATTACH_REFUSED,
};

static enum attach_result try_attach(struct handset *h, const struct handset_world *world)
{
    struct network_challenge c;
    uint8_t bytes[ANSWER_MAX];
    struct wr answer = WR_ARRAY(bytes);
    struct rd data, value;
    uint8_t tag = 0, len = 0;
    enum attach_result result = ATTACH_REFUSED;

    if (network_challenge(world->networks, h->network, h->imsi, &c) != ERR_OK)
        return ATTACH_REFUSED;
    if (!succeeded(authenticate(h, world, &c, &answer)))
        goto out;
    data = RD_WR(&answer);
    if (rd_u8(&data, &tag) != ERR_OK || rd_u8(&data, &len) != ERR_OK ||
        rd_take(&data, len, &value) != ERR_OK)
        goto out;
    if (tag == TAG_3G_SUCCESS && len == c.res_len && crypto_equal(value.at, c.expected.res, len)) {
        store_session(h, world, &c);
        result = ATTACH_OK;
    } else if (tag == TAG_3G_RESYNC && len == AKA_AUTS_LEN &&
               network_resync(world->networks, h->network, h->imsi, c.rand, value.at) == ERR_OK) {
        result = ATTACH_AGAIN;
    }
out:
    OPENSSL_cleanse(&c, sizeof c);
    OPENSSL_cleanse(bytes, sizeof bytes);
    return result;
}

void handset_search(struct handset *h, const struct handset_world *world)
{
    enum attach_result result = ATTACH_REFUSED;

    if (h->state != HANDSET_SEARCHING)
        return;
    h->network = networks_of_imsi(world->networks, h->imsi);
    if (h->network != NULL && network_find(h->network, h->imsi, &h->subscriber) == ERR_OK) {
        result = try_attach(h, world);
        if (result == ATTACH_AGAIN)
            result = try_attach(h, world);
        if (result != ATTACH_OK)
            h->refused++;
    }
    if (h->state == HANDSET_BROKEN)
        return;
    if (result == ATTACH_OK) {
        h->state = HANDSET_ATTACHED;
        h->attaches++;
        if (network_seen(h->network, h->imsi) != ERR_OK)
            h->refused++; /* served, but not noted: the HLR's own report will show it */
    } else {
        h->network = NULL;
    }
    tell_location(h, world);
    if (h->state == HANDSET_ATTACHED)
        world->attached(world->context, h);
}

void handset_poll(struct handset *h, const struct handset_world *world)
{
    static const uint8_t status[] = {0x80, 0xF2, 0x00, 0x0C, 0x00};
    struct wr nothing = WR(NULL, 0);

    if (h->state == HANDSET_ATTACHED || h->state == HANDSET_SEARCHING)
        (void)exchange(h, world, RD_ARRAY(status), &nothing);
}

enum err handset_deliver(struct handset *h, const struct handset_world *world,
                         const struct sms_deliver *message, struct wr *report)
{
    static const uint8_t header[] = {0x80, 0xC2, 0x00, 0x00};
    static const struct sms_address sca = {.ton_npi = 0x91, .digits = "15550000"};
    uint8_t tpdu_bytes[SMS_TPDU_MAX + 16], envelope[APDU_COMMAND_MAX];
    struct wr tpdu = WR_ARRAY(tpdu_bytes), w = WR_ARRAY(envelope);
    enum err e;
    sw_t sw;

    if (h->state != HANDSET_ATTACHED)
        return ERR_CONDITIONS;
    sms_write_deliver(&tpdu, message);
    e = wr_result(&tpdu);
    if (e == ERR_OK)
        e = sms_write_envelope(&w, &sca, RD_WR(&tpdu));
    if (e != ERR_OK)
        return e;
    h->messages++;
    sw = command(h, h->lose_power ? NULL : world, header, RD_WR(&w), report);
    if (h->lose_power) {
        h->lose_power = false;
        world->restart(world->context, h);
        return ERR_OK;
    }
    if (sw_equal(sw, SW_BUSY))
        return ERR_BUSY;
    return succeeded(sw) ? ERR_OK : ERR_DENIED;
}

enum err handset_challenge(struct handset *h, const struct handset_world *world,
                           const struct aka_key *key, sw_t *sw)
{
    struct network_challenge c;
    uint8_t bytes[ANSWER_MAX];
    struct wr answer = WR_ARRAY(bytes);
    enum err e = networks_challenge_with(world->networks, key, &c);

    if (e != ERR_OK)
        return e;
    *sw = authenticate(h, world, &c, &answer);
    OPENSSL_cleanse(&c, sizeof c);
    OPENSSL_cleanse(bytes, sizeof bytes);
    return ERR_OK;
}
