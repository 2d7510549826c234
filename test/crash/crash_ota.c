/*
 * crash_ota.c - what comes over the air, through uicc_transmit(), under crash.h (C15, C26, C27,
 * K2 of the security requirements): scripts with their counter and proof, proofs that wait to be
 * sent, PUT KEY, RENEW, and the operator change with its confirmation and its ways back.
 */
#include "apdu/gp.h"
#include "apdu/hex.h"
#include "test/support/uicc/torn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM    65536 /* enough to begin no second bank */
#define PROFILE "8010000014FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
#define IMSI_B  "262021234567895"
#define STATUS  "80F2000C00"
#define KEYS    3

#define UPDATE(acc, hpplmn, loci)                                                 \
    "00A4000C026F78 00D6000002" acc "00A4000C026F31 00D6000001" hpplmn "00A4000C" \
    "026F7E 00D600000B" loci
#define LOCI(x) x x x x x x x x x x x

/* Bytes that the steps below borrow, made once. */
struct world {
    struct crypto *crypto;
    struct perso_card made;
    struct perso_pair renewed, rekeyed;
    uint8_t put_key[300], wrapped[16], change[512], back[64], renew[128];
    struct rd put_key_data, change_data, back_data, renew_data;
    struct secret pair_1[5], pair_2[5], old_ota[KEYS], old_k[1];
};

static void must(bool claim, const char *what)
{
    if (claim)
        return;
    (void)fprintf(stderr, "crash_ota: %s\n", what);
    abort();
}

static struct secret new_key(uint8_t seed)
{
    struct secret s = {.len = 16};

    for (uint8_t i = 0; i < s.len; i++)
        s.bytes[i] = (uint8_t)(seed + i * 29);
    return s;
}

static void list_pair(const struct perso_pair *p, struct secret out[5])
{
    out[0] = p->aka.k;
    out[1] = p->aka.opc;
    out[2] = p->kic.key;
    out[3] = p->kid.key;
    out[4] = p->kik.key;
}

static void make_put_key(struct world *w)
{
    const struct perso_pair *old = &w->made.pairs[0];
    const struct gp_key dek = {GP_KEY_AES, old->kik.key};
    const struct gp_key keys[KEYS] = {
        {GP_KEY_AES, new_key(1)}, {GP_KEY_AES, new_key(2)}, {GP_KEY_AES, new_key(3)}};
    struct wr out = WR_ARRAY(w->put_key);

    must(gp_write_put_key(w->crypto, 1, 1, keys, KEYS, &dek, &out) == ERR_OK, "PUT KEY");
    w->put_key_data = RD_WR(&out);
    w->rekeyed = *old;
    w->rekeyed.kic.key = keys[0].key;
    w->rekeyed.kid.key = keys[1].key;
    w->rekeyed.kik.key = keys[2].key;
    w->old_ota[0] = old->kic.key;
    w->old_ota[1] = old->kid.key;
    w->old_ota[2] = old->kik.key;
}

static struct rd write_command(const struct opchange_command *c, uint8_t *bytes, size_t cap)
{
    struct wr out = WR(bytes, cap);

    opchange_write(&out, c);
    must(wr_result(&out) == ERR_OK, "a command of operator change");
    return RD_WR(&out);
}

static void make_renew(struct world *w)
{
    const struct perso_pair *old = &w->made.pairs[0];
    struct opchange_command c = {.op = OPCHANGE_RENEW, .expected = 1};
    struct gp_key k = {GP_KEY_AES, new_key(9)};

    must(crypto_encrypt(w->crypto, CRYPTO_AES_CBC, &old->kik.key, k.key.bytes, w->wrapped, 16) ==
                 ERR_OK &&
             gp_kcv(w->crypto, &k, c.new_k_kcv) == ERR_OK,
         "RENEW");
    c.new_k = RD_ARRAY(w->wrapped);
    w->renew_data = write_command(&c, w->renew, sizeof w->renew);
    w->renewed = *old;
    w->renewed.aka.k = k.key;
    w->old_k[0] = old->aka.k;
}

static void make_change(struct world *w)
{
    static const uint8_t spn[] = {0x01, 'B', 'e', 't', 'a'};
    struct opchange_command c = air_change_to(1, IMSI_B, 3, 0);
    const struct opchange_command back = {.op = OPCHANGE_FALL_BACK, .expected = 2};

    c.spn = RD_ARRAY(spn);
    w->change_data = write_command(&c, w->change, sizeof w->change);
    w->back_data = write_command(&back, w->back, sizeof w->back);
    list_pair(&w->made.pairs[0], w->pair_1);
    list_pair(&w->made.pairs[1], w->pair_2);
}

static void torn_rows(struct torn *t, uint64_t room, const char *name,
                      const struct torn_step *steps, unsigned count, struct crash_counts *counts)
{
    struct crash_scenario scenario;

    t->name = name;
    t->steps = steps;
    t->count = count;
    t->room = room;
    if (torn_scenario(t, &scenario))
        crash_run(&scenario, counts);
    else
        counts->violations++;
    t->air->made = t->made;
}
#define ROWS(t, room, name, steps, counts) \
    torn_rows(t, room, name, steps, (unsigned)ARRAY_LEN(steps), counts)

/* clang-format off */

/* Script, counter and proof: all or nothing; and no packet is burnt. */
static void scripts(struct torn *t, struct crash_counts *counts)
{
    static const struct torn_step steps[] = {
        {TORN_PACKET, .slot = 1, .number = 1, .tar = AIR_RFM_USIM, .want = "069000",
         .send = UPDATE("0004", "07", LOCI("A1"))},
        {TORN_PACKET, .slot = 1, .number = 2, .tar = AIR_RFM_USIM, .want = "029000",
         .send = "00A4000C026F07 00B0000009"},
        {TORN_PACKET, .slot = 1, .number = 9, .tar = AIR_RFM_USIM, .want = "069000",
         .send = UPDATE("0008", "08", LOCI("B2"))},
        {TORN_PACKET, .slot = 1, .number = 10, .tar = AIR_RFM_USIM, .want = "036982", /* no right */
         .send = "00A4000C023F00 00A4000C022FE2 00D6000001AA 00A4000C026F78"},
        {TORN_PACKET, .slot = 1, .number = 0xFFFF, .tar = AIR_RFM_USIM, .want = "069000",
         .send = UPDATE("0010", "09", LOCI("C3"))},
    };

    ROWS(t, ROOM, "scripts", steps, counts);
    ROWS(t, 200, "scripts, hardly any room", steps, counts);
}

/* Proofs by short message wait in the card until the terminal has sent them. */
static void proofs(struct torn *t, struct crash_counts *counts)
{
    static const struct torn_step steps[] = {
        {TORN_SUBMIT, .slot = 1, .number = 1, .tar = AIR_RFM_USIM,
         .send = UPDATE("0004", "07", LOCI("A1"))},
        {TORN_SESSION, .before = STATUS},
        {TORN_SUBMIT, .slot = 1, .number = 2, .tar = AIR_RFM_USIM,
         .send = "00A4000C026F3C 00B20104B0"},
        {TORN_SESSION, .before = STATUS},
    };

    ROWS(t, ROOM, "proofs", steps, counts);
}

static void keys(struct torn *t, const struct world *w, struct crash_counts *counts)
{
    const struct torn_step steps[] = {
        {TORN_PACKET, .slot = 1, .number = 7, .tar = AIR_RAM, .data = w->put_key_data,
         .want = "0161", .ends_keys = true, .gone = w->old_ota, .gone_count = KEYS},
        {TORN_PACKET, .slot = 1, .number = 8, .tar = AIR_RFM_USIM, .pair = &w->rekeyed,
         .send = UPDATE("0004", "07", LOCI("A1")), .want = "069000"},
    };
    const struct torn_step renewal[] = {
        {TORN_AUTHENTICATE, .slot = 1, .number = 0x1000},
        {TORN_PACKET, .slot = 1, .number = 1, .tar = AIR_OPCHANGE, .data = w->renew_data,
         .want = "0100", .gone = w->old_k, .gone_count = 1},
        {TORN_AUTHENTICATE, .slot = 1, .number = 0x20, .pair = &w->renewed},
    };

    ROWS(t, ROOM, "PUT KEY", steps, counts);
    ROWS(t, 300, "PUT KEY, hardly any room", steps, counts);
    ROWS(t, ROOM, "RENEW", renewal, counts);
}

static void changes(struct torn *t, const struct world *w, struct crash_counts *counts)
{
    const struct torn_step change = {TORN_PACKET, .slot = 1, .number = 10, .tar = AIR_OPCHANGE,
                                     .data = w->change_data, .want = "0100", .ends_keys = true};
    const struct torn_step confirmed[] = {
        {TORN_PACKET, .slot = 1, .number = 9, .tar = AIR_RFM_USIM, .want = "069000",
         .send = UPDATE("0004", "07", LOCI("A1"))},
        change,
        {TORN_AUTHENTICATE, .reset = true, .slot = 2, .number = 0x100, .gone = w->pair_1,
         .gone_count = ARRAY_LEN(w->pair_1)},
        {TORN_PACKET, .slot = 2, .number = 1, .tar = AIR_RFM_USIM, .want = "069000",
         .send = UPDATE("0008", "08", LOCI("B2"))},
    };
    const struct torn_step polled[] = {
        change,
        {TORN_APDU, .reset = true, .send = STATUS, .want = "9XXX"},
        {TORN_APDU, .send = STATUS, .want = "9XXX"},
        {TORN_APDU, .send = STATUS, .want = "91XX", .gone = w->pair_2,
         .gone_count = ARRAY_LEN(w->pair_2)},
        {TORN_AUTHENTICATE, .reset = true, .slot = 1, .number = 0x100},
    };
    const struct torn_step called_back[] = {
        change,
        {TORN_PACKET, .reset = true, .slot = 2, .number = 1, .tar = AIR_OPCHANGE,
         .data = w->back_data, .want = "0100", .ends_keys = true, .gone = w->pair_2,
         .gone_count = ARRAY_LEN(w->pair_2)},
        {TORN_AUTHENTICATE, .reset = true, .slot = 1, .number = 0x100},
    };

    ROWS(t, ROOM, "operator change, confirmed", confirmed, counts);
    ROWS(t, 2048, "operator change, hardly any room", confirmed, counts);
    ROWS(t, ROOM, "operator change, no service", polled, counts);
    ROWS(t, ROOM, "operator change, called back", called_back, counts);
}
/* clang-format on */

int main(void)
{
    struct torn *t = calloc(1, sizeof *t);
    struct crash_counts counts = {0};
    static struct world w;

    if (t == NULL)
        return EXIT_FAILURE;
    t->air = air_new(NULL, SECPKT_AES);
    uicc_destroy(&t->air->card);
    t->base = &t->air->sim;
    t->made = w.made = t->air->made;
    t->prologue = PROFILE;
    t->tears = 4;
    w.crypto = t->air->crypto;
    make_put_key(&w);
    make_renew(&w);
    make_change(&w);
    scripts(t, &counts);
    proofs(t, &counts);
    keys(t, &w, &counts);
    changes(t, &w, &counts);
    air_free(&t->air);
    free(t);
    return crash_report("ota", &counts);
}
