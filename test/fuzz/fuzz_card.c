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
#include "test/support/uicc/whole.h"
#include "uicc/fs/tree.h"

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

static void require_whole(const struct session *s)
{
    static const uint8_t iccid[] = {0x98, 0x88, 0x12, 0x01, 0x00, 0x00, 0x40, 0x03, 0x10, 0xF0};
    const struct card *card = s->t->card;
    uint16_t node = fs_child(card, NODE_MF, 0x2FE2);

    require_none(whole_card(card));
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
    require(whole_answer(RD_WR(&w)));
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
