#include "ota/vault/vault.h"

#include <openssl/crypto.h>

#define KEYS_VERSION 1

void vault_pair_wipe(struct vault_pair *pair)
{
    OPENSSL_cleanse(pair, sizeof *pair);
}

static void write_ota_key(struct wr *w, const struct secpkt_key *key)
{
    wr_u8(w, (uint8_t)key->algorithm);
    secret_write(w, &key->key);
}

enum err vault_keys_write(const struct vault_pair *pair, struct wr *w)
{
    const struct aka_key *a = &pair->aka;

    wr_u8(w, KEYS_VERSION);
    wr_u8(w, (uint8_t)a->algorithm);
    wr_u8(w, a->res_len);
    wr_u8(w, a->mac_len);
    wr_u8(w, a->ck_len);
    wr_u8(w, a->ik_len);
    wr_u8(w, a->keccak_iterations);
    secret_write(w, &a->k);
    secret_write(w, &a->opc);
    write_ota_key(w, &pair->ota.kic);
    write_ota_key(w, &pair->ota.kid);
    wr_u8(w, pair->ota.cc_len);
    write_ota_key(w, &pair->kik);
    return wr_result(w);
}

static enum err read_ota_key(struct rd *r, struct secpkt_key *key)
{
    uint8_t algorithm;
    enum err e = rd_u8(r, &algorithm);

    if (e != ERR_OK)
        return e;
    if (algorithm > SECPKT_AES)
        return ERR_FORMAT;
    key->algorithm = (enum secpkt_algorithm)algorithm;
    return secret_read(r, &key->key);
}

static enum err read_aka(struct rd *r, struct aka_key *a)
{
    uint8_t head[7]; /* version, algorithm, lengths, iterations */
    enum err e = rd_copy(r, head, sizeof head);

    if (e != ERR_OK)
        return e;
    if (head[0] != KEYS_VERSION || head[1] < AKA_MILENAGE || head[1] > AKA_XOR)
        return ERR_FORMAT;
    a->algorithm = (enum aka_algorithm)head[1];
    a->res_len = head[2];
    a->mac_len = head[3];
    a->ck_len = head[4];
    a->ik_len = head[5];
    a->keccak_iterations = head[6];
    e = secret_read(r, &a->k);
    return e != ERR_OK ? e : secret_read(r, &a->opc);
}

enum err vault_keys_read(struct rd bytes, struct vault_pair *pair)
{
    VAULT_PAIR_WIPED struct vault_pair p = *pair;
    enum err e = read_aka(&bytes, &p.aka);

    if (e == ERR_OK)
        e = read_ota_key(&bytes, &p.ota.kic);
    if (e == ERR_OK)
        e = read_ota_key(&bytes, &p.ota.kid);
    if (e == ERR_OK)
        e = rd_u8(&bytes, &p.ota.cc_len);
    if (e == ERR_OK)
        e = read_ota_key(&bytes, &p.kik);
    if (e == ERR_OK && bytes.left != 0)
        e = ERR_FORMAT;
    if (e == ERR_OK)
        *pair = p;
    return e;
}
