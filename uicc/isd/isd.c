#include "uicc/isd/keys.h"

#include "apdu/ids.h"
#include "apdu/tlv.h"
#include "uicc/fs/fs.h"

#include <openssl/crypto.h>
#include <string.h>

#define INS_INITIALIZE_UPDATE     0x50
#define INS_EXTERNAL_AUTHENTICATE 0x82

#define SW_NOT_AUTHENTIC SW(0x6300) /* GP 11.1.3: authentication of the host failed */

#define SCP02_OPTION 0x55
#define SCP03_OPTION 0x70

/* Failed authentications in a row from which on the card makes its host wait, and for how long at
 * most. It never locks up: nobody shall be able to do that to a device. */
#define SPOILT_FREE     3U
#define SPOILT_WAIT_MAX 6U /* 2^6 seconds */

#define ANSWER_ROOM 240U

#define TAG_FCI         0x6F
#define TAG_AID         0x84
#define TAG_PROPRIETARY 0xA5
#define TAG_MAX_LEN     0x9F65

/* ---- SELECT ---- */

/* GP 11.9.3.1 */
static sw_t select_domain(struct applet *a, struct exec *x)
{
    struct applet_entry entry;
    size_t outer, inner;

    if (applet_registry_read(&a->card->store, a->number, &entry) != ERR_OK)
        return SW_NOT_FOUND;
    outer = tlv_open(x->out, TAG_FCI);
    tlv_write(x->out, TAG_AID, RD_AID(&entry.aid));
    inner = tlv_open(x->out, TAG_PROPRIETARY);
    tlv_write_u8(x->out, TAG_MAX_LEN, 0xFF);
    tlv_close(x->out, inner);
    tlv_close(x->out, outer);
    return entry.life == CARD_LOCKED && a->number == APPLET_ISD ? SW_DEACTIVATED : SW_OK;
}

/* ---- commands of an authenticated caller ---- */

static const struct {
    uint8_t ins;
    bool when_locked;
    isd_handler *run;
} commands[] = {
    {INS_GET_DATA, true, isd_get_data},      {INS_STATUS, true, isd_get_status},
    {INS_SET_STATUS, true, isd_set_status},  {INS_PUT_KEY, false, isd_put_key},
    {INS_STORE_DATA, false, isd_store_data}, {INS_GP_INSTALL, false, isd_install},
    {INS_GP_LOAD, false, isd_load},          {INS_GP_DELETE, false, isd_delete},
};

sw_t isd_command(struct isd_caller *caller, const struct apdu *cmd, struct wr *out)
{
    struct applet_card_state state;

    applet_card_state(&caller->card->store, &state);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (commands[i].ins != cmd->ins)
            continue;
        if (state.life == CARD_LOCKED && !commands[i].when_locked)
            return SW_CONDITIONS;
        return commands[i].run(caller, cmd, out);
    }
    return SW_WRONG_INS;
}

/* ---- opening a channel ---- */

static bool must_wait(const struct card *card)
{
    struct applet_card_state state;
    uint64_t since_ms = card->host.now_ms(card->host.context) - card->applets->spoilt_ms;
    unsigned power;

    applet_card_state(&card->store, &state);
    if (state.spoilt < SPOILT_FREE)
        return false;
    power = state.spoilt - SPOILT_FREE;
    return since_ms < 1000ULL << (power < SPOILT_WAIT_MAX ? power : SPOILT_WAIT_MAX);
}

uint8_t isd_option(const struct applet_entry *domain, uint8_t protocol)
{
    if (domain->scp == protocol)
        return domain->scp_option;
    return protocol == SCP02 ? SCP02_OPTION : SCP03_OPTION;
}

void isd_diversification(const struct card *card, uint8_t out[SCP_DIVERSIFICATION_LEN])
{
    uint16_t node = fs_child(card, NODE_MF, FID_EF_ICCID);
    struct rd body = node == NODE_NONE ? RD(NULL, 0) : fs_body(card, node);

    _Static_assert(SCP_DIVERSIFICATION_LEN == EF_ICCID_LEN, "one is the other");
    if (body.left == EF_ICCID_LEN)
        memcpy(out, body.at, EF_ICCID_LEN);
}

static enum err begin(struct card *card, const struct applet_entry *domain, const struct apdu *cmd,
                      struct isd_scp *s, struct wr *out)
{
    ISD_KEYS_WIPED struct isd_keys keys = {0};
    struct isd_scp_begin b = {
        .keys = &keys, .aid = RD_AID(&domain->aid), .size = (uint8_t)cmd->data.left};
    struct rd challenge = cmd->data;
    enum err e = isd_keys_find(card, isd_keys_owner(card, domain->number), cmd->p1, &keys);

    if (e != ERR_OK || keys.version <= ISD_KEYS_OTA_MAX)
        return ERR_NOT_FOUND;
    b.protocol = keys.type == GP_KEY_DES ? SCP02 : SCP03;
    b.option = isd_option(domain, b.protocol);
    if (domain->scp != 0 && domain->scp != b.protocol)
        return ERR_NOT_FOUND;
    if (keys.sequence >= (b.protocol == SCP02 ? 0xFFFFU : 0xFFFFFFU))
        return ERR_CONDITIONS; /* no challenge may ever come twice */
    isd_diversification(card, b.diversification);
    e = card->host.random(card->host.context, b.random, sizeof b.random);
    if (e == ERR_OK)
        e = rd_copy(&challenge, b.host_challenge, b.size);
    return e == ERR_OK ? isd_scp_initialise(card->engine->crypto, s, &b, out) : e;
}

static sw_t initialise(struct card *card, const struct applet_entry *domain, struct isd_scp *s,
                       const struct apdu *cmd, struct wr *out)
{
    if (cmd->p2 != 0)
        return SW_P1P2;
    if (cmd->data.left != SCP_S8 && cmd->data.left != SCP_S16)
        return SW_WRONG_LENGTH;
    if (must_wait(card))
        return SW_CONDITIONS;
    switch (begin(card, domain, cmd, s, out)) {
    case ERR_OK:
        return SW_OK;
    case ERR_NOT_FOUND:
        return SW_REFERENCE;
    case ERR_CONDITIONS:
        return SW_CONDITIONS;
    case ERR_FORMAT:
        return SW_WRONG_LENGTH;
    default:
        return SW_NO_DIAGNOSIS;
    }
}

static enum err note_spoilt(struct card *card, bool spoilt)
{
    struct applet_card_state state;

    applet_card_state(&card->store, &state);
    if (!spoilt && state.spoilt == 0)
        return ERR_OK;
    state.spoilt = spoilt ? (uint16_t)(state.spoilt + (state.spoilt < UINT16_MAX)) : 0;
    return applet_card_state_write(&card->store, &state);
}

/* The channel's key set is used up by one, durably, before anything goes over it; what the one
 * before left unfinished goes. ERR_CONDITIONS when another channel has used up the same challenge
 * meanwhile: what was said there could be said here again. */
static enum err count_opened(struct card *card, uint8_t domain, const struct isd_scp *s)
{
    ISD_KEYS_WIPED struct isd_keys keys = {0};
    uint8_t owner = isd_keys_owner(card, domain);
    enum err e = isd_keys_find(card, owner, s->version, &keys);

    if (e != ERR_OK || keys.sequence != s->sequence)
        return ERR_CONDITIONS;
    e = isd_keys_set_sequence(card, owner, s->version, keys.sequence + 1);
    if (e == ERR_OK)
        e = note_spoilt(card, false);
    if (e == ERR_OK)
        e = isd_drop_unfinished(card, false);
    return e == ERR_OK ? card_commit_now(card) : e;
}

/* A try is counted, durably, before it is looked at: cutting the power gains nothing. */
static sw_t authenticate(struct card *card, const struct applet_entry *domain, struct isd_scp *s,
                         const struct apdu *cmd)
{
    enum err e;

    if (s->state != SCP_BEGUN)
        return SW_CONDITIONS;
    e = note_spoilt(card, true);
    if (e == ERR_OK)
        e = card_commit_now(card);
    if (e != ERR_OK) {
        isd_scp_close(s);
        return SW_MEMORY;
    }
    e = isd_scp_authenticate(card->engine->crypto, s, cmd);
    if (e != ERR_OK) {
        card->applets->spoilt_ms = card->host.now_ms(card->host.context);
        return e == ERR_UNSUPPORTED ? SW_P1P2 : SW_NOT_AUTHENTIC;
    }
    e = count_opened(card, domain->number, s);
    if (e == ERR_OK)
        return SW_OK;
    isd_scp_close(s);
    return e == ERR_CONDITIONS ? SW_CONDITIONS : SW_MEMORY;
}

/* ---- commands on the contact interface ---- */

/* One channel of the card: gone when the domain is selected anew, or no more. */
struct session {
    struct isd_scp scp;
    uint8_t loading; /* load file that comes over it */
};

/* What was under way is not to go on over the next secure channel. */
static void end_session(struct card *card, struct session *s)
{
    isd_scp_close(&s->scp);
    s->loading = 0;
    card->applets->personalised = 0;
}

static sw_t run_clear(struct card *card, const struct applet_entry *domain, struct session *s,
                      const struct apdu *cmd, struct wr *out)
{
    struct gp_key dek = {.type = s->scp.protocol == SCP02 ? GP_KEY_DES : GP_KEY_AES,
                         .key = s->scp.dek};
    size_t room = isd_scp_room(&s->scp);
    struct isd_caller caller = {.card = card,
                                .domain = *domain,
                                .dek = &dek,
                                .level = s->scp.level,
                                .loading = &s->loading,
                                .room = room < ANSWER_ROOM ? room : ANSWER_ROOM};
    sw_t sw = isd_command(&caller, cmd, out);

    secret_wipe(&dek.key);
    if (caller.keys_changed && crypto_forget(card->engine->crypto) != ERR_OK)
        card_log(card, "isd: a key schedule of a dead key could not be overwritten");
    return sw;
}

static sw_t run_secured(struct card *card, const struct applet_entry *domain, struct session *s,
                        const struct exec *x)
{
    uint8_t bytes[256];
    struct wr plain = WR_ARRAY(bytes);
    struct crypto *c = card->engine->crypto;
    struct apdu cmd;
    sw_t sw = SW_SECURITY;

    if (isd_scp_unwrap(c, &s->scp, x->cmd, &plain, &cmd) == ERR_OK) {
        sw = run_clear(card, domain, s, &cmd, x->out);
        if (!sw_is_success(sw) && !sw_is_warning(sw))
            x->out->len = 0;
        if (isd_scp_wrap(c, &s->scp, &cmd, sw, x->out) != ERR_OK)
            sw = SW_NO_DIAGNOSIS;
    } else {
        end_session(card, s);
    }
    OPENSSL_cleanse(bytes, sizeof bytes);
    return sw;
}

/* What anybody may ask. */
static sw_t run_open(struct card *card, const struct applet_entry *domain, const struct exec *x)
{
    struct isd_caller caller = {.card = card, .domain = *domain, .room = ANSWER_ROOM};

    if (x->cmd->ins == INS_GET_DATA && !x->cls.secure_messaging)
        return isd_get_data(&caller, x->cmd, x->out);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (commands[i].ins == x->cmd->ins)
            return SW_SECURITY;
    }
    return SW_WRONG_INS;
}

static sw_t run(struct card *card, const struct applet_entry *domain, struct session *s,
                struct exec *x)
{
    if (x->cmd->ins == INS_GET_DATA && !x->cls.etsi && !x->cls.secure_messaging)
        return run_open(card, domain, x);
    if (!x->cls.etsi)
        return SW_WRONG_CLA;
    if (x->cmd->ins == INS_INITIALIZE_UPDATE && !x->cls.secure_messaging) {
        end_session(card, s);
        return initialise(card, domain, &s->scp, x->cmd, x->out);
    }
    if (x->cmd->ins == INS_EXTERNAL_AUTHENTICATE)
        return authenticate(card, domain, &s->scp, x->cmd);
    if (s->scp.state == SCP_OPEN)
        return x->cls.secure_messaging ? run_secured(card, domain, s, x) : SW_SECURITY;
    return run_open(card, domain, x);
}

static sw_t process(struct applet *a, struct exec *x)
{
    struct session *s = applet_transient_selected(a, x->ch->number, sizeof *s);
    struct applet_entry domain;

    if (s == NULL || applet_registry_read(&a->card->store, a->number, &domain) != ERR_OK)
        return SW_NO_DIAGNOSIS;
    return run(a->card, &domain, s, x);
}

static void deselect(struct applet *a, uint8_t channel)
{
    (void)channel;
    a->card->applets->personalised = 0;
}

const struct applet_ops isd_applet = {
    .select = select_domain,
    .process = process,
    .deselect = deselect,
    .multiselectable = true,
};
