#include "test/support/uicc/opcard.h"

#include <check.h>
#include <string.h>

struct air *opcard_new(void)
{
    struct air *o = air_new(NULL, SECPKT_AES);

    air_terminal(o);
    return o;
}

struct opchange_proof opcard_change(struct air *o, uint16_t polls, uint32_t seconds)
{
    struct opchange_command c = air_change_to(1, OPCARD_IMSI_B, polls, seconds);
    struct opchange_proof proof = air_change(o, 1, 10, &c);

    ck_assert_int_eq(proof.result, OPCHANGE_DONE);
    air_session(o);
    return proof;
}

void opcard_assert_imsi(struct air *o, const char *want)
{
    char imsi[IMSI_DIGITS_MAX + 1];

    air_imsi(o, imsi);
    ck_assert_str_eq(imsi, want);
}

void opcard_assert_no_trace(const struct air *o, const struct secret *key, const char *what)
{
    uint8_t reversed[SECRET_LEN_MAX];

    for (uint8_t i = 0; i < key->len; i++)
        reversed[i] = key->bytes[key->len - 1 - i];
    ck_assert_msg(!nvm_sim_holds(&o->sim, RD_SECRET(key)), "%s is on the medium", what);
    ck_assert_msg(!nvm_sim_holds(&o->sim, RD(reversed, key->len)), "%s reversed", what);
    for (size_t at = 0; at + key->len <= o->arena.used; at++)
        ck_assert_msg(memcmp(o->arena.base + at, key->bytes, key->len) != 0, "%s in memory", what);
}
