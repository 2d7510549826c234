#include "ota/vault/wrap.h"
#include "apdu/hex.h"
#include "ota/core/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEK_TEXT_MAX (2 * VAULT_WRAP_KEK_LEN + 2) /* digits, CR LF */

struct vault_wrap {
    EVP_CIPHER *cipher;
    EVP_CIPHER_CTX *seal, *open; /* each keeps the key's schedule */
    EVP_MD *sha256;
    EVP_MD_CTX *hash;
    struct secret kek;
};

/* --- the key-encryption key ------------------------------------------------------------------ */

static enum err kek_from_text(const char *text, struct secret *kek)
{
    SECRET_WIPED struct secret parsed = {.len = 0};
    enum err e = secret_from_hex(&parsed, text);

    if (e != ERR_OK || parsed.len != VAULT_WRAP_KEK_LEN)
        return ERR_FORMAT;
    return secret_set(kek, RD_SECRET(&parsed));
}

static enum err kek_from_bytes(const uint8_t *bytes, size_t n, struct secret *kek)
{
    char text[KEK_TEXT_MAX + 1];
    enum err e;

    if (n == VAULT_WRAP_KEK_LEN)
        return secret_set(kek, RD(bytes, n));
    if (n > KEK_TEXT_MAX || memchr(bytes, '\0', n) != NULL)
        return ERR_FORMAT;
    memcpy(text, bytes, n);
    text[n] = '\0';
    e = kek_from_text(text, kek);
    OPENSSL_cleanse(text, sizeof text);
    return e;
}

static enum err kek_from_fd(int fd, struct secret *kek)
{
    uint8_t bytes[KEK_TEXT_MAX + 1];
    struct stat st;
    ssize_t n;
    enum err e;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return ERR_IO;
    if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return ERR_DENIED;
    n = read(fd, bytes, sizeof bytes);
    e = n < 0 ? ERR_IO : kek_from_bytes(bytes, (size_t)n, kek);
    OPENSSL_cleanse(bytes, sizeof bytes);
    return e;
}

static enum err kek_create(const char *path)
{
    SECRET_WIPED struct secret fresh = {.len = VAULT_WRAP_KEK_LEN};
    char hex[2 * VAULT_WRAP_KEK_LEN + 1];
    enum err e;

    if (RAND_priv_bytes(fresh.bytes, VAULT_WRAP_KEK_LEN) != 1)
        return ERR_CRYPTO;
    e = hex_encode(RD_SECRET(&fresh), hex, sizeof hex);
    hex[sizeof hex - 1] = '\n';
    if (e == ERR_OK)
        e = disk_create(path, RD((const uint8_t *)hex, sizeof hex));
    OPENSSL_cleanse(hex, sizeof hex);
    return e == ERR_EXISTS ? ERR_OK : e; /* another process was faster: its key is the key */
}

static enum err kek_from_file(const char *path, bool create, struct secret *kek)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum err e;

    if (fd < 0 && errno == ENOENT && create) {
        e = kek_create(path);
        if (e != ERR_OK)
            return e;
        fd = open(path, O_RDONLY | O_CLOEXEC);
    }
    if (fd < 0)
        return errno == ENOENT ? ERR_NOT_FOUND : errno == EACCES ? ERR_DENIED : ERR_IO;
    e = kek_from_fd(fd, kek);
    close(fd);
    return e;
}

enum err vault_wrap_kek(const char *source, bool create, struct secret *kek)
{
    const char *value;

    if (source[0] == '@')
        return kek_from_file(source + 1, create, kek);
    if (strncmp(source, "env:", 4) != 0)
        return kek_from_text(source, kek);
    value = getenv(source + 4);
    return value == NULL ? ERR_NOT_FOUND : kek_from_text(value, kek);
}

/* --- RFC 5649 -------------------------------------------------------------------------------- */

static const char *cipher_name(size_t key_len)
{
    switch (key_len) {
    case 16:
        return "AES-128-WRAP-PAD";
    case 24:
        return "AES-192-WRAP-PAD";
    case 32:
        return "AES-256-WRAP-PAD";
    default:
        return NULL;
    }
}

static bool fetch(struct vault_wrap *w, const struct secret *kek)
{
    w->cipher = EVP_CIPHER_fetch(NULL, cipher_name(kek->len), NULL);
    w->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    w->seal = EVP_CIPHER_CTX_new();
    w->open = EVP_CIPHER_CTX_new();
    w->hash = EVP_MD_CTX_new();
    w->kek = *kek;
    if (w->cipher == NULL || w->sha256 == NULL || w->seal == NULL || w->open == NULL ||
        w->hash == NULL)
        return false;
    EVP_CIPHER_CTX_set_flags(w->seal, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    EVP_CIPHER_CTX_set_flags(w->open, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    return EVP_EncryptInit_ex2(w->seal, w->cipher, kek->bytes, NULL, NULL) == 1 &&
           EVP_DecryptInit_ex2(w->open, w->cipher, kek->bytes, NULL, NULL) == 1;
}

enum err vault_wrap_new(const struct secret *kek, struct vault_wrap **out)
{
    struct vault_wrap *w;

    if (cipher_name(kek->len) == NULL)
        return ERR_KEY;
    w = calloc(1, sizeof *w);
    if (w == NULL)
        return ERR_NOMEM;
    if (!fetch(w, kek)) {
        vault_wrap_free(&w);
        return ERR_CRYPTO;
    }
    *out = w;
    return ERR_OK;
}

void vault_wrap_free(struct vault_wrap **w)
{
    if (*w == NULL)
        return;
    EVP_CIPHER_CTX_free((*w)->seal);
    EVP_CIPHER_CTX_free((*w)->open);
    EVP_CIPHER_free((*w)->cipher);
    EVP_MD_CTX_free((*w)->hash);
    EVP_MD_free((*w)->sha256);
    secret_wipe(&(*w)->kek);
    free(*w);
    *w = NULL;
}

enum err vault_wrap_raw(struct vault_wrap *w, struct rd plain, struct wr *wrapped)
{
    uint8_t out[VAULT_WRAP_LEN(VAULT_WRAP_PLAIN_MAX)];
    int n = 0;

    if (plain.left == 0 || plain.left > VAULT_WRAP_PLAIN_MAX + VAULT_WRAP_BOUND_LEN)
        return ERR_RANGE;
    if (EVP_EncryptInit_ex2(w->seal, NULL, NULL, NULL, NULL) != 1 ||
        EVP_EncryptUpdate(w->seal, out, &n, plain.at, (int)plain.left) != 1)
        return ERR_CRYPTO;
    wr_bytes(wrapped, out, (size_t)n);
    return wr_result(wrapped);
}

enum err vault_wrap_unraw(struct vault_wrap *w, struct rd wrapped, struct wr *plain)
{
    uint8_t out[VAULT_WRAP_LEN(VAULT_WRAP_PLAIN_MAX)];
    enum err e = ERR_MAC;
    int n = 0;

    if (wrapped.left < 16 || wrapped.left % 8 != 0 || wrapped.left > sizeof out)
        return ERR_FORMAT;
    if (EVP_DecryptInit_ex2(w->open, NULL, NULL, NULL, NULL) != 1)
        return ERR_CRYPTO;
    if (EVP_DecryptUpdate(w->open, out, &n, wrapped.at, (int)wrapped.left) == 1) {
        wr_bytes(plain, out, (size_t)n);
        e = wr_result(plain);
    }
    OPENSSL_cleanse(out, sizeof out);
    return e;
}

/* --- binding to a place ---------------------------------------------------------------------- */

static enum err hash_place(struct vault_wrap *w, const struct vault_wrap_place *place,
                           uint8_t bound[VAULT_WRAP_BOUND_LEN])
{
    uint8_t digest[EVP_MAX_MD_SIZE];

    /* The final NULs are hashed too: they keep the fields apart. */
    if (EVP_DigestInit_ex2(w->hash, w->sha256, NULL) != 1 ||
        EVP_DigestUpdate(w->hash, place->iccid, strlen(place->iccid) + 1) != 1 ||
        EVP_DigestUpdate(w->hash, &place->index, 1) != 1 ||
        EVP_DigestUpdate(w->hash, place->column, strlen(place->column) + 1) != 1 ||
        EVP_DigestFinal_ex(w->hash, digest, NULL) != 1)
        return ERR_CRYPTO;
    memcpy(bound, digest, VAULT_WRAP_BOUND_LEN);
    return ERR_OK;
}

enum err vault_wrap_seal(struct vault_wrap *w, const struct vault_wrap_place *place,
                         struct rd plain, struct wr *wrapped)
{
    uint8_t bound[VAULT_WRAP_BOUND_LEN + VAULT_WRAP_PLAIN_MAX];
    enum err e;

    if (plain.left > VAULT_WRAP_PLAIN_MAX)
        return ERR_RANGE;
    e = hash_place(w, place, bound);
    if (e != ERR_OK)
        return e;
    if (plain.left > 0)
        memcpy(bound + VAULT_WRAP_BOUND_LEN, plain.at, plain.left);
    e = vault_wrap_raw(w, RD(bound, VAULT_WRAP_BOUND_LEN + plain.left), wrapped);
    OPENSSL_cleanse(bound, sizeof bound);
    return e;
}

enum err vault_wrap_open(struct vault_wrap *w, const struct vault_wrap_place *place,
                         struct rd wrapped, struct wr *plain)
{
    uint8_t opened[VAULT_WRAP_LEN(VAULT_WRAP_PLAIN_MAX)], bound[VAULT_WRAP_BOUND_LEN];
    struct wr o = WR_ARRAY(opened);
    enum err e = vault_wrap_unraw(w, wrapped, &o);

    if (e == ERR_OK)
        e = hash_place(w, place, bound);
    if (e == ERR_OK && (o.len < sizeof bound || CRYPTO_memcmp(opened, bound, sizeof bound) != 0))
        e = ERR_MAC;
    if (e == ERR_OK) {
        wr_bytes(plain, opened + sizeof bound, o.len - sizeof bound);
        e = wr_result(plain);
    }
    OPENSSL_cleanse(opened, sizeof opened);
    return e;
}

enum err vault_wrap_mac(struct vault_wrap *w, const char *label, struct rd message, uint8_t mac[32])
{
    uint8_t key[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    enum err e = ERR_CRYPTO;

    if (HMAC(w->sha256, w->kek.bytes, w->kek.len, (const uint8_t *)label, strlen(label), key, &n) !=
            NULL &&
        HMAC(w->sha256, key, (int)n, message.at, message.left, mac, &n) != NULL)
        e = ERR_OK;
    OPENSSL_cleanse(key, sizeof key);
    return e;
}
