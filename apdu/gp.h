/*
 * gp.h - GlobalPlatform data that both ends of remote application management
 * handle (GlobalPlatform Card Specification 11): PUT KEY now.
 */
#ifndef RESEAT_APDU_GP_H
#define RESEAT_APDU_GP_H

#include "apdu/secpkt.h"

#define GP_INS_PUT_KEY 0xD8
#define GP_KCV_LEN     3
#define GP_KEYS_MAX    3

/* GP 11.1.8. A key for SCP81 is kept, and serves nothing here. */
enum gp_key_type {
    GP_KEY_DES = 0x80,
    GP_KEY_PSK = 0x85,
    GP_KEY_AES = 0x88,
    GP_KEY_ECC = 0xB0, /* public, on a NIST curve */
};

/* One secret key of a PUT KEY, in clear. */
struct gp_key {
    enum gp_key_type type;
    struct secret key;
};

/* Key check value: 3DES over zeros, AES over 01s, first 3 bytes (GP 11.8, Amendment D 4.1.1). */
NODISCARD enum err gp_kcv(struct crypto *c, const struct gp_key *key, uint8_t kcv[GP_KCV_LEN]);

/*
 * PUT KEY C-APDU: replace key set old_version (0: add) by new_version with
 * count keys from key id 1 on, each enciphered with the DEK (key id 3 of the set in force).
 */
NODISCARD enum err gp_write_put_key(struct crypto *c, uint8_t old_version, uint8_t new_version,
                                    const struct gp_key *keys, size_t count,
                                    const struct gp_key *dek, struct wr *apdu);

/*
 * The data field of PUT KEY with the card's DEK. AES keys with and without the
 * clear-length byte are accepted; an AES DEK may bring a DES key, but not the other way round: no
 * key travels under a weaker one. A public key comes in clear, and has no check value.
 * errors: ERR_SHORT, ERR_FORMAT, ERR_RANGE (key length), ERR_KEY (type, also against the DEK's),
 *         ERR_MAC (a key check value does not match; 9485)
 */
struct gp_put_key {
    uint8_t new_version;
    size_t count;
    struct gp_key keys[GP_KEYS_MAX]; /* secrets: caller wipes with gp_put_key_wipe */
    struct rd points[GP_KEYS_MAX];   /* of public keys, uncompressed; borrowed */
    bool checked[GP_KEYS_MAX];       /* came with a check value */
};
NODISCARD enum err gp_read_put_key(struct crypto *c, struct rd data, const struct gp_key *dek,
                                   struct gp_put_key *out);
void gp_put_key_wipe(struct gp_put_key *p);

#endif
