/*
 * fuzz_isd.c - what somebody who is authenticated to the issuer security domain, or to a
 * supplementary one, may send; and what applets installed so do then. The input is a list of
 * steps, each a byte:
 *
 *   00-07  a GlobalPlatform command: P1, P2, length, data follow; committed as the transport does
 *   08     the caller is the next domain      0B  TERMINAL PROFILE
 *   09     power cut                          0C  menu selection of the entry that follows
 *   0A     SELECT of the AID that follows (length, bytes), and a command to it
 *
 * Claims: the registry stays whole: no AID twice, every instance with a load file, a domain and a
 * vtable; the issuer security domain is there; the card comes up again.
 */
#include "test/fuzz/require.h"
#include "test/support/uicc/card.h"
#include "uicc/applet/manage.h"
#include "uicc/isd/isd.h"

#include <string.h>

#define STEPS_MAX 200
#define ARENA_MAX (2U << 20)

struct session {
    struct test_card *t;
    struct nvm_sim origin;
    uint8_t domain;
};

/* ---- claims ---- */

static void require_instance(const struct card *card, const struct applet_entry *e)
{
    const struct store *s = &card->store;
    struct applet_entry other;

    require(applet_registry_read(s, e->package, &other) == ERR_OK);
    require(other.kind == APPLET_LOAD_FILE && other.life == APPLET_LOADED);
    require(applet_registry_read(s, e->domain, &other) == ERR_OK && isd_is_domain(&other));
    require(applet_ops_of(card, e) != NULL);
}

static void require_whole(const struct card *card)
{
    const struct store *s = &card->store;
    struct applet_entry e, other;

    for (uint8_t n = 0; applet_registry_next(s, n, &e) == ERR_OK; n = e.number) {
        require(applet_registry_find(s, RD_AID(&e.aid), &other) == ERR_OK);
        require(other.number == e.number);
        if (e.kind == APPLET_INSTANCE)
            require_instance(card, &e);
    }
    require(applet_registry_read(s, APPLET_ISD, &e) == ERR_OK && e.life != CARD_TERMINATED);
    require(!store_dirty(s));
    require(card->applets->count <= TOOLKIT_ACTIVATIONS_MAX);
}

/* ---- steps ---- */

static void command(struct session *s, uint8_t which, struct rd *input)
{
    static const uint8_t ins[] = {0xE6, 0xE8, 0xE4, 0xF0, 0xF2, 0xE2, 0xD8, 0xCA};
    struct card *card = s->t->card;
    struct gp_key dek = {.type = GP_KEY_AES, .key = s->t->perso.pairs[0].kik.key};
    struct isd_caller caller = {.card = card, .dek = &dek, .room = 240};
    struct wr out = WR(card->engine->answer, sizeof card->engine->answer);
    struct apdu cmd = {.cla = 0x80, .ins = ins[which]};
    uint8_t len = 0;
    sw_t sw;

    if (rd_u8(input, &cmd.p1) != ERR_OK || rd_u8(input, &cmd.p2) != ERR_OK ||
        rd_u8(input, &len) != ERR_OK || rd_take(input, len, &cmd.data) != ERR_OK)
        return;
    if (applet_registry_read(&card->store, s->domain, &caller.domain) != ERR_OK) {
        s->domain = APPLET_ISD;
        return;
    }
    sw = isd_command(&caller, &cmd, &out);
    require(wr_result(&out) == ERR_OK);
    if (sw_is_success(sw) || sw_is_warning(sw))
        require(store_commit(&card->store) == ERR_OK);
    else
        store_rollback(&card->store);
}

static void next_domain(struct session *s)
{
    struct applet_entry e;

    do {
        if (applet_registry_next(&s->t->card->store, s->domain, &e) != ERR_OK) {
            s->domain = APPLET_ISD;
            return;
        }
        s->domain = e.number;
    } while (e.kind != APPLET_INSTANCE || !isd_is_domain(&e));
}

static void send(struct session *s, struct rd bytes)
{
    uint8_t response[APDU_RESPONSE_MAX];
    struct wr w = WR_ARRAY(response);

    uicc_transmit(s->t->card, bytes, &w);
    require(w.len >= 2);
}

static void select_and_ask(struct session *s, struct rd *input)
{
    static const uint8_t ask[] = {0x80, 0xCA, 0x00, 0x66, 0x00};
    uint8_t select[5 + 16] = {0x00, 0xA4, 0x04, 0x00};
    uint8_t len = 0;

    if (rd_u8(input, &len) != ERR_OK)
        return;
    select[4] = len % 17;
    if (rd_copy(input, select + 5, select[4]) != ERR_OK)
        return;
    send(s, RD(select, 5U + select[4]));
    send(s, RD_ARRAY(ask));
}

static void menu_selection(struct session *s, struct rd *input)
{
    uint8_t envelope[] = {0x80, 0xC2, 0x00, 0x00, 0x09, 0xD3, 0x07,
                          0x82, 0x02, 0x01, 0x81, 0x90, 0x01, 0x00};

    if (rd_u8(input, &envelope[13]) == ERR_OK)
        send(s, RD_ARRAY(envelope));
}

static void step(struct session *s, uint8_t what, struct rd *input)
{
    static const uint8_t profile[] = {0x80, 0x10, 0x00, 0x00, 0x09, 0xFF, 0xFF,
                                      0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};

    if (what < 0x08)
        command(s, what, input);
    else if (what == 0x08)
        next_domain(s);
    else if (what == 0x09)
        require(card_power_cycle(s->t) == ERR_OK);
    else if (what == 0x0A)
        select_and_ask(s, input);
    else if (what == 0x0B)
        send(s, RD_ARRAY(profile));
    else if (what == 0x0C)
        menu_selection(s, input);
    require_whole(s->t->card);
}

/* One card is made; each input begins with what it was then. */
static void begin(struct session *s)
{
    if (s->t == NULL) {
        s->t = card_new();
        nvm_sim_copy(&s->origin, &s->t->nvm);
    }
    nvm_sim_copy(&s->t->nvm, &s->origin);
    require(card_power_cycle(s->t) == ERR_OK);
    require(s->t->arena.used < ARENA_MAX);
    s->domain = APPLET_ISD;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct session session;
    struct rd input = RD(data, size);
    uint8_t what;

    begin(&session);
    for (unsigned n = 0; n < STEPS_MAX && rd_u8(&input, &what) == ERR_OK; n++)
        step(&session, what % 13, &input);
    return 0;
}
