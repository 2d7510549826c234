#include "apdu/gp.h"
#include "apdu/ids.h"
#include "apdu/tlv.h"
#include "uicc/remote/run.h"
#include "uicc/slot/slot.h"

#include <string.h>

#define CLA_GP             0x80
#define PUT_KEY_ID_MASK    0x7F
#define KEY_COUNT          3 /* KIc, KID, KIK: key ids 1 to 3 */
#define STATUS_ISD         0x80
#define TAG_KEY_INFO       0xE0
#define TAG_KEY_INFO_ENTRY 0xC0
#define TAG_REGISTRY       0xE3
#define TAG_AID            0x4F
#define TAG_LIFE_CYCLE     0x9F70
#define TAG_PRIVILEGES     0xC5
#define LIFE_SECURED       0x0F
#define PRIVILEGE_SD       0x80

/* The issuer security domain of GlobalPlatform cards. */
static const uint8_t isd_aid[] = {AID_ISD};

/* --- PUT KEY --- */

static enum gp_key_type type_of(const struct secpkt_key *key)
{
    return key->algorithm == SECPKT_AES ? GP_KEY_AES : GP_KEY_DES;
}

static struct secpkt_key *key_of(struct slot *slot, unsigned id)
{
    struct secpkt_key *const keys[KEY_COUNT] = {&slot->kic, &slot->kid, &slot->kik};

    return keys[id - 1];
}

/* What a 3DES key comes down to when its parts are equal is DES, and that is not what it says. */
static bool is_degenerate(const struct gp_key *key)
{
    const uint8_t *k = key->key.bytes;

    if (key->type != GP_KEY_DES)
        return false;
    return crypto_equal(k, k + 8, 8) || (key->key.len == 24 && crypto_equal(k + 8, k + 16, 8));
}

/* A key may grow, never shrink: nobody talks a card down. */
static enum err replace_key(struct secpkt_key *old, const struct gp_key *new)
{
    if (new->key.len < old->key.len || is_degenerate(new))
        return ERR_RANGE;
    if (new->type == GP_KEY_DES)
        old->algorithm = new->key.len == 24 ? SECPKT_3DES3 : SECPKT_3DES2;
    old->key = new->key;
    return ERR_OK;
}

/* Which keys of the set in force the command means: first id, and how many. */
static enum err replace_keys(struct slot *slot, const struct gp_put_key *put, uint8_t first)
{
    enum err e = ERR_OK;

    if (first == 0 || first + put->count - 1 > KEY_COUNT)
        return ERR_RANGE;
    for (unsigned i = 0; i < put->count && e == ERR_OK; i++)
        e = replace_key(key_of(slot, first + i), &put->keys[i]);
    return e;
}

static sw_t sw_of_key_error(enum err e)
{
    switch (e) {
    case ERR_MAC:
        return SW_KCV;
    case ERR_KEY:
        return SW_ALGORITHM;
    case ERR_CRYPTO:
        return SW_NO_DIAGNOSIS;
    default:
        return SW_BAD_DATA;
    }
}

/* GP 11.8.3.1: version, then the check value of each key. */
static enum err answer_put_key(struct crypto *c, const struct gp_put_key *put, struct wr *out)
{
    uint8_t kcv[GP_KCV_LEN];
    enum err e = ERR_OK;

    wr_u8(out, put->new_version);
    for (unsigned i = 0; i < put->count && e == ERR_OK; i++) {
        e = gp_kcv(c, &put->keys[i], kcv);
        wr_bytes(out, kcv, sizeof kcv);
    }
    return e;
}

/*
 * GP 11.8. The version of a slot's key set is the slot's index and stays it; its counter
 * goes on, so that no packet made under the old keys could ever be taken again.
 */
static sw_t put_key(struct run *run, const struct apdu *cmd, struct wr *out)
{
    struct card *card = run->card;
    uint8_t index = slot_in_force(&card->store);
    SLOT_WIPED struct slot slot = {0};
    __attribute__((cleanup(gp_put_key_wipe))) struct gp_put_key put = {0};
    struct gp_key dek = {0};
    enum err e = slot_read(&card->store, index, &slot);

    if (e != ERR_OK)
        return SW_MEMORY;
    if (cmd->p1 != index)
        return SW_REFERENCE;
    dek.type = type_of(&slot.kik);
    dek.key = slot.kik.key;
    e = gp_read_put_key(card->engine->crypto, cmd->data, &dek, &put);
    secret_wipe(&dek.key);
    if (e == ERR_OK && put.new_version != index)
        e = ERR_RANGE;
    if (e == ERR_OK)
        e = replace_keys(&slot, &put, cmd->p2 & PUT_KEY_ID_MASK);
    if (e == ERR_OK)
        e = answer_put_key(card->engine->crypto, &put, out);
    if (e != ERR_OK)
        return sw_of_key_error(e);
    if (slot_write(&card->store, index, &slot) != ERR_OK)
        return SW_MEMORY;
    run->keys_changed = true;
    return SW_OK;
}

/* --- GET DATA, GET STATUS --- */

/* GP H.4: id, version, type and length of each key of the set in force. */
static sw_t key_information(struct run *run, struct wr *out)
{
    uint8_t index = slot_in_force(&run->card->store);
    SLOT_WIPED struct slot slot = {0};
    size_t mark;

    if (slot_read(&run->card->store, index, &slot) != ERR_OK)
        return SW_MEMORY;
    mark = tlv_open(out, TAG_KEY_INFO);
    for (unsigned id = 1; id <= KEY_COUNT; id++) {
        const struct secpkt_key *key = key_of(&slot, id);
        const uint8_t entry[] = {(uint8_t)id, index, (uint8_t)type_of(key), key->key.len};

        tlv_write(out, TAG_KEY_INFO_ENTRY, RD_ARRAY(entry));
    }
    tlv_close(out, mark);
    return SW_OK;
}

static sw_t get_data(struct run *run, const struct apdu *cmd, struct wr *out)
{
    if (cmd->p1 != 0x00 || cmd->p2 != TAG_KEY_INFO)
        return SW_REFERENCE;
    return key_information(run, out);
}

/* GP 11.4: the issuer security domain is all there is. */
static sw_t get_status(struct run *run, const struct apdu *cmd, struct wr *out)
{
    struct rd name;
    size_t mark;

    (void)run;
    if (cmd->p1 != STATUS_ISD)
        return SW_REFERENCE;
    if (tlv_find(cmd->data, TAG_AID, &name) != ERR_OK)
        return SW_BAD_DATA;
    if (name.left > sizeof isd_aid || (name.left > 0 && memcmp(name.at, isd_aid, name.left) != 0))
        return SW_REFERENCE;
    mark = tlv_open(out, TAG_REGISTRY);
    tlv_write(out, TAG_AID, RD_ARRAY(isd_aid));
    tlv_write_u8(out, TAG_LIFE_CYCLE, LIFE_SECURED);
    tlv_write_u8(out, TAG_PRIVILEGES, PRIVILEGE_SD);
    tlv_close(out, mark);
    return SW_OK;
}

/* TS 102 226 8.2 */
static const struct {
    uint8_t ins;
    run_command *command;
} commands[] = {
    {GP_INS_PUT_KEY, put_key},
    {INS_GET_DATA, get_data},
    {INS_GP_GET_STATUS, get_status},
};

sw_t ram_command(struct run *run, const struct apdu *cmd, struct wr *out)
{
    if (cmd->cla != CLA_GP)
        return SW_WRONG_CLA;
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (commands[i].ins == cmd->ins)
            return commands[i].command(run, cmd, out);
    }
    return SW_WRONG_INS;
}
