/*
 * fuzz_card.c - sequences of commands through a whole card, as a hostile reader could
 * send them. The input is a list of steps, each a byte and what it announces:
 *
 *   00-7F  that many bytes of command (a length byte that T=0 would refuse included)
 *   80-8F  a command out of the list below, with the next four bytes over its header
 *   FA     GET RESPONSE as the last answer asks     FD  verify PIN1
 *   FB     warm reset                               FE  verify ADM1
 *   FC     power cut and a new session
 *
 * Claims, after each: the answer is a legal status word with data where that may have
 * data; nothing is left uncommitted; files, channels and PINs are whole; and without ADM
 * keys EF.ICCID stays what it is.
 */
#include "test/fuzz/require.h"
#include "test/support/uicc/lab.h"
#include "uicc/fs/tree.h"
#include "uicc/pin/pin.h"

#include <string.h>

#define STEPS_MAX 400
#define ARENA_MAX (1U << 20)

struct session {
    struct test_card *t;
    struct nvm_sim origin;
    bool had_adm;
    uint8_t sw1, sw2;
};

/* Commands that lead deep: names, templates of files, objects. */
static const struct {
    uint8_t len, bytes[40];
} known[16] = {
    {14, {0x00, 0xA4, 0x04, 0x04, 0x09, 0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02, 0xFF, 0x01}},
    {7, {0x00, 0xA4, 0x00, 0x04, 0x02, 0x6F, 0x07}},
    {7, {0x00, 0xA4, 0x00, 0x04, 0x02, 0x7F, 0x10}},
    {9, {0x00, 0xA4, 0x08, 0x04, 0x04, 0x7F, 0xFF, 0x6F, 0x11}},
    {30,
     {0x00, 0xE0, 0x00, 0x00, 0x19, 0x62, 0x17, 0x82, 0x02, 0x41, 0x21, 0x83, 0x02, 0x6F, 0x99,
      0x8A, 0x01, 0x05, 0x8B, 0x03, 0x2F, 0x06, 0x05, 0x80, 0x02, 0x00, 0x0A, 0x88, 0x01, 0x48}},
    {35, {0x00, 0xE0, 0x00, 0x00, 0x1E, 0x62, 0x1C, 0x82, 0x02, 0x78, 0x21, 0x83,
          0x02, 0x5F, 0x10, 0x8A, 0x01, 0x05, 0x8B, 0x03, 0x2F, 0x06, 0x01, 0x81,
          0x02, 0x01, 0x00, 0xC6, 0x06, 0x90, 0x01, 0x80, 0x83, 0x01, 0x01}},
    {7, {0x00, 0xE4, 0x00, 0x00, 0x02, 0x6F, 0x99}},
    {15,
     {0x80, 0xD4, 0x00, 0x00, 0x0A, 0x62, 0x08, 0x83, 0x02, 0x6F, 0x99, 0x80, 0x02, 0x00, 0x40}},
    {9, {0x80, 0xDB, 0x00, 0x92, 0x04, 0x80, 0x04, 0xAA, 0xBB}},
    {6, {0x80, 0xCB, 0x00, 0x92, 0x01, 0x80}},
    {5, {0x00, 0x70, 0x00, 0x00, 0x01}},
    {7, {0x00, 0x04, 0x00, 0x00, 0x02, 0x6F, 0x14}},
    {15,
     {0x80, 0x10, 0x00, 0x00, 0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}},
    {9, {0x80, 0x76, 0x00, 0x00, 0x04, 0x01, 0x01, 0x02, 0x01}},
    {8, {0x80, 0x32, 0x91, 0x00, 0x03, 0x00, 0x00, 0x01}},
    {7, {0xA0, 0xA4, 0x00, 0x00, 0x02, 0x7F, 0x20}},
};

/* ---- claims ---- */

/* TS 102 221 10.2.1, TS 51.011 9.4, GlobalPlatform. */
static bool is_legal(uint8_t sw1, uint8_t sw2)
{
    switch (sw1) {
    case 0x61:
    case 0x6C:
    case 0x91:
    case 0x9F:
    case 0x67:
    case 0x9E:
        return true;
    case 0x90:
    case 0x93:
    case 0x6B:
    case 0x6D:
    case 0x6E:
    case 0x6F:
    case 0x64:
        return sw2 == 0x00;
    case 0x62:
        return sw2 == 0x00 || (sw2 >= 0x81 && sw2 <= 0x85) || (sw2 >= 0xF1 && sw2 <= 0xF3);
    case 0x63:
        return sw2 >= 0xC0 || sw2 == 0x10 || sw2 == 0x00;
    case 0x65:
        return sw2 == 0x00 || sw2 == 0x81;
    case 0x68:
        return sw2 == 0x81 || sw2 == 0x82;
    case 0x69:
        return sw2 >= 0x81 && sw2 <= 0x89;
    case 0x6A:
        return sw2 >= 0x80 && sw2 <= 0x8A;
    case 0x92:
        return sw2 == 0x40;
    case 0x94:
        return sw2 == 0x00 || sw2 == 0x02 || sw2 == 0x04 || sw2 == 0x08 || sw2 >= 0x84;
    case 0x98:
        return sw2 == 0x02 || sw2 == 0x04 || sw2 == 0x08 || sw2 == 0x10 || sw2 == 0x40 ||
               sw2 == 0x50 || (sw2 >= 0x62 && sw2 <= 0x66);
    default:
        return false;
    }
}

static void require_channel(const struct card *card, unsigned number)
{
    const struct channel *ch = channel_get(card, number);

    if (ch == NULL) {
        require(number != 0);
        return;
    }
    require(ch->open && ch->number == number);
    require(fs_exists(card, ch->df) && fs_is_df(card, ch->df));
    require(ch->app == NODE_NONE ||
            (fs_exists(card, ch->app) && fs_file(card, ch->app)->kind == FS_ADF));
    if (ch->ef == NODE_NONE) {
        require(ch->record == 0);
        return;
    }
    require(fs_exists(card, ch->ef) && !fs_is_df(card, ch->ef));
    require(fs_file(card, ch->ef)->parent == ch->df);
}

static void require_pins(const struct card *card)
{
    for (size_t i = 0; i < card->profile->pin_count; i++) {
        struct pin_state pin;

        require(pin_read(card, card->profile->pins[i].reference, &pin) == ERR_OK);
        require(pin.tries <= pin.tries_max && pin.unblock_tries <= pin.unblock_tries_max);
        require(!pin.enabled || !pin.replaced);
    }
}

static void require_whole(const struct session *s)
{
    static const uint8_t iccid[] = {0x98, 0x88, 0x12, 0x01, 0x00, 0x00, 0x40, 0x03, 0x10, 0xF0};
    const struct card *card = s->t->card;
    uint16_t node = fs_child(card, NODE_MF, 0x2FE2);

    require(!store_dirty(&card->store));
    require(fs_check(card));
    for (unsigned i = 0; i < APDU_CHANNELS; i++)
        require_channel(card, i);
    require_pins(card);
    require(s->had_adm || (node != NODE_NONE && rd_equal(fs_body(card, node), RD_ARRAY(iccid))));
}

/* ---- steps ---- */

static void send(struct session *s, struct rd command)
{
    uint8_t response[APDU_RESPONSE_MAX];
    struct wr w = WR_ARRAY(response);

    uicc_transmit(s->t->card, command, &w);
    require(wr_result(&w) == ERR_OK && w.len >= 2);
    s->sw1 = response[w.len - 2];
    s->sw2 = response[w.len - 1];
    require(is_legal(s->sw1, s->sw2));
    /* Data comes with an end that is none, or with a warning. */
    require(w.len == 2 || s->sw1 == 0x90 || s->sw1 == 0x91 || s->sw1 == 0x61 || s->sw1 == 0x9F ||
            s->sw1 == 0x62 || s->sw1 == 0x63);
    require_whole(s);
}

static void verify(struct session *s, uint8_t reference, const char value[8])
{
    uint8_t command[13] = {0x00, 0x20, 0x00, reference, 0x08};

    memcpy(command + 5, value, 8);
    send(s, RD_ARRAY(command));
}

static void get_response(struct session *s)
{
    uint8_t command[5] = {s->sw1 == 0x9F ? 0xA0 : 0x00, 0xC0, 0x00, 0x00, s->sw2};

    if (s->sw1 == 0x61 || s->sw1 == 0x9F || s->sw1 == 0x6C)
        send(s, RD_ARRAY(command));
}

static void send_known(struct session *s, uint8_t number, struct rd *input)
{
    uint8_t command[40], change[4];

    memcpy(command, known[number].bytes, sizeof command);
    if (rd_copy(input, change, sizeof change) == ERR_OK) {
        for (size_t i = 0; i < sizeof change; i++)
            command[i] ^= change[i];
    }
    send(s, RD(command, known[number].len));
}

static void step(struct session *s, uint8_t what, struct rd *input)
{
    struct rd command;

    if (what < 0x80) {
        if (rd_take(input, what, &command) == ERR_OK)
            send(s, command);
    } else if (what < 0x90) {
        send_known(s, what & 0x0F, input);
    } else if (what == 0xFA) {
        get_response(s);
    } else if (what == 0xFB) {
        card_reset(s->t);
    } else if (what == 0xFC) {
        require(card_power_cycle(s->t) == ERR_OK);
        s->t->nvm.writes = 1; /* the counter began again */
        require_whole(s);
    } else if (what == 0xFD) {
        verify(s, 0x01, "1234\xFF\xFF\xFF\xFF");
    } else if (what == 0xFE) {
        s->had_adm = true;
        verify(s, 0x0A, "ADM1ADM1");
    }
}

/* One card is made; each input begins with what it was then. Putting it together takes longer than
 * most inputs, and is spared when the last one wrote nothing. */
static void begin(struct session *s)
{
    if (s->t == NULL) {
        s->t = lab_new(true);
        nvm_sim_copy(&s->origin, &s->t->nvm);
    }
    if (s->t->nvm.writes != 0) {
        nvm_sim_copy(&s->t->nvm, &s->origin);
        require(card_power_cycle(s->t) == ERR_OK);
        s->t->nvm.writes = 0;
    }
    s->t->card->suspended = false;
    card_reset(s->t);
    s->had_adm = false;
    /* What sessions leave behind would add up over the inputs. */
    require(s->t->arena.used < ARENA_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct session session;
    struct rd input = RD(data, size);
    uint8_t what;

    begin(&session);
    for (unsigned n = 0; n < STEPS_MAX && rd_u8(&input, &what) == ERR_OK; n++)
        step(&session, what, &input);
    return 0;
}
