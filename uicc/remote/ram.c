/*
 * Remote application management (TS 102 226 8): the commands of security domains, in scripts.
 * SCP80 has authenticated them; what a domain may do is its own business (uicc/isd).
 */
#include "uicc/isd/keys.h"
#include "uicc/remote/run.h"
#include "uicc/remote/sd.h"
#include "uicc/slot/slot.h"

#define CLA_GP      0x80
#define ANSWER_ROOM 240U /* of one command; the script's own limit comes on top */

/* Key id 3 of the set that opened the packet. */
static enum err find_dek(const struct run *run, struct gp_key *dek)
{
    ISD_KEYS_WIPED struct isd_keys keys = {0};
    SLOT_WIPED struct slot slot = {0};
    uint8_t domain = sd_key_set_domain(run->key_set), version = (uint8_t)run->key_set;
    enum err e;

    if (domain != 0) {
        e = isd_keys_find(run->card, domain, version, &keys);
        dek->type = keys.type;
        dek->key = keys.dek;
        return e;
    }
    e = slot_read(&run->card->store, version, &slot);
    dek->type = slot.kik.algorithm == SECPKT_AES ? GP_KEY_AES : GP_KEY_DES;
    dek->key = slot.kik.key;
    return e;
}

sw_t ram_command(struct run *run, const struct apdu *cmd, struct wr *out)
{
    struct gp_key dek = {0};
    struct isd_caller caller = {.card = run->card, .dek = &dek, .room = ANSWER_ROOM};
    sw_t sw = SW_MEMORY;

    if (cmd->cla != CLA_GP)
        return SW_WRONG_CLA;
    if (applet_registry_read(&run->card->store, run->instance, &caller.domain) == ERR_OK &&
        find_dek(run, &dek) == ERR_OK)
        sw = isd_command(&caller, cmd, out);
    secret_wipe(&dek.key);
    if (!sw_is_success(sw) && !sw_is_warning(sw))
        out->len = 0;
    run->keys_changed |= caller.keys_changed;
    return sw;
}
